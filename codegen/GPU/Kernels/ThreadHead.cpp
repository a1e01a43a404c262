//===- ThreadHead.cpp - the output head with its cross entropy by plain threads of a GPU --------------------------===//
//
// For every chunk of tokens, one stage after the other:
//
//   logits            z = hidden Wᵀ, into the workspace
//   softmax           a block of threads per token: m = max z, then l = Σ 2^(z - m), a sum along the row (scores carry
//                     log₂ e), then loss = (max z - z_target) + ln l, kept, and z becomes
//                     dz = gradient/tokens · (softmax z - onehot)
//   hidden_gradient   dz W, the chunk's rows of the result
//   weight_gradient   dzᵀ hidden, whose blocks of the depth are added to the gradient so far, one by one
//
// and in the end the tokens' losses are added up. Chunks follow each other in order, so every sum has one order.
//
// A head that keeps its logits has the first two stages, over all its rows at once: the logits go to the result, and of
// the softmax there are m, without the factor, and the logarithm of l.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/GPU/Frames/HeadLoss.h"
#include "codegen/GPU/Frames/ThreadProduct.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/Selection/HeadChunk.h"
#include "llvm/Support/MathExtras.h"
#include <numbers>

using namespace mlir;
using namespace hadal;

namespace {

/// Logits of a chunk may take so many bytes: deep products for the weight's gradient, and few launches.
constexpr int64_t logitsBytes = int64_t(512) << 20;
constexpr int64_t threadsOfSoftmax = 256;
/// Less than every logit, but finite, so that differences are no NaN.
constexpr double lowestLogit = -1.0e30;

/// A matrix in memory, from the chunk's first row on.
struct Matrix {
  Value base;
  Type element;
  int64_t columns;
};

class ThreadHeadEmitter {
public:
  ThreadHeadEmitter(GPUStage &stage, KernelOp kernel, const Head &head, const KernelConfiguration &configuration)
      : stage(stage), k(stage.k), kernel(kernel), head(head), choice(configuration.chosen<choices::ThreadHeadAttr>()),
        chunk(choice.getChunk()) {
    bool isKept = head.keepsLogits();
    Value allLogits = isKept ? resultAddress(head.logitsOfRows)
                             : k.argument(kernel.getNumArguments() + kernel.getResultTypes().size());
    if (!isKept)
      losses = k.address(allLogits, k.i64(chunk * head.vocabulary), k.f32());
    firstToken = k.mul(stage.iteration, chunk);
    tokens = k.min(k.i64(chunk), k.sub(k.i64(head.tokens), firstToken));
    logits = {allLogits, k.f32(), head.vocabulary};
    weight = {k.argument(head.weight), typeOfArgument(head.weight), head.channels};
    hidden = {k.argument(head.hidden), typeOfArgument(head.hidden), head.channels};
    hidden.base = k.address(hidden.base, k.mul(firstToken, head.channels), hidden.element);
  }

  void emitLogits() {
    emitProduct(choice.getLogits(), head.logits(chunk), hidden, weight, tokens, {head.channels},
                [&](Value element, Value sum) { k.storeAligned(sum, logits.base, element, k.lanes); });
  }

  void emitHiddenGradient() {
    Accumulation accumulation(k, head.hiddenGradient.accumulated);
    emitProduct(choice.getHiddenGradient(), head.hiddenProduct(chunk), logits, weight, tokens, {head.vocabulary},
                [&](Value element, Value sum) {
                  element = k.add(element, k.mul(firstToken, head.channels));
                  sum = accumulation.add(k, sum, [&] { return loadAs(accumulation.argument(), element); });
                  storeResult(head.hiddenGradient, element, sum);
                });
  }

  void emitWeightGradient() {
    ProductDepth depth{chunk, head.tokens % chunk == 0 ? Value() : tokens};
    // The blocks of tokens are added one by one to the sum so far: a chunk is made of whole ones, so that it does not
    // show. The first chunk's sum so far is the gradient that is handed in, or zero.
    Accumulation accumulation(k, head.weightGradient.accumulated);
    Value isFirst = k.equal(stage.iteration, k.i64(0)), soFar = resultAddress(head.weightGradient);
    if (accumulation.exists())
      soFar = k.select(isFirst, k.argument(accumulation.argument()), soFar);
    Value isEmpty = accumulation.isEmptyBefore(k, isFirst);
    auto start = [&](Value element) {
      auto load = [&] { return k.loadAligned(k.f32(), soFar, element, k.lanes); };
      auto nothing = [&] { return k.splat(0.0); };
      return isEmpty ? k.either(k.vectorOf(k.f32()), isEmpty, nothing, load) : load();
    };
    emitProduct(
        choice.getWeightGradient(), head.weightProduct(chunk), logits, hidden, k.i64(head.vocabulary), depth,
        [&](Value element, Value sum) { storeResult(head.weightGradient, element, sum); }, start);
  }

