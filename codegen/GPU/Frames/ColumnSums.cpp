//===- ColumnSums.cpp - sums over the rows of a small matrix ------------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/GPU/Frames/ColumnSums.h"
#include "codegen/Target/Arithmetic.h"

using namespace mlir;
using namespace hadal;

void hadal::addColumnSumStage(KernelConfiguration &configuration, StringRef name, int64_t rows, int64_t columns) {
  // A chain without rows is zero: it needs no warp.
  int64_t warps = std::min<int64_t>(arithmetic::hopper::rowChains, rows);
  configuration.addGPUStage(name, llvm::divideCeil(columns, warpSize), warps * warpSize,
                            warps > 1 ? warps * warpSize * sizeof(float) : 0);
}

void hadal::emitColumnSums(GPUStage &stage, Value matrix, int64_t rows, int64_t columns,
                           function_ref<void(Value column, Value sum)> store) {
  KernelBuilder &k = stage.k;
  Value column = k.add(k.mul(stage.block(), warpSize), stage.lane());
  // Lanes beyond the matrix add its last column once more.
  Value within = k.min(column, k.i64(columns - 1));
  Value sum = k.forReduce(stage.warp(), k.i64(rows), stage.warps(), {k.f32(0.0)}, [&](Value row, ValueRange carried) {
    Value value = k.load(k.f32(), matrix, k.add(k.mul(row, columns), within));
    return SmallVector<Value>{k.addf(carried[0], value)};
  })[0];
  auto storeOwn = [&] { k.ifThen(k.less(column, k.i64(columns)), [&] { store(column, sum); }); };
  if (stage.warps() == 1)
    return storeOwn();
  Value memory = stage.shared(0);
  k.store(sum, memory, stage.thread());
  stage.barrier();
  k.ifThen(k.equal(stage.warp(), k.i64(0)), [&] {
    sum = k.load(k.f32(), memory, stage.lane());
    for (int64_t warp = 1; warp < stage.warps(); ++warp)
      sum = k.addf(sum, k.load(k.f32(), memory, k.add(stage.lane(), warp * warpSize)));
    storeOwn();
  });
}
