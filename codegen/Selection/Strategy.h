//===- Strategy.h - how a kind of kernel is served on a target ----------------------------------------------------===//
//
// A strategy is two things kept apart. *Selection* looks at a kernel's anatomy (codegen/Anatomy/KernelAnatomy.h) and at
// the target:
//
//   serves      whether the strategy is for such kernels, or why not
//   propose     candidates: what it could choose (tiles, blocks, shares), each with the time that is predicted for it
//   configure   what a choice entails (stages, tasks, memory), after the choice was found to be right for the kernel
//
// The cheapest candidate of all strategies wins (Select.h). Anyone may name a choice instead, a file or a tuner:
// `configure` judges it like those that were proposed. A choice is free in nothing that decides bits
// (docs/rationale/arithmetic.md). The result, the configuration, is a plain value that --print-config prints and that
// is kept on the kernel as an attribute, so that the phase `kernels` can be written to a file and resumed.
//
// *Lowering* emits one function per stage from the kernel and its configuration.
//
// Strategies are registered per target and kind. Several may serve one kernel.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_STRATEGY_H
#define HADAL_CODEGEN_SELECTION_STRATEGY_H

#include "codegen/Anatomy/KernelBody.h"
#include "codegen/Selection/Choices.h"
#include "codegen/Selection/PredictedTime.h"
#include "codegen/Target/Arithmetic.h"
#include "codegen/Target/Target.h"
#include "dialect/IR/Hadal.h"
#include "dialect/PTX/PTX.h"

namespace hadal {

class KernelAnatomy;

/// What a GPU's tensor memory accelerator is told of an argument that a stage loads or stores by tiles
/// (`hadal_tensor_map` in runtime/include/hadal/program.h). Dimensions are counted from the fastest.
struct TensorMapSpec {
  /// The argument, among the stage's operands, results and workspace, and the bytes into it at which the tensor begins.
  unsigned argument = 0;
  int64_t offset = 0;
  mlir::Type element;
  /// Elements of each dimension.
  llvm::SmallVector<int64_t, 5> sizes;
  /// Bytes from one index to the next of the dimensions 1 and up; dimension 0 is contiguous.
  llvm::SmallVector<int64_t, 4> strides;
  /// Elements of each dimension that one access moves.
  llvm::SmallVector<int64_t, 5> box;
  ptx::Swizzle swizzle = ptx::Swizzle::None;
};

/// One function of a kernel. On a CPU (`hadal_kernel` in runtime/include/hadal/program.h) tasks are independent and
/// write disjoint memory, so any thread may run any of them in any order. On a GPU tasks are blocks of threads, `grain`
/// is 1, and only blocks of the same cluster may wait for one another.
struct StageSpec {
  std::string name;
  int64_t tasks = 1;
  /// Tasks that a thread takes at a time.
  int64_t grain = 1;
  /// GPU: threads of a block (0 on a CPU), bytes of its shared memory, blocks of a cluster, which divide the tasks.
  int64_t threads = 0, sharedMemory = 0, cluster = 1;
  llvm::SmallVector<TensorMapSpec, 0> maps;

  bool isGPU() const { return threads > 0; }
};

/// One launch of a stage. Steps run in order with a barrier between them; loops over chunks are unrolled here.
struct LaunchStep {
  unsigned stage = 0;
  int64_t iteration = 0;
};

/// Everything that selection decides.
struct KernelConfiguration {
  /// Name of the strategy.
  std::string strategy;
  /// What was chosen; null where the strategy has nothing to choose. The rest follows from it.
  ChoiceInterface choice;
  llvm::SmallVector<StageSpec, 2> stages;
  llvm::SmallVector<LaunchStep, 2> steps;
  /// Bytes that the kernel needs besides its operands and results while it runs. The pointer follows the results.
  int64_t workspace = 0;
  /// Bytes per thread.
  int64_t scratch = 0;
  /// The multiprocessors of the GPU that was selected for, where another number was named than the target has; else 0.
  int64_t multiprocessors = 0;

  /// Adds a stage and, unless told otherwise, the step that runs it once.
  void addStage(llvm::StringRef name, int64_t tasks, int64_t grain = 1, bool withStep = true);
  /// The same for a stage of a GPU, whose cluster and tensor maps the caller may fill in.
  StageSpec &addGPUStage(llvm::StringRef name, int64_t blocks, int64_t threads, int64_t sharedMemory = 0,
                         bool withStep = true);
  /// The choice, which has this form: of a configuration that was read, checkConfiguration has seen to it.
  template <typename Choice> Choice chosen() const { return llvm::cast<Choice>(choice); }
  /// How many items a worker takes.
  int64_t share() const { return chosen<choices::ShareAttr>().getItems(); }

  /// As an attribute of the kernel, and back. Reading says what is wrong through `emitError`.
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
  static mlir::FailureOr<KernelConfiguration> fromAttribute(mlir::DictionaryAttr attribute,
                                                            llvm::function_ref<mlir::InFlightDiagnostic()> emitError);

  /// Where this configuration differs from another one, in words; empty when it does not.
  std::string findDifference(const KernelConfiguration &other) const;