  void emitSoftmax() {
    Value row = stage.block(), token = k.add(firstToken, row);
    k.ifThen(k.less(row, tokens), [&] {
      Value z = k.address(logits.base, k.mul(row, head.vocabulary), k.f32());
      if (head.keepsLogits())
        return emitNormalizers(z, token);
      emitSoftmaxRow(z, token, k.extend(k.load(k.i32(), k.argument(head.targets), token)));
    });
  }

  void emitLoss() { emitHeadLoss(stage, kernel, head, losses); }

private:
  Type typeOfArgument(unsigned index) {
    return cast<RankedTensorType>(kernel.getArgument(index).getType()).getElementType();
  }
  Value resultAddress(const HeadResult &result) { return k.argument(kernel.getNumArguments() + result.result); }

  /// `lanes` neighbours of an argument as f32.
  Value loadAs(unsigned argument, Value element) {
    Type type = typeOfArgument(argument);
    Value value = k.loadAligned(type, k.argument(argument), element, k.lanes);
    return type.isF32() ? value : arith::ExtFOp::create(k.builder, k.loc, k.vectorOf(k.f32()), value);
  }

  void storeResult(const HeadResult &result, Value element, Value value) {
    Type type = cast<RankedTensorType>(kernel.getResultTypes()[result.result]).getElementType();
    if (!type.isF32())
      value = arith::TruncFOp::create(k.builder, k.loc, k.vectorOf(type), value);
    k.storeAligned(value, resultAddress(result), element, k.lanes);
  }

  /// This block's part of a product with the tiles that were chosen for it. `store` gets the place of `lanes` numbers
  /// in C, and so does `start`, which says what the product is added to.
  void emitProduct(choices::ThreadTilesAttr chosen, const ProductShape &shape, Matrix lhs, Matrix rhs, Value rows,
                   const ProductDepth &depth, function_ref<void(Value element, Value sum)> store,
                   function_ref<Value(Value element)> start = {}) {
    ThreadTiles tiles = ThreadTiles::of(chosen);
    // The larger side is read once: its blocks change last.
    int64_t rowTasks = llvm::divideCeil(shape.rows, tiles.rows);
    int64_t columnTasks = llvm::divideCeil(shape.columns, tiles.columns);
    bool rowsFirst = shape.rows <= shape.columns;
    Value task = stage.block();
    Value row = k.mul(rowsFirst ? k.rem(task, rowTasks) : k.div(task, columnTasks), tiles.rows);
    Value column = k.mul(rowsFirst ? k.div(task, rowTasks) : k.rem(task, columnTasks), tiles.columns);
    Value rowExtent = k.min(k.i64(tiles.rows), k.sub(rows, row));
    Value columnExtent = k.min(k.i64(tiles.columns), k.sub(k.i64(shape.columns), column));
    auto source = [&](const Matrix &matrix, bool depthContiguous, Value start, Value extent) {
      Value offset = depthContiguous ? k.mul(start, matrix.columns) : start;
      return matrixSource(k, k.address(matrix.base, offset, matrix.element), matrix.element, k.i64(matrix.columns),
                          depthContiguous, matrix.columns % threadVector == 0 ? threadVector : 1, extent);
    };
    k.lanes = shape.columns % threadVector == 0 ? threadVector : 1;
    // The last chunk may be shorter than the number of blocks is made for.
    k.ifThen(k.less(k.i64(0), rowExtent), [&] {
      auto place = [&](Value r, Value c) { return k.add(k.mul(k.add(row, r), shape.columns), k.add(column, c)); };
      auto startAt = [&](Value r, Value c) { return start(place(r, c)); };
      emitTiledProduct(
          k, stage.thread(), tiles, source(lhs, shape.lhsDepthContiguous, row, rowExtent),
          source(rhs, shape.rhsDepthContiguous, column, shape.columns % tiles.columns == 0 ? Value() : columnExtent),
          depth, stage.shared(0), k.lanes, rowExtent, columnExtent,
          [&](Value r, Value c, Value sum) { store(place(r, c), sum); }, start ? StartOfSums(startAt) : StartOfSums());
    });
  }

  using LoadScores = function_ref<SmallVector<Value>(Value index)>;

  /// The largest of a row's numbers, of which a thread has every so manieth vector.
  Value largestOf(LoadScores load) {
    Value begin = k.mul(stage.thread(), k.lanes), end = k.i64(head.vocabulary);
    Value largest =
        k.forReduce(begin, end, threadsOfSoftmax * k.lanes, {k.f32(lowestLogit)}, [&](Value index, ValueRange carried) {
          Value largest = carried[0];
          for (Value score : load(index))
            largest = larger(largest, score);
          return SmallVector<Value>{largest};
        })[0];
    return stage.blockReduceMax(largest, 0);
  }

