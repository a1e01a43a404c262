//===- ThreadAttentionGradient.cpp - the gradient of the attention core by plain threads of a GPU -----------------===//
//
// With p = exp(scale · q k - log_sum_exp), δ_i = Σ output_i · gradient_i and ds = p (gradient v - δ) scale:
//
//   dv = pᵀ gradient      dk = dsᵀ q      dq = ds k
//
// dv and dk add up over queries, dq over keys. Without atomic additions, whose order would change the bits, no block of
// threads can own both sides; so two stages compute the scores again, each owning one side, and nothing but results
// is written:
//
//   delta        δ of every query, a warp for each
//   keys         owns a block of keys, walks over the queries from the diagonal on; dk and dv stay in registers
//   queries      owns a block of queries, walks over the keys up to the diagonal; dq stays in registers
//   rotary_key   adds the heads' parts of the rotary key's gradient, in their order
//
// Where operands say which keys a query sees, the walk over queries begins at the first one, that over keys ends with
// the last one that any query of the block sees, and every pair of blocks is treated as one on the diagonal.
//
// Seven products per pair of blocks instead of five is the price for having no partial sums in memory: dq in parts, one
// for each block of keys, would grow with the square of the sequence.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/GPU/Frames/ThreadAttentionBlocks.h"
#include "codegen/GPU/GPUStrategies.h"
#include "llvm/Support/MathExtras.h"
#include <numbers>

using namespace mlir;
using namespace hadal;

namespace {

/// Threads of a block of the stages that do not multiply.
constexpr int64_t threadsOfDelta = 256, threadsOfRotaryKey = 256;

/// The operation's operands and results by their number.
enum Operand { Query, KeyValue, RotaryKey, Output, LogSumExp, Gradient };
enum Result { QueryGradient, KeyValueGradient, RotaryKeyGradient };

int64_t headPositions(const AttentionShape &shape) { return shape.batch * shape.heads * shape.sequence; }
int64_t headKeys(const AttentionShape &shape) { return shape.batch * shape.heads * shape.keys; }
/// The workspace: δ of every query, then what the heads leave for the rotary key. Both begin at multiples of 16 bytes.
int64_t deltaElements(const AttentionShape &shape) {
  return int64_t(llvm::alignTo(headPositions(shape), threadVector));
}
int64_t workspaceBytes(const AttentionShape &shape) {
  return 4 * (deltaElements(shape) + headKeys(shape) * shape.rope);
}
Value workspace(KernelBuilder &k, KernelOp kernel) {
  return k.argument(kernel.getNumArguments() + kernel.getResultTypes().size());
}
Value ropePartials(KernelBuilder &k, KernelOp kernel, const AttentionShape &shape) {
  return k.address(workspace(k, kernel), k.i64(deltaElements(shape)), k.f32());
}

/// What the two multiplying stages share.
class GradientEmitter : protected ThreadAttentionBlocks {
protected:
  GradientEmitter(GPUStage &stage, KernelOp kernel, const AttentionShape &shape, const AttentionWork &work,
                  const ThreadAttentionTiles &tiles)
      : ThreadAttentionBlocks(stage, kernel, shape, work, tiles), query(operand(Query)), keyValue(operand(KeyValue)),
        rotaryKey(operand(RotaryKey)), gradient(operand(Gradient)), logs(k.argument(LogSumExp)),
        deltas(workspace(k, kernel)) {}

  /// log_sum_exp · log₂ e and δ of a query, which is clamped to the sequence.
  struct QueryNumbers {
    Value logarithm, delta;
  };
  QueryNumbers loadQuery(Value position) {
    Value row = headRow(k.min(position, k.i64(shape.sequence - 1)));
    return {k.mulf(k.load(k.f32(), logs, row), k.f32(std::numbers::log2e)), k.load(k.f32(), deltas, row)};
  }

