//===- Rowwise.cpp - kernels along rows ---------------------------------------------------------------------------===//
//
// A task is a block of rows. A row is passed over once per phase (see RowProgram.h): every pass is one fused loop over
// vectors of columns per column space, which carries the pass's reductions. Results are stored in the last pass, after
// every operand element of the same place was read for the last time, so that a result may lie in an operand's buffer.
//
// Where columns are only moved a value is asked for at a shift, and a loop is cut where ColumnSpace says.
//
// A kernel that is purely elementwise has no rows to respect: its elements are cut into equal blocks.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/ColumnSpace.h"
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Anatomy/RowProgram.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/Emit/ElementwiseEmitter.h"
#include "codegen/Emit/RotaryTable.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/MapVector.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace hadal;

namespace {

/// Emits the passes over one row.
class RowEmitter {
public:
  /// `width`: nonzero when the kernel is cut into blocks of this many elements instead of rows, of which this one has
  /// `length`.
  RowEmitter(KernelBuilder &k, KernelOp kernel, const RowProgram &program, const DenseMap<Attribute, Value> &tables,
             int64_t width, int64_t length)
      : k(k), kernel(kernel), program(program), tables(tables), width(width), length(length) {}

  void emit(Value row) {
    this->row = row;
    for (const OperandColumn &number : program.operandColumns)
      reductions[number.part] = load(number);
    ElementwiseEmitter numbers(k, [&](Value tensor, int64_t) { return numberOf(tensor); });
    kernel.walk([&](RotationOpInterface rotation) {
      if (Value given = rotation.getPositions())
        positions[rotation] = findRowPosition(
            k, RowProgram::holdsPositions(given) ? numberOf(given) : numbers.emit(given), rotation.getPositionCount());
    });
    for (unsigned phase = 0; phase < program.phases; ++phase)
      emitPass(phase, numbers);
    for (OpOperand &operand : kernel.getBody().front().getTerminator()->getOpOperands())
      if (isOnePerRow(operand.get()))
        k.store(numbers.emit(operand.get()), resultPointer(operand), row);
  }

private:
  /// What one loop computes.
  struct Roots {
    SmallVector<RowReductionOpInterface> reductions;
    SmallVector<OpOperand *> stores;
  };

  Value resultPointer(OpOperand &operand) { return k.argument(kernel.getNumArguments() + operand.getOperandNumber()); }

  Value load(const OperandColumn &number) {
    Type element = cast<RankedTensorType>(number.operand.getType()).getElementType();
    Value begin = k.mul(row, program.variesByRow(number.operand) ? RowProgram::columns(number.operand) : 0);
    Value value = k.load(element, k.argument(number.operand.getArgNumber()), k.add(begin, number.column));
    Type type = cast<RankedTensorType>(number.part.getType()).getElementType();
    return type == element ? value : arith::ExtFOp::create(k.builder, k.loc, type, value);
  }

  /// A number per row that the elementwise emitter does not compute.
  Value numberOf(Value tensor) {
    if (Value reduced = reductions.lookup(tensor))
      return reduced;
    auto argument = cast<BlockArgument>(tensor);
    Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
    bool isOfRow = program.variesByRow(tensor) || RowProgram::holdsPositions(tensor);
    return k.load(element, k.argument(argument.getArgNumber()), isOfRow ? row : Value());
  }

  void emitPass(unsigned phase, ElementwiseEmitter &numbers) {
    llvm::MapVector<int64_t, Roots> loops;
    for (RowReductionOpInterface reduction : program.reductions[phase]) {
      // The only column is its own sum and maximum.
      if (isOnePerRow(reduction.getInput()))
        reductions[reduction->getResult(0)] = numbers.emit(reduction.getInput());
      else
        loops[columnsOf(reduction.getInput())].reductions.push_back(reduction);
    }
    if (phase + 1 == program.phases)
      for (OpOperand &operand : kernel.getBody().front().getTerminator()->getOpOperands())
        if (!isOnePerRow(operand.get()))
          loops[columnsOf(operand.get())].stores.push_back(&operand);
    for (auto &[columns, roots] : loops)
      emitLoop(columns, roots, numbers);
  }

