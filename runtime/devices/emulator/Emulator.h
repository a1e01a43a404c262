// Runs generated GPU kernels on the CPU. A kernel is a host function that is called once per CUDA thread; whatever it
// does beyond arithmetic (barriers, shuffles, TMA, wgmma, accesses to memory) it does through the calls in calls.h.
//
// What is asynchronous on a GPU happens as late as the GPU may do it: a TMA load delivers when a thread sees its
// mbarrier's phase complete, a wgmma computes when its group is waited for, a TMA store reads shared memory when
// somebody waits for that. So a kernel that waits for the wrong thing computes the wrong numbers here too, and most
// mistakes of this kind are reported before that: see docs/debugging.md, "A GPU kernel without a GPU".
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_EMULATOR_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_EMULATOR_H

#include "runtime/devices/cpu/ThreadTeam.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace hadal::emulator {

/// What cuTensorMapEncodeTiled is told of a tensor in global memory. A kernel's parameter for a tensor map points to
/// one of these.
struct TensorMap {
  std::byte *data = nullptr;
  uint32_t elementBytes = 0;
  uint32_t rank = 0;
  /// Elements, the fastest dimension first.
  int64_t sizes[5] = {};
  /// Bytes between neighbours along dimension i; that of dimension 0 is not looked at.
  int64_t strides[5] = {};
  uint32_t box[5] = {};
  /// 0: none, 1: 32 bytes, 2: 64, 3: 128 (ptx::Swizzle).
  uint32_t swizzle = 0;
};

/// Memory that the kernel may touch: its operands, results, workspace, or a whole arena.
struct GlobalBuffer {
  const void *begin = nullptr;
  size_t bytes = 0;
  bool writable = true;
  /// Appears in messages: "result 0".
  const char *name = "";
};

using KernelFunction = void (*)(void *const *arguments, int64_t iteration, const void *const *maps);

struct LaunchConfiguration {
  const char *name = "";
  /// A multiple of `cluster`.
  int64_t blocks = 1;
  /// A multiple of 32 up to 1024.
  int64_t threads = 32;
  int64_t cluster = 1;
  /// Of dynamic shared memory per block.
  int64_t sharedBytes = 0;
  /// All global memory that the kernel may access. They do not overlap.
  std::span<const GlobalBuffer> buffers = {};
  /// Zero: clusters and threads run in order. Otherwise in an order that this seed shuffles: a correct kernel computes
  /// the same bits.
  uint64_t order = 0;
};

class Worker;

class Emulator {
public:
  /// Clusters are distributed over the threads of the team.
  explicit Emulator(ThreadTeam &team);
  ~Emulator();

  /// Runs a kernel to its end. Returns the message of the fault that ended it (one line, without a prefix), or nothing.
  [[nodiscard]] std::string launch(KernelFunction function, const LaunchConfiguration &configuration,
                                   void *const *arguments, int64_t iteration, std::span<const TensorMap> maps);

private:
  ThreadTeam &team;
  std::vector<std::unique_ptr<Worker>> workers;
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_EMULATOR_H