  /// p and ds of one score and its gradient · v; zero where `counts` (null: everywhere) does not hold.
  std::pair<Value, Value> weigh(Value score, Value product, const QueryNumbers &query, Value counts) {
    Value exponent = k.fma(score, k.f32(shape.scale * std::numbers::log2e), k.subf(k.f32(0.0), query.logarithm));
    Value weight = exp2(exponent);
    Value change = k.mulf(k.mulf(weight, k.subf(product, query.delta)), k.f32(shape.scale));
    if (!counts)
      return {weight, change};
    return {k.select(counts, weight, k.f32(0.0)), k.select(counts, change, k.f32(0.0))};
  }

  AttentionTensor query, keyValue, rotaryKey, gradient;
  Value logs, deltas;
};

/// The stage that owns keys.
class KeyGradientEmitter : GradientEmitter {
public:
  KeyGradientEmitter(GPUStage &stage, KernelOp kernel, const AttentionShape &shape, const ThreadAttentionTiles &tiles)
      : GradientEmitter(stage, kernel, shape, AttentionWork::keyGradient(shape), tiles),
        valueShare(outputShare(shape.value)), keyShare(outputShare(shape.query())) {}

  void emit() {
    findTask(Owned::Keys);
    Value extent = keyExtentFrom(first, tiles.owned);
    ProductOperand keys = keepOwned(keyRows(keyValue, rotaryKey, first, extent), shape.query());
    ProductOperand values = keepOwned(valueRows(keyValue, first, extent), shape.value);
    SmallVector<Value> carried = zeroAccumulators(k, valueShare);
    carried.append(zeroAccumulators(k, keyShare));
    Value begin = k.i64(0);
    if (shape.isPlain()) {
      carried = emitQueries(keys, values, diagonal(), carried, /*asks=*/true);
      begin = k.add(diagonal(), tiles.walked);
    }
    carried = k.forReduce(begin, k.i64(shape.sequence), tiles.walked, carried, [&](Value position, ValueRange carried) {
      ptx::NoUnrollOp::create(k.builder, k.loc);
      return emitQueries(keys, values, position, carried, /*asks=*/!shape.isPlain());
    });
    storeGradients(carried);
  }

private:
  /// `asks`: whether not all of these queries see all of the block's keys.
  SmallVector<Value> emitQueries(const ProductOperand &keys, const ProductOperand &values, Value position,
                                 ValueRange carried, bool asks) {
    Value extent = extentFrom(position, tiles.walked);
    ScoreTile weights = scores(keys, queryRows(query, position, extent), shape.query());
    ScoreTile changes = scores(values, outputRows(gradient, position, extent), shape.value);
    for (int64_t j = 0; j < threadVector; ++j) {
      Value at = k.add(position, walkedPosition(j));
      QueryNumbers numbers = loadQuery(at);
      for (int64_t i = 0; i < threadVector; ++i) {
        Value counts = extent ? k.less(at, k.i64(shape.sequence)) : Value();
        if (asks) {
          Value sees = isSeenBy(i, at);
          counts = counts ? Value(arith::AndIOp::create(k.builder, k.loc, counts, sees)) : sees;
        }
        std::tie(weights[i][j], changes[i][j]) = weigh(weights[i][j], changes[i][j], numbers, counts);
      }
    }
    SharedTile sharedWeights = storeWeights(weights, 0), sharedChanges = storeWeights(changes, 1);
    SmallVector<Value> valueSums(carried.take_front(valueShare.vectors())),
        keySums(carried.drop_front(valueShare.vectors()));
    TakesPart onlyThese = [&](int64_t i, Value walked) { return isSeenBy(i, k.add(position, walked)); };
    const TakesPart sees = asks ? onlyThese : TakesPart();
    valueSums =
        accumulate(sharedWeights, outputColumns(gradient, position), shape.value, extent, std::move(valueSums), sees);
    keySums = accumulate(sharedChanges, queryColumns(query, position), shape.query(), extent, std::move(keySums), sees);
    valueSums.append(keySums);
    return valueSums;
  }

