//===- CachedForm.cpp - @forward for rows that are added to sequences ---------------------------------------------===//
//
// Every operation that reads other rows of its sequence (SequenceOpInterface) is asked for its form with a cache, in
// the order of the body. What it remembers of a tensor is written into pages and read again with the rows before it. A
// tensor that is the product of narrower rows and of a weight is not kept: its factor is, and the product is formed
// again over all that is read. So keys and values of all heads are never kept, but the latent that they are made of.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Programs/CachedForm.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Programs/Drafts.h"
#include "passes/Programs/MainLoss.h"

using namespace mlir;
using namespace hadal;

namespace {

RankedTensorType rankedType(Value value) { return cast<RankedTensorType>(value.getType()); }

class CachedForm {
public:
  CachedForm(ModuleOp module, func::FuncOp forward, const CacheShape &shape, StringRef cacheName)
      : module(module), shape(shape), cacheName(cacheName), entry(forward), loc(forward.getLoc()) {}

  LogicalResult build(bool picksRow);

private:
  BlockArgument addInput(StringRef name, ArrayRef<int64_t> lengths);
  LogicalResult addPlaces();
  LogicalResult replaceSequenceOps();
  Value remember(OpBuilder &builder, Value rows);
  Value keep(OpBuilder &builder, Value rows);
  FailureOr<StateOp> findState(RankedTensorType type);

