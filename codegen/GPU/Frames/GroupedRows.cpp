//===- GroupedRows.cpp - which expert's rows a block of threads works on ------------------------------------------===//
//
// Every warp looks for itself, 32 experts at a time, one to a lane: the lanes count their experts' blocks, a prefix sum
// over the warp numbers them, and the lane whose expert owns the block that is looked for tells the others. No shared
// memory and no barrier is needed.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/GroupedRows.h"

using namespace mlir;
using namespace hadal;

/// The sum of the lanes up to and including each lane.
static Value prefixSum(GPUStage &stage, Value value) {
  KernelBuilder &k = stage.k;
  for (int32_t distance = 1; distance < warpSize; distance *= 2) {
    Value before = stage.shuffle(ptx::ShuffleKind::Up, value, k.i32(distance));
    Value hasOne = k.less(k.i64(distance - 1), stage.lane());
    value = k.add(value, k.select(hasOne, before, k.i64(0)));
  }
  return value;
}

GroupedRows hadal::findGroupedRows(GPUStage &stage, Value offsets, int64_t experts, int64_t rowBlock, Value task) {
  KernelBuilder &k = stage.k;
  Value zero = k.i64(0), last = k.i64(experts);
  auto offset = [&](Value expert) { return k.extend(k.load(k.i32(), offsets, k.min(expert, last))); };
  SmallVector<Value> found = k.forReduce(
      zero, k.i64(experts), warpSize, {zero, zero, zero, zero},
      [&](Value firstExpert, ValueRange carried) -> SmallVector<Value> {
        Value expert = k.add(firstExpert, stage.lane());
        // Lanes beyond the last expert own no rows.
        Value begin = offset(expert), end = offset(k.add(expert, 1));
        Value blocks = k.div(k.add(k.sub(end, begin), rowBlock - 1), rowBlock);
        Value after = k.add(carried[0], prefixSum(stage, blocks)), before = k.sub(after, blocks);
        Value inside = arith::AndIOp::create(k.builder, k.loc, k.less(before, k.add(task, 1)), k.less(task, after));
        Value owners = ptx::BallotOp::create(k.builder, k.loc, k.i32(), inside);
        Value isHere = arith::CmpIOp::create(k.builder, k.loc, arith::CmpIPredicate::ne, owners, k.i32(0));
        // One lane at most is set; without any, lane 0 is asked and not heard.
        Value owner = LLVM::CountTrailingZerosOp::create(k.builder, k.loc, k.i32(), owners, /*is_zero_poison=*/false);
        owner = arith::AndIOp::create(k.builder, k.loc, owner, k.i32(warpSize - 1));
        auto tell = [&](Value value, Value otherwise) {
          return k.select(isHere, stage.shuffle(ptx::ShuffleKind::Index, value, owner), otherwise);
        };
        Value first = k.add(begin, k.mul(k.sub(task, before), rowBlock));
        Value count = k.min(k.i64(rowBlock), k.sub(end, first));
        return {stage.shuffle(ptx::ShuffleKind::Index, after, k.i32(warpSize - 1)), tell(first, carried[1]),
                tell(count, carried[2]), tell(expert, carried[3])};
      });
  return {found[1], found[2], found[3]};
}
