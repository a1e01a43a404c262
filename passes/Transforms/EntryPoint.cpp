//===- EntryPoint.cpp - functions whose arguments and results have roles ------------------------------------------===//
//
// Reads the roles of an existing function, changes arguments and results, and writes type, attributes and terminator
// once.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Transforms/EntryPoint.h"
#include "mlir/IR/Builders.h"
#include "passes/Transforms/EliminateDeadOperations.h"

using namespace mlir;
using namespace hadal;

func::FuncOp hadal::findEntry(ModuleOp module, EntryRole role) {
  return module.lookupSymbol<func::FuncOp>(stringifyEntryRole(role));
}

EntryPoint::EntryPoint(OpBuilder &builder, Location loc, EntryRole role)
    : function(func::FuncOp::create(builder, loc, stringifyEntryRole(role), builder.getFunctionType({}, {}))) {
  function.getBody().push_back(new Block());
}

EntryPoint::EntryPoint(func::FuncOp function) : function(function) {
  Block &body = getBody();
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    DictionaryAttr attributes = function.getArgAttrDict(i);
    argumentAttributes.push_back(attributes ? attributes : DictionaryAttr::get(function.getContext()));
  }
  Operation *terminator = body.getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    unsigned number = operand.getOperandNumber();
    Result result{operand.get(), getResultName(function, number), {}, getPackedResult(function, number)};
    if (std::optional<unsigned> tied = getTiedArgument(function, number))
      result.tied = body.getArgument(*tied);
    results.push_back(result);
  }
  terminator->erase();
}

BlockArgument EntryPoint::addArgument(Type type, ArgumentRole role, Attribute value, Location loc) {
  MLIRContext *context = function.getContext();
  NamedAttribute meaning(StringAttr::get(context, getRoleAttrName(role)), value);
  argumentAttributes.push_back(DictionaryAttr::get(context, meaning));
  return getBody().addArgument(type, loc);
}

BlockArgument EntryPoint::addScalar(StringRef name, Location loc) {
  Builder builder(function.getContext());
  return addArgument(RankedTensorType::get({}, builder.getF32Type()), ArgumentRole::Scalar, builder.getStringAttr(name),
                     loc);
}

void EntryPoint::addResult(StringRef name, Value value) {
  results.push_back({value, StringAttr::get(function.getContext(), name), {}, {}});
}

void EntryPoint::addPacked(FlatSymbolRefAttr parameter, Value value) { results.push_back({value, {}, {}, parameter}); }

void EntryPoint::addUpdate(BlockArgument argument, Value value) { results.push_back({value, {}, argument, {}}); }

Value EntryPoint::findResult(StringRef name) const {
  for (const Result &result : results)
    if (result.name && result.name.getValue() == name)
      return result.value;
  return {};
}

void EntryPoint::replaceResults(Value value, Value by) {
  for (Result &result : results)
    if (result.value == value)
      result.value = by;
}

void EntryPoint::keepResult(StringRef name) {
  llvm::erase_if(results, [&](const Result &result) { return !result.name || result.name.getValue() != name; });
}

Attribute EntryPoint::getRole(BlockArgument argument, ArgumentRole role) const {
  return argumentAttributes[argument.getArgNumber()].get(getRoleAttrName(role));
}

FlatSymbolRefAttr EntryPoint::getParameter(BlockArgument argument) const {
  return dyn_cast_or_null<FlatSymbolRefAttr>(getRole(argument, ArgumentRole::Parameter));
}

void EntryPoint::eraseUnusedArguments(function_ref<bool(BlockArgument)> condition) {
  // Results count as uses, although no terminator says so yet.
  DenseSet<Value> returned;
  for (const Result &result : results)
    returned.insert(result.value);
  BitVector unused(getBody().getNumArguments());
  for (BlockArgument argument : getBody().getArguments())
    if (argument.use_empty() && !returned.contains(argument) && condition(argument))
      unused.set(argument.getArgNumber());
  SmallVector<DictionaryAttr> kept;
  for (auto [i, attributes] : llvm::enumerate(argumentAttributes))
    if (!unused[i])
      kept.push_back(attributes);
  getBody().eraseArguments(unused);
  argumentAttributes = std::move(kept);
}

void EntryPoint::eraseWhatNoResultNeeds() {
  eliminateDeadOperations(getBody(), llvm::map_to_vector(results, [](const Result &result) { return result.value; }));
  eraseUnusedArguments([&](BlockArgument argument) { return !getRole(argument, ArgumentRole::Input); });
}

void EntryPoint::finish() {
  Builder attributes(function.getContext());
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> resultAttributes;
  auto getRole = [&](const Result &result) {
    if (result.name)
      return attributes.getNamedAttr(resultAttrName, result.name);
    if (result.packed)
      return attributes.getNamedAttr(getRoleAttrName(ArgumentRole::Packed), result.packed);
    return attributes.getNamedAttr(tiedAttrName, attributes.getIndexAttr(result.tied.getArgNumber()));
  };
  for (const Result &result : results) {
    values.push_back(result.value);
    resultAttributes.push_back(attributes.getDictionaryAttr(getRole(result)));
  }
  OpBuilder builder = getBuilder();
  func::ReturnOp::create(builder, function.getLoc(), values);
  function.setFunctionType(attributes.getFunctionType(
      getBody().getArgumentTypes(), llvm::map_to_vector(values, [](Value value) -> Type { return value.getType(); })));
  function.setAllArgAttrs(argumentAttributes);
  function.setAllResultAttrs(resultAttributes);
}
