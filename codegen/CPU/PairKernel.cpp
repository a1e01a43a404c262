//===- PairKernel.cpp - the register tile of products whose B lies in pairs of bf16 -------------------------------===//
//
// The arithmetic is that of StepKernel.cpp. B lies in panels of 16 columns through the whole depth, as AMX reads it: a
// vector holds two neighbours along the depth for each of the columns, which a shift and a mask take apart. So B takes
// half the memory of panels of f32 and need not be packed, which is what counts where few rows meet each weight: the
// token or the few tokens that are generated in a step.
//
// A tile is some rows by some panels. Of one row it is as wide as registers allow, so that enough chains are under way
// and that memory is asked for in many places at once. C stays in registers beside both chains where it fits, and else
// lies in memory.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/FlushedCalls.h"
#include "codegen/CPU/MicroKernel.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Pairs of the depth for each turn of a step's loop.
constexpr int64_t pairsPerTurn = 4;
static_assert(arithmetic::depthStep % (2 * pairsPerTurn) == 0);

bool keepsSums(const MicroKernel &tile, const TargetDescription &target) {
  int64_t registersOfVector = target.lanes / target.registerLanes;
  return (3 * tile.rows * tile.vectors + 1) * registersOfVector + 2 <= target.vectorRegisters;
}

class PairEmitter {
public:
  PairEmitter(KernelBuilder &k, const MicroKernel &tile, ValueRange arguments)
      : k(k), tile(tile), a(arguments[0]), b(arguments[1]), c(arguments[2]), depth(arguments[3]),
        accumulate(arguments[4]), panelNumbers(arguments[5]) {}

  void emit() {
    k.ifThen(k.equal(accumulate, k.i64(0)), [&] { storeSums(SmallVector<Value>(count(), k.splat(0.0))); });
    if (!keepsSums(tile, k.target))
      return k.forLoop(k.i64(0), depth, arithmetic::depthStep,
                       [&](Value index) { storeSums(add(loadSums(), multiplyStep(index))); });
    SmallVector<Value> before = loadSums();
    storeSums(k.forReduce(k.i64(0), depth, arithmetic::depthStep, before,
                          [&](Value index, ValueRange sums) { return add(sums, multiplyStep(index)); }));
  }

private:
  size_t count() const { return size_t(tile.rows * tile.vectors); }

  SmallVector<Value> loadSums() {
    SmallVector<Value> sums;
    for (size_t i = 0; i < count(); ++i)
      sums.push_back(k.loadVector(c, k.i64(int64_t(i) * k.lanes)));
    return sums;
  }
  void storeSums(ValueRange sums) {
    for (auto [i, sum] : llvm::enumerate(sums))
      k.storeVector(sum, c, k.i64(int64_t(i) * k.lanes));
  }
  SmallVector<Value> add(ValueRange sums, ValueRange terms) {
    SmallVector<Value> result;
    for (auto [sum, term] : llvm::zip_equal(sums, terms))
      result.push_back(k.addf(sum, term));
    return result;
  }

  /// What the step from depth `index` on adds: for every vector of the tile, even + odd.
  SmallVector<Value> multiplyStep(Value index) {
    SmallVector<Value> zeros(2 * count(), k.splat(0.0));
    SmallVector<Value> chains = k.forReduce(index, k.add(index, arithmetic::depthStep), 2 * pairsPerTurn, zeros,
                                            [&](Value turn, ValueRange carried) -> SmallVector<Value> {
                                              SmallVector<Value> next = llvm::to_vector(carried);
                                              Value aHere = at(k, a, k.mul(turn, tile.depthStride));
                                              for (int64_t pair = 0; pair < pairsPerTurn; ++pair)
                                                multiplyPair(aHere, turn, pair, next);
                                              return next;
                                            });
    return add(ArrayRef(chains).take_front(count()), ArrayRef(chains).drop_front(count()));
  }

  void multiplyPair(Value aHere, Value turn, int64_t pair, MutableArrayRef<Value> chains) {
    for (int64_t v = 0; v < tile.vectors; ++v) {
      // A pair of 16 columns is as long as 16 numbers of f32.
      Value place = k.add(k.mul(panelNumbers, v), k.add(k.mul(turn, k.lanes / 2), pair * k.lanes));
      Value both = k.loadVector(b, place, {}, k.i32());
      for (int64_t parity = 0; parity < 2; ++parity) {
        Value rowOfB = takePairsApart(k, both, parity);
        for (int64_t row = 0; row < tile.rows; ++row) {
          Value element = k.load(k.f32(), aHere, k.i64(row * tile.rowStride + (2 * pair + parity) * tile.depthStride));
          Value &chain = chains[parity * int64_t(count()) + row * tile.vectors + v];
          chain = k.fma(k.broadcast(element), rowOfB, chain);
        }
      }
    }
  }

  KernelBuilder &k;
  const MicroKernel &tile;
  Value a, b, c, depth, accumulate, panelNumbers;
};

} // namespace

LLVM::LLVMFuncOp hadal::getPairKernel(KernelBuilder &outer, const MicroKernel &tile) {
  std::string name = llvm::formatv("hadal.pair_kernel.{0}x{1}.{2}.{3}", tile.rows, tile.vectors * outer.lanes,
                                   tile.rowStride, tile.depthStride);
  Type pointer = outer.pointerType(), integer = outer.i64Type();
  SmallVector<Type> types{pointer, pointer, pointer, integer, integer, integer};
  return getSharedFunction(outer, name, types, [&](KernelBuilder &k, ValueRange arguments) {
    auto flushed = getFlushedFunction(k, name + ".flushed", types, [&](KernelBuilder &inner, ValueRange values) {
      PairEmitter(inner, tile, values).emit();
    });
    callFlushing(k, flushed, arguments);
  });
}