  /// Of a row: the largest number, the same as a score, and Σ 2^(score - that). Scores carry the factor log₂ e.
  struct RowSoftmax {
    Value largest, score, sum;
  };
  SmallVector<Value> loadScores(Value z, Value index) {
    return elements(k.mulf(k.loadAligned(k.f32(), z, index, k.lanes), k.splat(std::numbers::log2e)));
  }
  RowSoftmax softmaxOf(Value z) {
    k.lanes = head.vocabulary % threadVector == 0 ? threadVector : 1;
    Value largest = largestOf([&](Value index) { return elements(k.loadAligned(k.f32(), z, index, k.lanes)); });
    Value score = k.mulf(largest, k.f32(std::numbers::log2e));
    return {largest, score, sumOfExponentials([&](Value index) { return loadScores(z, index); }, score)};
  }

  void emitNormalizers(Value z, Value token) {
    RowSoftmax row = softmaxOf(z);
    k.ifThen(k.equal(stage.thread(), k.i64(0)),
             [&] { storeNormalizers(k, kernel, head, row.largest, row.sum, token); });
  }

  void emitSoftmaxRow(Value z, Value token, Value target) {
    Value logit = k.load(k.f32(), z, target);
    RowSoftmax row = softmaxOf(z);
    int64_t stride = threadsOfSoftmax * k.lanes;
    Value begin = k.mul(stage.thread(), k.lanes), end = k.i64(head.vocabulary);
    Value isFirstThread = k.equal(stage.thread(), k.i64(0));
    k.ifThen(isFirstThread, [&] { storeHeadLoss(k, kernel, head, {row.largest, logit, row.sum}, losses, token); });
    if (head.gradient < 0)
      return;
    Value factor = k.divf(k.load(k.f32(), k.argument(head.gradient)), k.f32(double(head.tokens)));
    Value scale = k.divf(factor, row.sum);
    k.forLoop(begin, end, stride, [&](Value index) {
      SmallVector<Value> changes;
      for (Value score : loadScores(z, index))
        changes.push_back(k.mulf(exp2(k.subf(score, row.score)), scale));
      Value vector = vector::FromElementsOp::create(k.builder, k.loc, k.vectorOf(k.f32()), changes);
      k.storeAligned(vector, z, index, k.lanes);
    });
    stage.barrier();
    k.ifThen(isFirstThread, [&] { k.store(k.subf(k.load(k.f32(), z, target), factor), z, target); });
  }

  /// Σ 2^(score - largest), a sum along the row: vector i of a thread goes to accumulator i mod R.
  Value sumOfExponentials(LoadScores load, Value largest) {
    int64_t accumulators = arithmetic::hopper::lanes / (threadsOfSoftmax * k.lanes);
    Value own = k.mul(stage.thread(), k.lanes), last = k.i64(head.vocabulary - k.lanes);
    SmallVector<Value> sums(accumulators, k.splat(0.0));
    sums = k.forReduce(k.i64(0), k.i64(head.vocabulary), arithmetic::hopper::lanes, sums,
                       [&](Value start, ValueRange carried) {
                         SmallVector<Value> next(carried);
                         for (int64_t i = 0; i < accumulators; ++i) {
                           Value index = k.add(k.add(start, own), i * threadsOfSoftmax * k.lanes);
                           SmallVector<Value> shares;
                           for (Value score : load(k.min(index, last)))
                             shares.push_back(exp2(k.subf(score, largest)));
                           Value vector = vector::FromElementsOp::create(k.builder, k.loc, k.vectorOf(k.f32()), shares);
                           next[i] = k.select(k.less(last, index), next[i], k.addf(next[i], vector));
                         }
                         return next;
                       });
    // Behind the bytes of the maximum.
    return stage.joinLanes({sums}, Reduction::Add, threadsOfSoftmax, reductionBytes(1, threadsOfSoftmax))[0];
  }

  SmallVector<Value> elements(Value vector) {
    SmallVector<Value> result;
    for (int64_t i = 0; i < k.lanes; ++i)
      result.push_back(vector::ExtractOp::create(k.builder, k.loc, vector, ArrayRef<int64_t>{i}));
    return result;
  }
  Value exp2(Value exponent) { return ptx::Exp2Op::create(k.builder, k.loc, exponent); }
  /// The larger number, or NaN where there is one: the loss must show it.
  Value larger(Value a, Value b) { return k.maxf(a, b); }

