//===- KnownTargets.cpp - the targets that programs are built for -------------------------------------------------===//
//
// Figures of boards are NVIDIA's: "H100 Tensor Core GPU Architecture" (the boards' table), the data sheets of H100,
// H200 and GH200. H800 and H20 are the boards for export: an H800 has an H100's multiprocessors behind slower links, an
// H20 fewer multiprocessors, whose tensor cores have a quarter of the rate.
//
// Figures of CPU levels: those of servers that are rented by the core. Bytes per cycle of the second-level cache are
// what Intel's Optimization Reference Manual calls sustained (Haswell 25, Skylake server 48); multiply-adds per cycle
// those of two units of the level's width, of the baseline one multiplication and one addition. What a load costs on a
// GPU are properties of the architecture that its documents do not tell; none of them has been measured here
// (docs/performance/gpu.md). They decide between choices, and nothing else depends on them.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Target/KnownTargets.h"
#include "runtime/include/hadal/gpu_limits.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"

using namespace llvm;
using namespace hadal;

ArrayRef<CPULevel> hadal::getCPULevels() {
  static constexpr CPULevel levels[] = {
      {"x86-64", "any x86-64; 128-bit vectors, fused multiply-adds in f64: right, and slow",
       /*registerLanes=*/4, /*vectorRegisters=*/16, /*l2Bytes=*/256 << 10, /*clock=*/3.0e9, /*memoryBandwidth=*/10e9,
       /*cacheBytesPerCycle=*/25, /*multiplyAddsPerCycle=*/4},
      {"x86-64-v3", "AVX2 and FMA: Intel Haswell, AMD Zen and newer",
       /*registerLanes=*/8, /*vectorRegisters=*/16, /*l2Bytes=*/256 << 10, /*clock=*/3.0e9, /*memoryBandwidth=*/12e9,
       /*cacheBytesPerCycle=*/25, /*multiplyAddsPerCycle=*/16},
      {"x86-64-v4", "AVX-512: Intel Skylake-X, AMD Zen 4 and newer",
       /*registerLanes=*/16, /*vectorRegisters=*/32, /*l2Bytes=*/1 << 20, /*clock=*/3.0e9, /*memoryBandwidth=*/15e9,
       /*cacheBytesPerCycle=*/48, /*multiplyAddsPerCycle=*/32},
  };
  return levels;
}

ArrayRef<GPUArchitecture> hadal::getGPUArchitectures() {
  // PTX 8.0 is the first that knows all instructions of the ptx dialect, 8.1 lets a kernel have more than 4352 bytes of
  // parameters, as the norm of all gradients needs. Drivers of CUDA 12.1 and newer take it.
  static const GPUArchitecture architectures[] = {
      {"sm_90a", "NVIDIA Hopper", "+ptx81", /*available=*/true, /*hasWarpGroupProducts=*/true,
       hadal_find_gpu_limits("sm_90a"), /*threadBytesPerCycle=*/24.0, /*tensorBytesPerCycle=*/32.0,
       /*sharedBytesPerCycle=*/128.0, /*loadLatency=*/600.0, /*blockOverhead=*/2000.0, /*tileOverhead=*/1500.0,
       /*launchOverhead=*/4000.0, /*l2Bytes=*/50 << 20},
      {"sm_80", "NVIDIA Ampere and newer, through mma.sync and cp.async", "", /*available=*/false,
       /*hasWarpGroupProducts=*/false, hadal_find_gpu_limits("sm_80")},
  };
  return architectures;
}

const GPUArchitecture *hadal::findGPUArchitecture(StringRef name) {
  ArrayRef<GPUArchitecture> all = getGPUArchitectures();
  const GPUArchitecture *found = llvm::find_if(all, [&](const GPUArchitecture &known) { return known.name == name; });
  return found == all.end() ? nullptr : found;
}

ArrayRef<GPUBoard> hadal::getGPUBoards() {
  static constexpr GPUBoard boards[] = {
      {"h100-sxm", "sm_90a", "80 GB", 132, 1.755e9, 3.35e12, 2048},
      {"h100-pcie", "sm_90a", "80 GB", 114, 1.62e9, 2.04e12, 2048},
      {"h100-nvl", "sm_90a", "94 GB", 132, 1.70e9, 3.94e12, 2048},
      {"h200", "sm_90a", "141 GB", 132, 1.755e9, 4.8e12, 2048},
      {"gh200", "sm_90a", "96 or 144 GB", 132, 1.755e9, 4.0e12, 2048},
      {"h800", "sm_90a", "80 GB, for export", 132, 1.755e9, 3.35e12, 2048},
      {"h20", "sm_90a", "96 GB, for export", 78, 1.755e9, 4.0e12, 512},
  };
  return boards;
}

const GPUBoard *hadal::findGPUBoard(StringRef name) {
  ArrayRef<GPUBoard> all = getGPUBoards();
  const GPUBoard *found = llvm::find_if(all, [&](const GPUBoard &known) { return known.name == name; });
  return found == all.end() ? nullptr : found;
}

const GPUBoard &hadal::getDefaultBoard(StringRef architecture) {
  return *llvm::find_if(getGPUBoards(), [&](const GPUBoard &board) { return board.architecture == architecture; });
}

void hadal::printTargets(raw_ostream &stream) {
  auto line = [&](StringRef target, StringRef option, StringRef summary) {
    stream << llvm::formatv("{0,-8} {1,-16} {2}\n", target, option, summary);
  };
  line("target", "option", "for");
  for (const CPULevel &level : getCPULevels())
    line("cpu", ("--cpu=" + level.name).str(), level.summary);
  line("cpu", "--cpu=host", "the CPU of this machine (the default)");
  for (const GPUArchitecture &architecture : getGPUArchitectures()) {
    if (!architecture.available)
      line(architecture.name, "", (architecture.summary + " (no lowerings yet)").str());
    for (const GPUBoard &board : getGPUBoards())
      if (board.architecture == architecture.name)
        line(architecture.name, ("--gpu=" + board.name).str(),
             llvm::formatv("{0}, {1} multiprocessors, {2}{3}", architecture.summary, board.multiprocessors,
                           board.summary, &board == &getDefaultBoard(architecture.name) ? " (the default)" : "")
                 .str());
  }
}
