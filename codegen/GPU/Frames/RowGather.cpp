//===- RowGather.cpp - rows that threads bring into a tile --------------------------------------------------------===//
//
// Eight neighbouring threads bring the eight chunks of a panel's row (128 bytes, coalesced), so that 128 threads cover
// 16 rows at a time.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/RowGather.h"

using namespace mlir;
using namespace hadal;

constexpr int64_t rowsAtATime = 16, chunkElements = 8;

RowGather::RowGather(TensorKernel &t, const ContractionOperand &operand, Value tensor, Value pairs,
                     tile::MatrixType type, const GatherRange &range)
    : t(t), k(t.k), operand(operand), tensor(tensor), pairs(pairs), type(type), range(range) {
  threadRow = t.div(t.groupThread, 8);
  threadColumn = t.mul(t.rem(t.groupThread, 8), chunkElements);
  if (!operand.depthContiguous)
    return;
  for (int64_t row = 0; row < type.rows(); row += rowsAtATime)
    rows.push_back(rowAt(t.add(t.add(range.extent, threadRow), row), range.extentEnd));
}

Value RowGather::rowAt(Value position, Value end) {
  // Outside of the range any pair will do: it is not used.
  auto type = cast<RankedTensorType>(operand.pairs.getType());
  Value known = t.min(position, t.number(type.getNumElements() - 1));
  Value pair = k.load(k.i32(), pairs, t.wide(known));
  return k.select(t.less(position, end), t.div(pair, operand.topK), t.number(-1));
}

Value RowGather::loadChunk(Value row, Value column, Value end) {
  auto chunk = VectorType::get({4}, k.i32());
  Value zero = t.number(0), inside = t.both(t.less(t.number(-1), row), t.less(column, end));
  Value start = k.mul(t.wide(k.max(row, zero)), operand.columns);
  Value known = t.min(column, t.number(operand.columns - chunkElements));
  Value place = k.address(tensor, k.add(start, t.wide(known)), k.builder.getBF16Type());
  Value loaded = LLVM::LoadOp::create(k.builder, k.loc, chunk, place, /*alignment=*/16);
  return k.select(inside, loaded, k.constant(chunk, 0));
}

SmallVector<Value> RowGather::load(Value step) {
  Value depth = t.add(range.depth, t.mul(step, type.getDepth()));
  SmallVector<Value> result;
  if (operand.depthContiguous) {
    for (Value row : rows)
      result.push_back(loadChunk(row, t.add(depth, threadColumn), range.depthEnd));
    return result;
  }
  for (int64_t row = 0; row < type.rows(); row += rowsAtATime) {
    Value gathered = rowAt(t.add(t.add(depth, threadRow), row), range.depthEnd);
    for (int64_t panel = 0; panel < type.panels(); ++panel)
      result.push_back(loadChunk(gathered, t.add(t.add(range.extent, threadColumn), panel * type.panelElements()),
                                 t.number(operand.columns)));
  }
  return result;
}

void RowGather::store(Value tile, ValueRange chunks) {
  unsigned next = 0;
  for (int64_t row = 0; row < type.rows(); row += rowsAtATime)
    for (int64_t panel = 0; panel < type.panels(); ++panel) {
      auto pointer = LLVM::LLVMPointerType::get(k.builder.getContext(), 3);
      Value place = tile::ElementOp::create(k.builder, k.loc, pointer, tile, t.add(threadRow, row),
                                            t.add(threadColumn, panel * type.panelElements()));
      LLVM::StoreOp::create(k.builder, k.loc, chunks[next++], place, /*alignment=*/16);
    }
}
