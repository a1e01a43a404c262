//===- PlannedStrategies.cpp - the strategies that serve kernels on NVIDIA GPUs -----------------------------------===//
//
// Every kernel can name the strategy that serves it on a GPU, so that no kind is designed for CPUs alone. Selection and
// lowering for GPUs are not written yet: both say so.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Strategies/Strategy.h"

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

void hadal::registerNVPTXStrategies() {
  static const bool registered = [] {
    auto add = [](KernelKind kind, StringRef name) { registerStrategy(std::make_unique<PlannedStrategy>(kind, name)); };
    // Tensor-core products fed by a ring of TMA loads, one warp group loading while others multiply.
    add(KernelKind::Contraction, "wgmma_warp_specialized");
    // Online softmax over wgmma tiles, queries kept in shared memory.
    add(KernelKind::Attention, "wgmma_online_softmax");
    // One block per row (or several short rows), reductions by warp shuffles.
    add(KernelKind::Rowwise, "block_per_row");
    // wgmma over chunks of tokens, the softmax statistics in registers.
    add(KernelKind::Head, "wgmma_token_chunks");
    // Fixed splits over rows, then a combining launch.
    add(KernelKind::Reduction, "fixed_split_two_pass");
    // One warp per token; the sort counts per block and scans.
    add(KernelKind::Routing, "warp_per_token");
    // Grid-stride streaming, vector loads.
    add(KernelKind::Update, "grid_stride");
    return true;
  }();
  (void)registered;
}
