//===- RowEmitter.cpp - the passes of threads over a row ----------------------------------------------------------===//
//
// A thread goes through the vectors of a piece in strides of all threads that share the row, so that neighbouring
// threads touch neighbouring vectors. A thread whose stride ends beyond the piece computes the last vector again: its
// loads are in bounds without a branch, and its share of reductions and results is left out. All vectors of a thread
// are computed before the first is stored: loads are under way together, and a result may lie in an operand's buffer.
//
// Where columns are summed, a thread takes those whose lanes it holds (docs/rationale/arithmetic.md): vector v of the
// row, counted from column 0, belongs to thread v mod T and, with R accumulators, goes to accumulator v / T mod R. A
// piece that begins in the middle of a stride begins with vectors that do not exist.
//
// When a thread's share of the row is unrolled completely, what a pass has loaded is remembered and the next pass finds
// it in registers.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/RowEmitter.h"
#include "codegen/Emit/RotaryTable.h"
#include <cmath>
#include <limits>

using namespace mlir;
using namespace hadal;

static double identity(Reduction reduction) {
  return reduction == Reduction::Add ? 0.0 : -std::numeric_limits<double>::infinity();
}

void RowEmitter::emitRow(Value row, Value member) {
  this->row = row;
  this->member = member;
  sharers = stride = plan.threadsPerRow;
  keepsLoads = plan.inRegisters;
  for (const OperandColumn &number : program.operandColumns)
    reductions[number.part] = load(number);
  ElementwiseEmitter numbers(k, [&](Value tensor, int64_t) { return numberOf(tensor); });
  kernel.walk([&](RotationOpInterface rotation) {
    if (Value given = rotation.getPositions())
      positions[rotation] = findRowPosition(
          k, RowProgram::holdsPositions(given) ? numberOf(given) : numbers.emit(given), rotation.getPositionCount());
  });
  SmallVector<SmallVector<RowLoop>> loops;
  for (unsigned phase = 0; phase < program.phases; ++phase)
    loops.push_back(getRowLoops(kernel, program, phase));
  if (keepsLoads)
    for (ArrayRef<RowLoop> pass : loops)
      preloadPass(pass);
  for (unsigned phase = 0; phase < program.phases; ++phase) {
    // The only column is its own sum and maximum.
    for (RowReductionOpInterface reduction : program.reductions[phase])
      if (isOnePerRow(reduction.getInput()))
        reductions[reduction->getResult(0)] = numbers.emit(reduction.getInput());
    for (const RowLoop &loop : loops[phase])
      emitLoop(loop, numbers);
  }
  // Numbers per row: all threads know them, one stores them.
  SmallVector<std::pair<OpOperand *, Value>> stores;
  for (OpOperand &operand : kernel.getBody().front().getTerminator()->getOpOperands())
    if (isOnePerRow(operand.get()))
      stores.push_back({&operand, numbers.emit(operand.get())});
  if (stores.empty())
    return;
  auto storeAll = [&] {
    for (auto [operand, value] : stores)
      k.store(value, resultPointer(*operand), row);
  };
  if (sharers == 1)
    storeAll();
  else
    k.ifThen(k.equal(member, k.i64(0)), storeAll);
}

void RowEmitter::emitElements(int64_t elements, int64_t perThread) {
  row = k.i64(0);
  stride = stage.threads();
  sharers = stage.threads() * stage.spec.tasks;
  member = k.add(k.mul(stage.block(), stage.threads() * perThread), stage.thread());
  RowLoop loop;
  loop.columns = elements;
  for (OpOperand &operand : kernel.getBody().front().getTerminator()->getOpOperands())
    loop.stores.push_back(&operand);
  ElementwiseEmitter vectors(k, [&](Value tensor, int64_t shift) { return vectorOf(tensor, shift); });
  current = &vectors;
  piece = Piece();
  piece.lanes = k.lanes = commonLanes(plan.lanes, {elements});
  piece.items = piece.vectorsPerHead = elements / k.lanes;
  bool whole = piece.items % (stage.threads() * perThread) == 0;
  Accumulators none;
  emitItems(loop, vectors, none, {member, perThread, whole ? perThread : 0});
}

