//===- TensorProduct.h - the frame of every matrix product on tensor cores ----------------------------------------===//
//
// bf16 × bf16, summed in f32, for compute capability 9.0. One launch, one block per multiprocessor. A block's first
// warp group produces: it keeps a ring of stages filled with tiles of A and B. The others consume: each multiplies 64
// rows of A's tile with B's tile, stage by stage, and at the end of the depth hands its sums to the epilogue. The
// producer does not wait for that: it runs ahead into the next tile.
//
// Every block walks over its tiles in the same static order, producer and consumers alike, so nothing is communicated
// but stages, and results do not depend on timing. Tiles go in groups of `group_rows` rows of tiles, column by column
// within, so that tiles worked on at the same time share rows and columns that the second-level cache then holds. With
// a cluster of two, neighbours in the rows load half of B's tile each, for both.
//
// A kernel derives from TensorProduct, says what its operands are and what becomes of the sums, and, where the product
// is not a plain one, how tiles are found and stages filled.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_TENSORPRODUCT_H
#define HADAL_CODEGEN_GPU_FRAMES_TENSORPRODUCT_H

#include "codegen/GPU/Frames/TensorKernel.h"
#include "codegen/Selection/GPU/TensorTiles.h"

namespace hadal {

class TensorProduct {
public:
  using Value = mlir::Value;
  using ValueRange = mlir::ValueRange;

  /// `shape`: of the product, or of one of its products.
  TensorProduct(GPUStage &stage, const TensorTiles &tiles, const ProductShape &shape);
  virtual ~TensorProduct() = default;

  void emit();

protected:
  /// The tile of C that a block works on; numbers are i32.
  struct Place {
    Value row, rowEnd, column; // rows from rowEnd on are not of this product
    Value depthStart, depthEnd, steps;
    Value exists;
    /// Where there are several matrices A or B: which one, as a coordinate of its map (Operand::matrixDimension). Null:
    /// it is one.
    Value lhsMatrix, rhsMatrix;
    /// Rows of memory before this product's C, and columns. Null: none.
    Value rowsBefore, columnsBefore;
  };

  /// A stage's tile of one operand.
  struct Operand {
    tile::MatrixType type;
    int64_t offset = 0;
    /// The tensor map; null when tiles are not loaded by TMA.
    Value map;
    /// Where row 0 of C (column 0, for B) and depth 0 lie in the map. Null: at 0.
    Value extentStart, depthStart;
    /// Which of the map's dimensions numbers the matrices.
    unsigned matrixDimension = 2;
  };

  //===- What kernels may change ------------------------------------------------------------------------------------//

  /// How many tiles of C there are, for all products together, and the tile of a task. `walk` is carried from a block's
  /// task to its next one, from the initial values of startWalk.
  virtual int64_t tasks() const { return tiles.rowTasks * tiles.columnTasks; }
  virtual mlir::SmallVector<Value> startWalk() { return {}; }
  virtual Place findTile(Value task, mlir::SmallVector<Value> &walk);

  /// Arrivals per stage of the producer, its part of the kernel, and the registers of a producing and a consuming
  /// thread.
  virtual int64_t producers() const { return 1; }
  virtual void produce();
  virtual TensorKernel::Registers registers() const;

  /// What consumers load for the epilogue of a tile before they multiply.
  virtual void beginTile(const Place &place, Value groupRow) {}
  /// What consumers do to a stage before they multiply it.
  virtual void prepareStage(const Place &place, Value step, Value fill) {}

  /// Does with the sums of 64 rows, from `groupRow` of the tile on, what the kernel is for.
  virtual void emitEpilogue(const Place &place, Value groupRow, Value sum) = 0;

  //===- What they do it with ---------------------------------------------------------------------------------------//

  /// The tile of a plain product.
  Place findDenseTile(Value task);
  /// Calls `body` for every tile of this block, in order, with values carried from one to the next.
  using TileBody = llvm::function_ref<mlir::SmallVector<Value>(const Place &place, ValueRange carried)>;
  void forTiles(ValueRange initial, TileBody body);

  Value tileOf(const Operand &operand, Value fill) {
    return t.ringTile(ring, fill, operand.type, operand.offset, tiles.stageBytes());
  }
  /// One thread asks TMA for the tiles of a step.
  void loadTiles(const Place &place, Value step, Value fill);

  /// Goes through a thread's sums in pairs of neighbouring columns. `compute` makes of a pair what is stored, a pair
  /// for every target, from its place in C (row, column, element, i64). What lies outside of C is computed from the
  /// nearest element inside, and not stored. Several pairs are computed before the first of them is stored, so that
  /// their loads are under way together.
  struct Pair {
    Value sums, row, column, element;
  };
  using ComputePair = llvm::function_ref<mlir::SmallVector<Value>(const Pair &pair)>;
  void forPairs(const Place &place, Value groupRow, Value sum, llvm::ArrayRef<TypedPointer> targets,
                ComputePair compute);

  /// Stores a panel of C, the warp group's 64 rows of 64 columns from `column` of the tile on, in bf16: `registers` are
  /// the accumulators' pairs, 4·j + 2·half and the next one in number 2·j + half. They pass through shared memory, each
  /// warp's 16 rows for itself, since a thread has 4 bytes here and there of a row and memory wants lines of 128.
  /// C's rows are multiples of 16 bytes.
  void storePanel(const Place &place, Value groupRow, int64_t column, ValueRange registers, Value target);
  /// A pair of f32 or bf16 as the register that holds it in bf16.
  Value packPair(Value pair);

  const TensorTiles tiles;
  const ProductShape shape;
  GPUStage &stage;
  KernelBuilder &k;
  TensorKernel t;
  Operand lhs, rhs;
  /// Elements between rows of C, and whether the columns before a product are whole chunks of 16 bytes in bf16.
  int64_t resultColumns;
  bool columnsAreChunks = true;
  Value zero, one, rank, ring;

private:
  void consume(Value group);
  mlir::SmallVector<mlir::SmallVector<Value>> forBatch(const Place &place, Value groupRow, int64_t half, int64_t begin,
                                                       Value sum, llvm::ArrayRef<TypedPointer> targets,
                                                       ComputePair compute);
  /// C's rows must be multiples of 16 bytes, and its numbers bf16.
  bool isStoredByPanels(const TypedPointer &target) const;
};

/// What TMA is told of a bf16 matrix with rows of `columns` numbers, or of several such matrices one behind the other,
/// cut into boxes of one panel of a tile. Each matrix is an index of a dimension of its own, so that what is outside of
/// it reads as zeros.
TensorMapSpec describeMatrix(unsigned argument, mlir::Type element, int64_t rows, int64_t columns, int64_t boxRows,
                             int64_t matrices = 1);

/// The same of matrices that lie anywhere: `rowStride` elements from row to row, `matrixStride` from one to the next.
/// The smaller stride comes first, as the driver wants them: matrixDimension says where.
struct StridedMatrices {
  int64_t rows, columns, rowStride, matrices, matrixStride;
  unsigned matrixDimension() const { return matrixStride < rowStride ? 1 : 2; }
};
TensorMapSpec describeMatrices(unsigned argument, mlir::Type element, const StridedMatrices &matrices, int64_t boxRows);

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_TENSORPRODUCT_H
