//===- Routing.cpp - moving tokens to experts and back, on NVIDIA GPUs --------------------------------------------===//
//
// tokens, gather_rows and combine_rows copy or add whole rows: every vector of the result is an item of its own, so
// rows of any length fill the GPU. combine_rows adds the k rows of a token in rising order of the choice, in registers.
// combine_rows_gradient also needs the product of two rows: a warp or a block per row. dispatch is in Dispatch.cpp.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"
#include "codegen/GPU/GPUStrategies.h"
#include "codegen/Target/Arithmetic.h"

using namespace mlir;
using namespace hadal;

namespace {

class GPUTokensStrategy : public GPUAnchoredStrategy<TokensOp> {
public:
  GPUTokensStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "copy_rows") {}

protected:
  std::optional<Share> share(TokensOp op, const TargetDescription &target) const override {
    return Share{chooseItemsPerThread(elementsOf(op.getResult()), /*mostPerThread=*/4, target), 4};
  }
  void plan(TokensOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    addItemStage(configuration, "copy", elementsOf(op.getResult()));
  }
  void emitStage(TokensOp op, unsigned, GPUAnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), window = columnsOf(op.getWindow());
    auto compute = [&](Value item) -> SmallVector<Value> {
      Value from = k.add(k.mul(k.div(item, columns), window), k.rem(item, columns));
      return {k.load(k.i32(), context.operand(0), k.add(from, int64_t(op.getAhead())))};
    };
    context.stage.forItems(elementsOf(op.getResult()), context.configuration.share(), compute,
                           [&](Value item, ValueRange token) { context.storeTotal(0, token[0], item); });
  }
};

class GPUGatherRowsStrategy : public GPUAnchoredStrategy<GatherRowsOp> {
public:
  GPUGatherRowsStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "copy_rows") {}

protected:
  /// 16 bytes at a time, of whatever type is moved.
  static int64_t lanesOf(GatherRowsOp op) {
    int64_t bytes = op.getResult().getType().getElementTypeBitWidth() / 8;
    return commonLanes(16 / bytes, {columnsOf(op.getResult())});
  }
  std::optional<Share> share(GatherRowsOp op, const TargetDescription &target) const override {
    return Share{chooseItemsPerThread(elementsOf(op.getResult()) / lanesOf(op), /*mostPerThread=*/4, target), 4};
  }
  void plan(GatherRowsOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    addItemStage(configuration, "copy", elementsOf(op.getResult()) / lanesOf(op));
  }
  void emitStage(GatherRowsOp op, unsigned, GPUAnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), choices = columnsOf(op.getRows());
    int64_t lanes = k.lanes = lanesOf(op), vectors = columns / lanes;
    auto compute = [&](Value item) -> SmallVector<Value> {
      Value pair = k.extend(k.load(k.i32(), context.operand(1), k.div(item, vectors)));
      Value from = k.add(k.mul(k.div(pair, choices), columns), k.mul(k.rem(item, vectors), lanes));
      Value row = k.loadAligned(context.numbers(0), from, lanes);
      return {context.total(0, row, k.mul(item, lanes), lanes)};
    };
    context.stage.forItems(
        elementsOf(op.getResult()) / lanes, context.configuration.share(), compute,
        [&](Value item, ValueRange row) { context.storeTotal(0, row[0], k.mul(item, lanes), lanes); });
  }
};

class GPUCombineRowsStrategy : public GPUAnchoredStrategy<CombineRowsOp> {
public:
  GPUCombineRowsStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "add_rows_in_order") {}

protected:
  static int64_t lanesOf(CombineRowsOp op) { return commonLanes(4, {columnsOf(op.getResult())}); }
  std::optional<Share> share(CombineRowsOp op, const TargetDescription &target) const override {
    // A thread has a load per choice under way already.
    return Share{chooseItemsPerThread(elementsOf(op.getResult()) / lanesOf(op), /*mostPerThread=*/1, target), 4};
  }
  void plan(CombineRowsOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    addItemStage(configuration, "add", elementsOf(op.getResult()) / lanesOf(op));
  }
  void emitStage(CombineRowsOp op, unsigned, GPUAnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), choices = columnsOf(op.getRows());
    int64_t lanes = k.lanes = lanesOf(op), vectors = columns / lanes;
    bool weighted = bool(op.getExpertWeights());
    auto compute = [&](Value item) -> SmallVector<Value> {
      Value first = k.mul(k.div(item, vectors), choices), column = k.mul(k.rem(item, vectors), lanes), sum;
      for (int64_t choice = 0; choice < choices; ++choice) {
        Value pair = k.add(first, choice), row = k.extend(k.load(k.i32(), context.operand(1), pair));
        Value x = k.loadAligned(context.numbers(0), k.add(k.mul(row, columns), column), lanes);
        if (!weighted) {
          sum = sum ? k.addf(sum, x) : x;
          continue;
        }
        Value weight = k.broadcast(k.load(k.f32(), context.operand(3), pair));
        sum = sum ? k.fma(weight, x, sum) : k.mulf(weight, x);
      }
      return {context.total(0, sum, k.mul(item, lanes), lanes)};
    };
    context.stage.forItems(
        elementsOf(op.getResult()) / lanes, context.configuration.share(), compute,
        [&](Value item, ValueRange sum) { context.storeTotal(0, sum[0], k.mul(item, lanes), lanes); });
  }
};