//===----------------------------------------------------------------------===//
// Numbers per row
//===----------------------------------------------------------------------===//

Value RowEmitter::resultPointer(OpOperand &operand) {
  return k.argument(kernel.getNumArguments() + operand.getOperandNumber());
}

Value RowEmitter::load(const OperandColumn &number) {
  Type element = cast<RankedTensorType>(number.operand.getType()).getElementType();
  Value begin = k.mul(row, program.variesByRow(number.operand) ? RowProgram::columns(number.operand) : 0);
  Value value = k.load(element, k.argument(number.operand.getArgNumber()), k.add(begin, number.column));
  Type type = cast<RankedTensorType>(number.part.getType()).getElementType();
  return type == element ? value : arith::ExtFOp::create(k.builder, k.loc, type, value);
}

/// A number per row that the elementwise emitter does not compute.
Value RowEmitter::numberOf(Value tensor) {
  if (Value reduced = reductions.lookup(tensor))
    return reduced;
  auto argument = cast<BlockArgument>(tensor);
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  bool isOfRow = program.variesByRow(tensor) || RowProgram::holdsPositions(tensor);
  return k.load(element, k.argument(argument.getArgNumber()), isOfRow ? row : Value());
}

/// Joins what the threads of a row have reduced; all of them get the results.
void RowEmitter::reduceRow(const RowLoop &loop, const Accumulators &sums) {
  SmallVector<Reduction> kinds;
  for (RowReductionOpInterface reduction : loop.reductions)
    kinds.push_back(reduction.getReduction());
  SmallVector<Value> results = stage.joinLanes(sums, kinds, sharers, sharedOffset);
  for (auto [reduction, value] : llvm::zip(loop.reductions, results))
    reductions[RowReductionOpInterface(reduction)->getResult(0)] = value;
  int64_t lanes = loop.lanesOf(loop.space.pieces().front(), plan.lanes);
  sharedOffset += reductionBytes(kinds.size(), sharers, lanes * int64_t(sizeof(float)));
}

//===----------------------------------------------------------------------===//
// Loops over columns
//===----------------------------------------------------------------------===//

void RowEmitter::emitLoop(const RowLoop &loop, ElementwiseEmitter &numbers) {
  Accumulators sums(loop.reductions.size());
  for (SmallVector<Value> &accumulators : sums)
    accumulators.resize(loop.accumulators(plan.lanes, sharers));
  for (unsigned number = 0; number < loop.space.pieces().size(); ++number)
    emitPiece(loop, pieceOf(loop, number), numbers, sums);
  if (!sums.empty())
    reduceRow(loop, sums);
}

RowEmitter::Piece RowEmitter::pieceOf(const RowLoop &loop, unsigned number) const {
  auto bounds = loop.space.pieces()[number];
  Piece piece;
  piece.begin = bounds.first;
  piece.lanes = loop.lanesOf(bounds, plan.lanes);
  piece.vectorsPerHead = (bounds.second - bounds.first) / piece.lanes;
  piece.items = piece.vectorsPerHead * loop.space.heads;
  piece.headWidth = loop.space.heads > 1 ? loop.columns / loop.space.heads : 0;
  piece.skipped = loop.skipped(bounds, plan.lanes, sharers);
  return piece;
}

/// All items of this thread.
RowEmitter::Items RowEmitter::itemsOf(const Piece &piece) {
  int64_t end = piece.skipped + piece.items;
  Value first = piece.skipped == 0 ? member : k.sub(member, k.i64(piece.skipped));
  return {first, int64_t(llvm::divideCeil(end, sharers)), end / sharers, piece.skipped == 0 ? 0 : 1};
}

