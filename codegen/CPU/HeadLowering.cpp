//===- HeadLowering.cpp - the output head with its cross entropy on CPUs ------------------------------------------===//
//
// For every chunk of tokens, one stage after the other:
//
//   logits            z = hidden Wᵀ, into the workspace
//   softmax           per token: loss = log Σ exp z - z_target, kept; in the place of z then stands
//                     dz = gradient/tokens · (softmax z - onehot)
//   hidden_gradient   dz W, the chunk's rows of the result
//   weight_gradient   dzᵀ hidden, whose blocks of tokens are added one by one to the sum so far: the gradient that the
//                     kernel adds to, then the result of the chunks before
//
// and in the end the tokens' losses are added up. Where logits are asked for, they stand in the result instead of the
// workspace, and the softmax leaves them there. Chunks follow each other in order and are whole blocks of the depth,
// so that every sum has one order whatever the chunk. The softmax goes over the vocabulary in blocks that are joined
// from left to right (codegen/Emit/Softmax.h). Where hidden state and weight are bf16, dz is rounded to bf16: it then
// takes the first half of a row of z, and all three products are those of two bf16 factors, on register tiles or AMX.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/CPU/BlockProduct.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/Emit/Accumulation.h"
#include "codegen/Emit/BlockGrid.h"
#include "codegen/Emit/Softmax.h"
#include "codegen/Selection/CPU/HeadBlocks.h"
#include "codegen/Selection/CPU/PackedOperands.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

class HeadEmitter {
public:
  HeadEmitter(StageFunction &stage, KernelOp kernel, const Head &head, const KernelConfiguration &configuration)
      : k(stage.k), head(head), choice(HeadChoice::of(configuration.choice)), operands(kernel.getNumArguments()),
        chunk(choice.chunk), iteration(stage.iteration) {
    hidden = k.typedArgument(kernel, head.hidden);
    weight = k.typedArgument(kernel, head.weight);
    if (head.hiddenGradient.exists())
      hiddenGradient = k.typedArgument(kernel, operands + head.hiddenGradient.result);
    firstToken = k.mul(iteration, chunk);
    if (head.logitsOfRows.exists()) {
      logits = at(k, resultAddress(head.logitsOfRows), k.mul(firstToken, head.vocabulary));
    } else {
      logits = k.argument(operands + kernel.getResultTypes().size());
      losses = at(k, logits, chunk * head.vocabulary);
    }
    // A row of derivatives in bf16 begins where the row of logits does.
    derivatives = {logits, head.vocabulary};
    if (head.factorsAreBF16)
      derivatives = {{logits, stage.k.builder.getBF16Type()}, 2 * head.vocabulary};
    tokens = k.min(k.i64(chunk), k.sub(k.i64(head.tokens), firstToken));
    hiddenOfChunk = at(k, hidden, k.mul(firstToken, head.channels));
  }

  void emitLogits(Value task) {
    const ContractionOperand *panels = head.weightOperand.isPacked() ? &head.weightOperand : nullptr;
    emitProduct(choice.logits, head.logits(chunk), task, {hiddenOfChunk, head.channels},
                {weight, head.channels, panels}, tokens, k.i64(head.channels),
                [&](Value element, Value sum, Value mask) { k.storeVector(sum, logits, element, mask); });
  }

  void emitHiddenGradient(Value task) {
    TypedPointer result = at(k, hiddenGradient, k.mul(firstToken, head.channels));
    Accumulation accumulation(k, head.hiddenGradient.accumulated);
    Value accumulated;
    if (accumulation.exists())
      accumulated = at(k, k.argument(accumulation.argument()), k.mul(firstToken, head.channels));
    emitProduct(choice.hiddenGradient, head.hiddenProduct(chunk), task, derivatives, {weight, head.channels}, tokens,
                k.i64(head.vocabulary), [&](Value element, Value sum, Value mask) {
                  sum = accumulation.add(k, sum, [&] { return k.loadVector(accumulated, element, mask); });
                  k.storeVector(sum, result, element, mask);
                });
  }

  void emitWeightGradient(Value task) {
    Value result = resultAddress(head.weightGradient), isFirst = k.equal(iteration, k.i64(0));
    Accumulation accumulation(k, head.weightGradient.accumulated);
    Value sumSoFar = accumulation.exists() ? k.select(isFirst, k.argument(accumulation.argument()), result) : result;
    Value isEmpty = accumulation.isEmptyBefore(k, isFirst);
    emitProduct(
        choice.weightGradient, head.weightProduct(chunk), task, derivatives, {hiddenOfChunk, head.channels},
        k.i64(head.vocabulary), tokens,
        [&](Value element, Value sum, Value mask) { k.storeVector(sum, result, element, mask); },
        [&](Value element, Value mask) {
          auto before = [&] { return k.loadVector(sumSoFar, element, mask); };
          auto nothing = [&] { return k.splat(0.0); };
          return isEmpty ? k.either(k.vectorOf(k.f32()), isEmpty, nothing, before) : before();
        });
  }

