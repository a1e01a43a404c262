//===- QuantizeWeights.cpp - weights of products as codes with scales ---------------------------------------------===//
//
// Implements hadal-quantize-weights, in four steps:
//
// 1. A form is decided for every parameter by what reads it, in all entry points, through the rounding to the type of
//    the factors: only products, none of which decides by small differences, and each so that it can read codes.
// 2. Readers take a hadal.dequantize_weight of codes and scales, which are new arguments of their entry point. Fusion
//    brings it into their kernels.
// 3. An entry point is added that makes codes and scales when the parameter has been loaded. So the parameter itself is
//    in memory only until then.
// 4. For a weight in FP8 the scales of its file are a further parameter, which that entry point reads as well.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Conversions.h"
#include "dialect/IR/WeightCodes.h"
#include "mlir/IR/Builders.h"
#include "passes/Precision/FullPrecision.h"
#include "passes/Transforms/EntryPoint.h"
#include "passes/Transforms/Requirements.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_QUANTIZEWEIGHTS
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {

/// Behind the name of a parameter: that of the scales with which files hold it in FP8.
constexpr StringLiteral scalesSuffix = "_scale_inv";

/// What reads a parameter.
struct WeightReaders {
  ParameterOp parameter;
  SmallVector<OpOperand *> products;
  /// Whether anything reads it that cannot read codes.
  bool isReadOtherwise = false;
};

/// Rewrites one module.
class WeightQuantizer {
public:
  WeightQuantizer(ModuleOp module, WeightForm form) : module(module), form(form) {}
  LogicalResult run();

private:
  LogicalResult checkEntries();
  void findReaders();
  void addReaders(WeightReaders &readers, Value value);
  std::optional<CodeFormat> decideFormat(const WeightReaders &readers) const;
  void replace(const WeightReaders &readers, CodeFormat format);
  FailureOr<ParameterOp> addScales(ParameterOp parameter, RankedTensorType type);
  LogicalResult addLoading(ParameterOp parameter, CodeFormat format);

  ModuleOp module;
  const WeightForm form;
  llvm::SmallPtrSet<Operation *, 32> deciding;
  llvm::MapVector<StringAttr, WeightReaders> weightsByName;
  llvm::MapVector<Operation *, std::unique_ptr<EntryPoint>> entries;
};

/// Whether rows of a product are grouped by expert.
bool isOfExperts(OpOperand &use) {
  auto product = dyn_cast<ContractionOpInterface>(use.getOwner());
  std::optional<ContractionForm> form = product ? product.getContraction() : std::nullopt;
  return form && form->grouping == ContractionGrouping::Rows;
}

void WeightQuantizer::addReaders(WeightReaders &readers, Value value) {
  for (OpOperand &use : value.getUses()) {
    Operation *reader = use.getOwner();
    if (isRounding(reader))
      addReaders(readers, reader->getResult(0));
    else if (mayReadCodes(use) && !deciding.contains(reader))
      readers.products.push_back(&use);
    else
      readers.isReadOtherwise = true;
  }
}

/// Entry points are one block, and their parameters are those of the module.
LogicalResult WeightQuantizer::checkEntries() {
  for (auto entry : module.getOps<func::FuncOp>())
    if (failed(requireStraightLine(entry)) || failed(requireSymbols(entry)))
      return failure();
  return success();
}

void WeightQuantizer::findReaders() {
  for (ProductOpInterface product : findFullPrecisionProducts(module))
    deciding.insert(product.getOperation());
  for (auto parameter : module.getOps<ParameterOp>())
    weightsByName[parameter.getSymNameAttr()].parameter = parameter;
  for (auto entry : module.getOps<func::FuncOp>())
    for (BlockArgument argument : entry.getArguments()) {
      FlatSymbolRefAttr name = getRoleSymbol(entry, argument.getArgNumber(), ArgumentRole::Parameter);
      if (name && weightsByName.contains(name.getAttr()))
        addReaders(weightsByName[name.getAttr()], argument);
    }
}

/// Nothing where a weight stays as it is.
std::optional<CodeFormat> WeightQuantizer::decideFormat(const WeightReaders &readers) const {
  if (readers.isReadOtherwise || readers.products.empty())
    return std::nullopt;
  auto isOfHead = [](OpOperand *use) { return isa<HeadOpInterface>(use->getOwner()); };
  if (form == WeightForm::FP8)
    return llvm::any_of(readers.products, isOfHead) ? std::nullopt : std::optional(CodeFormat::FP8);
  auto isOfExpert = [](OpOperand *use) { return isOfExperts(*use); };
  return form == WeightForm::Int4 && llvm::all_of(readers.products, isOfExpert) ? CodeFormat::Int4 : CodeFormat::Int8;
}

/// Lets the readers multiply with codes and scales.
void WeightQuantizer::replace(const WeightReaders &readers, CodeFormat format) {
  ParameterOp parameter = readers.parameter;
  auto type = cast<RankedTensorType>(parameter.getType());
  auto name = FlatSymbolRefAttr::get(parameter.getSymNameAttr());
  DenseMap<Operation *, std::pair<Value, Value>> packed;
  for (OpOperand *use : readers.products) {
    auto entry = use->getOwner()->getParentOfType<func::FuncOp>();
    std::unique_ptr<EntryPoint> &point = entries[entry];
    if (!point)
      point = std::make_unique<EntryPoint>(entry);
    auto &[codes, scales] = packed[entry];
    if (!codes) {
      codes = point->addArgument(getCodesType(type, format), ArgumentRole::Packed, name, parameter.getLoc());
      scales = point->addArgument(getScalesType(type, format), ArgumentRole::Packed, name, parameter.getLoc());
    }
    OpBuilder builder(use->getOwner());
    use->set(
        DequantizeWeightOp::create(builder, use->getOwner()->getLoc(), use->get().getType(), codes, scales, format));
  }
}

/// The parameter of a file's scales, in front of the weight's: they are there before it is loaded.
FailureOr<ParameterOp> WeightQuantizer::addScales(ParameterOp parameter, RankedTensorType type) {
  std::string name = (parameter.getSymName() + scalesSuffix).str();
  if (failed(requireFreeName(module, name)))
    return failure();
  OpBuilder builder(parameter);
  ArrayAttr aliases;
  if (parameter.getAliases())
    aliases = builder.getArrayAttr(
        llvm::map_to_vector(parameter.getAliases()->getAsValueRange<StringAttr>(),
                            [&](StringRef alias) -> Attribute { return builder.getStringAttr(alias + scalesSuffix); }));
  return ParameterOp::create(builder, parameter.getLoc(), builder.getStringAttr(name), TypeAttr::get(type),
                             InitializerAttr::get(module.getContext(), Initializer::Zeros),
                             builder.getF64FloatAttr(0.0), builder.getBoolAttr(false), aliases);
}

LogicalResult WeightQuantizer::addLoading(ParameterOp parameter, CodeFormat format) {
  auto type = cast<RankedTensorType>(parameter.getType());
  std::string loading = ("load." + parameter.getSymName()).str();
  if (failed(requireFreeName(module, loading)))
    return failure();
  Location loc = parameter.getLoc();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  RankedTensorType codesType = getCodesType(type, format), scalesType = getScalesType(type, format);
  SmallVector<Type> arguments{type}, results{codesType, scalesType};
  ParameterOp given;
  if (getCodeForm(format).hasBlocks()) {
    FailureOr<ParameterOp> added = addScales(parameter, scalesType);
    if (failed(added))
      return failure();
    given = *added;
    arguments.push_back(scalesType);
  }
  auto entry = func::FuncOp::create(builder, loc, loading, builder.getFunctionType(arguments, results));
  auto name = FlatSymbolRefAttr::get(parameter.getSymNameAttr());
  entry->setAttr(loadsAttrName, name);
  entry.setArgAttr(0, getRoleAttrName(ArgumentRole::Parameter), name);
  if (given)
    entry.setArgAttr(1, getRoleAttrName(ArgumentRole::Parameter), FlatSymbolRefAttr::get(given.getSymNameAttr()));
  for (unsigned result = 0; result < results.size(); ++result)
    entry.setResultAttr(result, getRoleAttrName(ArgumentRole::Packed), name);
  builder.setInsertionPointToStart(entry.addEntryBlock());
  auto coded = QuantizeWeightOp::create(builder, loc, codesType, scalesType, entry.getArgument(0),
                                        given ? Value(entry.getArgument(1)) : Value(), format);
  func::ReturnOp::create(builder, loc, coded.getResults());
  return success();
}

LogicalResult WeightQuantizer::run() {
  if (failed(checkEntries()))
    return failure();
  findReaders();
  SmallVector<std::pair<ParameterOp, CodeFormat>> coded;
  for (auto &[name, readers] : weightsByName)
    if (std::optional<CodeFormat> format = decideFormat(readers)) {
      replace(readers, *format);
      coded.push_back({readers.parameter, *format});
    }
  for (auto &[entry, point] : entries)
    point->eraseWhatNoResultNeeds();
  for (auto &[entry, point] : entries)
    point->finish();
  for (auto [parameter, format] : coded)
    if (failed(addLoading(parameter, format)))
      return failure();
  return success();
}

struct QuantizeWeights : hadal::impl::QuantizeWeightsBase<QuantizeWeights> {
  using QuantizeWeightsBase::QuantizeWeightsBase;

  void runOnOperation() override {
    std::string word = weights;
    if (auto recorded = getOperation()->getAttrOfType<StringAttr>(weightsAttrName); recorded && word.empty())
      word = recorded.str();
    if (word.empty())
      return;
    std::optional<WeightForm> form = symbolizeWeightForm(word);
    if (!form || *form == WeightForm::AsIs || *form == WeightForm::BF16) {
      getOperation().emitError("cannot keep weights as '") << word << "': they are kept as fp8, int8 or int4";
      return signalPassFailure();
    }
    if (failed(WeightQuantizer(getOperation(), *form).run()))
      signalPassFailure();
  }
};

} // namespace
