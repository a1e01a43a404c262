//===- TensorHead.cpp - the output head with its cross entropy on tensor cores ------------------------------------===//
//
// For every chunk of tokens, one stage after the other:
//
//   logits            S = hidden Wᵀ, of which no number reaches memory: the epilogue of a tile leaves, for each of its
//                     rows and parts of arithmetic::hopper::vocabularyPart columns, m = max S and l = Σ 2^(S - m) over
//                     the part (scores carry log₂ e, what is left of m does not), the target's logit where the tile
//                     holds it, and E = 2^(S - m) in bf16
//   softmax           a block of threads per token: the row's m is the largest of its parts', its l a sum along the row
//                     of the parts' l 2^(m of the part - m). From them loss = (max - target) + ln l, kept; E becomes
//                     dz = gradient/tokens · (softmax S - onehot) where it lies, a factor per part and row
//   hidden_gradient   dz W, the chunk's rows of the result
//   weight_gradient   dzᵀ hidden, which the first chunk writes (or adds to the gradient so far) and the others add to
//
// and in the end the tokens' losses are added up. An exponential is at most 1 in its part, so bf16 holds it with the
// same relative error as dz itself, half the memory of logits in f32, and losses are formed before any rounding. A loss
// without gradients needs no chunks, since then E is not kept. Parts and chunks decide the order of sums, and are
// constants (docs/rationale/arithmetic.md); tiles show in no bit.
//
// A head that keeps its logits has the first two stages: S goes to the result, and of the softmax there are the row's
// largest logit and ln l.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/GPU/Frames/HeadLoss.h"
#include "codegen/GPU/Frames/TensorProduct.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/Selection/GPU/TensorHeadTiles.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/MathExtras.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

namespace {

constexpr int64_t partColumns = arithmetic::hopper::vocabularyPart;
constexpr int64_t threadsOfSoftmax = 256, softmaxLanes = 8;
/// Less than every score, but finite, so that differences are no NaN.
constexpr double lowestScore = -1.0e30;

/// Parts of the vocabulary.
int64_t partsOf(const Head &head) { return llvm::divideCeil(head.vocabulary, partColumns); }

/// Byte offsets in the workspace: the exponentials at 0, then (m, l) of every token and part of the vocabulary, the
/// scores of the chunk's targets, and the losses of all tokens.
struct HeadWorkspace {
  int64_t statistics, targetScores, losses, bytes;
  explicit HeadWorkspace(const Head &head) {
    int64_t chunk = tensorHeadChunk(head);
    statistics = hasGradients(head) ? chunk * head.vocabulary * 2 : 0;
    targetScores = statistics + chunk * partsOf(head) * 8;
    losses = targetScores + chunk * 4;
    bytes = losses + head.tokens * 4;
  }
};

/// What every stage knows of the kernel and of the chunk that it works on.
struct HeadChunk {
  HeadChunk(GPUStage &stage, KernelOp kernel, const Head &head, choices::TensorHeadAttr choice,
            const TargetDescription &target)
      : kernel(kernel), head(head), choice(choice), target(target), chunk(tensorHeadChunk(head)), workspace(head),
        k(stage.k), exponentials(k.argument(kernel.getNumArguments() + kernel.getNumResults())) {
    Type byte = k.builder.getI8Type();
    statistics = k.address(exponentials, k.i64(workspace.statistics), byte);
    targetScores = k.address(exponentials, k.i64(workspace.targetScores), byte);
    losses = k.address(exponentials, k.i64(workspace.losses), byte);
    firstToken = k.mul(stage.iteration, chunk);
    tokens = k.min(k.i64(chunk), k.sub(k.i64(head.tokens), firstToken));
    if (head.targets >= 0)
      targets = k.address(k.argument(head.targets), firstToken, k.i32());
  }

  TypedPointer result(const HeadResult &result) {
    return k.typedArgument(kernel, kernel.getNumArguments() + result.result);
  }
  TypedPointer accumulated(const HeadResult &result) { return k.typedArgument(kernel, result.accumulated.argument); }
  TypedPointer fromChunk(TypedPointer rows, int64_t columns) {
    Type element = rows.element ? rows.element : k.f32();
    return {k.address(rows.pointer, k.mul(firstToken, columns), element), rows.element};
  }