  void emitSoftmax(Value task) {
    Value targets = head.targets >= 0 ? k.argument(head.targets) : Value(), factor;
    if (head.gradient >= 0)
      factor = k.divf(k.load(k.f32(), k.argument(head.gradient)), k.f32(double(head.tokens)));
    Value begin = k.mul(task, headRowsPerTask), end = k.min(k.add(begin, headRowsPerTask), tokens);
    k.forLoop(begin, end, 1, [&](Value row) {
      Value token = k.add(firstToken, row), z = at(k, logits, k.mul(row, head.vocabulary));
      if (!targets)
        return emitNormalizers(z, token);
      emitSoftmaxRow(z, token, k.extend(k.load(k.i32(), targets, token)), factor);
    });
  }

  /// Adds up the tokens' losses and divides by their number.
  void emitLoss() {
    SmallVector<Value> sum = k.forVectorsReduce(0, head.tokens, k.splat(0.0),
                                                [&](Value index, Value mask, ValueRange carried) -> SmallVector<Value> {
                                                  return {k.addf(carried[0], k.loadVector(losses, index, mask))};
                                                });
    Value mean = k.divf(k.reduceAdd(sum[0]), k.f32(double(head.tokens)));
    Accumulation accumulation(k, head.loss.accumulated);
    mean = accumulation.add(k, mean, [&] { return k.load(k.f32(), k.argument(accumulation.argument())); });
    k.store(mean, resultAddress(head.loss));
  }

private:
  /// Rows so many elements apart, or a right-hand side in panels.
  struct Matrix {
    TypedPointer base;
    int64_t columns;
    const ContractionOperand *panels = nullptr;
  };

  Value resultAddress(const HeadResult &result) { return k.argument(operands + result.result); }

  /// One block of a product with the tiles that were chosen for it. `store` gets the place of an element in C; `start`,
  /// where there is one, says what is there before.
  void emitProduct(ChoiceInterface chosen, const ProductShape &shape, Value task, Matrix lhs, Matrix rhs, Value rows,
                   Value depth, function_ref<void(Value element, Value sum, Value mask)> store,
                   function_ref<Value(Value element, Value mask)> start = nullptr) {
    ProductTiles tiles = ProductTiles::of(chosen, shape);
    // The larger side is read once: its blocks change last.
    int64_t rowTasks = llvm::divideCeil(shape.rows, tiles.rowBlock);
    int64_t columnTasks = llvm::divideCeil(shape.columns, tiles.columnBlock);
    auto [rowTask, columnTask] = BlockGrid{rowTasks, columnTasks, shape.rows <= shape.columns}.find(k, task);
    Value row = k.mul(rowTask, tiles.rowBlock), column = k.mul(columnTask, tiles.columnBlock);
    BlockExtent extent{k.min(k.i64(tiles.rowBlock), k.sub(rows, row)),
                       k.min(k.i64(tiles.columnBlock), k.sub(k.i64(shape.columns), column)), depth, shape.columns,
                       tiles.depthIsCut(shape)};
    if (shape.columns % tiles.columnBlock != 0)
      extent.columnMultiple = shape.columns % k.lanes == 0 ? k.lanes : 1;
    auto source = [&](const Matrix &matrix, bool depthContiguous, Value start) {
      if (matrix.panels && matrix.panels->codes)
        return codedSource(k, matrix.base.pointer, k.argument(matrix.panels->scales.getArgNumber()), *matrix.panels,
                           {shape.columns, shape.depth}, /*batch=*/{}, start);
      if (matrix.panels)
        return packedSource(k, matrix.base, *matrix.panels, shape.columns, shape.depth, start);
      Value offset = depthContiguous ? k.mul(start, matrix.columns) : start;
      return BlockSource{at(k, matrix.base, offset), {k.i64(matrix.columns)}, depthContiguous};
    };
    auto element = [&](Value r, Value c) { return k.add(k.mul(k.add(row, r), shape.columns), k.add(column, c)); };
    auto startBlock = [&](Value r, Value c, Value mask) { return start(element(r, c), mask); };
    // The last chunk may be shorter than the number of tasks is made for.
    k.ifThen(k.less(k.i64(0), extent.rows), [&] {
      emitBlockProduct(
          k, tiles, source(lhs, shape.lhsDepthContiguous, row), source(rhs, shape.rhsDepthContiguous, column), extent,
          k.scratch, [&](Value r, Value c, Value sum, Value mask) { store(element(r, c), sum, mask); },
          start ? BlockStart(startBlock) : BlockStart());
    });
  }

