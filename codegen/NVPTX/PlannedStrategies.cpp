//===- PlannedStrategies.cpp - strategies for NVIDIA GPUs that are not written yet --------------------------------===//
//
// Every kernel can name the strategy that serves it on a GPU, so that no kind is designed for CPUs alone. These have
// neither selection nor lowering yet, and say so.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/NVPTX/NVPTXStrategies.h"

using namespace mlir;
using namespace hadal;

namespace {

class PlannedStrategy : public KernelStrategy {
public:
  PlannedStrategy(KernelKind kind, StringRef name) : KernelStrategy(TargetKind::NVPTX, kind, name) {}

  bool serves(KernelOp) const override { return true; }
  LogicalResult select(KernelOp, const TargetDescription &, KernelConfiguration &configuration) const override {
    return success();
  }
  LogicalResult lower(KernelOp kernel, const KernelConfiguration &configuration, const TargetDescription &,
                      OpBuilder &) const override {
    return kernel.emitError("the strategy '")
           << getName() << "' for NVIDIA GPUs is not lowered yet: compile the kernel '" << kernel.getSymName()
           << "' for a CPU";
  }
};

} // namespace

void hadal::registerPlannedGPUStrategies() {
  auto add = [](KernelKind kind, StringRef name) { registerStrategy(std::make_unique<PlannedStrategy>(kind, name)); };
  // Tensor-core products fed by a ring of TMA loads, one warp group loading while others multiply.
  add(KernelKind::Contraction, "wgmma_warp_specialized");
  // Online softmax over wgmma tiles, queries kept in shared memory.
  add(KernelKind::Attention, "wgmma_online_softmax");
  // wgmma over chunks of tokens, the softmax statistics in registers.
  add(KernelKind::Head, "wgmma_token_chunks");
}