  KernelOp kernel;
  const Head &head;
  const choices::TensorHeadAttr choice;
  const TargetDescription &target;
  const int64_t chunk;
  const HeadWorkspace workspace;
  KernelBuilder &k;
  /// Pointers; the targets are the chunk's.
  Value exponentials, statistics, targetScores, losses, targets;
  /// The chunk's first token, and how many it has: the last one may be shorter. i64.
  Value firstToken, tokens;
};

/// A product of a chunk: both operands by TMA, and rows that are the chunk's tokens, unless a product says otherwise.
class HeadProduct : public TensorProduct {
protected:
  HeadProduct(GPUStage &stage, HeadChunk &chunk, choices::TensorTilesAttr tiles, const ProductShape &shape)
      : TensorProduct(stage, TensorTiles::of(tiles, shape, chunk.target), shape), chunk(chunk),
        tokens(k.truncate(chunk.tokens)) {
    lhs.map = stage.maps[0];
    rhs.map = stage.maps[1];
  }

  Place findTile(Value task, SmallVector<Value> &walk) override {
    Place place = findDenseTile(task);
    place.rowEnd = tokens;
    return place;
  }

  HeadChunk &chunk;
  Value tokens;
};

//===----------------------------------------------------------------------===//
// logits
//===----------------------------------------------------------------------===//

class LogitsProduct : public HeadProduct {
public:
  LogitsProduct(GPUStage &stage, HeadChunk &chunk)
      : HeadProduct(stage, chunk, chunk.choice.getLogits(), chunk.head.logits(chunk.chunk)) {
    lhs.extentStart = k.truncate(chunk.firstToken);
  }

private:
  /// One of a thread's two rows: whether it is a token's, its number in the chunk (of the last token if not), its
  /// target.
  struct Row {
    Value isInside, number, target;
  };

  void beginTile(const Place &place, Value groupRow) override {
    for (int64_t half = 0; half < 2; ++half) {
      Value row = t.add(t.add(place.row, groupRow), t.accumulatorRow(half));
      rows[half].isInside = t.less(row, place.rowEnd);
      rows[half].number = t.wide(t.min(row, t.add(place.rowEnd, -1)));
      if (chunk.targets)
        rows[half].target = k.load(k.i32(), chunk.targets, rows[half].number);
    }
  }

  void emitEpilogue(const Place &place, Value groupRow, Value sum) override {
    if (chunk.head.keepsLogits())
      forPairs(place, groupRow, sum, chunk.result(chunk.head.logitsOfRows),
               [](const Pair &pair) -> SmallVector<Value> { return {pair.sums}; });
    SmallVector<Value> halves[2];
    for (int64_t half = 0; half < 2; ++half)
      halves[half] = emitRow(place, rows[half], half, sum);
    if (!hasGradients(chunk.head))
      return;
    for (int64_t column = 0; column < tiles.columns; column += tiles.panelColumns) {
      SmallVector<Value> registers;
      for (int64_t j = column / 8; j < (column + tiles.panelColumns) / 8; ++j)
        for (const SmallVector<Value> &exponentials : halves)
          registers.push_back(packPair(t.fromNumbers({exponentials[2 * j], exponentials[2 * j + 1]})));
      storePanel(place, groupRow, column, registers, chunk.exponentials);
    }
  }

  /// A thread's part of a row, spread over four neighbouring lanes: numbers 4·j + 2·half + c in columns 8·j + c. Keeps
  /// what the row leaves, and returns the exponentials.
  SmallVector<Value> emitRow(const Place &place, const Row &row, int64_t half, Value sum) {
    Value firstColumn = t.add(place.column, t.accumulatorColumn());
    SmallVector<Value> numbers = scoresOf(sum, half, firstColumn);
    if (row.target)
      storeTarget(row, t.sub(row.target, firstColumn), numbers);
    constexpr size_t perPart = partColumns / 4;
    for (size_t begin = 0; begin < numbers.size(); begin += perPart)
      emitPart(row, t.add(place.column, int64_t(begin) * 4), MutableArrayRef(numbers).slice(begin, perPart));
    return numbers;
  }