  /// One line: `strategy {rows = 14, ...} stages [name: tasks / grain, ...] workspace 64 KiB scratch 0 B`. A stage
  /// of a GPU reads `name: 264 × 384 threads, 200 KiB shared, clusters of 2, 3 tensor maps`.
  void print(llvm::raw_ostream &stream) const;
};

/// A choice that a strategy could make, and the time that it predicts for it.
struct Candidate {
  ChoiceInterface choice;
  PredictedTime time;
};

class KernelStrategy {
public:
  /// `order`: in which the kernel's products are summed.
  KernelStrategy(TargetKind target, KernelKind kind, llvm::StringRef name,
                 arithmetic::SumOrder order = arithmetic::SumOrder::DepthBlocks)
      : target(target), kind(kind), name(name), order(order) {}
  virtual ~KernelStrategy() = default;

  TargetKind getTarget() const { return target; }
  KernelKind getKind() const { return kind; }
  llvm::StringRef getName() const { return name; }
  arithmetic::SumOrder getOrder() const { return order; }

  /// Whether this strategy serves a kernel of its kind. What stands in its way beside the anatomy's own reasons is
  /// noted, but for a body that another strategy of the kind is made for. The answer must not depend on how many rows
  /// there are: neither must bits.
  virtual bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const = 0;
  /// What it could choose for a kernel that it serves: at least one candidate, or none and the reason. Of candidates
  /// with equal times the first wins.
  virtual llvm::SmallVector<Candidate> propose(const KernelAnatomy &anatomy, const TargetDescription &target,
                                               Refusals &refusals) const = 0;
  /// Fills in what the configuration's choice entails for a kernel that it serves. Says through `emitError` what is
  /// wrong with a choice, and what would be right.
  virtual mlir::LogicalResult configure(const KernelAnatomy &anatomy, const TargetDescription &target,
                                        KernelConfiguration &configuration, EmitError emitError) const = 0;
  /// The layouts in which the kernel could read an argument instead of row by row. What that is worth, `propose` says
  /// of the kernel whose argument has such a type; who would make it, codegen/Layout decides.
  virtual llvm::SmallVector<LayoutAttr> getReadableLayouts(const KernelAnatomy &anatomy, unsigned argument,
                                                           const TargetDescription &target) const {
    return {};
  }
  /// Emits one llvm.func per stage, named by getStageSymbol, at the builder's insertion point (in the module's body).
  virtual mlir::LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                                    const TargetDescription &target, mlir::OpBuilder &builder) const = 0;

private:
  TargetKind target;
  KernelKind kind;
  llvm::StringRef name;
  arithmetic::SumOrder order;
};

/// The choice of a configuration, which has to be of this form; null after a diagnostic.
template <typename Choice> Choice expectChoice(const KernelConfiguration &configuration, EmitError emitError) {
  if (auto choice = llvm::dyn_cast_or_null<Choice>(configuration.choice))
    return choice;
  emitError() << "the strategy '" << configuration.strategy << "' chooses '" << Choice::getMnemonic() << "', not "
              << (configuration.choice ? "'" + configuration.choice.getForm().str() + "'" : "nothing");
  return {};
}

/// Says that a field is not what it has to be: `items is 9, and has to be from 1 to 8`.
mlir::LogicalResult checkField(EmitError emitError, llvm::StringRef name, int64_t value, int64_t least, int64_t most);

/// The symbol of a stage's function: the kernel's name, a dot, the stage's name.
std::string getStageSymbol(KernelOp kernel, const StageSpec &stage);
/// The name under which a GPU's driver finds it: PTX allows no dots, so a dollar sign takes their place.
std::string getDeviceSymbol(llvm::StringRef stageSymbol);

/// Adds a strategy to those that this process knows.
void registerStrategy(std::unique_ptr<KernelStrategy> strategy);

/// The strategies that serve a kernel on a target in the order of sums that the kernel has there (SumOrder), as they
/// were registered.
llvm::SmallVector<const KernelStrategy *> findStrategies(const TargetDescription &target, const KernelAnatomy &anatomy);
/// All strategies of the kernel's kind on a target.
llvm::SmallVector<const KernelStrategy *> getStrategies(const TargetDescription &target, KernelKind kind);
/// Whether any target has a strategy of that name.
bool isStrategy(llvm::StringRef name);

/// The target with the multiprocessors that a configuration was made for.
TargetDescription selectedFor(const KernelConfiguration &configuration, const TargetDescription &target);

/// What a strategy does with a choice (null: it makes none).
mlir::FailureOr<KernelConfiguration> configure(const KernelStrategy &strategy, const KernelAnatomy &anatomy,
                                               const TargetDescription &target, ChoiceInterface choice,
                                               EmitError emitError);

/// The configuration that selection left on the kernel; a diagnostic when there is none or it cannot be read.
mlir::FailureOr<KernelConfiguration> getConfiguration(KernelOp kernel);
/// Whether a configuration, which may have been read from a file, is right for the kernel and the target: its strategy
/// serves the kernel, the choice is valid, and all else is what the choice entails, since code, launches and memory
/// rely on every number of it. A strategy that no target has is that of code written by hand, and taken as it is. A
/// diagnostic says what differs.
mlir::LogicalResult checkConfiguration(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                                       const TargetDescription &target);
/// Lowers a kernel by the configuration that it carries.
mlir::LogicalResult lowerKernel(const KernelAnatomy &anatomy, const TargetDescription &target,
                                mlir::OpBuilder &builder);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_STRATEGY_H