  int64_t columnsOf(Value tensor) { return length ? length : RowProgram::columns(tensor); }

  void emitLoop(int64_t columns, Roots &roots, ElementwiseEmitter &numbers) {
    ElementwiseEmitter vectors(k, [&](Value tensor, int64_t shift) { return vectorOf(tensor, shift); });
    current = &vectors;
    SmallVector<Value> computed;
    DenseSet<Value> seen;
    auto prepare = [&](Value root) {
      computed.push_back(root);
      vectors.repeatNumbers(root, numbers, seen);
    };
    SmallVector<Value> carried;
    for (RowReductionOpInterface reduction : roots.reductions) {
      prepare(reduction.getInput());
      carried.push_back(k.splat(identity(reduction)));
    }
    for (OpOperand *store : roots.stores)
      prepare(store->get());
    ColumnSpace space = ColumnSpace::find(columns, computed, /*sums=*/!roots.reductions.empty());
    carried = emitColumns(space, roots, vectors, carried);
    for (auto [reduction, vector] : llvm::zip(roots.reductions, carried))
      reductions[reduction->getResult(0)] =
          reduction.getReduction() == Reduction::Add ? k.reduceAdd(vector) : k.reduceMax(vector);
  }

  static double identity(RowReductionOpInterface reduction) {
    return reduction.getReduction() == Reduction::Add ? 0.0 : -std::numeric_limits<double>::infinity();
  }

  SmallVector<Value> emitColumns(const ColumnSpace &space, Roots &roots, ElementwiseEmitter &vectors,
                                 ValueRange carried) {
    auto pieces = [&](Value base, ValueRange values) {
      SmallVector<Value> current(values);
      for (auto [begin, end] : space.pieces())
        current = emitPiece(base, begin, end, roots, vectors, current);
      return current;
    };
    if (space.heads == 1)
      return pieces(Value(), carried);
    return k.forReduce(k.i64(0), k.i64(space.columns), space.columns / space.heads, carried, pieces);
  }

  SmallVector<Value> emitPiece(Value base, int64_t begin, int64_t end, Roots &roots, ElementwiseEmitter &vectors,
                               ValueRange carried) {
    auto emitVector = [&](Value index, Value mask, ValueRange values) {
      vectors.forget();
      inner = index;
      column = base ? k.add(base, index) : index;
      this->mask = mask;
      pieceBegin = begin;
      pieceEnd = end;
      SmallVector<Value> next;
      for (auto [reduction, value] : llvm::zip(roots.reductions, values)) {
        Value vector = vectors.emit(reduction.getInput());
        if (mask)
          vector = k.select(mask, vector, k.splat(identity(reduction)));
        next.push_back(reduction.getReduction() == Reduction::Add ? k.addf(value, vector) : k.maxf(value, vector));
      }
      // All are computed before the first is stored: results may share operands' buffers.
      SmallVector<Value> stored;
      for (OpOperand *store : roots.stores)
        stored.push_back(vectors.emit(store->get()));
      for (auto [store, vector] : llvm::zip(roots.stores, stored))
        k.storeVector(vector, resultPointer(*store), place(store->get(), 0), mask);
      return next;
    };
    SmallVector<Value> sums(carried);
    // Column i is added to lane i mod the lanes, wherever the loop is cut.
    if (int64_t lane = begin % k.lanes; lane != 0 && !roots.reductions.empty()) {
      int64_t first = begin - lane, stop = std::min(end, first + k.lanes);
      sums = emitVector(k.i64(first), k.maskBetween(lane, stop - first), sums);
      begin = stop;
    }
    return k.forVectorsReduce(begin, end, sums, emitVector);
  }

