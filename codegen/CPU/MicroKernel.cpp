//===- MicroKernel.cpp - the register tile of matrix products -----------------------------------------------------===//
//
// For every k: load the row of B (one or a few vectors), broadcast the elements of A's column one after the other from
// memory, and multiply each into its row of accumulators. With rows · vectors + vectors + 1 registers nothing spills;
// with enough accumulators the latency of the multiply-add is hidden.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/MicroKernel.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;

std::string MicroKernel::name(int64_t lanes) const {
  std::string name = llvm::formatv("{0}x{1}.{2}.{3}", rows, vectors * lanes, rowStride, depthStride);
  return columnsStride ? name + "." + std::to_string(columnsStride) : name;
}

SmallVector<Value> hadal::multiplyColumn(KernelBuilder &k, const MicroKernel &tile, Value a, Value b, int64_t depth,
                                         SmallVector<Value> accumulators) {
  SmallVector<Value> rowOfB;
  for (int64_t v = 0; v < tile.vectors; ++v)
    rowOfB.push_back(k.loadVector(b, k.i64(depth * tile.stepOfColumns(k.lanes) + v * k.lanes)));
  for (int64_t r = 0; r < tile.rows; ++r) {
    Value element = k.load(k.f32(), a, k.i64(r * tile.rowStride + depth * tile.depthStride));
    Value broadcast = k.broadcast(element);
    for (int64_t v = 0; v < tile.vectors; ++v) {
      Value &accumulator = accumulators[r * tile.vectors + v];
      accumulator = k.fma(broadcast, rowOfB[v], accumulator);
    }
  }
  return accumulators;
}

LLVM::LLVMFuncOp hadal::getMicroKernel(KernelBuilder &outer, const MicroKernel &tile) {
  std::string name = "hadal.micro_kernel." + tile.name(outer.lanes);
  Type pointer = outer.pointerType(), integer = outer.i64Type();
  return getSharedFunction(
      outer, name, {pointer, pointer, pointer, integer, integer}, [&](KernelBuilder &k, ValueRange arguments) {
        Value a = arguments[0], b = arguments[1], c = arguments[2], depth = arguments[3], accumulate = arguments[4];
        int64_t columns = tile.stepOfColumns(k.lanes);
        SmallVector<Value> zeros(tile.rows * tile.vectors, k.splat(0.0));
        SmallVector<Value> sums = k.forReduce(
            k.i64(0), depth, microKernelUnroll, zeros, [&](Value index, ValueRange carried) -> SmallVector<Value> {
              SmallVector<Value> accumulators = llvm::to_vector(carried);
              Value aHere = at(k, a, k.mul(index, tile.depthStride)), bHere = at(k, b, k.mul(index, columns));
              for (int64_t unrolled = 0; unrolled < microKernelUnroll; ++unrolled)
                accumulators = multiplyColumn(k, tile, aHere, bHere, unrolled, accumulators);
              return accumulators;
            });
        auto forAll = [&](function_ref<void(Value sum, Value offset)> body) {
          for (auto [i, sum] : llvm::enumerate(sums))
            body(sum, k.i64(int64_t(i) * k.lanes));
        };
        k.ifThen(
            k.equal(accumulate, k.i64(0)),
            [&] { forAll([&](Value sum, Value offset) { k.storeVector(sum, c, offset); }); },
            [&] {
              forAll([&](Value sum, Value offset) { k.storeVector(k.addf(sum, k.loadVector(c, offset)), c, offset); });
            });
      });
}