  /// A part of the row from a column on: turns a thread's scores into exponentials.
  void emitPart(const Row &row, Value column, MutableArrayRef<Value> numbers) {
    Value largest = fold(numbers, [&](Value a, Value b) { return k.maxf(a, b); });
    for (int32_t distance : {1, 2})
      largest = k.maxf(largest, stage.shuffleXor(largest, distance));
    Value base = k.f32(M_LOG2E), maximum = k.mulf(largest, base);
    Value negative = arith::NegFOp::create(k.builder, k.loc, maximum);
    for (Value &number : numbers)
      number = ptx::Exp2Op::create(k.builder, k.loc, k.fma(number, base, negative));
    Value total = fold(numbers, [&](Value a, Value b) { return k.addf(a, b); });
    for (int32_t distance : {1, 2})
      total = k.addf(total, stage.shuffleXor(total, distance));
    storeStatistics(row, column, largest, total);
  }

  /// Joins numbers in four chains that do not wait for one another.
  Value fold(ArrayRef<Value> numbers, function_ref<Value(Value, Value)> join) {
    SmallVector<Value> chains(numbers.take_front(4));
    for (size_t i = 4; i < numbers.size(); ++i)
      chains[i % 4] = join(chains[i % 4], numbers[i]);
    return join(join(chains[0], chains[1]), join(chains[2], chains[3]));
  }

  /// Columns behind the vocabulary count as -infinity.
  SmallVector<Value> scoresOf(Value sum, int64_t half, Value firstColumn) {
    Value lowest = k.f32(-INFINITY), left = t.sub(t.number(shape.columns), firstColumn);
    SmallVector<Value> scores;
    for (int64_t j = 0; j < tiles.columns / 8; ++j)
      for (int64_t c = 0; c < 2; ++c) {
        Value score = t.at(sum, 4 * j + 2 * half + c);
        if (shape.columns % tiles.columns != 0)
          score = k.select(t.less(t.number(8 * j + c), left), score, lowest);
        scores.push_back(score);
      }
    return scores;
  }

  /// The row's largest logit and its l of the part, by one of its four lanes. A tile may hold parts behind the
  /// vocabulary.
  void storeStatistics(const Row &row, Value column, Value maximum, Value total) {
    Value stores = t.both(row.isInside, k.equal(t.rem(t.lane, 4), zero));
    if (shape.columns % tiles.columns != 0)
      stores = t.both(stores, t.less(column, t.number(shape.columns)));
    k.ifThen(stores, [&] {
      Value place = k.add(k.mul(row.number, partsOf(chunk.head)), t.wide(t.div(column, partColumns)));
      k.storeAligned(t.fromNumbers({maximum, total}), chunk.statistics, k.mul(place, 2), 2);
    });
  }

  /// The target's logit, by the lane that holds it: `place` counts columns from this lane's first one.
  void storeTarget(const Row &row, Value place, ArrayRef<Value> scores) {
    Value isInTile = arith::CmpIOp::create(k.builder, k.loc, arith::CmpIPredicate::ult, place, t.number(tiles.columns));
    Value isMine = t.both(isInTile, t.less(t.rem(place, 8), t.number(2)));
    k.ifThen(t.both(row.isInside, isMine), [&] {
      Value score = scores.front();
      for (size_t i = 1; i < scores.size(); ++i)
        score = k.select(k.equal(place, t.number(int64_t(i) / 2 * 8 + int64_t(i) % 2)), scores[i], score);
      k.store(score, chunk.targetScores, row.number);
    });
  }

  Row rows[2];
};

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

class Softmax {
public:
  Softmax(GPUStage &stage, HeadChunk &chunk) : stage(stage), chunk(chunk), head(chunk.head), k(stage.k) {}

  void emit() {
    row = stage.block();
    k.ifThen(k.less(row, chunk.tokens), [&] {
      Value rowStart = k.mul(row, partsOf(head) * 2);
      statistics = k.address(chunk.statistics, rowStart, k.f32());
      joinParts();
      k.ifThen(k.equal(stage.thread(), k.i64(0)), [&] {
        Value token = k.add(chunk.firstToken, row);
        if (head.keepsLogits())
          return storeNormalizers(k, chunk.kernel, head, unscaled, sum, token);
        Value target = k.load(k.f32(), chunk.targetScores, row);
        storeHeadLoss(k, chunk.kernel, head, {unscaled, target, sum}, chunk.losses, token);
      });
      if (hasGradients(head))
        emitDerivatives();
    });
  }

private:
  /// The maximum of a part or a row as a score.
  Value scaled(Value maximum) { return k.mulf(maximum, k.f32(M_LOG2E)); }

