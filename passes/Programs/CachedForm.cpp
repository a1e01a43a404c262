//===- CachedForm.cpp - @forward for rows that are added to sequences ---------------------------------------------===//
//
// Every operation that reads other rows of its sequence (SequenceOpInterface) is asked for its form with a cache, in
// the order of the body. What it remembers of a tensor is written into pages and read again with the rows before it. A
// tensor that is the product of narrower rows and of a weight is not kept: its factor is, and the product is formed
// again over all that is read, as long as the sequence is. So keys and values of all heads are never kept, but the
// latent that they are made of. Or the operation reads the latent where it lies, in its absorbed form.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Programs/CachedForm.h"
#include "mlir/IR/Builders.h"
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

  LogicalResult build(RowRole role);

private:
  BlockArgument addInput(StringRef name, ArrayRef<int64_t> lengths);
  LogicalResult addPlaces();
  LogicalResult replaceSequenceOps(bool absorbs);
  SmallVector<Value> buildForm(OpBuilder &builder, SequenceOpInterface reader, bool absorbs);
  Value remember(OpBuilder &builder, Value rows);
  Value keep(OpBuilder &builder, Value rows);
  Value read(OpBuilder &builder, Value cache, RankedTensorType type);
  FailureOr<StateOp> findState(RankedTensorType type);

  ModuleOp module;
  const CacheShape &shape;
  StringRef cacheName;
  EntryPoint entry;
  Location loc;
  BlockArgument positions, lengths, pages;
  int64_t sequences = 0, rows = 0, caches = 0;
  /// Whether every cache could be made.
  bool isComplete = true;
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

/// Writes rows into pages of a cache.
Value CachedForm::keep(OpBuilder &builder, Value value) {
  Location where = value.getLoc();
  auto given = rankedType(value);
  auto type = RankedTensorType::get({shape.pages, positionsOfPage, given.getShape().back()}, shape.element);
  FailureOr<StateOp> state = findState(type);
  if (failed(state)) {
    isComplete = false;
    return {};
  }
  if (type.getElementTypeBitWidth() < given.getElementTypeBitWidth())
    value = arith::TruncFOp::create(builder, where, given.clone(shape.element), value);
  BlockArgument cache = entry.addArgument(type, ArgumentRole::State, FlatSymbolRefAttr::get(*state), where);
  Value written = WritePagesOp::create(builder, where, type, cache, value, pages, positions);
  entry.addUpdate(cache, written);
  return written;
}

/// The rows of all positions so far from a cache, as numbers of the type of those that went in.
Value CachedForm::read(OpBuilder &builder, Value cache, RankedTensorType type) {
  auto readType = RankedTensorType::get({sequences, shape.positionLimit(), type.getShape().back()}, shape.element);
  Value read = ReadPagesOp::create(builder, cache.getLoc(), readType, cache, pages, lengths);
  if (readType.getElementTypeBitWidth() >= type.getElementTypeBitWidth())
    return read;
  return arith::ExtFOp::create(builder, cache.getLoc(), readType.clone(type.getElementType()), read);
}

/// What a tensor of rows is the product of: rows that are narrower, one for each of its own, and a whole weight.
static std::optional<ProductOfRows> findProduct(Value value) {
  auto product = dyn_cast_if_present<ContractionOpInterface>(value.getDefiningOp());
  std::optional<ContractionForm> form = product ? product.getContraction() : std::nullopt;
  if (!form || form->batches != 1 || form->grouping != ContractionGrouping::None || form->rowCounts ||
      form->depth >= form->columns)
    return std::nullopt;
  auto isWhole = [&](const ContractionFactor &factor) {
    return !factor.transposed && !factor.scales && factor.start == 0 && factor.rowStride == form->depth;
  };
  Value rows = product->getOperand(form->lhs.operand), weight = product->getOperand(form->rhs.operand);
  auto type = rankedType(rows), result = rankedType(value);
  bool hasSameRows =
      type.getRank() == 3 && result.getRank() == 3 && type.getShape().drop_back() == result.getShape().drop_back();
  if (!isWhole(form->lhs) || !isWhole(form->rhs) || !hasSameRows ||
      rankedType(weight).getShape() != ArrayRef<int64_t>{form->columns, form->depth})
    return std::nullopt;
  auto lowered = dyn_cast<ProductOpInterface>(product.getOperation());
  return ProductOfRows{rows, weight, lowered ? lowered.getRequestedType() : Type()};
}

Value CachedForm::remember(OpBuilder &builder, Value value) {
  std::optional<ProductOfRows> product = findProduct(value);
  if (!product) {
    Value cache = keep(builder, value);
    return cache ? read(builder, cache, rankedType(value)) : value;
  }
  Value all = remember(builder, product->rows);
  SmallVector<int64_t> lengths(rankedType(value).getShape());
  lengths[1] = shape.positionLimit();
  auto compute = product->requested ? TypeAttr::get(product->requested) : TypeAttr();
  auto formed = CountedMatmulOp::create(builder, value.getLoc(), rankedType(value).clone(lengths), all, product->weight,
                                        this->lengths, /*transpose_rhs=*/true, compute);
  formed->setDiscardableAttrs(value.getDefiningOp()->getDiscardableAttrDictionary());
  return formed;
}

/// The values that take the place of an operation's results.
SmallVector<Value> CachedForm::buildForm(OpBuilder &builder, SequenceOpInterface reader, bool absorbs) {
  auto rememberHere = [&](Value value) { return remember(builder, value); };
  auto keepHere = [&](Value value) { return keep(builder, value); };
  // What is kept does not depend on who reads it: of a product of products the innermost rows.
  auto findProductHere = [&](Value value) {
    std::optional<ProductOfRows> product = findProduct(value);
    return product && findProduct(product->rows) ? std::nullopt : product;
  };
  CachedRows rows{positions, lengths, shape.positionLimit(), rememberHere, pages, keepHere, findProductHere};
  SmallVector<Value> results = absorbs ? reader.buildAbsorbed(builder, rows) : SmallVector<Value>();
  return results.empty() && isComplete ? reader.buildCached(builder, rows) : results;
}

LogicalResult CachedForm::replaceSequenceOps(bool absorbs) {
  for (Operation &op : llvm::make_early_inc_range(entry.getBody())) {
    auto reader = dyn_cast<SequenceOpInterface>(op);
    if (!reader)
      continue;
    OpBuilder builder(reader);
    SmallVector<Value> results = buildForm(builder, reader, absorbs);
    if (!isComplete)
      return failure();
    for (auto [value, cached] : llvm::zip_equal(op.getResults(), results)) {
      if (!cached)
        continue;
      entry.replaceResults(value, cached);
      value.replaceAllUsesWith(cached);
    }
    op.erase();
  }
  return success();
}

LogicalResult CachedForm::build(RowRole role) {
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
  BlockArgument picked = role.picksRow ? addInput(inputs::rows, {sequences, 1}) : BlockArgument();
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
  if (failed(replaceSequenceOps(role.absorbs)))
    return leave(failure());
  entry.eraseWhatNoResultNeeds();
  entry.finish();
  return success();
}

} // namespace

LogicalResult hadal::buildCachedForm(ModuleOp module, func::FuncOp forward, const CacheShape &shape, RowRole role,
                                     StringRef caches) {
  return CachedForm(module, forward, shape, caches).build(role);
}