class GPUCombineRowsGradientStrategy : public GPUAnchoredStrategy<CombineRowsGradientOp> {
public:
  GPUCombineRowsGradientStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "scale_rows") {}

protected:
  static constexpr int64_t threads = 256, mostUnrolled = 8;

  /// A warp has four vectors of a short row under way; longer ones belong to a block.
  static int64_t lanesOf(CombineRowsGradientOp op) { return commonLanes(4, {columnsOf(op.getInput())}); }
  static int64_t sharersOf(CombineRowsGradientOp op) {
    int64_t lanes = lanesOf(op), vectors = columnsOf(op.getInput()) / lanes;
    int64_t mostThreads = std::min<int64_t>(arithmetic::hopper::lanes / lanes, 512);
    int64_t sharers = llvm::PowerOf2Ceil(llvm::divideCeil(vectors, mostUnrolled / 2));
    return std::clamp<int64_t>(sharers, warpSize, mostThreads);
  }

  void plan(CombineRowsGradientOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    int64_t sharers = sharersOf(op), rowsPerBlock = sharers == warpSize ? threads / warpSize : 1;
    configuration.addGPUStage("rows", llvm::divideCeil(rowsOf(op.getInput()), rowsPerBlock), sharers * rowsPerBlock,
                              reductionBytes(1, sharers, lanesOf(op) * int64_t(sizeof(float))));
  }

  void emitStage(CombineRowsGradientOp op, unsigned, GPUAnchorContext &context) const override {
    if (sharersOf(op) == warpSize)
      context.stage.forWarps(rowsOf(op.getInput()),
                             [&](Value row) { emitRow(op, context, row, context.stage.lane()); });
    else
      emitRow(op, context, context.stage.block(), context.stage.thread());
  }

private:
  static void emitRow(CombineRowsGradientOp op, GPUAnchorContext &context, Value row, Value member) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    int64_t columns = columnsOf(op.getInput()), choices = columnsOf(op.getExpertWeights());
    int64_t lanes = k.lanes = lanesOf(op), vectors = columns / lanes;
    int64_t sharers = sharersOf(op);
    int64_t accumulators = arithmetic::hopper::lanes / (sharers * lanes);
    int64_t rounds = llvm::alignTo(mostUnrolled, accumulators), chunk = sharers * rounds;
    Value pair = k.extend(k.load(k.i32(), context.operand(1), row));
    Value weight = k.broadcast(k.load(k.f32(), context.operand(2), pair));
    Value gradient = k.mul(k.div(pair, choices), columns), own = k.mul(row, columns);
    // Some vectors of the thread, from the beginning of the row's lanes on: all are loaded before the first is stored.
    auto round = [&](Value first, int64_t count, bool whole, ValueRange carried) {
      SmallVector<Value> sums(carried);
      SmallVector<std::pair<Value, Value>> scaled;
      for (int64_t i = 0; i < count; ++i) {
        Value vector = k.add(first, i * sharers);
        Value within = whole ? vector : k.min(vector, k.i64(vectors - 1));
        Value column = k.mul(within, lanes), at = k.add(own, column);
        Value g = k.loadAligned(k.f32(), context.operand(3), k.add(gradient, column), lanes);
        Value x = k.loadAligned(context.numbers(0), at, lanes);
        Value &sum = sums[i % accumulators];
        Value product = k.fma(g, x, sum);
        sum = whole ? product : k.select(k.less(vector, k.i64(vectors)), product, sum);
        scaled.push_back({vector, context.total(0, k.mulf(weight, g), at, lanes)});
      }
      for (auto [vector, value] : scaled) {
        auto store = [&, vector = vector, value = value] {
          context.storeTotal(0, value, k.add(own, k.mul(vector, lanes)), lanes);
        };
        if (whole)
          store();
        else
          k.ifThen(k.less(vector, k.i64(vectors)), store);
      }
      return sums;
    };
    SmallVector<Value> sums(accumulators, k.splat(0.0));
    if (vectors <= chunk) {
      sums = round(member, llvm::divideCeil(vectors, sharers), vectors % sharers == 0, sums);
    } else {
      sums = k.forReduce(k.i64(0), k.i64(vectors), chunk, sums, [&](Value start, ValueRange carried) {
        return round(k.add(start, member), rounds, vectors % chunk == 0, carried);
      });
    }
    Value product = stage.joinLanes({sums}, Reduction::Add, sharers, 0)[0];
    k.ifThen(k.equal(member, k.i64(0)), [&] { context.store(1, product, pair); });
  }
};

} // namespace

void hadal::registerGPURoutingStrategies() {
  registerStrategy(std::make_unique<GPUTokensStrategy>());
  registerStrategy(std::make_unique<GPUGatherRowsStrategy>());
  registerStrategy(std::make_unique<GPUCombineRowsStrategy>());
  registerStrategy(std::make_unique<GPUCombineRowsGradientStrategy>());
}
