//===- BuildGeneration.cpp - from a model to prefill, decode and drafts -------------------------------------------===//
//
// Implements hadal-build-generation. Shapes are numbers, so the program gets an entry point for each of a few: one row
// of each of 1, 2, 4, ... sequences, as many rows as there can be drafts to verify and one more, and chunks of one
// sequence in a few sizes. The runtime takes the smallest that fits, and a row's bits do not depend on which that is. They do depend
// on what the row is: those of a prompt, which are many, attend on keys and values that are formed again, generated
// ones on the cache itself (docs/rationale/arithmetic.md, rule 12). So a prompt is always read by @prefill, one token
// of it too. As training computes it, every row is one of a prompt. For each shape
//
//   1. a copy of the model is brought to @forward by the passes that all programs begin with, in a module of its own
//      inside this one;
//   2. what drafts tokens is cut out of copies of @forward (Drafts.h);
//   3. each of these functions gets its form with a cache (CachedForm.h);
//   4. it moves into this module as @decode.B, @decode.B.Q or @prefill.C, or as @draft.D. and that name. Parameters and
//      caches are those of the first one.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Pass/PassManager.h"
#include "passes/Precision/WeightForms.h"
#include "passes/Programs/CachedForm.h"
#include "passes/Programs/Drafts.h"
#include "passes/Programs/MainLoss.h"
#include "passes/Programs/Programs.h"
#include "passes/Transforms/Requirements.h"
#include "passes/Transforms/SingleModel.h"
#include "llvm/ADT/ScopeExit.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_BUILDGENERATION
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {

/// Where neither the user nor the model says more.
constexpr int64_t usualSequence = 1024, usualChunk = 256;
/// The fewest rows of a prompt that are worth an entry point of their own, and how much more the next one has.
constexpr int64_t smallestChunk = 16, chunkGrowth = 4;
/// What a program may be exact to.
constexpr StringLiteral trainExactness = "train";
constexpr int64_t mostSequence = int64_t(1) << 20, mostBatch = int64_t(1) << 12, mostDrafts = 8;

/// An entry point: so many rows of each of so many sequences, of a prompt or generated ones.
struct StepShape {
  int64_t sequences, rows;
  bool isPrefill = false;

  std::string name() const {
    if (isPrefill)
      return "prefill." + std::to_string(rows);
    return "decode." + std::to_string(sequences) + (rows > 1 ? "." + std::to_string(rows) : "");
  }
};

/// 1, 2, 4, ... and the largest.
SmallVector<int64_t> powersUpTo(int64_t largest) {
  SmallVector<int64_t> numbers;
  for (int64_t number = 1; number < largest; number *= 2)
    numbers.push_back(number);
  numbers.push_back(largest);
  return numbers;
}

/// 16, 64, 256, ... and the largest: the end of a prompt, or a short one, needs no whole chunk.
SmallVector<int64_t> chunksUpTo(int64_t largest) {
  SmallVector<int64_t> numbers;
  for (int64_t number = smallestChunk; number < largest; number *= chunkGrowth)
    numbers.push_back(number);
  numbers.push_back(largest);
  return numbers;
}

struct BuildGeneration : hadal::impl::BuildGenerationBase<BuildGeneration> {
  using BuildGenerationBase::BuildGenerationBase;

  void runOnOperation() override {
    if (failed(build()))
      signalPassFailure();
  }

private:
  LogicalResult checkOptions(ModelOp model);
  LogicalResult decideDrafts(ModuleOp source, ModelOp model);
  SmallVector<StepShape> listShapes() const;
  FailureOr<func::FuncOp> makeForward(ModuleOp inner, const StepShape &step);
  LogicalResult addEntries(ModuleOp source, const StepShape &step, const CacheShape &cache);
  LogicalResult takeOver(ModuleOp inner, func::FuncOp forward, StringRef name);
  LogicalResult build();

  /// The options as they are in this run.
  int64_t sequence = 0, chunk = 0;
  /// Most tokens that are drafted before they are verified, and the depths that draft them.
  int64_t drafts = 0, depths = 0;
  FloatType cacheElement;
  WeightForm weightForm = WeightForm::AsIs;
  /// Whether every row has the bits that it has in training.
  bool isExact = false;
};

LogicalResult BuildGeneration::checkOptions(ModelOp model) {
  auto check = [&](StringRef name, int64_t value, int64_t low, int64_t high) -> LogicalResult {
    if (value >= low && value <= high)
      return success();
    return model.emitError("needs a ") << name << " from " << low << " to " << high << ", not " << value;
  };
  int64_t context = int64_t(model.getContextLength().value_or(usualSequence));
  sequence = maxSequence ? int64_t(maxSequence) : std::min(context, usualSequence);
  chunk = prefillChunk ? int64_t(prefillChunk) : std::min(sequence, usualChunk);
  if (failed(check("--max-sequence", sequence, 1, mostSequence)) ||
      failed(check("--max-batch", maxBatch, 1, mostBatch)) ||
      failed(check("--prefill-chunk that fits --max-sequence,", chunk, 1, sequence)))
    return failure();
  StringRef name = cacheType.empty() ? StringRef(precision) : StringRef(cacheType);
  std::optional<Precision> known = symbolizePrecision(name);
  if (!known)
    return model.emitError("unknown type of the cache '") << name << "'; known types: f32, bf16";
  cacheElement = getPrecisionType(*known, &getContext());
  isExact = exact == trainExactness;
  if (!exact.empty() && !isExact)
    return model.emitError("unknown program '") << exact << "' to be exact to; known programs: " << trainExactness;
  FailureOr<WeightForm> form = decideWeightForm(model, weights, precision);
  if (failed(form))
    return failure();
  // Training widens what was published in FP8.
  bool isAsked = StringRef(weights) != stringifyWeightForm(WeightForm::AsIs);
  weightForm = isExact && !isAsked ? WeightForm::AsIs : *form;
  if (isExact && weightForm != WeightForm::AsIs)
    return model.emitError("cannot be exact to training with weights of ")
           << stringifyWeightForm(weightForm)
           << ", which training does not have: leave out --weights, or --exact=" << trainExactness;
  if (isExact && name != precision)
    return model.emitError("a cache of ") << name << " cannot hold what training in " << precision
                                          << " computes: leave out --cache-type, or --exact=" << trainExactness;
  return success();
}

/// @forward, in a module of its own.
FailureOr<func::FuncOp> BuildGeneration::makeForward(ModuleOp inner, const StepShape &step) {
  OpPassManager passes(ModuleOp::getOperationName());
  addForwardPasses(passes, step.sequences, step.rows, precision);
  if (failed(runPipeline(passes, inner)))
    return failure();
  func::FuncOp forward = findEntry(inner, EntryRole::Forward);
  if (failed(requireForward(forward)))
    return failure();
  return forward;
}

/// As many drafts as the option says, or one of each depth. One depth alone can go on from its own hidden state.
LogicalResult BuildGeneration::decideDrafts(ModuleOp source, ModelOp model) {
  if (speculate == 0)
    return success();
  OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
  auto inner = cast<ModuleOp>(builder.clone(*source));
  auto eraseInner = llvm::make_scope_exit([&] { inner->erase(); });
  FailureOr<func::FuncOp> forward = makeForward(inner, {1, 1});
  if (failed(forward))
    return failure();
  bool isAsked = speculate > 0;
  FailureOr<SmallVector<DraftDepth>> found = findDraftDepths(*forward, /*explain=*/isAsked);
  if (failed(found))
    return failure();
  int64_t count = found->size();
  bool goesOn = count == 1 && found->back().output;
  int64_t most = goesOn ? mostDrafts : std::min(count, mostDrafts);
  if (isAsked && count == 0)
    return model.emitError("predicts no token behind the next one (hadal.mtp does), so it drafts none: leave "
                           "--speculate out, or compile with --speculate=0");
  if (speculate > most)
    return model.emitError("drafts at most ") << most << (most == 1 ? " token" : " tokens") << " at a time"
                                              << (goesOn ? "" : ", one with each of its prediction depths")
                                              << ": --speculate is 0 to " << most << ", not " << int64_t(speculate);
  drafts = isAsked ? int64_t(speculate) : std::min(count, most);
  depths = std::min(count, drafts);
  return success();
}

SmallVector<StepShape> BuildGeneration::listShapes() const {
  SmallVector<StepShape> shapes;
  for (int64_t rows : powersUpTo(drafts + 1))
    for (int64_t sequences : powersUpTo(maxBatch))
      shapes.push_back({sequences, rows});
  for (int64_t rows : chunksUpTo(chunk))
    shapes.push_back({1, rows, /*isPrefill=*/true});
  return shapes;
}

/// Moves the entry point into this module, with what the module says of the model.
LogicalResult BuildGeneration::takeOver(ModuleOp inner, func::FuncOp forward, StringRef name) {
  ModuleOp module = getOperation();
  Block::iterator firstState = llvm::find_if(*module.getBody(), [](Operation &op) { return isa<StateOp>(op); });
  for (auto parameter : llvm::make_early_inc_range(inner.getOps<ParameterOp>())) {
    Operation *known = module.lookupSymbol(parameter.getSymName());
    if (!known)
      parameter->moveBefore(module.getBody(), firstState);
    else if (!isa<ParameterOp>(known))
      return parameter.emitError("parameter '")
             << parameter.getSymName()
             << "' has the name of a cache or an entry point that a program gets: choose another";
  }
  if (failed(requireFreeName(module, name)))
    return failure();
  forward->moveBefore(module.getBody(), module.getBody()->end());
  forward.setName(name);
  for (StringRef attribute : {modelAttrName, vocabularyAttrName, tokensAheadAttrName})
    if (Attribute value = inner->getAttr(attribute))
      module->setAttr(attribute, value);
  return success();
}

LogicalResult BuildGeneration::addEntries(ModuleOp source, const StepShape &step, const CacheShape &cache) {
  ModuleOp module = getOperation();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto inner = cast<ModuleOp>(builder.clone(*source));
  auto eraseInner = llvm::make_scope_exit([&] { inner->erase(); });
  FailureOr<func::FuncOp> forward = makeForward(inner, step);
  if (failed(forward))
    return failure();
  auto nameDepth = [](int64_t depth) { return "draft." + std::to_string(depth); };
  SmallVector<func::FuncOp> cut;
  for (int64_t depth = 1; depth <= depths; ++depth) {
    builder.setInsertionPointAfter(*forward);
    auto draft = cast<func::FuncOp>(builder.clone(**forward));
    draft.setName(nameDepth(depth) + "." + step.name());
    cut.push_back(draft);
    if (failed(cutDraft(draft, depth)))
      return failure();
  }
  if (depths > 0 && failed(yieldHidden(*forward)))
    return failure();
  bool absorbs = !step.isPrefill && !isExact;
  if (failed(buildCachedForm(module, *forward, cache, {/*picksRow=*/step.isPrefill, absorbs})) ||
      failed(takeOver(inner, *forward, step.name())))
    return failure();
  // The row behind which a token is drafted is one of several whose hidden states have become known.
  for (auto [index, draft] : llvm::enumerate(cut))
    if (failed(buildCachedForm(module, draft, cache, {/*picksRow=*/true, absorbs}, nameDepth(index + 1) + ".cache")) ||
        failed(takeOver(inner, draft, draft.getSymName())))
      return failure();
  return success();
}

LogicalResult BuildGeneration::build() {
  ModuleOp module = getOperation();
  FailureOr<ModelOp> model = getSingleModel(module);
  if (failed(model) || failed(checkOptions(*model)))
    return failure();
  for (Operation &op : *module.getBody())
    if (isa<ParameterOp, StateOp, KernelOp>(op))
      return op.emitError("'") << op.getName() << "' stands beside a model, whose parameters are not bound yet";
  int64_t pagesOfSequence = llvm::divideCeil(sequence, positionsOfPage);
  CacheShape cache{pagesOfSequence * maxBatch, pagesOfSequence, cacheElement};
  // The model and its functions, out of the way of the names that the program gets.
  OwningOpRef<ModuleOp> source = ModuleOp::create(module.getLoc());
  source->getBody()->getOperations().splice(source->getBody()->end(), module.getBody()->getOperations());
  if (failed(decideDrafts(*source, *model)))
    return failure();
  for (const StepShape &step : listShapes())
    if (failed(addEntries(*source, step, cache)))
      return failure();
  eraseUnreadParameters(module);
  if (weightForm != WeightForm::AsIs)
    module->setAttr(weightsAttrName, StringAttr::get(&getContext(), stringifyWeightForm(weightForm)));
  return success();
}

} // namespace
