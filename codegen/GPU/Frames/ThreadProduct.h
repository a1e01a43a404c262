//===- ThreadProduct.h - a block of a matrix product by plain threads of a GPU ------------------------------------===//
//
// Emits C += A B for one block of threads: what a contraction does once, and what attention and the head do in the
// middle of theirs. Operands of f32 or bf16 come from global memory, or lie in shared memory already; multiplications
// and sums are those of f32.
//
// The frame: threads form a grid over the tile of C, and each holds threadRows × threadColumns numbers of it as vectors
// of four neighbours in a row. The depth is walked in steps. While the threads multiply one step out of shared memory,
// the next one is on its way from global memory into registers, and goes into the other of two buffers.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_THREADPRODUCT_H
#define HADAL_CODEGEN_GPU_FRAMES_THREADPRODUCT_H

#include "codegen/Emit/KernelBuilder.h"
#include "codegen/Selection/GPU/ThreadTiles.h"
#include <functional>

namespace hadal {

/// A tile in shared memory, as f32: number (depth, position) is element depth · stride + position.
struct SharedTile {
  mlir::Value base;
  int64_t stride = 0;
};

/// The address of an element in shared or global memory; keeps the pointer's address space.
mlir::Value elementAddress(KernelBuilder &k, mlir::Value pointer, mlir::Value index, mlir::Type element);
/// Loads and stores of numbers that may be narrower in memory: f32 in registers, aligned to the whole vector.
mlir::Value loadAsF32(KernelBuilder &k, mlir::Value pointer, mlir::Type element, int64_t count);
void storeF32(KernelBuilder &k, mlir::Value value, mlir::Value pointer, mlir::Type element);
/// Waits for all threads of the block.
void emitBarrier(KernelBuilder &k, int64_t threads);

/// The threads of a block as a grid of rows × columns. A warp covers `laneColumns` columns of it.
class ThreadGrid {
public:
  ThreadGrid(KernelBuilder &k, mlir::Value thread, int64_t rows, int64_t columns, int64_t laneColumns);
  /// The grid of a tile of C, whose warps cover about as many rows as columns.
  ThreadGrid(KernelBuilder &k, mlir::Value thread, const ThreadTiles &tiles);

  int64_t threads() const { return rows * columns; }
  /// The first of four neighbouring rows (or columns) of the tile that belong to this thread.
  mlir::Value firstRow(int64_t piece) const { return k.add(k.mul(row, threadVector), piece * rows * threadVector); }
  mlir::Value firstColumn(int64_t piece) const {
    return k.add(k.mul(column, threadVector), piece * columns * threadVector);
  }

