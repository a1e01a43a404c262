//===- KnownTargets.h - the targets that programs are built for ---------------------------------------------------===//
//
// One table of CPUs and GPUs. A row says what a strategy may use and how much of it there is; no limit of a processor
// stands anywhere else (what the runtime checks of a launch as well stands in runtime/include/hadal/gpu_limits.h, which
// the rows here are filled from).
//
// A GPU is named twice: by its architecture ("sm_90a"), for which code is made, and by its board ("h200"), for which
// sizes are chosen. A program for one board runs on every other of the architecture; only choices differ, and no bit of
// a result (docs/rationale/arithmetic.md).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_TARGET_KNOWNTARGETS_H
#define HADAL_CODEGEN_TARGET_KNOWNTARGETS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/raw_ostream.h"

struct hadal_gpu_limits;

namespace hadal {

/// A level of x86 CPUs whose kernels differ: what `--cpu` is usually given. Any other name that LLVM knows is taken as
/// well, and is of one of these levels.
struct CPULevel {
  llvm::StringLiteral name, summary;
  /// f32 lanes of a vector register, and how many of these there are.
  int64_t registerLanes, vectorRegisters;
  /// Bytes of the second-level cache of one core.
  int64_t l2Bytes;
  /// Cycles per second under vector work, and bytes per second between one core and memory: those of a common server
  /// of the level, so that choices do not depend on where a program is compiled.
  double clock, memoryBandwidth;
  /// Bytes per cycle between a core and its second-level cache, and multiply-adds of f32 that a core makes in a cycle
  /// (only reports hang on these).
  double cacheBytesPerCycle, multiplyAddsPerCycle;
};
/// The levels, each a superset of the one before.
llvm::ArrayRef<CPULevel> getCPULevels();

/// Multiply-adds of bf16 that a core with AMX makes in a cycle: 16 × 16 × 32 of a TDPBF16PS every 16 cycles.
constexpr double amxMultiplyAddsPerCycle = 512;
/// Multiply-adds of f32 that the threads of a multiprocessor make in a cycle.
constexpr double multiprocessorLanes = 128;

/// Threads of a team for which choices on CPUs are made. More threads than this still help, fewer lose little.
constexpr int64_t modelledCores = 8;
/// Seconds from one launch on a CPU to the next that is not work: a fork and a join.
constexpr double cpuLaunchSeconds = 0.5e-6;

/// AMX: cycles from one product of two tiles of bf16 to the next, and of a load and a store of a tile.
constexpr double tileProductCycles = 16, tileLoadCycles = 8, tileStoreCycles = 16;

/// An architecture of GPUs: the instructions that its kernels may use.
struct GPUArchitecture {
  llvm::StringLiteral name, summary;
  /// LLVM's name of the version of PTX that its kernels are written in.
  llvm::StringLiteral ptxFeature;
  /// Whether there are lowerings for it.
  bool available = false;
  /// wgmma on tensor cores, fed by the tensor memory accelerator.
  bool hasWarpGroupProducts = false;
  /// What a block, a cluster and a multiprocessor have.
  const hadal_gpu_limits *limits = nullptr;
  /// Bytes per cycle that a multiprocessor gets from the second-level cache, by its threads and by the tensor memory
  /// accelerator; bytes per cycle of its shared memory.
  double threadBytesPerCycle = 0, tensorBytesPerCycle = 0, sharedBytesPerCycle = 0;
  /// Cycles until a load from the second-level cache arrives; of a block before its first and after its last step; of a
  /// tile on tensor cores before its first step; from one launch to the next.
  double loadLatency = 0, blockOverhead = 0, tileOverhead = 0, launchOverhead = 0;
  /// Bytes of the second-level cache, which all multiprocessors share.
  int64_t l2Bytes = 0;
};
llvm::ArrayRef<GPUArchitecture> getGPUArchitectures();
/// The architecture of that name, or null.
const GPUArchitecture *findGPUArchitecture(llvm::StringRef name);

/// A GPU as it is sold.
struct GPUBoard {
  llvm::StringLiteral name, architecture, summary;
  int64_t multiprocessors;
  /// Cycles per second, bytes per second between the GPU and its memory.
  double clock, memoryBandwidth;
  /// Products and sums of bf16 that the tensor cores of a multiprocessor make in a cycle.
  double tensorProductsPerCycle;
};
/// The boards; the first of an architecture is the one that sizes are chosen for where none is named.
llvm::ArrayRef<GPUBoard> getGPUBoards();
const GPUBoard *findGPUBoard(llvm::StringRef name);
const GPUBoard &getDefaultBoard(llvm::StringRef architecture);

/// A line for every level of CPU and for every board.
void printTargets(llvm::raw_ostream &stream);

} // namespace hadal

#endif // HADAL_CODEGEN_TARGET_KNOWNTARGETS_H