  /// The largest logit of a part, and its l.
  std::pair<Value, Value> part(Value index) {
    k.lanes = 2;
    Value pair = k.loadAligned(k.f32(), statistics, k.mul(index, 2), 2);
    return {element(pair, 0), element(pair, 1)};
  }

  /// A thread has four lanes of the sum: those of the parts that are its number modulo the threads.
  void joinParts() {
    int64_t parts = partsOf(head);
    constexpr int64_t accumulators = arithmetic::hopper::lanes / threadsOfSoftmax;
    Value mine = k.forReduce(stage.thread(), k.i64(parts), threadsOfSoftmax, {k.f32(lowestScore)},
                             [&](Value index, ValueRange carried) -> SmallVector<Value> {
                               return {k.maxf(carried[0], part(index).first)};
                             })[0];
    unscaled = stage.blockReduceMax(mine, 0);
    largest = scaled(unscaled);
    SmallVector<Value> sums(accumulators, k.f32(0.0));
    sums = k.forReduce(stage.thread(), k.i64(parts), arithmetic::hopper::lanes, sums,
                       [&](Value first, ValueRange carried) {
                         SmallVector<Value> next(carried);
                         for (int64_t i = 0; i < accumulators; ++i) {
                           Value index = k.add(first, i * threadsOfSoftmax);
                           auto [maximum, total] = part(k.min(index, k.i64(parts - 1)));
                           Value share = k.mulf(total, exp2(k.subf(scaled(maximum), largest)));
                           next[i] = k.addf(next[i], k.select(k.less(index, k.i64(parts)), share, k.f32(0.0)));
                         }
                         return next;
                       });
    // Behind the bytes of the maximum.
    sum = stage.joinLanes({sums}, Reduction::Add, threadsOfSoftmax, reductionBytes(1, threadsOfSoftmax))[0];
  }

  /// A vector of columns lies in one part, whose exponentials have one factor.
  void emitDerivatives() {
    Value ofOne = k.divf(k.load(k.f32(), k.argument(head.gradient)), k.f32(double(head.tokens)));
    Value scale = k.divf(ofOne, sum), target = k.extend(k.load(k.i32(), chunk.targets, row));
    Type bf16 = k.builder.getBF16Type();
    TypedPointer numbers{k.address(chunk.exponentials, k.mul(row, head.vocabulary), bf16), bf16};
    Value begin = k.mul(stage.thread(), softmaxLanes);
    k.forLoop(begin, k.i64(head.vocabulary), threadsOfSoftmax * softmaxLanes, [&](Value column) {
      Value maximum = scaled(part(k.div(column, partColumns)).first);
      Value factor = k.mulf(exp2(k.subf(maximum, largest)), scale), place = k.sub(target, column);
      k.lanes = softmaxLanes;
      Value exponentials = k.loadAligned(numbers, column, softmaxLanes);
      SmallVector<Value> derivatives;
      for (int64_t i = 0; i < softmaxLanes; ++i) {
        Value derivative = k.mulf(element(exponentials, i), factor);
        derivatives.push_back(k.select(k.equal(place, k.i64(i)), k.subf(derivative, ofOne), derivative));
      }
      Value vector = vector::FromElementsOp::create(k.builder, k.loc, k.vectorOf(k.f32()), derivatives);
      k.storeAligned(vector, numbers, column, softmaxLanes);
    });
  }

  Value element(Value vector, int64_t i) {
    return vector::ExtractOp::create(k.builder, k.loc, vector, ArrayRef<int64_t>{i});
  }
  Value exp2(Value exponent) { return ptx::Exp2Op::create(k.builder, k.loc, exponent); }

