//===- AttentionStrategy.h - how attention and its gradient are served on CPUs ------------------------------------===//
//
// Both are served twice: with products on register tiles, and those of bf16 factors on the tiles of AMX as well, with
// the same bits. The two ways differ in what they choose and in the blocks that follow from it (AttentionTiles.h),
// which an emitter takes as they are.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_CPU_ATTENTIONSTRATEGY_H
#define HADAL_CODEGEN_CPU_ATTENTIONSTRATEGY_H

#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Selection/CPU/AttentionTiles.h"

namespace hadal {

class AttentionStrategy : public KernelStrategy {
public:
  AttentionStrategy(llvm::StringRef name, bool isGradient, ProductUnit unit)
      : KernelStrategy(TargetKind::CPU, KernelKind::Attention, name), isGradient(isGradient), unit(unit) {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override;
  llvm::SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                       Refusals &refusals) const override;
  mlir::LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                                KernelConfiguration &configuration, EmitError emitError) const override;

protected:
  virtual AttentionWork workOf(const AttentionShape &shape) const = 0;
  /// Adds the stages and the memory that tiles entail.
  virtual void plan(KernelOp kernel, const AttentionShape &shape, const AttentionTiles &tiles,
                    KernelConfiguration &configuration) const = 0;

private:
  bool isGradient;
  ProductUnit unit;
};

} // namespace hadal

#endif // HADAL_CODEGEN_CPU_ATTENTIONSTRATEGY_H
