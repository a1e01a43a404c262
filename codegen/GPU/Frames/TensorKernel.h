//===- TensorKernel.h - what kernels for tensor cores are emitted with --------------------------------------------===//
//
// A layer over GPUStage for warp-specialized kernels: 32-bit numbers, tiles and rings of the tile dialect, the place of
// a thread's accumulators in their tile. The usual frame:
//
//   GPUStage stage(builder, kernel, configuration, 0, target, /*lanes=*/2);
//   TensorKernel t(stage);
//   Value ring = t.ring(barrierOffset, stages);
//   t.start({ring}, {{1, 4 * groups}}, stage.maps);       // barriers ready, all threads together
//   t.specialize({{56, 224}}, [&] { t.once([&] { ...loads... }); }, [&](Value group) { ...products, epilogue... });
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_TENSORKERNEL_H
#define HADAL_CODEGEN_GPU_FRAMES_TENSORKERNEL_H

#include "codegen/GPU/Frames/GPUStage.h"
#include "dialect/Tile/Tile.h"

namespace hadal {

constexpr int64_t warpGroupSize = 128;

class TensorKernel {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;
  using Type = mlir::Type;
  using Body = llvm::function_ref<void(Value)>;
  using ReducingBody = llvm::function_ref<llvm::SmallVector<Value>(Value, ValueRange)>;

  explicit TensorKernel(GPUStage &stage);

  GPUStage &stage;
  KernelBuilder &k;
  /// Numbers as i32: of the thread in its block, its warp group, its warp.
  Value thread, groupThread, lane;

  //===- Numbers: i32 -----------------------------------------------------------------------------------------------//
  Value number(int64_t value) { return k.i32(int32_t(value)); }
  Value add(Value a, Value b) { return k.add(a, b); }
  Value add(Value a, int64_t b) { return b == 0 ? a : k.add(a, number(b)); }
  Value sub(Value a, Value b) { return k.sub(a, b); }
  Value mul(Value a, Value b) { return k.mul(a, b); }
  Value mul(Value a, int64_t b) { return b == 1 ? a : k.mul(a, number(b)); }
  Value div(Value a, int64_t b) { return div(a, number(b)); }
  Value rem(Value a, int64_t b) { return rem(a, number(b)); }
  Value div(Value a, Value b);
  Value rem(Value a, Value b);
  Value ceilDiv(Value a, int64_t b) { return div(add(a, b - 1), b); }
  Value min(Value a, Value b) { return k.min(a, b); }
  Value less(Value a, Value b) { return k.less(a, b); }
  Value both(Value a, Value b);
  Value wide(Value value);
  Value yes();

  //===- Control ----------------------------------------------------------------------------------------------------//
  void forLoop(Value begin, Value end, Value step, Body body);
  llvm::SmallVector<Value> forReduce(Value begin, Value end, Value step, ValueRange initial, ReducingBody body);
  /// One lane of the block's first warp runs the body. (In a producer: of its first warp.)
  void once(llvm::function_ref<void()> body);

  //===- Tiles ------------------------------------------------------------------------------------------------------//
  tile::MatrixType matrix(int64_t extent, int64_t depth, bool depthContiguous,
                          ptx::Swizzle swizzle = ptx::Swizzle::Bytes128);
  Value view(tile::MatrixType type, int64_t offset);
  Value ring(int64_t barrierOffset, int64_t stages);
  Value ringTile(Value ring, Value fill, tile::MatrixType type, int64_t offset, int64_t stride);
  void acquire(Value ring, Value fill);
  void expect(Value ring, Value fill, int64_t bytes);
  void load(Value map, ValueRange coordinates, Value tile, Value ring, Value fill, int64_t firstPanel = 0,
            int64_t panels = 0, Value firstRow = {}, Value multicast = {});
  void commit(Value ring, Value fill);
  void wait(Value ring, Value fill);
  /// The first lane of every warp gives the stage back: consumers arrive 4 times a warp group and block.
  void release(Value ring, Value fill, int64_t cluster = 1, Value condition = {});
  Value product(Value a, Value aRow, Value b, Value bColumn, Value accumulator, Value accumulate = {});
  /// Waits for all products but the last `pending` groups.
  void waitProducts(int64_t pending);
  llvm::SmallVector<Value> waitProducts(int64_t pending, ValueRange accumulators);
  Value zeros(int64_t columns);
  Value pack(Value accumulator);
  /// Writes packed accumulators of the warp group into a tile, from a row and a column on.
  void write(Value registers, Value tile, Value row, Value column);
  /// Number i of a vector in registers.
  Value at(Value vector, int64_t i);
  Value fromNumbers(ValueRange numbers, Type element = {});

  //===- Roles ------------------------------------------------------------------------------------------------------//
  /// Makes the barriers, then waits for all threads of the block (of the cluster). `arrivals`: of producers and of
  /// consumers, per ring.
  void start(llvm::ArrayRef<Value> rings, llvm::ArrayRef<std::pair<int64_t, int64_t>> arrivals,
             llvm::ArrayRef<Value> maps);
  /// Registers that a producing and a consuming thread keep; none to leave them as they are.
  using Registers = std::optional<std::pair<int64_t, int64_t>>;
  void specialize(Registers registers, llvm::function_ref<void()> producer,
                  llvm::function_ref<void(Value group)> consumer);
  /// Waits for all blocks of the cluster, when there is one: none may end while another still writes to its memory.
  void finish();

  //===- Accumulators -----------------------------------------------------------------------------------------------//
  /// Row of the group's 64 that numbers 4·j + 2·half belong to, and the column of number 0 of this thread: column of
  /// number 4·j + 2·half + c is that plus 8·j + c.
  Value accumulatorRow(int64_t half);
  Value accumulatorColumn();
};

/// Registers in kernels whose consumers need all that can be had, and whose producer is one thread.
inline TensorKernel::Registers attentionRegisters(int64_t consumers) {
  return consumers == 1 ? TensorKernel::Registers() : std::pair<int64_t, int64_t>(24, 240);
}

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_TENSORKERNEL_H