  KernelBuilder &k;
  /// The number of the thread in its block, and its place.
  mlir::Value thread, row, column;
  const int64_t rows, columns;
};

/// One side of a product in global memory, from the first row (of A) or column (of B) of the tile on. Its numbers are
/// loaded `vector` at a time, along the depth or along the tile.
struct TileSource {
  mlir::Type element;
  bool depthContiguous = true;
  /// 4 where the row length and the start allow aligned vectors, else 1.
  int64_t vector = 1;
  /// Positions of the tile that exist, at least 1 and a multiple of `vector` where that lies along the tile. Null: all.
  mlir::Value extent;
  /// What is computed once for a position of the tile, and the address of the number at a depth. The depth may be 0
  /// even when there is none, and must then be an address that can be read.
  std::function<llvm::SmallVector<mlir::Value>(mlir::Value position)> prepare;
  std::function<mlir::Value(mlir::ValueRange prepared, mlir::Value depth)> address;
  /// What stands beyond the end of the depth.
  double padding = 0.0;
  /// Whether there is a number at a depth; zeros stand for those that are missing, and their addresses can be read
  /// nevertheless. Null: all are there.
  std::function<mlir::Value(mlir::ValueRange prepared, mlir::Value depth)> exists = {};
};

/// A matrix in memory with rows `columns` elements apart, of which the tile begins at `base`.
TileSource matrixSource(KernelBuilder &k, mlir::Value base, mlir::Type element, mlir::Value rowStride,
                        bool depthContiguous, int64_t vector, mlir::Value extent);

/// How deep a product is: a number, or one that is known at run time and at most that.
struct ProductDepth {
  int64_t fixed = 0;
  mlir::Value dynamic = {};
  mlir::Value value(KernelBuilder &k) const { return dynamic ? dynamic : k.i64(fixed); }
};

/// Moves tiles of `length` × `depth` from a source to shared memory.
class TileLoader {
public:
  TileLoader(KernelBuilder &k, const TileSource &source, mlir::Value thread, int64_t threads, int64_t length,
             int64_t depth);
  /// This thread's numbers of the tile that begins at a depth; zero beyond the end of the depth.
  llvm::SmallVector<mlir::Value> load(mlir::Value firstDepth, const ProductDepth &end);
  void store(mlir::ValueRange values, const SharedTile &to);
  /// Numbers or vectors that load returns.
  size_t size() const { return units.size(); }

private:
  struct Unit {
    mlir::Value position, depth, exists;
    llvm::SmallVector<mlir::Value> prepared;
  };
  KernelBuilder &k;
  TileSource source;
  int64_t depth;
  llvm::SmallVector<Unit> units;
};

/// One side of a product: in shared memory with its whole depth (a multiple of the step), or streamed.
struct ProductOperand {
  SharedTile resident;
  TileSource source;
  ProductOperand(const SharedTile &tile) : resident(tile) {}
  ProductOperand(const TileSource &source) : source(source) {}
  bool isResident() const { return bool(resident.base); }
};

/// Numbers of C that a thread holds: `rows` × `columns` of them, as vectors of four along a row.
struct ThreadShare {
  int64_t rows, columns;
  int64_t vectors() const { return rows * columns / threadVector; }
  int64_t index(int64_t row, int64_t piece) const { return row * (columns / threadVector) + piece; }
};

/// Vectors of zeros for a share.
llvm::SmallVector<mlir::Value> zeroAccumulators(KernelBuilder &k, const ThreadShare &share);

/// Whether a row of a thread's share (0, 1, ...) takes part in a depth of a product. Where it does not, its sums stay
/// as they are: a factor of zero would not do that to a NaN.
using TakesPart = std::function<mlir::Value(int64_t row, mlir::Value depth)>;

/// Adds the product of a tile to the accumulators. All threads of the block take part; the buffers at `stage` hold
/// stagedBytes. The first thing done is a barrier, so earlier reads of the buffers need none.
llvm::SmallVector<mlir::Value> emitThreadProduct(const ThreadGrid &grid, const ThreadShare &share, int64_t depthStep,
                                                 const ProductOperand &lhs, const ProductOperand &rhs,
                                                 const ProductDepth &depth, mlir::Value stage,
                                                 llvm::SmallVector<mlir::Value> accumulators,
                                                 const TakesPart &takesPart = {});

/// A whole product for one block of threads: multiplies, and visits every number of the block of C that lies within the
/// extents, `lanes` (1 or 4) neighbours at a time. `shared` has ThreadTiles::sharedBytes. The depth is cut into blocks
/// of arithmetic::depthBlock, from its depth 0 on: a chain of multiply-adds in each, the blocks' sums added in order.
/// `start`: what the first block is added to, of `lanes` numbers of C (null: to nothing).
using StartOfSums = llvm::function_ref<mlir::Value(mlir::Value row, mlir::Value column)>;
void emitTiledProduct(KernelBuilder &k, mlir::Value thread, const ThreadTiles &tiles, const TileSource &lhs,
                      const TileSource &rhs, const ProductDepth &depth, mlir::Value shared, int64_t lanes,
                      mlir::Value rowExtent, mlir::Value columnExtent,
                      llvm::function_ref<void(mlir::Value row, mlir::Value column, mlir::Value vector)> body,
                      StartOfSums start = {});

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_THREADPRODUCT_H
