//===- StepKernel.cpp - the register tile of products of two bf16 factors -----------------------------------------===//
//
// The arithmetic is that of the instruction TDPBF16PS, for which Intel's Software Developer's Manual (volume 2) gives
// this program. For every row m and column n of a tile of C, with 2K = 32 numbers of bf16 in a row of A:
//
//   even = odd = +0
//   for k in 0 ... K - 1:
//     even = fma(A[m][2k],     B[2k][n],     even)
//     odd  = fma(A[m][2k + 1], B[2k + 1][n], odd)
//   C[m][n] = C[m][n] + (even + odd)
//
// each operation rounded once, to nearest even, with denormal operands taken for zero and denormal results replaced by
// zero of their sign. So a step of the depth has two chains, and C one addition per step.
//
// Panels hold f32: taking pairs of bf16 apart here would cost the ports that the multiply-adds need. Both chains at
// once would take twice the accumulators, and so a tile of half the size, which reads B's panel from the second-level
// cache twice as often; one chain after the other instead, of which the first waits in memory, keeps the tiles of the
// other micro-kernel. C lies in memory, too: a step touches it once.
//
// FTZ and DAZ of MXCSR flush denormals (FlushedCalls.h). They are set around the tile alone: its epilogue knows
// denormals again.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/FlushedCalls.h"
#include "codegen/CPU/MicroKernel.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;

namespace {

/// The sums over every second depth of a step, from `first` (0 or 1) on.
SmallVector<Value> multiplyHalfStep(KernelBuilder &k, const MicroKernel &tile, Value a, Value b, int64_t first) {
  constexpr int64_t depthPerTurn = 2 * microKernelUnroll;
  static_assert(arithmetic::depthStep % depthPerTurn == 0);
  SmallVector<Value> zeros(tile.rows * tile.vectors, k.splat(0.0));
  return k.forReduce(k.i64(0), k.i64(arithmetic::depthStep), depthPerTurn, zeros,
                     [&](Value index, ValueRange carried) -> SmallVector<Value> {
                       SmallVector<Value> accumulators = llvm::to_vector(carried);
                       Value aHere = at(k, a, k.mul(index, tile.depthStride));
                       Value bHere = at(k, b, k.mul(index, tile.vectors * k.lanes));
                       for (int64_t depth = first; depth < depthPerTurn; depth += 2)
                         accumulators = multiplyColumn(k, tile, aHere, bHere, depth, accumulators);
                       return accumulators;
                     });
}

void emitSteps(KernelBuilder &k, const MicroKernel &tile, ValueRange arguments) {
  Value a = arguments[0], b = arguments[1], c = arguments[2], depth = arguments[3], accumulate = arguments[4];
  int64_t vectors = tile.rows * tile.vectors;
  k.ifThen(k.equal(accumulate, k.i64(0)), [&] {
    for (int64_t i = 0; i < vectors; ++i)
      k.storeVector(k.splat(0.0), c, k.i64(i * k.lanes));
  });
  k.forLoop(k.i64(0), depth, arithmetic::depthStep, [&](Value index) {
    Value aHere = at(k, a, k.mul(index, tile.depthStride)), bHere = at(k, b, k.mul(index, tile.vectors * k.lanes));
    SmallVector<Value> even = multiplyHalfStep(k, tile, aHere, bHere, 0);
    SmallVector<Value> odd = multiplyHalfStep(k, tile, aHere, bHere, 1);
    for (int64_t i = 0; i < vectors; ++i) {
      Value place = k.i64(i * k.lanes);
      k.storeVector(k.addf(k.loadVector(c, place), k.addf(even[i], odd[i])), c, place);
    }
  });
}

} // namespace

LLVM::LLVMFuncOp hadal::getStepKernel(KernelBuilder &outer, const MicroKernel &tile) {
  std::string name = llvm::formatv("hadal.step_kernel.{0}x{1}.{2}.{3}", tile.rows, tile.vectors * outer.lanes,
                                   tile.rowStride, tile.depthStride);
  Type pointer = outer.pointerType(), integer = outer.i64Type();
  Type types[] = {pointer, pointer, pointer, integer, integer};
  return getSharedFunction(outer, name, types, [&](KernelBuilder &k, ValueRange arguments) {
    auto flushed = getFlushedFunction(k, name + ".flushed", types,
                                      [&](KernelBuilder &inner, ValueRange values) { emitSteps(inner, tile, values); });
    callFlushing(k, flushed, arguments);
  });
}