  /// The element of a tensor's buffer at the current row and column.
  Value place(Value tensor, int64_t shift) {
    Value at = shift == 0 ? column : k.add(column, shift);
    if (width)
      return k.add(k.mul(row, width), at);
    return program.variesByRow(tensor) ? k.add(k.mul(row, RowProgram::columns(tensor)), at) : at;
  }

  /// A vector that the elementwise emitter does not compute.
  Value vectorOf(Value tensor, int64_t shift) {
    if (isOnePerRow(tensor))
      return numberOf(tensor);
    Operation *op = tensor.getDefiningOp();
    if (isa_and_nonnull<ColumnsOpInterface>(op))
      return moved(tensor, shift);
    if (auto rotation = dyn_cast_if_present<RotationOpInterface>(op))
      return rotate(rotation, shift);
    auto argument = cast<BlockArgument>(tensor);
    Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
    return k.loadVector(k.argument(argument.getArgNumber()), place(tensor, shift), mask, element);
  }

  /// The columns of the piece, which an operation has moved there.
  Value moved(Value tensor, int64_t shift) {
    ShiftedColumns source = followColumns(tensor, pieceBegin, shift);
    Value value = current->emit(source.tensor, source.shift);
    return isa<VectorType>(value.getType()) ? value : k.broadcast(value);
  }

  Value rotate(RotationOpInterface rotation, int64_t shift) {
    int64_t length = RowProgram::columns(rotation.getInput()) / rotation.getHeads(), dim = rotation.getRope().getDim();
    int64_t channel = (pieceBegin + shift) % length - (length - dim);
    Value x = current->emit(rotation.getInput(), shift);
    if (channel < 0)
      return x;
    Value partner;
    if (rotation.getRope().getLayout() == RopeLayout::Half) {
      partner = current->emit(rotation.getInput(), shift + (channel < dim / 2 ? dim / 2 : -dim / 2));
    } else {
      SmallVector<int64_t> swapped;
      for (int64_t lane = 0; lane < k.lanes; ++lane)
        swapped.push_back(lane ^ 1);
      partner = vector::ShuffleOp::create(k.builder, k.loc, x, x, swapped);
    }
    Value table = tables.lookup(rotation.getRope());
    RowPosition given = positions.lookup(rotation);
    Value position = k.mul(given.index ? given.index : k.rem(row, program.positions), 2 * dim);
    Value at = k.add(k.add(position, inner), channel - pieceBegin);
    Value cosine = k.loadVector(table, at, mask), sine = k.loadVector(table, k.add(at, dim), mask);
    Value turned = k.mulf(partner, sine), kept = k.mulf(x, cosine);
    Value result = rotation.getInverse() ? k.subf(kept, turned) : k.addf(kept, turned);
    return given.exists ? k.select(given.exists, result, k.splat(NAN)) : result;
  }

  KernelBuilder &k;
  KernelOp kernel;
  const RowProgram &program;
  const DenseMap<Attribute, Value> &tables;
  int64_t width, length;

  Value row;
  /// Numbers per row that are loaded or reduced.
  DenseMap<Value, Value> reductions;
  /// Where the row is for rotations that are told.
  DenseMap<Operation *, RowPosition> positions;
  // Where the emission stands within a loop.
  ElementwiseEmitter *current = nullptr;
  Value inner, column, mask;
  int64_t pieceBegin = 0, pieceEnd = 0;
};

class RowwiseStrategy : public KernelStrategy {
public:
  RowwiseStrategy() : KernelStrategy(TargetKind::CPU, KernelKind::Rowwise, "rows_in_vectors") {}

  bool serves(const KernelAnatomy &anatomy, Refusals &) const override { return anatomy.rows(); }

  SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                 Refusals &) const override {
    const RowProgram *program = anatomy.rows();
    // A task of about 64 Ki elements takes some ten microseconds: long against a barrier, short against a step.
    constexpr int64_t elementsPerTask = 1 << 16;
    int64_t perTask;
    if (program->elementwise) {
      perTask = std::min(itemsOf(anatomy), elementsPerTask / 4);
    } else {
      perTask = std::clamp<int64_t>(elementsPerTask / program->columnsPerRow, 1, program->rows);
      // Enough tasks for many cores, when there are rows enough.
      perTask = std::max<int64_t>(1, std::min<int64_t>(perTask, llvm::divideCeil(program->rows, 64)));
    }
    KernelOp kernel = anatomy.kernel();
    return {{choices::ShareAttr::get(kernel.getContext(), perTask), predictStream(kernel, target, /*launches=*/1)}};
  }

  LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                          KernelConfiguration &configuration, EmitError emitError) const override {
    auto choice = expectChoice<choices::ShareAttr>(configuration, emitError);
    if (!choice || failed(checkField(emitError, "items", choice.getItems(), 1, itemsOf(anatomy))))
      return failure();
    configuration.addStage(anatomy.rows()->elementwise ? "elements" : "rows",
                           llvm::divideCeil(itemsOf(anatomy), choice.getItems()));
    return success();
  }

  LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                      const TargetDescription &target, OpBuilder &builder) const override {
    KernelOp expanded = anatomy.expanded();
    const RowProgram *program = anatomy.rows();
    StageFunction stage(builder, anatomy.kernel(), configuration.stages[0], target);
    KernelBuilder &k = stage.k;
    DenseMap<Attribute, Value> tables;
    expanded.walk([&](RotationOpInterface rotation) {
      Value &table = tables[rotation.getRope()];
      if (!table)
        table = LLVM::AddressOfOp::create(
            builder, k.loc,
            createRotaryTable(builder, k.loc, rotation.getRope(), program->angles.lookup(rotation.getRope())));
    });
    if (program->elementwise)
      lowerElements(stage, expanded, *program, tables, configuration);
    else
      lowerRows(stage, expanded, *program, tables, configuration);
    return success();
  }

private:
  /// What tasks share: elements where there is nothing else, else rows.
  static int64_t itemsOf(const KernelAnatomy &anatomy) {
    if (!anatomy.rows()->elementwise)
      return anatomy.rows()->rows;
    return cast<RankedTensorType>(anatomy.kernel().getResultTypes().front()).getNumElements();
  }

  static void lowerElements(StageFunction &stage, KernelOp expanded, const RowProgram &program,
                            const DenseMap<Attribute, Value> &tables, const KernelConfiguration &configuration) {
    KernelBuilder &k = stage.k;
    int64_t elements = cast<RankedTensorType>(expanded.getResultTypes().front()).getNumElements();
    int64_t block = configuration.share(), whole = elements / block, rest = elements % block;
    stage.forTasks([&](Value task) {
      auto emit = [&](int64_t length) { RowEmitter(k, expanded, program, tables, block, length).emit(task); };
      if (rest == 0)
        return emit(block);
      k.ifThen(k.less(task, k.i64(whole)), [&] { emit(block); }, [&] { emit(rest); });
    });
  }

  static void lowerRows(StageFunction &stage, KernelOp expanded, const RowProgram &program,
                        const DenseMap<Attribute, Value> &tables, const KernelConfiguration &configuration) {
    KernelBuilder &k = stage.k;
    int64_t perTask = configuration.share();
    Value begin = k.mul(stage.firstTask, perTask);
    Value end = k.min(k.mul(stage.endTask, perTask), k.i64(program.rows));
    k.forLoop(begin, end, 1, [&](Value row) { RowEmitter(k, expanded, program, tables, 0, 0).emit(row); });
  }
};

} // namespace

void hadal::registerRowwiseStrategies() { registerStrategy(std::make_unique<RowwiseStrategy>()); }