  void storeGradients(ArrayRef<Value> carried) {
    AttentionTensor to = result(KeyValueGradient);
    Value partials = ropePartials(k, kernel, shape);
    ArrayRef<Value> valueSums = carried.take_front(valueShare.vectors()),
                    keySums = carried.drop_front(valueSums.size());
    bool aligned = shape.nope % threadVector == 0 && shape.rope % threadVector == 0 && shape.value % threadVector == 0;
    for (int64_t i = 0; i < threadVector; ++i) {
      Value position = ownedPosition(i);
      k.ifThen(k.less(position, count), [&] {
        Value at = k.add(first, position);
        Value row = k.mul(k.add(k.mul(keyRow(at), shape.heads), headOfSample), shape.keyValue());
        Value own = k.address(to.base, row, to.element);
        storeRow(keyShare, keySums, i, 0, shape.nope, own, to.element, aligned);
        storeRow(keyShare, keySums, i, shape.nope, shape.rope,
                 k.address(partials, k.mul(headKeyRow(at), shape.rope), k.f32()), k.f32(), aligned);
        storeRow(valueShare, valueSums, i, 0, shape.value, k.address(own, k.i64(shape.nope), to.element), to.element,
                 aligned);
      });
    }
  }

  const ThreadShare valueShare, keyShare;
};

/// The stage that owns queries.
class QueryGradientEmitter : GradientEmitter {
public:
  QueryGradientEmitter(GPUStage &stage, KernelOp kernel, const AttentionShape &shape, const ThreadAttentionTiles &tiles)
      : GradientEmitter(stage, kernel, shape, AttentionWork::queryGradient(shape), tiles),
        share(outputShare(shape.query())) {}

  void emit() {
    findTask(Owned::Queries);
    Value extent = extentFrom(first, tiles.owned);
    ProductOperand queries = keepOwned(queryRows(query, first, extent), shape.query());
    ProductOperand gradients = keepOwned(outputRows(gradient, first, extent), shape.value);
    SmallVector<QueryNumbers> numbers;
    for (int64_t i = 0; i < threadVector; ++i)
      numbers.push_back(loadQuery(k.add(first, ownedPosition(i))));
    if (!shape.isPlain())
      findSeen();
    Value end = shape.isPlain() ? diagonal() : mostSeen();
    SmallVector<Value> sums =
        k.forReduce(k.i64(0), end, tiles.walked, zeroAccumulators(k, share), [&](Value key, ValueRange carried) {
          ptx::NoUnrollOp::create(k.builder, k.loc);
          if (shape.isPlain())
            // Blocks before the diagonal are whole, and keys beyond the sequence lie beyond every query.
            return emitKeys(queries, gradients, numbers, key, Value(), carried, /*asks=*/false);
          Value extent = k.min(k.i64(tiles.walked), k.sub(end, key));
          return emitKeys(queries, gradients, numbers, key, extent, carried, /*asks=*/true);
        });
    if (shape.isPlain()) {
      Value extent = keyExtentFrom(diagonal(), tiles.walked);
      sums = emitKeys(queries, gradients, numbers, diagonal(), extent, sums, /*asks=*/true);
    }
    storeGradient(sums);
  }

private:
  /// `asks`: whether not all queries see all of these keys.
  SmallVector<Value> emitKeys(const ProductOperand &queries, const ProductOperand &gradients,
                              ArrayRef<QueryNumbers> numbers, Value key, Value extent, ValueRange carried, bool asks) {
    ScoreTile tile = scores(queries, keyRows(keyValue, rotaryKey, key, extent), shape.query());
    ScoreTile changes = scores(gradients, valueRows(keyValue, key, extent), shape.value);
    for (int64_t i = 0; i < threadVector; ++i)
      for (int64_t j = 0; j < threadVector; ++j) {
        Value sees = asks ? seesKey(i, k.add(key, walkedPosition(j))) : Value();
        changes[i][j] = weigh(tile[i][j], changes[i][j], numbers[i], sees).second;
      }
    SharedTile sharedChanges = storeWeights(changes, 0);
    TakesPart sees = [&](int64_t i, Value walked) { return seesKey(i, k.add(key, walked)); };
    return accumulate(sharedChanges, keyColumns(keyValue, rotaryKey, key), shape.query(), extent,
                      llvm::to_vector(carried), asks ? sees : TakesPart());
  }

