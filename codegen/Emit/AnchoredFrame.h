//===- AnchoredFrame.h - the frame of strategies for kernels of one operation -------------------------------------===//
//
// A kernel of one operation is read once (codegen/Anatomy/AnchoredKernel.h); a strategy for it says which stages there
// are and emits each. The frame is the same on every target. What differs, how a stage begins and how it stores, is the
// target's context: a class on AnchorBuffers with
//
//   using Stage = ...;                               made from (builder, kernel, configuration, number, target)
//   static constexpr TargetKind targetKind = ...;
//   Context(Stage &, KernelOp, const AnchoredKernel &, const KernelConfiguration &);
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_ANCHOREDFRAME_H
#define HADAL_CODEGEN_EMIT_ANCHOREDFRAME_H

#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Emit/Accumulation.h"

namespace hadal {

/// The buffers of an anchored kernel, as a stage of either target sees them.
class AnchorBuffers {
public:
  using Value = mlir::Value;
  AnchorBuffers(KernelBuilder &k, KernelOp kernel, const AnchoredKernel &anchored,
                const KernelConfiguration &configuration)
      : k(k), configuration(configuration), kernel(kernel), anchored(anchored) {
    for (const Accumulated &accumulated : anchored.accumulated)
      accumulations.emplace_back(k, accumulated);
  }

  KernelBuilder &k;
  const KernelConfiguration &configuration;

  /// The buffer of an operand of the anchor, and the same as numbers that are f32 or widened to it when loaded.
  Value operand(unsigned index) { return k.argument(anchored.operands[index]); }
  TypedPointer numbers(unsigned index) { return k.typedArgument(kernel, anchored.operands[index]); }
  bool hasResult(unsigned index) const { return anchored.results[index] >= 0; }
  /// What is added to a result of the anchor, and its buffer.
  const Accumulation &accumulation(unsigned index) const { return accumulations[index]; }
  Value accumulatedOperand(unsigned index) { return k.argument(accumulations[index].argument()); }
  /// The buffer of a result of the anchor.
  Value result(unsigned index) { return k.argument(kernel.getNumArguments() + anchored.results[index]); }
  /// The copies that are made of results, and their buffers.
  llvm::ArrayRef<AnchoredKernel::Copy> copies() const { return anchored.copies; }
  Value copy(const AnchoredKernel::Copy &copy) { return k.argument(kernel.getNumArguments() + copy.result); }
  mlir::RankedTensorType copyType(const AnchoredKernel::Copy &copy) {
    return mlir::cast<mlir::RankedTensorType>(kernel.getResultTypes()[copy.result]);
  }
  /// A result of floating-point type as numbers that are rounded, where memory is narrower than f32, when stored.
  TypedPointer resultNumbers(unsigned index) {
    return k.typedArgument(kernel, kernel.getNumArguments() + anchored.results[index]);
  }
  Value workspace() { return k.argument(kernel.getNumArguments() + kernel.getNumResults()); }

private:
  KernelOp kernel;
  const AnchoredKernel &anchored;
  llvm::SmallVector<Accumulation> accumulations;
};

/// A strategy for kernels anchored at one kind of operation.
template <typename Anchor, typename Context> class AnchoredFrame : public KernelStrategy {
public:
  AnchoredFrame(KernelKind kind, llvm::StringRef name, arithmetic::SumOrder order = arithmetic::SumOrder::DepthBlocks)
      : KernelStrategy(Context::targetKind, kind, name, order) {}

  bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const override {
    if (!anatomy.anchored() || !mlir::isa<Anchor>(anatomy.anchored()->anchor))
      return false;
    if (!anatomy.anchored()->copies.empty() && !servesCopies(*anatomy.anchored(), anatomy.kernel(), refusals))
      return false;
    return servesAnchor(mlir::cast<Anchor>(anatomy.anchored()->anchor), refusals);
  }
  llvm::SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                       Refusals &) const override {
    return proposeFor(mlir::cast<Anchor>(anatomy.anchored()->anchor), anatomy.kernel(), target);
  }
  mlir::LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                                KernelConfiguration &configuration, EmitError emitError) const override {
    auto op = mlir::cast<Anchor>(anatomy.anchored()->anchor);
    if (mlir::failed(checkChoice(op, target, configuration, emitError)))
      return mlir::failure();
    plan(op, target, configuration);
    return mlir::success();
  }
  mlir::LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                            const TargetDescription &target, mlir::OpBuilder &builder) const override {
    for (unsigned number = 0; number < configuration.stages.size(); ++number) {
      typename Context::Stage stage(builder, anatomy.kernel(), configuration, number, target);
      Context context(stage, anatomy.kernel(), *anatomy.anchored(), configuration);
      emitStage(mlir::cast<Anchor>(anatomy.anchored()->anchor), number, context);
    }
    return mlir::success();
  }

protected:
  /// How many of the kernel's items a worker takes, unless told otherwise, and at most.
  struct Share {
    int64_t preferred, most;
  };
  /// Nothing where there is nothing to choose.
  virtual std::optional<Share> share(Anchor op, const TargetDescription &target) const { return std::nullopt; }
  /// Whether the strategy is for a kernel that copies results; else the reason is noted.
  virtual bool servesCopies(const AnchoredKernel &anchored, KernelOp kernel, Refusals &refusals) const {
    return mlir::succeeded(refusals.add(anchored.anchor, "has a result that is copied, rounded or packed, which its "
                                                         "kernel does not do here"));
  }
  /// Whether the strategy is for such an operation; else the reason is noted.
  virtual bool servesAnchor(Anchor, Refusals &) const { return true; }
  /// What it could choose: the preferred share, where there is something to share, unless told otherwise.
  virtual llvm::SmallVector<Candidate> proposeFor(Anchor op, KernelOp kernel, const TargetDescription &target) const {
    KernelConfiguration configuration;
    if (std::optional<Share> shared = share(op, target))
      configuration.choice = choices::ShareAttr::get(op.getContext(), shared->preferred);
    plan(op, target, configuration);
    return {{configuration.choice, predict(op, kernel, target, configuration.steps.size())}};
  }
  /// Whether a choice is right: a share, or none where there is nothing to share, unless told otherwise.
  virtual mlir::LogicalResult checkChoice(Anchor op, const TargetDescription &target,
                                          const KernelConfiguration &configuration, EmitError emitError) const {
    if (std::optional<Share> shared = share(op, target)) {
      auto choice = expectChoice<choices::ShareAttr>(configuration, emitError);
      if (!choice || failed(checkField(emitError, "items", choice.getItems(), 1, shared->most)))
        return mlir::failure();
    } else if (configuration.choice) {
      return emitError() << "the strategy '" << configuration.strategy << "' has nothing to choose";
    }
    return mlir::success();
  }
  /// The time of so many launches: that of the bytes of operands and results, unless told otherwise.
  virtual PredictedTime predict(Anchor, KernelOp kernel, const TargetDescription &target, int64_t launches) const {
    return predictStream(kernel, target, launches);
  }
  /// Fills in stages and sizes from the choice.
  virtual void plan(Anchor op, const TargetDescription &target, KernelConfiguration &configuration) const = 0;
  virtual void emitStage(Anchor op, unsigned stage, Context &context) const = 0;
};

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_ANCHOREDFRAME_H
