//===- Strategy.h - how a kind of kernel is served on a target ----------------------------------------------------===//
//
// A strategy is two things kept apart. *Selection* looks at a kernel's shapes and at the target and decides everything
// that can be told beforehand: tile sizes, stages, tasks, workspace. Its result, the configuration, is a plain value
// that is printed by --print-config and kept on the kernel as an attribute, so that the phase `kernels` can be written
// to a file and resumed. *Lowering* emits one function per stage from the kernel and its configuration. Both work on
// the kernel's anatomy (codegen/Anatomy/KernelAnatomy.h), which is read before they are asked.
//
// Strategies are registered per target and kind. Several may serve one kind (attention has a forward and a backward
// strategy); the first that says it serves a kernel is taken.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_STRATEGY_H
#define HADAL_CODEGEN_SELECTION_STRATEGY_H

#include "codegen/Anatomy/KernelBody.h"
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
  /// Tile sizes and other choices, by name, in the order in which they are printed.
  llvm::SmallVector<std::pair<std::string, int64_t>> parameters;
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
  void set(llvm::StringRef name, int64_t value) { parameters.push_back({name.str(), value}); }
  /// The value of a parameter, which must be there: of a configuration that was read, checkConfiguration has seen to
  /// it.
  int64_t get(llvm::StringRef name) const;

  /// As an attribute of the kernel, and back. Reading says what is wrong through `emitError`.
  mlir::DictionaryAttr toAttribute(mlir::MLIRContext *context) const;
  static mlir::FailureOr<KernelConfiguration> fromAttribute(mlir::DictionaryAttr attribute,
                                                            llvm::function_ref<mlir::InFlightDiagnostic()> emitError);

  /// Where this configuration differs from another one, in words; empty when it does not.
  std::string findDifference(const KernelConfiguration &other) const;

  /// One line: `strategy {name = value, ...} stages [name: tasks / grain, ...] workspace 64 KiB scratch 0 B`. A stage
  /// of a GPU reads `name: 264 × 384 threads, 200 KiB shared, clusters of 2, 3 tensor maps`.
  void print(llvm::raw_ostream &stream) const;
};

class KernelStrategy {
public:
  KernelStrategy(TargetKind target, KernelKind kind, llvm::StringRef name) : target(target), kind(kind), name(name) {}
  virtual ~KernelStrategy() = default;

  TargetKind getTarget() const { return target; }
  KernelKind getKind() const { return kind; }
  llvm::StringRef getName() const { return name; }

  /// Whether this strategy serves a kernel of its kind. What stands in its way beside the anatomy's own reasons is
  /// noted, but for a body that another strategy of the kind is made for.
  virtual bool serves(const KernelAnatomy &anatomy, Refusals &refusals) const = 0;
  /// Fills in the configuration of a kernel that it serves. Says why it cannot through a diagnostic on the operation at
  /// fault.
  virtual mlir::LogicalResult select(const KernelAnatomy &anatomy, const TargetDescription &target,
                                     KernelConfiguration &configuration) const = 0;
  /// Emits one llvm.func per stage, named by getStageSymbol, at the builder's insertion point (in the module's body).
  virtual mlir::LogicalResult lower(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                                    const TargetDescription &target, mlir::OpBuilder &builder) const = 0;

private:
  TargetKind target;
  KernelKind kind;
  llvm::StringRef name;
};

/// The symbol of a stage's function: the kernel's name, a dot, the stage's name.
std::string getStageSymbol(KernelOp kernel, const StageSpec &stage);
/// The name under which a GPU's driver finds it: PTX allows no dots, so a dollar sign takes their place.
std::string getDeviceSymbol(llvm::StringRef stageSymbol);

/// Adds a strategy to those that this process knows.
void registerStrategy(std::unique_ptr<KernelStrategy> strategy);

/// The strategy that serves a kernel on a target, or null after noting why there is none.
const KernelStrategy *findStrategy(TargetKind target, const KernelAnatomy &anatomy, Refusals &refusals);

/// Finds the strategy of a kernel and lets it select; a diagnostic on failure.
mlir::FailureOr<KernelConfiguration> selectConfiguration(const KernelAnatomy &anatomy, const TargetDescription &target);
mlir::FailureOr<KernelConfiguration> selectConfiguration(KernelOp kernel, const TargetDescription &target);
/// The configuration that selection left on the kernel; a diagnostic when there is none or it cannot be read.
mlir::FailureOr<KernelConfiguration> getConfiguration(KernelOp kernel);
/// Whether a configuration, which may have been read from a file, is the one that its strategy selects for the kernel
/// and the target: code, launches and memory all rely on every number of it. A strategy that no target has is that of
/// code written by hand, and taken as it is. A diagnostic says what differs.
mlir::LogicalResult checkConfiguration(const KernelAnatomy &anatomy, const KernelConfiguration &configuration,
                                       const TargetDescription &target);
/// Lowers a kernel by the configuration that it carries.
mlir::LogicalResult lowerKernel(const KernelAnatomy &anatomy, const TargetDescription &target,
                                mlir::OpBuilder &builder);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_STRATEGY_H
