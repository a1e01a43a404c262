//===- AnchoredStrategy.h - strategies for kernels of one operation on CPUs ---------------------------------------===//
//
// What codegen/Emit/AnchoredFrame.h needs to know of a CPU: how a task stores, and loops over its share.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_ANCHOREDSTRATEGY_H
#define HADAL_CODEGEN_CPU_ANCHOREDSTRATEGY_H

#include "codegen/Emit/AnchoredFrame.h"

namespace hadal {

/// What a stage of an anchored kernel is emitted with.
class AnchorContext : public AnchorBuffers {
public:
  using Stage = StageFunction;
  static constexpr TargetKind targetKind = TargetKind::CPU;

  AnchorContext(StageFunction &stage, KernelOp kernel, const AnchoredKernel &anchored,
                const KernelConfiguration &configuration)
      : AnchorBuffers(stage.k, kernel, anchored, configuration), stage(stage) {}

  StageFunction &stage;

  /// Stores a vector or a number of a result, what is accumulated added, rounded to what lies in memory; nothing when
  /// nobody wants the result.
  void store(unsigned result, Value value, Value index = {}, Value mask = {});

  /// Loops over items [0, count), `perTask` to a task.
  void forItems(int64_t count, int64_t perTask, llvm::function_ref<void(Value item)> body);
};

/// A strategy for kernels anchored at one kind of operation.
template <typename Anchor> class AnchoredStrategy : public AnchoredFrame<Anchor, AnchorContext> {
  using AnchoredFrame<Anchor, AnchorContext>::AnchoredFrame;
};

/// Rows that one task takes: about 64 Ki elements, but at least 64 tasks when there are so many rows.
int64_t rowsPerTask(int64_t rows, int64_t columns);

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_ANCHOREDSTRATEGY_H
