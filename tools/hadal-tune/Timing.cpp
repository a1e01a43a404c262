//===- Timing.cpp - how long a compiled kernel takes --------------------------------------------------------------===//
//
// A region of the team runs a kernel several times: threads take `grain` tasks from a counter until none is left, and
// the barrier behind every step sets the counter back, as runtime/devices/cpu/CpuDevice.cpp does it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-tune/Timing.h"
#include "tools/hadal-check-kernels/Numbers.h"
#include <chrono>
#include <cstring>

using namespace mlir;
using namespace hadal;
using namespace hadal::tune;

KernelBuffers::KernelBuffers(KernelOp kernel, ArrayRef<reference::Tensor> inputs, int64_t workspace) {
  for (auto [type, input] : llvm::zip(kernel.getArgumentTypes(), inputs)) {
    auto tensor = cast<RankedTensorType>(type);
    buffers.emplace_back(check::tensorBytes(tensor), "an operand");
    check::copyIn(input, tensor, buffers.back().data());
  }
  firstResult = buffers.size();
  for (Type type : kernel.getResultTypes())
    buffers.emplace_back(check::tensorBytes(cast<RankedTensorType>(type)), "a result");
  endResult = buffers.size();
  buffers.emplace_back(std::max<int64_t>(workspace, 64), "the workspace");
  for (const Mapping &buffer : buffers)
    addresses.push_back(buffer.data());
}

void KernelBuffers::spoilResults() {
  for (size_t index = firstResult; index < endResult; ++index)
    std::memset(buffers[index].data(), 0xff, buffers[index].size());
}

std::vector<char> KernelBuffers::results() const {
  std::vector<char> bytes;
  for (size_t index = firstResult; index < endResult; ++index) {
    auto *begin = reinterpret_cast<const char *>(buffers[index].data());
    bytes.insert(bytes.end(), begin, begin + buffers[index].size());
  }
  return bytes;
}

namespace {

using Function = void (*)(void *const *arguments, int64_t iteration, int64_t first, int64_t end, void *scratch);

/// One region of the team.
struct TeamRegion {
  ThreadTeam &team;
  const KernelCode &code;
  void *const *arguments;
  const std::vector<Mapping> &scratch;
  int64_t runs;
  alignas(64) std::atomic<int64_t> next = 0;

  void work(unsigned thread) {
    for (int64_t run = 0; run < runs; ++run)
      for (const LaunchStep &step : code.configuration->steps) {
        const StageSpec &stage = code.configuration->stages[step.stage];
        auto function = reinterpret_cast<Function>(code.stages[step.stage]);
        for (int64_t first; (first = next.fetch_add(stage.grain, std::memory_order_relaxed)) < stage.tasks;)
          function(arguments, step.iteration, first, std::min(first + stage.grain, stage.tasks),
                   scratch[thread].data());
        auto reset = [](void *region, unsigned) { static_cast<TeamRegion *>(region)->next = 0; };
        if (!team.barrier(thread, reset, this))
          return;
      }
  }
};

} // namespace

double Stopwatch::time(const KernelCode &code, const KernelBuffers &buffers, int64_t runs) {
  size_t bytes = std::max<int64_t>(code.configuration->scratch, 64);
  if (scratch.empty() || scratch.front().size() < bytes) {
    scratch.clear();
    for (unsigned thread = 0; thread < team.size(); ++thread)
      scratch.emplace_back(bytes, "the scratch of a thread");
  }
  TeamRegion region{team, code, buffers.arguments(), scratch, runs};
  auto begin = std::chrono::steady_clock::now();
  team.run([](void *region, unsigned thread) { static_cast<TeamRegion *>(region)->work(thread); }, &region);
  std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  return seconds.count() / double(runs);
}