  ModuleOp module;
  const CacheShape &shape;
  StringRef cacheName;
  EntryPoint entry;
  Location loc;
  BlockArgument positions, lengths, pages;
  int64_t sequences = 0, rows = 0, caches = 0;
};

BlockArgument CachedForm::addInput(StringRef name, ArrayRef<int64_t> lengths) {
  Builder builder(module.getContext());
  return entry.addArgument(RankedTensorType::get(lengths, builder.getI32Type()), ArgumentRole::Input,
                           builder.getStringAttr(name), loc);
}

/// The inputs that say where the rows of a run stand.
LogicalResult CachedForm::addPlaces() {
  auto ahead = entry.getFunction()->getParentOfType<ModuleOp>()->getAttrOfType<IntegerAttr>(tokensAheadAttrName);
  auto window = rankedType(entry.getBody().getArgument(0));
  if (!ahead || window.getRank() != 2)
    return entry.getFunction().emitError("@forward reads no window of tokens: run hadal-close-shapes and "
                                         "hadal-bind-parameters first");
  sequences = window.getDimSize(0);
  rows = window.getDimSize(1) - ahead.getInt();
  positions = addInput(inputs::positions, {sequences, rows});
  lengths = addInput(inputs::lengths, {sequences});
  pages = addInput(inputs::pages, {sequences, shape.pagesOfSequence});
  return success();
}

FailureOr<StateOp> CachedForm::findState(RankedTensorType type) {
  std::string name = (cacheName + "." + Twine(caches++)).str();
  Operation *known = module.lookupSymbol(name);
  if (!known) {
    // States follow one another.
    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    for (StateOp state : module.getOps<StateOp>())
      builder.setInsertionPointAfter(state);
    return StateOp::create(builder, loc, builder.getStringAttr(name), TypeAttr::get(type));
  }
  auto state = dyn_cast<StateOp>(known);
  if (!state)
    return known->emitError("'") << name << "' has the name of a cache of this program: choose another";
  return state;
}

/// Writes rows into pages, and reads those of all positions so far.
Value CachedForm::keep(OpBuilder &builder, Value value) {
  Location where = value.getLoc();
  auto given = rankedType(value);
  int64_t channels = given.getShape().back();
  auto type = RankedTensorType::get({shape.pages, positionsOfPage, channels}, shape.element);
  FailureOr<StateOp> state = findState(type);
  if (failed(state))
    return {};
  FloatType element = shape.element;
  bool isRounded = element.getWidth() < given.getElementTypeBitWidth();
  if (isRounded)
    value = arith::TruncFOp::create(builder, where, given.clone(shape.element), value);
  BlockArgument cache = entry.addArgument(type, ArgumentRole::State, FlatSymbolRefAttr::get(*state), where);
  Value written = WritePagesOp::create(builder, where, type, cache, value, pages, positions);
  entry.addUpdate(cache, written);
  auto readType = RankedTensorType::get({sequences, shape.positionLimit(), channels}, shape.element);
  Value read = ReadPagesOp::create(builder, where, readType, written, pages, lengths);
  return isRounded ? arith::ExtFOp::create(builder, where, readType.clone(given.getElementType()), read) : read;
}

/// The operand whose rows the rows of a product are made of, one of each, and narrower.
static OpOperand *findNarrowerRows(Value value) {
  auto product = dyn_cast_if_present<ContractionOpInterface>(value.getDefiningOp());
  std::optional<ContractionForm> form = product ? product.getContraction() : std::nullopt;
  if (!form || form->batches != 1 || form->grouping != ContractionGrouping::None || form->lhs.transposed ||
      form->lhs.scales || form->depth >= form->columns)
    return nullptr;
  OpOperand &factor = product->getOpOperand(form->lhs.operand);
  auto type = rankedType(factor.get()), result = rankedType(value);
  bool hasSameRows = type.getRank() == 3 && result.getRank() == 3 && type.getShape().back() == form->depth &&
                     type.getShape().drop_back() == result.getShape().drop_back();
  return hasSameRows ? &factor : nullptr;
}

Value CachedForm::remember(OpBuilder &builder, Value value) {
  OpOperand *narrower = findNarrowerRows(value);
  if (!narrower)
    return keep(builder, value);
  Value all = remember(builder, narrower->get());
  if (!all)
    return {};
  Operation *product = builder.clone(*narrower->getOwner());
  product->setOperand(narrower->getOperandNumber(), all);
  SmallVector<int64_t> lengths(rankedType(value).getShape());
  lengths[1] = shape.positionLimit();
  product->getResult(0).setType(RankedTensorType::get(lengths, rankedType(value).getElementType()));
  return product->getResult(0);
}

LogicalResult CachedForm::replaceSequenceOps() {
  for (Operation &op : llvm::make_early_inc_range(entry.getBody())) {
    auto reader = dyn_cast<SequenceOpInterface>(op);
    if (!reader)
      continue;
    OpBuilder builder(reader);
    bool isRemembered = true;
    auto rememberHere = [&](Value value) {
      Value all = remember(builder, value);
      isRemembered &= bool(all);
      return all ? all : value;
    };
    SmallVector<Value> results = reader.buildCached(builder, {positions, lengths, shape.positionLimit(), rememberHere});
    if (!isRemembered)
      return failure();
    for (auto [value, cached] : llvm::zip_equal(op.getResults(), results))
      entry.replaceResults(value, cached);
    op.replaceAllUsesWith(results);
    op.erase();
  }
  return success();
}

LogicalResult CachedForm::build(bool picksRow) {
  func::FuncOp forward = entry.getFunction();
  Value mainLoss = entry.findResult(results::mainLoss), hidden = entry.findResult(results::hidden);
  auto leave = [&](LogicalResult result) {
    entry.finish();
    return result;
  };
  if (!mainLoss)
    return leave(forward.emitError("@forward has no result '")
                 << results::mainLoss << "': run hadal-bind-parameters on a model");
  FailureOr<TokenLossOpInterface> loss = findTokenLoss(mainLoss, KnownProgram::Generate);
  if (failed(loss) || failed(addPlaces()))
    return leave(failure());
  BlockArgument picked = picksRow ? addInput(inputs::rows, {sequences, 1}) : BlockArgument();
  OpBuilder builder(*loss);
  auto pickRows = [&](Value rows) -> Value {
    if (!picked)
      return rows;
    auto type =
        RankedTensorType::get({sequences, 1, rankedType(rows).getShape().back()}, rankedType(rows).getElementType());
    return PickRowsOp::create(builder, (*loss)->getLoc(), type, rows, picked);
  };
  TokenLogits logits = loss->buildLogits(builder, pickRows);
  logits.logits.getDefiningOp()->setDiscardableAttrs((*loss)->getDiscardableAttrDictionary());
  // Losses go; without them, what only they need is not built again.
  entry.keepResult(results::logits);
  entry.addResult(results::logits, logits.logits);
  entry.addResult(results::normalizers, logits.normalizers);
  if (hidden)
    entry.addResult(results::hidden, hidden);
  entry.eraseWhatNoResultNeeds();
  if (failed(replaceSequenceOps()))
    return leave(failure());
  entry.eraseWhatNoResultNeeds();
  entry.finish();
  return success();
}

} // namespace

LogicalResult hadal::buildCachedForm(ModuleOp module, func::FuncOp forward, const CacheShape &shape, bool picksRow,
                                     StringRef caches) {
  return CachedForm(module, forward, shape, caches).build(picksRow);
}
