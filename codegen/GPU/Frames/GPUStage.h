//===- GPUStage.h - the frame of a stage on an NVIDIA GPU ---------------------------------------------------------===//
//
// The function of one stage of a kernel in the gpu.module `kernels`, with a KernelBuilder whose insertion point is
// inside it, and what kernels of threads need beyond arithmetic: who this thread is, barriers, sums over a warp or a
// block, and loops that a block's threads share. Kernels for tensor cores use the same frame.
//
// A thread of a kernel that adds y to x, four columns at a time:
//
//   GPUStage stage(builder, kernel, configuration, /*stage=*/0, target);
//   KernelBuilder &k = stage.k;
//   stage.forItems(elements / 4, perThread,
//                  [&](Value item) -> SmallVector<Value> {
//                    Value index = k.mul(item, 4);
//                    return {k.addf(k.loadAligned(k.f32(), k.argument(0), index, 4),
//                                   k.loadAligned(k.f32(), k.argument(1), index, 4))};
//                  },
//                  [&](Value item, ValueRange sum) {
//                    k.storeAligned(sum[0], k.argument(2), k.mul(item, 4), 4);
//                  });
//
// Sums along a row are one tree, however many threads share it (joinLanes). Nothing here depends on how many
// multiprocessors there are.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_GPUSTAGE_H
#define HADAL_CODEGEN_GPU_FRAMES_GPUSTAGE_H

#include "codegen/Emit/KernelBuilder.h"
#include "codegen/Selection/GPU/Threads.h"
#include "dialect/PTX/PTX.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"

namespace hadal {

/// The name of the module that holds every GPU kernel of a program.
constexpr llvm::StringLiteral gpuModuleName = "kernels";

/// The gpu.module `kernels` of the module that the builder's insertion point is in, made when it is not there.
mlir::gpu::GPUModuleOp getKernelModule(mlir::OpBuilder &builder, const TargetDescription &target);

class GPUStage {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

  /// `lanes`: elements of the vectors that a thread handles (see KernelBuilder::lanes).
  GPUStage(mlir::OpBuilder &builder, KernelOp kernel, const KernelConfiguration &configuration, unsigned stage,
           const TargetDescription &target, int64_t lanes = 4);
  ~GPUStage();

  /// A copy: the configuration's own may go.
  const StageSpec spec;
  mlir::LLVM::LLVMFuncOp function;
  KernelBuilder k;
  Value iteration;
  /// The stage's tensor maps, pointers to parameters.
  llvm::SmallVector<Value> maps;

  int64_t threads() const { return spec.threads; }
  int64_t warps() const { return spec.threads / warpSize; }
  /// Numbers as i64: of this thread in its block, of the block in the grid, of the warp in the block, of the thread in
  /// its warp.
  Value thread() const { return threadNumber; }
  Value block() const { return blockNumber; }
  Value warp() const { return warpNumber; }
  Value lane() const { return laneNumber; }

  /// Shared memory of the block, from a byte offset on; StageSpec::sharedMemory must cover it.
  Value shared(int64_t offset);
  /// Waits for all threads of the block, or of the warp; orders their memory accesses.
  void barrier();
  void syncWarp();

  /// The value (f32, f64, i32, i64) of another lane. All lanes of the warp take part.
  Value shuffle(ptx::ShuffleKind kind, Value value, Value lane);
  Value shuffleXor(Value value, int32_t mask) { return shuffle(ptx::ShuffleKind::Xor, value, k.i32(mask)); }

  using Join = llvm::function_ref<Value(Value, Value)>;
  /// A value of every lane joined into one that every lane gets: a butterfly, exact only for a commutative `join`.
  /// `width`: the lanes that are joined with one another, a power of two.
  Value warpReduce(Value value, Join join, int64_t width = warpSize);
  Value warpReduceAdd(Value value);
  Value warpReduceMax(Value value);

  /// The sum (i32) of this lane's value and those of the lanes before it.
  Value warpScanAdd(Value value);

  /// The end of sums and maxima along a row (docs/rationale/arithmetic.md): joins its lanes by halves. The row's
  /// `sharers` threads, a power of two, neighbours in a warp or the whole block, hold vectors of L numbers; accumulator
  /// r of thread t has the lanes from (r sharers + t) L on. `lanes` has the accumulators of each value, a power of two
  /// of them; null ones have met nothing. All the threads get the results. More sharers than a warp use shared memory
  /// from `offset` on, reductionBytes of it, which must not be in use: between two reductions at one place lies a
  /// barrier.
  llvm::SmallVector<Value> joinLanes(llvm::ArrayRef<llvm::SmallVector<Value>> lanes,
                                     llvm::ArrayRef<Reduction> reductions, int64_t sharers, int64_t offset);
  /// The same for a number (f32, f64, i32) of every thread of the block; there is a power of two of them.
  Value blockReduce(Value value, Reduction reduction, int64_t offset) {
    return joinLanes({{value}}, reduction, threads(), offset)[0];
  }
  Value blockReduceAdd(Value value, int64_t offset) { return blockReduce(value, Reduction::Add, offset); }
  Value blockReduceMax(Value value, int64_t offset) { return blockReduce(value, Reduction::Maximum, offset); }

  /// body(i) for i in [begin, end), one thread each: i = begin + thread, then a block further. The body must not wait
  /// for other threads.
  void forThreads(Value begin, Value end, KernelBuilder::Body body);
  void forThreads(int64_t begin, int64_t end, KernelBuilder::Body body) { forThreads(k.i64(begin), k.i64(end), body); }

  /// body(item) for items [0, count), one warp each: item = block * warps + warp. All lanes of a warp run it together.
  void forWarps(int64_t count, KernelBuilder::Body body);
  static int64_t blocksOfWarps(int64_t count, int64_t threads) { return llvm::divideCeil(count, threads / warpSize); }

  /// Spreads items [0, count) over the whole grid, `perThread` to a thread, neighbouring items to neighbouring threads.
  /// All of a thread's items go through `compute` before the first is stored, so that the loads in it are under way
  /// together. Threads that have fewer items compute the last one again, but store only their own.
  using Compute = llvm::function_ref<llvm::SmallVector<Value>(Value item)>;
  using Store = llvm::function_ref<void(Value item, ValueRange values)>;
  void forItems(int64_t count, int64_t perThread, Compute compute, Store store);

private:
  Value join(Value a, Value b, Reduction reduction);
  Value joinHalves(llvm::ArrayRef<Value> values, Reduction reduction);
  llvm::SmallVector<Value> joinWarps(ValueRange values, llvm::ArrayRef<Reduction> reductions, int64_t offset);
  Value joinWarp(Value value, Reduction reduction, int64_t width);

  mlir::OpBuilder::InsertionGuard guard;
  Value threadNumber, blockNumber, warpNumber, laneNumber;
};

/// How many items go to a thread, and the stage whose threads take as many as the configuration shares out: one that is
/// GPUStage::forItems and nothing else.
int64_t chooseItemsPerThread(int64_t items, int64_t mostPerThread, const TargetDescription &target);
void addItemStage(KernelConfiguration &configuration, llvm::StringRef name, int64_t items);

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_GPUSTAGE_H
