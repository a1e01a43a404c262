//===- Target.h - what the strategies know of a target ------------------------------------------------------------===//
//
// A target description is made from the names of a target and of a CPU, and answers what selection and lowering ask:
// how wide a vector is, how many vector registers there are, how large the caches are, and what LLVM is to be told. A
// program for a GPU has a CPU as well: the one that its host code runs on, and its kernels too when they are emulated.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_TARGET_TARGET_H
#define HADAL_CODEGEN_TARGET_TARGET_H

#include "codegen/Target/KnownTargets.h"
#include "runtime/include/hadal/gpu_limits.h"
#include "llvm/Support/Error.h"
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class TargetMachine;
} // namespace llvm

namespace hadal {

/// Behind the name of a CPU: emulate AMX.
constexpr llvm::StringLiteral emulatedTilesSuffix = "+emulated-amx";

/// An i32 of the runtime that is not zero where the operating system lets a program use the tile registers of AMX
/// (runtime/devices/cpu/Features.h).
constexpr llvm::StringLiteral tileRegistersSymbol = "hadal_tile_registers";

/// The families of targets that strategies are written for.
enum class TargetKind { CPU, NVPTX };

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
  /// Whether AMX is emulated by vectors, to the same bits: `+emulated-amx` behind the CPU's name.
  bool emulatesTiles = false;
  /// Bytes of the second-level cache of one core: a constant of the CPU's class rather than
  /// of this machine, so that a program does not depend on where it was compiled.
  int64_t l2Bytes = 256 << 10;

  /// Cycles per second, and bytes per second between memory and one core (on a GPU: all of it).
  double clock = 0, memoryBandwidth = 0;
  /// Of one core or multiprocessor: bytes per cycle of the second-level cache; and what only reports hold kernels against,
  /// multiply-adds per cycle of products of f32 and of bf16.
  double cacheBytesPerCycle = 0, multiplyAddsPerCycle = 0, bf16MultiplyAddsPerCycle = 0;

  /// What kernels for a GPU may use; null when they are for the CPU. On a GPU `lanes` counts the f32 that a thread
  /// moves in one access.
  const GPUArchitecture *architecture = nullptr;
  int64_t multiprocessors = 0;
  double tensorProductsPerCycle = 0;

  TargetKind kind() const { return architecture ? TargetKind::NVPTX : TargetKind::CPU; }
  /// The target's name: cpu or the GPU's architecture.
  llvm::StringRef name() const { return architecture ? llvm::StringRef(architecture->name) : llvm::StringRef("cpu"); }
  /// What a block, a cluster and a multiprocessor of the GPU have.
  const hadal_gpu_limits &limits() const { return *architecture->limits; }
  /// Seconds from one launch to the next that are not work.
  double launchSeconds() const { return architecture ? architecture->launchOverhead / clock : cpuLaunchSeconds; }
  /// Bytes at whose multiples the buffers of an arena begin: a cache line on CPUs; on GPUs what the driver's own
  /// allocations have, of which vector accesses need 16 and tensor maps 128.
  int64_t bufferAlignment() const { return architecture ? 256 : 64; }
  bool has(llvm::StringRef feature) const;
  /// Whether kernels may be made of AMX's products of bf16, as instructions or emulated.
  bool hasTiles() const { return emulatesTiles || (has("amx-tile") && has("amx-bf16")); }

  /// The description of a target by its name, with host code for the CPU of that name (see forCPU), and of a GPU with
  /// the sizes of a board (empty: the default one). The error of an unknown name lists the known ones.
  static llvm::Expected<TargetDescription> forTarget(llvm::StringRef target, llvm::StringRef cpu,
                                                     llvm::StringRef board = "");

  /// Takes a GPU to have so many multiprocessors: parts of one, and boards that have fewer. An error for a CPU.
  llvm::Error setMultiprocessors(int64_t count);

  /// The description of an x86 CPU: `host`, or any name that LLVM knows (x86-64-v2, x86-64-v3, x86-64-v4, haswell,
  /// skylake-avx512, sapphirerapids, znver4, ...). The error of an unknown name lists names that are close to it. With
  /// `+emulated-amx` behind the name kernels are those for AMX, and no AMX is needed.
  static llvm::Expected<TargetDescription> forCPU(llvm::StringRef name);

  /// LLVM's machine for this target, for position-independent code.
  llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createTargetMachine() const;
};

} // namespace hadal

#endif // HADAL_CODEGEN_TARGET_TARGET_H