  GPUStage &stage;
  HeadChunk &chunk;
  const Head &head;
  KernelBuilder &k;
  Value row, statistics, unscaled, largest, sum;
};

//===----------------------------------------------------------------------===//
// Gradients
//===----------------------------------------------------------------------===//

class HiddenGradientProduct : public HeadProduct {
public:
  HiddenGradientProduct(GPUStage &stage, HeadChunk &chunk)
      : HeadProduct(stage, chunk, chunk.choice.getHiddenGradient(), chunk.head.hiddenProduct(chunk.chunk)) {
    const HeadResult &gradient = chunk.head.hiddenGradient;
    result = chunk.fromChunk(chunk.result(gradient), chunk.head.channels);
    accumulation = Accumulation(k, gradient.accumulated);
    if (accumulation.exists())
      accumulated = chunk.fromChunk(chunk.accumulated(gradient), chunk.head.channels);
  }

private:
  void emitEpilogue(const Place &place, Value groupRow, Value sum) override {
    forPairs(place, groupRow, sum, result, [&](const Pair &pair) -> SmallVector<Value> {
      return {accumulation.add(k, pair.sums, [&] { return k.loadAligned(accumulated, pair.element, 2); })};
    });
  }

  TypedPointer result, accumulated;
  Accumulation accumulation;
};

class WeightGradientProduct : public HeadProduct {
public:
  WeightGradientProduct(GPUStage &stage, HeadChunk &chunk)
      : HeadProduct(stage, chunk, chunk.choice.getWeightGradient(), chunk.head.weightProduct(chunk.chunk)) {
    rhs.depthStart = k.truncate(chunk.firstToken);
    Value isFirst = k.equal(stage.iteration, k.i64(0));
    const HeadResult &gradient = chunk.head.weightGradient;
    soFar = result = chunk.result(gradient);
    Accumulation accumulation(k, gradient.accumulated);
    if (accumulation.exists())
      soFar.pointer = k.select(isFirst, chunk.accumulated(gradient).pointer, result.pointer);
    isEmpty = accumulation.isEmptyBefore(k, isFirst);
  }

private:
  /// The last step's rows beyond a chunk are zeros on the side of dz, whose map ends there; those beyond the last
  /// chunk, where dz still holds rows of the one before, are zeros on the side of `hidden`.
  Place findTile(Value task, SmallVector<Value> &walk) override {
    Place place = findDenseTile(task);
    place.depthEnd = tokens;
    place.steps = t.ceilDiv(tokens, tiles.depth);
    return place;
  }

  /// Before the first chunk there is the gradient that is handed in, or nothing.
  void emitEpilogue(const Place &place, Value groupRow, Value sum) override {
    auto addSoFar = [&](const Pair &pair) -> SmallVector<Value> {
      return {k.addf(k.loadAligned(soFar, pair.element, 2), pair.sums)};
    };
    auto asItIs = [](const Pair &pair) -> SmallVector<Value> { return {pair.sums}; };
    if (!isEmpty)
      return forPairs(place, groupRow, sum, result, addSoFar);
    k.ifThen(
        isEmpty, [&] { forPairs(place, groupRow, sum, result, asItIs); },
        [&] { forPairs(place, groupRow, sum, result, addSoFar); });
  }

  /// Whether the chunk's product is the first there; null: something always is.
  Value isEmpty;
  TypedPointer result, soFar;
};

//===----------------------------------------------------------------------===//
// The strategy
//===----------------------------------------------------------------------===//

class TensorHeadStrategy : public KernelStrategy {
public:
  TensorHeadStrategy()
      : KernelStrategy(TargetKind::NVPTX, KernelKind::Head, "wgmma_token_chunks", arithmetic::SumOrder::TensorCores) {}