/// Adds the thread's share of the piece to its accumulators, and stores its results.
void RowEmitter::emitPiece(const RowLoop &loop, const Piece &next, ElementwiseEmitter &numbers, Accumulators &sums) {
  piece = next;
  k.lanes = piece.lanes;
  ElementwiseEmitter vectors(k, [&](Value tensor, int64_t shift) { return vectorOf(tensor, shift); });
  current = &vectors;
  DenseSet<Value> seen;
  for (RowReductionOpInterface reduction : loop.reductions)
    vectors.repeatNumbers(reduction.getInput(), numbers, seen);
  for (OpOperand *store : loop.stores)
    vectors.repeatNumbers(store->get(), numbers, seen);
  Items all = itemsOf(piece);
  if (keepsLoads || all.count <= plan.unroll)
    emitItems(loop, vectors, sums, all);
  else
    emitChunks(loop, vectors, sums);
}

/// A loop over chunks of the piece, of whole rounds of the accumulators.
void RowEmitter::emitChunks(const RowLoop &loop, ElementwiseEmitter &vectors, Accumulators &sums) {
  int64_t accumulators = sums.empty() ? 1 : sums.front().size();
  int64_t rounds = llvm::alignTo(plan.unroll, accumulators), chunk = rounds * sharers;
  int64_t end = piece.skipped + piece.items, exist = end % chunk == 0 ? rounds : 0;
  SmallVector<Value> carried;
  for (auto [reduction, ofSum] : llvm::zip(loop.reductions, sums))
    for (Value accumulator : ofSum)
      carried.push_back(accumulator ? accumulator
                                    : k.splat(identity(RowReductionOpInterface(reduction).getReduction())));
  auto unpack = [&](ValueRange values) {
    Accumulators result;
    for (unsigned sum = 0; sum < sums.size(); ++sum)
      result.push_back(llvm::to_vector(values.slice(sum * accumulators, accumulators)));
    return result;
  };
  carried = k.forReduce(k.i64(0), k.i64(end), chunk, carried, [&](Value start, ValueRange values) {
    Accumulators own = unpack(values);
    Value first = k.add(start, member);
    if (piece.skipped > 0)
      first = k.sub(first, k.i64(piece.skipped));
    emitItems(loop, vectors, own, {first, rounds, exist, piece.skipped == 0 ? 0 : 1});
    SmallVector<Value> next;
    for (ArrayRef<Value> accumulators : own)
      next.append(accumulators.begin(), accumulators.end());
    return next;
  });
  sums = unpack(carried);
}

/// Adds the items to the accumulators and stores their results.
void RowEmitter::emitItems(const RowLoop &loop, ElementwiseEmitter &vectors, Accumulators &sums, const Items &items) {
  struct Stored {
    Value value, index;
    OpOperand *result;
    int64_t multiple;
  };
  if (!keepsLoads) {
    loaded.clear();
    preload(loop, items);
  }
  int64_t firstRound = piece.begin / piece.lanes / sharers;
  SmallVector<std::pair<Value, SmallVector<Stored>>> stored;
  for (int64_t number = 0; number < items.count; ++number) {
    vectors.forget();
    Value valid = moveTo(items, number);
    for (auto [reduction, accumulators] : llvm::zip(loop.reductions, sums)) {
      Reduction kind = RowReductionOpInterface(reduction).getReduction();
      Value vector = vectors.emit(RowReductionOpInterface(reduction).getInput());
      if (valid)
        vector = k.select(valid, vector, k.splat(identity(kind)));
      Value &sum = accumulators[(firstRound + number) % accumulators.size()];
      Value before = sum ? sum : k.splat(identity(kind));
      sum = kind == Reduction::Add ? k.addf(before, vector) : k.maxf(before, vector);
    }
    stored.push_back({valid, {}});
    for (OpOperand *store : loop.stores) {
      auto [index, multiple] = place(store->get(), 0);
      stored.back().second.push_back({vectors.emit(store->get()), index, store, multiple});
    }
  }
  for (auto &[valid, stores] : stored) {
    auto storeAll = [&, &stores = stores] {
      for (const Stored &entry : stores)
        k.storeAligned(entry.value, resultPointer(*entry.result), entry.index, entry.multiple);
    };
    if (stores.empty())
      continue;
    if (valid)
      k.ifThen(valid, storeAll);
    else
      storeAll();
  }
}

