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
// Panels hold f32: taking pairs of bf16 apart here would cost the ports that the multiply-adds need (PairKernel.cpp
// does it where memory decides). A sum and two chains take three times the accumulators of one chain, so as many rows
// of the tile as then fit into the registers go through all steps together, and the other rows after them: four at a
// time of the 16 rows of AVX-512's tile. B's panel of a block of the depth is in the first-level cache by then.
//
// FTZ and DAZ of MXCSR flush denormals (FlushedCalls.h). They are set around the tile alone: its epilogue knows
// denormals again.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/FlushedCalls.h"
#include "codegen/CPU/MicroKernel.h"
#include "codegen/Target/Arithmetic.h"
#include <algorithm>

using namespace mlir;
using namespace hadal;

namespace {

/// How many rows of a tile have registers for their sums and both chains, beside those of B's row and of one element of
/// A; at least one.
int64_t rowsAtOnce(const MicroKernel &tile, const TargetDescription &target) {
  int64_t registersPerRow = tile.vectors * target.lanes / target.registerLanes;
  return std::clamp<int64_t>((target.vectorRegisters - 1 - registersPerRow) / (3 * registersPerRow), 1, tile.rows);
}

/// What a step adds to the tile of C: for every vector of it, even + odd.
SmallVector<Value> multiplyStep(KernelBuilder &k, const MicroKernel &tile, Value a, Value b) {
  static_assert(arithmetic::depthStep % microKernelUnroll == 0 && microKernelUnroll % 2 == 0);
  size_t vectors = tile.rows * tile.vectors;
  SmallVector<Value> zeros(2 * vectors, k.splat(0.0));
  SmallVector<Value> chains = k.forReduce(k.i64(0), k.i64(arithmetic::depthStep), microKernelUnroll, zeros,
                                          [&](Value index, ValueRange carried) -> SmallVector<Value> {
                                            SmallVector<Value> even = llvm::to_vector(carried.take_front(vectors));
                                            SmallVector<Value> odd = llvm::to_vector(carried.drop_front(vectors));
                                            Value aHere = at(k, a, k.mul(index, tile.depthStride));
                                            Value bHere = at(k, b, k.mul(index, tile.stepOfColumns(k.lanes)));
                                            for (int64_t depth = 0; depth < microKernelUnroll; depth += 2) {
                                              even = multiplyColumn(k, tile, aHere, bHere, depth, even);
                                              odd = multiplyColumn(k, tile, aHere, bHere, depth + 1, odd);
                                            }
                                            even.append(odd);
                                            return even;
                                          });
  SmallVector<Value> sums;
  for (size_t i = 0; i < vectors; ++i)
    sums.push_back(k.addf(chains[i], chains[vectors + i]));
  return sums;
}

/// All steps of some rows of a tile.
void emitRows(KernelBuilder &k, const MicroKernel &rows, Value a, Value b, Value c, Value depth, Value accumulate) {
  SmallVector<Value> before;
  for (int64_t i = 0; i < rows.rows * rows.vectors; ++i)
    before.push_back(k.either(
        k.vectorOf(k.f32()), k.equal(accumulate, k.i64(0)), [&] { return k.splat(0.0); },
        [&] { return k.loadVector(c, k.i64(i * k.lanes)); }));
  SmallVector<Value> sums = k.forReduce(
      k.i64(0), depth, arithmetic::depthStep, before, [&](Value index, ValueRange carried) -> SmallVector<Value> {
        Value aHere = at(k, a, k.mul(index, rows.depthStride)),
              bHere = at(k, b, k.mul(index, rows.stepOfColumns(k.lanes)));
        SmallVector<Value> next;
        for (auto [sum, term] : llvm::zip_equal(carried, multiplyStep(k, rows, aHere, bHere)))
          next.push_back(k.addf(sum, term));
        return next;
      });
  for (auto [i, sum] : llvm::enumerate(sums))
    k.storeVector(sum, c, k.i64(int64_t(i) * k.lanes));
}

void emitSteps(KernelBuilder &k, const MicroKernel &tile, ValueRange arguments) {
  Value a = arguments[0], b = arguments[1], c = arguments[2], depth = arguments[3], accumulate = arguments[4];
  MicroKernel part = tile;
  for (int64_t row = 0; row < tile.rows; row += part.rows) {
    part.rows = std::min(rowsAtOnce(tile, k.target), tile.rows - row);
    emitRows(k, part, at(k, a, row * tile.rowStride), b, at(k, c, row * tile.vectors * k.lanes), depth, accumulate);
  }
}

} // namespace

static std::string nameOf(const MicroKernel &tile, int64_t lanes) { return "hadal.step_kernel." + tile.name(lanes); }

/// Of both functions.
static SmallVector<Type> argumentTypes(KernelBuilder &k) {
  Type pointer = k.pointerType(), integer = k.i64Type();
  return {pointer, pointer, pointer, integer, integer};
}

LLVM::LLVMFuncOp hadal::getFlushedStepKernel(KernelBuilder &k, const MicroKernel &tile) {
  return getFlushedFunction(k, nameOf(tile, k.lanes) + ".flushed", argumentTypes(k),
                            [&](KernelBuilder &inner, ValueRange arguments) { emitSteps(inner, tile, arguments); });
}

LLVM::LLVMFuncOp hadal::getStepKernel(KernelBuilder &outer, const MicroKernel &tile) {
  return getSharedFunction(
      outer, nameOf(tile, outer.lanes), argumentTypes(outer),
      [&](KernelBuilder &k, ValueRange arguments) { callFlushing(k, getFlushedStepKernel(k, tile), arguments); });
}
