//===- Relayout.cpp - a tensor brought into another layout --------------------------------------------------------===//
//
// Two ways. Rows that become what products read are copied band by band, in vectors (MatrixCopy.h). Any other movement
// follows the memory of the result from its first element to its last and fetches every element from its place in the
// operand; padding becomes zero. A task then takes a part of the slower dimensions of memory.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/CPU/MatrixCopy.h"
#include "dialect/IR/Conversions.h"
#include "dialect/IR/Encoding.h"

using namespace mlir;
using namespace hadal;

namespace {

class RelayoutEmitter {
public:
  RelayoutEmitter(KernelBuilder &k, Value from, RankedTensorType source, Value to, RankedTensorType result)
      : k(k), from(from), to(to), element(result.getElementType()), shape(result.getShape()),
        source(getMemoryDimensions(source)), result(getMemoryDimensions(result)) {}

  /// The dimensions of memory, the slowest ones, of which tasks take one index each.
  static size_t sharedDimensions(ArrayRef<MemoryDimension> memory) {
    return memory.size() > 2 ? memory.size() - 2 : memory.empty() ? 0 : memory.size() - 1;
  }

  void emitTask(Value task) {
    size_t shared = sharedDimensions(result);
    SmallVector<Value> parts(shared);
    for (size_t place = shared; place-- > 0;) {
      parts[place] = k.rem(task, result[place].length);
      task = k.div(task, result[place].length);
    }
    emitLoops(parts);
  }

private:
  /// Loops over the dimensions of memory behind those that have an index.
  void emitLoops(SmallVector<Value> parts) {
    if (parts.size() == result.size())
      return emitElement(parts);
    k.forLoop(k.i64(0), k.i64(result[parts.size()].length), 1, [&](Value index) {
      SmallVector<Value> more = parts;
      more.push_back(index);
      emitLoops(more);
    });
  }

  void emitElement(ArrayRef<Value> parts) {
    Value place = k.i64(0);
    SmallVector<Value> indices(shape.size(), k.i64(0));
    for (auto [dimension, part] : llvm::zip(result, parts)) {
      place = k.add(k.mul(place, dimension.length), part);
      indices[dimension.dimension] = k.add(indices[dimension.dimension], k.mul(part, dimension.divisor));
    }
    auto move = [&] { k.store(k.load(element, from, placeInSource(indices)), to, place); };
    Value inside = isInside(indices);
    if (!inside)
      return move();
    k.ifThen(inside, move, [&] {
      Value zero = arith::ConstantOp::create(k.builder, k.loc, k.builder.getZeroAttr(element));
      k.store(zero, to, place);
    });
  }

  /// Whether the indices are those of an element; null where the result has no padding.
  Value isInside(ArrayRef<Value> indices) {
    Value inside;
    for (auto [dimension, length] : llvm::enumerate(shape)) {
      int64_t padded = 1;
      for (const MemoryDimension &part : result)
        if (part.dimension == dimension)
          padded *= part.length;
      if (padded == length)
        continue;
      Value fits = k.less(indices[dimension], k.i64(length));
      inside = inside ? arith::AndIOp::create(k.builder, k.loc, inside, fits).getResult() : fits;
    }
    return inside;
  }

  Value placeInSource(ArrayRef<Value> indices) {
    Value place = k.i64(0);
    for (const MemoryDimension &part : source) {
      Value index = k.rem(k.div(indices[part.dimension], part.divisor), part.length);
      place = k.add(k.mul(place, part.length), index);
    }
    return place;
  }

  KernelBuilder &k;
  Value from, to;
  Type element;
  ArrayRef<int64_t> shape;
  SmallVector<MemoryDimension> source, result;
};

class RelayoutStrategy : public AnchoredStrategy<KernelOpInterface> {
public:
  RelayoutStrategy() : AnchoredStrategy(KernelKind::Packing, "element_by_element") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    if (!anatomy.anchored())
      return false;
    Operation *anchor = anatomy.anchored()->anchor;
    bool isMovement = anchor->getNumOperands() == 1 && anchor->getNumResults() == 1;
    bool isRounded = !isMovement || isRounding(anchor->getOperand(0).getDefiningOp());
    if (cast<KernelOpInterface>(anchor).getKernelKind() == KernelKind::Packing && anatomy.anchored()->results[0] >= 0 &&
        !anatomy.anchored()->accumulated[0].exists() && !isRounded)
      return true;
    return succeeded(refusals.add(anchor,
                                  "is not what a kernel of this kind is made for: one movement of a tensor into "
                                  "another layout"));
  }

protected:
  void plan(KernelOpInterface op, const TargetDescription &, KernelConfiguration &configuration) const override {
    SmallVector<MemoryDimension> memory = getMemoryDimensions(cast<RankedTensorType>(op->getResult(0).getType()));
    int64_t tasks = 1;
    for (const MemoryDimension &part : ArrayRef(memory).take_front(RelayoutEmitter::sharedDimensions(memory)))
      tasks *= part.length;
    configuration.addStage("move", tasks, std::max<int64_t>(1, tasks / 64));
  }
  void emitStage(KernelOpInterface op, unsigned, AnchorContext &context) const override {
    RelayoutEmitter emitter(context.k, context.operand(0), cast<RankedTensorType>(op->getOperand(0).getType()),
                            context.result(0), cast<RankedTensorType>(op->getResult(0).getType()));
    context.stage.forTasks([&](Value task) { emitter.emitTask(task); });
  }
};

class BandStrategy : public AnchoredStrategy<PackOp> {
public:
  BandStrategy() : AnchoredStrategy(KernelKind::Packing, "bands") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    if (!AnchoredStrategy::serves(anatomy, refusals) || anatomy.anchored()->accumulated[0].exists())
      return false;
    Operation *pack = anatomy.anchored()->anchor;
    return MatrixCopy::canMake(sourceOf(pack), typeOf(pack->getResult(0)));
  }

protected:
  static RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
  /// What lies in memory: what is packed, or what is rounded before.
  static RankedTensorType sourceOf(Operation *op) {
    Operation *maker = op->getOperand(0).getDefiningOp();
    return typeOf(isRounding(maker) ? maker->getOperand(0) : op->getOperand(0));
  }
  /// Of each element a piece reads one number and writes another.
  static MatrixPieces piecesOf(PackOp op, const TargetDescription &target) {
    return MatrixPieces(typeOf(op.getInput()), target, 2 * sizeof(float));
  }
  void plan(PackOp op, const TargetDescription &target, KernelConfiguration &configuration) const override {
    MatrixPieces pieces = piecesOf(op, target);
    configuration.addStage("move", pieces.tasks());
    if (sourceOf(op).getElementType().isF32())
      configuration.scratch = MatrixCopy::scratchBytes(typeOf(op.getResult()), pieces);
  }
  void emitStage(PackOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    RankedTensorType type = sourceOf(op);
    MatrixPieces pieces = piecesOf(op, k.target);
    MatrixCopy copy(type, typeOf(op.getResult()), pieces, context.result(0), k.scratch);
    context.stage.forTasks([&](Value task) {
      pieces.forPieces(k, task, [&](const MatrixPiece &piece) {
        TypedPointer source{context.operand(0), type.getElementType()};
        copy.write(k, piece, at(k, source, pieces.placeOf(k, piece, k.i64(0))));
      });
    });
  }
};

} // namespace

void hadal::registerRelayoutStrategy() {
  // Of two that predict the same the first is taken.
  registerStrategy(std::make_unique<BandStrategy>());
  registerStrategy(std::make_unique<RelayoutStrategy>());
}