  GPUStage &stage;
  KernelBuilder &k;
  KernelOp kernel;
  const Head &head;
  const choices::ThreadHeadAttr choice;
  const int64_t chunk;
  Matrix logits, weight, hidden;
  Value losses, firstToken, tokens;
};

class ThreadHeadStrategy : public KernelStrategy {
public:
  ThreadHeadStrategy() : KernelStrategy(TargetKind::NVPTX, KernelKind::Head, "thread_token_chunks") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    return anatomy.head() && !readsPanels(anatomy, refusals);
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    const Head *head = anatomy.head();
    MLIRContext *context = anatomy.kernel().getContext();
    // Whole blocks of the depth of the weight's gradient: the chunk then does not show in its bits.
    int64_t chunk = chooseHeadChunk(*head, logitsBytes / (4 * head->vocabulary));
    chunk = std::min(head->tokens, int64_t(llvm::alignTo(chunk, arithmetic::depthBlock)));
    // Logits that are kept have their place already.
    if (head->keepsLogits())
      chunk = head->tokens;
    PredictedTime time;
    auto choose = [&](bool exists, const ProductShape &shape) -> choices::ThreadTilesAttr {
      if (!exists)
        return {};
      ThreadProductPlan plan = chooseThreadTiles(shape, /*elementBytes=*/4, target);
      time += plan.time;
      return plan.tiles.toChoice(context);
    };
    choices::ThreadTilesAttr logits = choose(true, head->logits(chunk)),
                             hidden = choose(head->hiddenGradient.exists(), head->hiddenProduct(chunk)),
                             weight = choose(head->weightGradient.exists(), head->weightProduct(chunk));
    time.overhead += target.launchSeconds();
    time.total += target.launchSeconds();
    return {{choices::ThreadHeadAttr::get(context, chunk, logits, hidden, weight),
             time * double(llvm::divideCeil(head->tokens, chunk))}};
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    const Head *head = anatomy.head();
    auto choice = expectChoice<choices::ThreadHeadAttr>(configuration, emitError);
    if (!choice || failed(checkHeadChunk(*head, choice.getChunk(), emitError)))
      return failure();
    int64_t chunk = choice.getChunk(), chunks = llvm::divideCeil(head->tokens, chunk);
    SmallVector<unsigned> perChunk;
    auto add = [&](StringRef name, int64_t blocks, int64_t threads, int64_t shared) {
      perChunk.push_back(configuration.stages.size());
      configuration.addGPUStage(name, blocks, threads, shared, /*withStep=*/false);
    };
    auto addProduct = [&](StringRef name, choices::ThreadTilesAttr chosen, const ProductShape &shape) -> LogicalResult {
      if (!chosen)
        return emitError() << "the field '" << name << "' is missing";
      if (failed(checkThreadTiles(chosen, shape.depth, target, emitError)))
        return failure();
      ThreadTiles tiles = ThreadTiles::of(chosen);
      add(name, llvm::divideCeil(shape.rows, tiles.rows) * llvm::divideCeil(shape.columns, tiles.columns),
          tiles.threads(), tiles.sharedBytes(shape.depth));
      return success();
    };
    if (failed(addProduct("logits", choice.getLogits(), head->logits(chunk))))
      return failure();
    int64_t lanes = head->vocabulary % threadVector == 0 ? threadVector : 1;
    if (!head->keepsLogits() || head->normalizers.exists())
      add("softmax", chunk, threadsOfSoftmax,
          reductionBytes(1, threadsOfSoftmax) + reductionBytes(1, threadsOfSoftmax, lanes * int64_t(sizeof(float))));
    if (head->hiddenGradient.exists() &&
        failed(addProduct("hidden_gradient", choice.getHiddenGradient(), head->hiddenProduct(chunk))))
      return failure();
    if (head->weightGradient.exists() &&
        failed(addProduct("weight_gradient", choice.getWeightGradient(), head->weightProduct(chunk))))
      return failure();
    for (int64_t i = 0; i < chunks; ++i)
      for (unsigned stage : perChunk)
        configuration.steps.push_back({stage, i});
    if (head->loss.exists())
      addHeadLossStage(configuration);
    // The logits of a chunk, then the loss of every token.
    if (!head->keepsLogits())
      configuration.workspace = (chunk * head->vocabulary + head->tokens) * 4;
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp kernel = anatomy.kernel();
    const Head *head = anatomy.head();
    for (auto [index, spec] : llvm::enumerate(configuration.stages)) {
      GPUStage stage(builder, kernel, configuration, index, target);
      ThreadHeadEmitter emitter(stage, kernel, *head, configuration);
      if (spec.name == "logits")
        emitter.emitLogits();
      else if (spec.name == "softmax")
        emitter.emitSoftmax();
      else if (spec.name == "hidden_gradient")
        emitter.emitHiddenGradient();
      else if (spec.name == "weight_gradient")
        emitter.emitWeightGradient();
      else
        emitter.emitLoss();
    }
    return success();
  }
};

} // namespace

void hadal::registerThreadHeadStrategy() { registerStrategy(std::make_unique<ThreadHeadStrategy>()); }