  void storeGradient(ArrayRef<Value> sums) {
    AttentionTensor to = result(QueryGradient);
    for (int64_t i = 0; i < threadVector; ++i) {
      Value position = ownedPosition(i);
      k.ifThen(k.less(position, count), [&] {
        Value row = k.add(k.mul(sampleRow(k.add(first, position)), shape.heads), headOfSample);
        storeRow(share, sums, i, 0, shape.query(), k.address(to.base, k.mul(row, shape.query()), to.element),
                 to.element, shape.query() % threadVector == 0);
      });
    }
  }

  const ThreadShare share;
};

/// δ: a warp adds up the channels of one head at one position.
void emitDelta(GPUStage &stage, KernelOp kernel, const AttentionShape &shape) {
  KernelBuilder &k = stage.k;
  auto elementOf = [&](unsigned index) {
    return cast<RankedTensorType>(kernel.getArgument(index).getType()).getElementType();
  };
  int64_t lanes = shape.value % threadVector == 0 ? threadVector : 1;
  Value row = k.add(k.mul(stage.block(), stage.warps()), stage.warp());
  // Rows are those of the output: position by position, and the heads of each. The same for all lanes of a warp.
  k.ifThen(k.less(row, k.i64(headPositions(shape))), [&] {
    auto load = [&](unsigned operand, Value channel) {
      Value at = k.add(k.mul(row, shape.value), channel);
      return loadAsF32(k, k.address(k.argument(operand), at, elementOf(operand)), elementOf(operand), lanes);
    };
    Type type = lanes == 1 ? k.f32() : Type(VectorType::get({lanes}, k.f32()));
    Value sum = k.forReduce(k.mul(stage.lane(), lanes), k.i64(shape.value), warpSize * lanes, k.constant(type, 0.0),
                            [&](Value channel, ValueRange carried) -> SmallVector<Value> {
                              return {k.fma(load(Output, channel), load(Gradient, channel), carried[0])};
                            })[0];
    Value total = sum;
    if (lanes > 1) {
      total = vector::ExtractOp::create(k.builder, k.loc, sum, ArrayRef<int64_t>{0});
      for (int64_t i = 1; i < lanes; ++i)
        total = k.addf(total, vector::ExtractOp::create(k.builder, k.loc, sum, ArrayRef<int64_t>{i}));
    }
    total = stage.warpReduceAdd(total);
    k.ifThen(k.equal(stage.lane(), k.i64(0)), [&] {
      Value sampleRow = k.div(row, shape.heads), head = k.rem(row, shape.heads);
      Value sample = k.div(sampleRow, shape.sequence), position = k.rem(sampleRow, shape.sequence);
      Value headRow = k.add(k.mul(k.add(k.mul(sample, shape.heads), head), shape.sequence), position);
      k.store(total, workspace(k, kernel), headRow);
    });
  });
}

/// The sum over heads of what they left for the rotary key: a thread for each number.
void emitRotaryKey(GPUStage &stage, KernelOp kernel, const AttentionShape &shape) {
  KernelBuilder &k = stage.k;
  Value element = k.add(k.mul(stage.block(), stage.threads()), stage.thread());
  k.ifThen(k.less(element, k.i64(shape.batch * shape.keys * shape.rope)), [&] {
    Value row = k.div(element, shape.rope), channel = k.rem(element, shape.rope);
    Value sample = k.div(row, shape.keys), key = k.rem(row, shape.keys);
    Value partials = ropePartials(k, kernel, shape);
    Value sum = k.forReduce(k.i64(0), k.i64(shape.heads), 1, k.f32(0.0),
                            [&](Value head, ValueRange carried) -> SmallVector<Value> {
                              Value headRow = k.add(k.mul(k.add(k.mul(sample, shape.heads), head), shape.keys), key);
                              Value at = k.add(k.mul(headRow, shape.rope), channel);
                              return {k.addf(carried[0], k.load(k.f32(), partials, at))};
                            })[0];
    unsigned result = kernel.getNumArguments() + RotaryKeyGradient;
    Type type = cast<RankedTensorType>(kernel.getResultTypes()[RotaryKeyGradient]).getElementType();
    storeF32(k, sum, k.address(k.argument(result), element, type), type);
  });
}

class ThreadAttentionGradientStrategy : public KernelStrategy {
public:
  ThreadAttentionGradientStrategy()
      : KernelStrategy(TargetKind::NVPTX, KernelKind::Attention, "thread_recomputed_scores") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    AttentionOpInterface op = anatomy.attention();
    if (!op || !op.isGradient())
      return false;
    if (fitsThreadAttention(AttentionWork::keyGradient(AttentionShape::of(op))))
      return true;
    (void)refusals.add(op, "has heads that are too large for the shared memory of a block");
    return false;
  }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    MLIRContext *context = anatomy.kernel().getContext();
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    ThreadAttentionPlan keys = chooseThreadAttention(shape, AttentionWork::keyGradient(shape), target),
                        queries = chooseThreadAttention(shape, AttentionWork::queryGradient(shape), target);
    PredictedTime time = predictStream(anatomy.kernel(), target, /*launches=*/2);
    time += keys.time;
    time += queries.time;
    return {{choices::ThreadAttentionGradientAttr::get(context, keys.tiles.toChoice(context),
                                                       queries.tiles.toChoice(context)),
             time}};
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    auto choice = expectChoice<choices::ThreadAttentionGradientAttr>(configuration, emitError);
    if (!choice)
      return failure();
    configuration.addGPUStage("delta", llvm::divideCeil(headPositions(shape), threadsOfDelta / warpSize),
                              threadsOfDelta);
    auto addProducts = [&](StringRef name, choices::ThreadAttentionAttr chosen, const AttentionWork &work,
                           int64_t owned) {
      FailureOr<ThreadAttentionTiles> tiles = checkThreadAttention(chosen, work, target, emitError);
      if (failed(tiles))
        return failure();
      int64_t blocks = shape.batch * shape.heads * int64_t(llvm::divideCeil(owned, tiles->owned));
      configuration.addGPUStage(name, blocks, tiles->threads(), tiles->sharedBytes(work));
      return success();
    };
    if (failed(addProducts("keys", choice.getKeys(), AttentionWork::keyGradient(shape), shape.keys)) ||
        failed(addProducts("queries", choice.getQueries(), AttentionWork::queryGradient(shape), shape.sequence)))
      return failure();
    int64_t elements = shape.batch * shape.keys * shape.rope;
    configuration.addGPUStage("rotary_key", llvm::divideCeil(elements, threadsOfRotaryKey), threadsOfRotaryKey);
    configuration.workspace = workspaceBytes(shape);
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp kernel = anatomy.kernel();
    AttentionShape shape = AttentionShape::of(anatomy.attention());
    auto choice = configuration.chosen<choices::ThreadAttentionGradientAttr>();
    for (auto [index, spec] : llvm::enumerate(configuration.stages)) {
      GPUStage stage(builder, kernel, configuration, index, target);
      if (spec.name == "delta")
        emitDelta(stage, kernel, shape);
      else if (spec.name == "keys")
        KeyGradientEmitter(stage, kernel, shape, ThreadAttentionTiles::of(choice.getKeys())).emit();
      else if (spec.name == "queries")
        QueryGradientEmitter(stage, kernel, shape, ThreadAttentionTiles::of(choice.getQueries())).emit();
      else
        emitRotaryKey(stage, kernel, shape);
    }
    return success();
  }
};

} // namespace

void hadal::registerThreadAttentionGradientStrategy() {
  registerStrategy(std::make_unique<ThreadAttentionGradientStrategy>());
}
