//===- Target.h - what the strategies know of a target ------------------------------------------------------------===//
//
// A target description is made from the names of a target and of a CPU, and answers what selection and lowering ask:
// how wide a vector is, how many vector registers there are, how large the caches are, and what LLVM is to be told. A
// program for a GPU has a CPU as well: the one that its host code runs on, and its kernels too when they are emulated.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_STRATEGIES_TARGET_H
#define HADAL_CODEGEN_STRATEGIES_TARGET_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace hadal {

/// The families of targets that strategies are written for.
enum class TargetKind { CPU, NVPTX };
llvm::StringRef stringifyTargetKind(TargetKind target);

/// A name that --target takes.
struct KnownTarget {
  llvm::StringLiteral name, summary;
  /// Whether there are lowerings for it.
  bool available;
};
llvm::ArrayRef<KnownTarget> getKnownTargets();

/// The multiprocessors of the GPU that kernels are made for where nothing else is said: those of an H100 SXM.
constexpr int64_t defaultMultiprocessors = 132;

struct TargetDescription {
  /// The LLVM triple that code is generated for.
  std::string triple;
  /// LLVM's name of the CPU: what scheduling is tuned for, and what the program says it was compiled for.
  std::string cpu;
  /// LLVM's feature string, "+avx2,-avx512f,...": complete, so it holds even where LLVM names the host wrongly.
  std::string features;
  /// The instruction sets beyond x86-64's baseline that generated code may use, in LLVM's names: the runtime refuses to
  /// run the program where one is missing.
  std::vector<std::string> required;

  /// f32 lanes of a vector as kernels are written: 16 on every CPU, since sums along a row have 16 lanes
  /// (docs/rationale/arithmetic.md).
  int64_t lanes = 16;
  /// f32 lanes of a vector register: 16 with AVX-512, 8 with AVX2 and FMA, 4 otherwise. LLVM cuts vectors to these.
  int64_t registerLanes = 4;
  int64_t vectorRegisters = 16;
  /// Whether a fused multiply-add is one instruction; elsewhere it is computed in f64, to the same bits.
  bool fma = false;
  /// Bytes of cache of one core, and of the last level's share of one core: constants of the CPU's class rather than
  /// of this machine, so that a program does not depend on where it was compiled.
  int64_t l1Bytes = 32 << 10, l2Bytes = 256 << 10, l3Bytes = 1 << 20;

  /// LLVM's name of the GPU, "sm_90a", or "" when the kernels are for the CPU. On a GPU `lanes` counts the f32 that a
  /// thread moves in one access.
  std::string gpu;
  int64_t multiprocessors = 0;
  /// Bytes of shared memory that one block may ask for, and of the second-level cache.
  int64_t sharedMemoryPerBlock = 0, gpuL2Bytes = 0;

  TargetKind kind() const { return gpu.empty() ? TargetKind::CPU : TargetKind::NVPTX; }
  /// The target's name: cpu or the GPU.
  llvm::StringRef name() const { return gpu.empty() ? llvm::StringRef("cpu") : llvm::StringRef(gpu); }
  /// Bytes at whose multiples the buffers of an arena begin: a cache line on CPUs; on GPUs what the driver's own
  /// allocations have, of which vector accesses need 16 and tensor maps 128.
  int64_t bufferAlignment() const { return gpu.empty() ? 64 : 256; }
  bool has(llvm::StringRef feature) const;

  /// The description of a target by its name, with host code for the CPU of that name (see forCPU). The error of an
  /// unknown target lists the known ones.
  static llvm::Expected<TargetDescription> forTarget(llvm::StringRef target, llvm::StringRef cpu);

  /// Takes a GPU to have so many multiprocessors: parts of one, and boards that have fewer. An error for a CPU.
  llvm::Error setMultiprocessors(int64_t count);

  /// The description of an x86 CPU: `host`, or any name that LLVM knows (x86-64-v2, x86-64-v3, x86-64-v4, haswell,
  /// skylake-avx512, sapphirerapids, znver4, ...). The error of an unknown name lists names that are close to it.
  static llvm::Expected<TargetDescription> forCPU(llvm::StringRef name);

  /// LLVM's machine for this target, for position-independent code.
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createTargetMachine() const;
};

} // namespace hadal

#endif // HADAL_CODEGEN_STRATEGIES_TARGET_H
