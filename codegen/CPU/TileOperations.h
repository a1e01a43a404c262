//===- TileOperations.h - what AMX does with a tile ---------------------------------------------------------------===//
//
// A tile is 1 KiB: of f32, 16 rows by 16 columns; of bf16, 16 rows of A by 32 of the depth, or 16 pairs of the depth by
// 16 columns of B. Kernels are emitted once, against this interface. What stands behind it is one of two:
//
//   instructions   tileloadd, tdpbf16ps and tilestored, on tile registers; LLVM allocates them, and configures them
//                  once in the function
//   emulation      arithmetic on vectors, and tiles in memory: the same bits on every CPU. It stands in programs, too,
//                  for machines that do not grant the registers
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_TILEOPERATIONS_H
#define HADAL_CODEGEN_CPU_TILEOPERATIONS_H

#include "codegen/CPU/SharedFunctions.h"

namespace hadal {

/// Rows of a tile, bytes of each, and of all.
constexpr int64_t tileRows = 16, tileRowBytes = 64, tileBytes = tileRows * tileRowBytes;

class TileOperations {
public:
  explicit TileOperations(KernelBuilder &k) : k(k) {}
  virtual ~TileOperations() = default;

  /// The tile whose rows lie `stride` bytes apart.
  virtual mlir::Value load(mlir::Value pointer, mlir::Value stride) = 0;
  virtual void store(mlir::Value tile, mlir::Value pointer, mlir::Value stride) = 0;
  /// A tile of zeros.
  virtual mlir::Value zero() = 0;
  /// c + a b, which takes the place of c: that is not used again.
  virtual mlir::Value multiply(mlir::Value c, mlir::Value a, mlir::Value b) = 0;

protected:
  KernelBuilder &k;
};

class TileInstructions final : public TileOperations {
public:
  using TileOperations::TileOperations;
  mlir::Value load(mlir::Value pointer, mlir::Value stride) override;
  void store(mlir::Value tile, mlir::Value pointer, mlir::Value stride) override;
  mlir::Value zero() override;
  mlir::Value multiply(mlir::Value c, mlir::Value a, mlir::Value b) override;
};

/// To be called where denormals are flushed (callFlushing), as the instruction flushes them.
class EmulatedTiles final : public TileOperations {
public:
  using TileOperations::TileOperations;
  mlir::Value load(mlir::Value pointer, mlir::Value stride) override;
  void store(mlir::Value tile, mlir::Value pointer, mlir::Value stride) override;
  mlir::Value zero() override;
  mlir::Value multiply(mlir::Value c, mlir::Value a, mlir::Value b) override;
};

/// Calls the shared function `name`, whose body is emitted against what the target has: instructions, or their
/// emulation. A program for a CPU with AMX has both, since the operating system may refuse the tile registers: the
/// runtime says which (runtime/devices/cpu/Features.cpp), and the bits are the same.
void callOnTiles(KernelBuilder &k, llvm::StringRef name, mlir::ValueRange arguments,
                 llvm::function_ref<void(KernelBuilder &, TileOperations &, mlir::ValueRange)> body);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_TILEOPERATIONS_H