/// Makes an item the place where leaves are; returns whether the thread has it (null: every thread has).
Value RowEmitter::moveTo(const Items &items, int64_t number) {
  Value item = k.add(items.first, number * stride), valid;
  if (number >= items.exist) {
    valid = k.less(item, k.i64(piece.items));
    item = k.min(item, k.i64(piece.items - 1));
  }
  if (number < items.existFrom) {
    Value begun = k.less(k.i64(-1), item);
    valid = valid ? Value(arith::AndIOp::create(k.builder, k.loc, valid, begun)) : begun;
    item = k.max(item, k.i64(0));
  }
  itemNumber = number;
  if (piece.headWidth == 0) {
    inner = column = k.add(k.mul(item, piece.lanes), piece.begin);
    return valid;
  }
  inner = k.add(k.mul(k.rem(item, piece.vectorsPerHead), piece.lanes), piece.begin);
  column = k.add(k.mul(k.div(item, piece.vectorsPerHead), piece.headWidth), inner);
  return valid;
}

/// Loads all that this thread reads in a pass.
void RowEmitter::preloadPass(ArrayRef<RowLoop> loops) {
  for (const RowLoop &loop : loops)
    for (unsigned number = 0; number < loop.space.pieces().size(); ++number) {
      piece = pieceOf(loop, number);
      k.lanes = piece.lanes;
      preload(loop, itemsOf(piece));
    }
}

/// Loads the operands of some items of the piece.
void RowEmitter::preload(const RowLoop &loop, const Items &items) {
  for (int64_t number = 0; number < items.count; ++number) {
    moveTo(items, number);
    DenseSet<std::pair<Value, int64_t>> seen;
    for (RowReductionOpInterface reduction : loop.reductions)
      preload(reduction.getInput(), 0, seen);
    for (OpOperand *store : loop.stores)
      preload(store->get(), 0, seen);
  }
}

/// Follows a tensor to the operands that it is computed from, as the elementwise emitter does.
void RowEmitter::preload(Value tensor, int64_t shift, DenseSet<std::pair<Value, int64_t>> &seen) {
  if (isOnePerRow(tensor) || !seen.insert({tensor, shift}).second)
    return;
  if (auto argument = dyn_cast<BlockArgument>(tensor)) {
    loadArgument(argument, shift);
    return;
  }
  Operation *op = tensor.getDefiningOp();
  if (isa<ColumnsOpInterface>(op)) {
    ShiftedColumns source = followColumns(tensor, piece.begin, shift);
    return preload(source.tensor, source.shift, seen);
  }
  if (auto rotation = dyn_cast<RotationOpInterface>(op)) {
    if (rotation.getRope().getLayout() == RopeLayout::Half && channelOf(rotation, shift) >= 0)
      preload(rotation.getInput(), partnerOf(rotation, shift), seen);
    return preload(rotation.getInput(), shift, seen);
  }
  for (Value operand : op->getOperands())
    preload(operand, shift, seen);
}

//===----------------------------------------------------------------------===//
// Leaves
//===----------------------------------------------------------------------===//

/// The element of a tensor's buffer at the current row and column, and what it is a multiple of.
std::pair<Value, int64_t> RowEmitter::place(Value tensor, int64_t shift) {
  Value at = shift == 0 ? column : k.add(column, shift);
  int64_t width = program.variesByRow(tensor) && program.rows > 1 ? RowProgram::columns(tensor) : 0;
  int64_t multiple = commonLanes(piece.lanes, {piece.headWidth, piece.begin + shift, width});
  return {width > 0 ? k.add(k.mul(row, width), at) : at, multiple};
}