  /// The loss of a token from its logits, and with a factor their gradient. Between the two the exponentials stand in
  /// the place of the logits, those of a block from its own maximum, which is kept in scratch meanwhile.
  void emitSoftmaxRow(Value z, Value token, Value target, Value factor) {
    Value targetLogit = k.load(k.f32(), z, target);
    auto [largest, sum] = emitWholeSoftmax(z, bool(factor));
    Value logarithm = math::LogOp::create(k.builder, k.loc, sum);
    Value loss = k.addf(k.subf(largest, targetLogit), logarithm);
    k.store(loss, losses, token);
    if (head.logProbabilities.exists())
      k.store(arith::NegFOp::create(k.builder, k.loc, loss), resultAddress(head.logProbabilities), token);
    if (!factor)
      return;
    emitDerivatives(z, target, factor, largest, sum);
  }

  /// The largest logit of a row, and the logarithm of the sum of exponentials from there.
  void emitNormalizers(Value z, Value token) {
    if (!head.normalizers.exists())
      return;
    auto [largest, sum] = emitWholeSoftmax(z, /*keepsExponentials=*/false);
    Value result = resultAddress(head.normalizers), place = k.mul(token, 2);
    k.store(largest, result, place);
    k.store(math::LogOp::create(k.builder, k.loc, sum), result, k.add(place, 1));
  }

  /// The softmax of a row of logits, with the maximum of every block in scratch.
  SoftmaxPart emitWholeSoftmax(Value z, bool keepsExponentials) {
    SmallVector<Value> softmax = forVocabularyBlocks(
        {k.f32(lowestLogit), k.f32(0.0)}, [&](Value block, Value first, int64_t length, ValueRange carried) {
          SoftmaxPart part = emitBlockOfSoftmax(at(k, z, first), length, keepsExponentials);
          k.store(part.maximum, k.scratch, block);
          SoftmaxPart joined = joinSoftmax(k, {carried[0], carried[1]}, part).part;
          return SmallVector<Value>{joined.maximum, joined.sum};
        });
    return {softmax[0], softmax[1]};
  }

  /// The gradient of a token's logits, from the exponentials in their place. Of a narrower type it is written from the
  /// front on, where everything was read before.
  void emitDerivatives(Value z, Value target, Value factor, Value largest, Value sum) {
    TypedPointer row{z, derivatives.base.element};
    Value scale = k.divf(factor, sum);
    // What the exponentials of a block of the vocabulary are multiplied with.
    auto factorOf = [&](Value block) {
      Value difference = k.subf(k.load(k.f32(), k.scratch, block), largest);
      return k.mulf(math::ExpOp::create(k.builder, k.loc, difference), scale);
    };
    Value share = k.mulf(k.load(k.f32(), z, target), factorOf(k.div(target, arithmetic::vocabularyBlock)));
    forVocabularyBlocks({}, [&](Value block, Value first, int64_t length, ValueRange) {
      Value factorOfBlock = k.broadcast(factorOf(block));
      k.forVectors(0, length, [&](Value index, Value mask) {
        Value place = k.add(first, index);
        k.storeVector(k.mulf(k.loadVector(z, place, mask), factorOfBlock), row, place, mask);
      });
      return SmallVector<Value>();
    });
    k.storeNumber(k.subf(share, factor), row, target);
  }

  /// The softmax of one block of logits. Leaves the exponentials in their place where they are wanted.
  SoftmaxPart emitBlockOfSoftmax(Value z, int64_t length, bool keepsExponentials) {
    Value low = k.splat(-std::numeric_limits<float>::infinity());
    Value largest = k.forVectorsReduce(0, length, low, [&](Value index, Value mask, ValueRange carried) {
      return SmallVector<Value>{k.maxf(carried[0], k.loadVector(z, index, mask, k.f32(), low))};
    })[0];
    largest = k.reduceMax(largest);
    Value largestVector = k.broadcast(largest);
    Value sum = k.forVectorsReduce(0, length, k.splat(0.0), [&](Value index, Value mask, ValueRange carried) {
      Value exponential = math::ExpOp::create(k.builder, k.loc, k.subf(k.loadVector(z, index, mask), largestVector));
      if (keepsExponentials)
        k.storeVector(exponential, z, index, mask);
      Value next = k.addf(carried[0], exponential);
      return SmallVector<Value>{mask ? k.select(mask, next, carried[0]) : next};
    })[0];
    return {largest, k.reduceAdd(sum)};
  }