  /// TMA wants rows of a multiple of 16 bytes.
  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    const Head *head = anatomy.head();
    KernelOp kernel = anatomy.kernel();
    if (!head || readsPanels(anatomy, refusals))
      return false;
    auto isBF16 = [&](int64_t argument) { return getElementTypeOrSelf(kernel.getArgument(argument)).isBF16(); };
    Operation *anchor = &kernel.getBody().front().front();
    if (!isBF16(head->hidden) || !isBF16(head->weight))
      return succeeded(refusals.add(anchor, "is not for tensor cores: they multiply bf16"));
    if (head->channels % 8 == 0 && head->vocabulary % 8 == 0)
      return true;
    return succeeded(refusals.add(anchor, "is not for tensor cores: it has " + Twine(head->channels) +
                                              " channels and a vocabulary of " + Twine(head->vocabulary) +
                                              ", and TMA wants multiples of 8"));
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    return {proposeTensorHead(*anatomy.head(), target, anatomy.kernel().getContext())};
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    auto choice = expectChoice<choices::TensorHeadAttr>(configuration, emitError);
    if (!choice)
      return failure();
    KernelOp kernel = anatomy.kernel();
    const Head &head = *anatomy.head();
    int64_t chunk = tensorHeadChunk(head), chunks = llvm::divideCeil(head.tokens, chunk);
    Type bf16 = BFloat16Type::get(kernel.getContext());
    unsigned workspace = kernel.getNumArguments() + kernel.getNumResults();
    // hidden, W and dz as one side of a product, their rows cut into boxes of so many.
    auto hidden = [&](int64_t box) { return describeMatrix(head.hidden, bf16, head.tokens, head.channels, box); };
    auto weight = [&](int64_t box) { return describeMatrix(head.weight, bf16, head.vocabulary, head.channels, box); };
    auto derivatives = [&](int64_t box) { return describeMatrix(workspace, bf16, chunk, head.vocabulary, box); };

    auto addProduct = [&](StringRef name, choices::TensorTilesAttr chosen,
                          const ProductShape &shape) -> FailureOr<TensorTiles> {
      if (!chosen)
        return emitError() << "the field '" << name << "' is missing";
      FailureOr<TensorTiles> tiles = checkTensorTiles(chosen, shape, target, emitError);
      if (succeeded(tiles))
        configuration.addGPUStage(name, tiles->blocks, tiles->threads(), tiles->sharedMemory(), /*withStep=*/false)
            .cluster = tiles->cluster;
      return tiles;
    };
    FailureOr<TensorTiles> tiles = addProduct("logits", choice.getLogits(), head.logits(chunk));
    if (failed(tiles))
      return failure();
    configuration.stages.back().maps = {hidden(tiles->rows), weight(tiles->columns / tiles->cluster)};
    configuration.addGPUStage("softmax", chunk, threadsOfSoftmax, 2 * reductionBytes(1, threadsOfSoftmax),
                              /*withStep=*/false);
    if (head.hiddenGradient.exists()) {
      tiles = addProduct("hidden_gradient", choice.getHiddenGradient(), head.hiddenProduct(chunk));
      if (failed(tiles))
        return failure();
      configuration.stages.back().maps = {derivatives(tiles->rows), weight(tiles->depth / tiles->cluster)};
    }
    if (head.weightGradient.exists()) {
      tiles = addProduct("weight_gradient", choice.getWeightGradient(), head.weightProduct(chunk));
      if (failed(tiles))
        return failure();
      configuration.stages.back().maps = {derivatives(tiles->depth), hidden(tiles->depth / tiles->cluster)};
    }
    unsigned perChunk = configuration.stages.size();
    for (int64_t i = 0; i < chunks; ++i)
      for (unsigned stage = 0; stage < perChunk; ++stage)
        configuration.steps.push_back({stage, i});
    if (head.loss.exists())
      addHeadLossStage(configuration);
    configuration.workspace = HeadWorkspace(head).bytes;
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp kernel = anatomy.kernel();
    const Head &head = *anatomy.head();
    const TargetDescription selected = selectedFor(configuration, target);
    for (auto [index, spec] : llvm::enumerate(configuration.stages)) {
      GPUStage stage(builder, kernel, configuration, index, target, /*lanes=*/2);
      HeadChunk chunk(stage, kernel, head, configuration.chosen<choices::TensorHeadAttr>(), selected);
      if (spec.name == "logits")
        LogitsProduct(stage, chunk).emit();
      else if (spec.name == "softmax")
        Softmax(stage, chunk).emit();
      else if (spec.name == "hidden_gradient")
        HiddenGradientProduct(stage, chunk).emit();
      else if (spec.name == "weight_gradient")
        WeightGradientProduct(stage, chunk).emit();
      else
        emitHeadLoss(stage, kernel, head, chunk.losses);
    }
    return success();
  }
};

} // namespace

void hadal::registerTensorHeadStrategy() { registerStrategy(std::make_unique<TensorHeadStrategy>()); }