Value RowEmitter::vectorOf(Value tensor, int64_t shift) {
  if (isOnePerRow(tensor))
    return numberOf(tensor);
  Operation *op = tensor.getDefiningOp();
  if (isa_and_nonnull<ColumnsOpInterface>(op)) {
    ShiftedColumns source = followColumns(tensor, piece.begin, shift);
    Value value = current->emit(source.tensor, source.shift);
    return isa<VectorType>(value.getType()) ? value : k.broadcast(value);
  }
  if (auto rotation = dyn_cast_if_present<RotationOpInterface>(op))
    return rotate(rotation, shift);
  return loadArgument(cast<BlockArgument>(tensor), shift);
}

Value RowEmitter::loadArgument(BlockArgument argument, int64_t shift) {
  LoadedAt at{shift,           piece.begin,   piece.lanes, piece.items, piece.vectorsPerHead,
              piece.headWidth, piece.skipped, itemNumber};
  Value &value = loaded[{argument.getAsOpaquePointer(), at}];
  if (!value) {
    Type element = cast<RankedTensorType>(argument.getType()).getElementType();
    auto [index, multiple] = place(argument, shift);
    value = k.loadAligned(element, k.argument(argument.getArgNumber()), index, multiple);
  }
  return value;
}

/// The first rotated channel of a piece; negative where nothing is rotated.
int64_t RowEmitter::channelOf(RotationOpInterface rotation, int64_t shift) {
  int64_t length = RowProgram::columns(rotation.getInput()) / rotation.getHeads(), dim = rotation.getRope().getDim();
  return (piece.begin + shift) % length - (length - dim);
}

/// With halves rotated against one another: the shift at which the other half lies.
int64_t RowEmitter::partnerOf(RotationOpInterface rotation, int64_t shift) {
  int64_t half = rotation.getRope().getDim() / 2;
  return shift + (channelOf(rotation, shift) < half ? half : -half);
}

/// Cosines and sines of the row's position for a piece that begins at a rotated channel (see createSplitRotaryTable).
std::pair<Value, Value> RowEmitter::angles(RotationOpInterface rotation, int64_t channel) {
  int64_t dim = rotation.getRope().getDim(), multiple = commonLanes(k.lanes, {dim, channel});
  Value table = tables.lookup(rotation.getRope()), position = positions.lookup(rotation).index;
  if (!position)
    position = k.rem(row, program.positions);
  Value column = k.add(inner, channel - piece.begin);
  auto load = [&](Value tableRow, int64_t part) {
    Value at = k.add(k.add(k.mul(tableRow, 2 * dim), column), part * dim);
    return k.loadAligned(k.f32(), table, at, multiple);
  };
  Value high = k.div(position, rotaryBlock);
  Value low = k.add(k.rem(position, rotaryBlock), splitRotaryRows(program.angles.lookup(rotation.getRope())));
  Value cosineHigh = load(high, 0), sineHigh = load(high, 1), cosineLow = load(low, 0), sineLow = load(low, 1);
  Value cosine = k.subf(k.mulf(cosineHigh, cosineLow), k.mulf(sineHigh, sineLow));
  Value sine = k.addf(k.mulf(sineHigh, cosineLow), k.mulf(cosineHigh, sineLow));
  return {cosine, sine};
}

Value RowEmitter::rotate(RotationOpInterface rotation, int64_t shift) {
  int64_t channel = channelOf(rotation, shift);
  Value x = current->emit(rotation.getInput(), shift);
  if (channel < 0)
    return x;
  Value partner;
  if (rotation.getRope().getLayout() == RopeLayout::Half) {
    partner = current->emit(rotation.getInput(), partnerOf(rotation, shift));
  } else {
    SmallVector<int64_t> swapped;
    for (int64_t lane = 0; lane < k.lanes; ++lane)
      swapped.push_back(lane ^ 1);
    partner = vector::ShuffleOp::create(k.builder, k.loc, x, x, swapped);
  }
  auto [cosine, sine] = angles(rotation, channel);
  Value turned = k.mulf(partner, sine), kept = k.mulf(x, cosine);
  Value result = rotation.getInverse() ? k.subf(kept, turned) : k.addf(kept, turned),
        exists = positions.lookup(rotation).exists;
  return exists ? k.select(exists, result, k.splat(NAN)) : result;
}