  /// Loops over the blocks of the vocabulary: body(number, first token, tokens, carried values).
  SmallVector<Value> forVocabularyBlocks(ValueRange initial,
                                         function_ref<SmallVector<Value>(Value, Value, int64_t, ValueRange)> body) {
    constexpr int64_t length = arithmetic::vocabularyBlock;
    int64_t whole = head.vocabulary / length, rest = head.vocabulary % length;
    SmallVector<Value> carried(initial);
    if (whole > 0)
      carried = k.forReduce(k.i64(0), k.i64(whole), 1, carried, [&](Value block, ValueRange values) {
        return body(block, k.mul(block, length), length, values);
      });
    return rest > 0 ? body(k.i64(whole), k.i64(whole * length), rest, carried) : carried;
  }

  KernelBuilder &k;
  const Head &head;
  const HeadChoice choice;
  const int64_t operands, chunk;
  TypedPointer hidden, weight, hiddenGradient, hiddenOfChunk;
  Value iteration, logits, losses, firstToken, tokens;
  Matrix derivatives;
};

class HeadStrategy : public KernelStrategy {
public:
  HeadStrategy(StringRef name, ProductUnit unit)
      : KernelStrategy(TargetKind::CPU, KernelKind::Head, name), unit(unit) {}

  bool serves(const KernelAnatomy &anatomy, Refusals &) const override {
    if (!anatomy.head())
      return false;
    return unit == ProductUnit::Registers || anatomy.head()->logits(anatomy.head()->tokens).fitsTiles();
  }
  /// Gradients read the weight both ways, which panels do not serve.
  SmallVector<LayoutAttr> getReadableLayouts(const KernelAnatomy &anatomy, unsigned argument,
                                             const TargetDescription &target) const override {
    const Head &head = *anatomy.head();
    if (head.hasGradients() || int64_t(argument) != head.weight || head.weightOperand.isPacked())
      return {};
    return listReadableLayouts(unit, head.weightOperand, head.logits(head.tokens), target);
  }
  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &refusals) const override {
    if (unit == ProductUnit::AMX && !target.hasTiles())
      return {};
    if (std::string fault = findFault(*anatomy.head(), target); !fault.empty())
      return (void)refusals.add(anatomy.kernel(), fault), SmallVector<Candidate>();
    return proposeHead(unit, *anatomy.head(), target, anatomy.kernel().getContext());
  }
  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    bool isOfUnit = unit == ProductUnit::AMX ? bool(expectChoice<choices::TileHeadAttr>(configuration, emitError))
                                             : bool(expectChoice<choices::HeadTilesAttr>(configuration, emitError));
    if (std::string fault = findFault(*anatomy.head(), target); isOfUnit && !fault.empty())
      return emitError() << "the head " << fault;
    return isOfUnit ? configureHead(*anatomy.head(), target, configuration, emitError) : failure();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    for (const StageSpec &spec : configuration.stages) {
      StageFunction stage(builder, anatomy.kernel(), spec, target);
      HeadEmitter emitter(stage, anatomy.kernel(), *anatomy.head(), configuration);
      stage.forTasks([&](Value task) {
        if (spec.name == "logits")
          emitter.emitLogits(task);
        else if (spec.name == "softmax")
          emitter.emitSoftmax(task);
        else if (spec.name == "hidden_gradient")
          emitter.emitHiddenGradient(task);
        else if (spec.name == "weight_gradient")
          emitter.emitWeightGradient(task);
        else
          emitter.emitLoss();
      });
    }
    return success();
  }

private:
  std::string findFault(const Head &head, const TargetDescription &target) const {
    return findPackingFault(unit, head.weightOperand, head.logits(head.tokens), target);
  }

  /// Products of two bf16 factors may be multiplied on AMX as well: the arithmetic is the same.
  ProductUnit unit;
};

} // namespace

void hadal::registerHeadStrategies() {
  registerStrategy(std::make_unique<HeadStrategy>("token_chunks", ProductUnit::Registers));
  registerStrategy(std::make_unique<HeadStrategy>("tile_token_chunks", ProductUnit::AMX));
}
