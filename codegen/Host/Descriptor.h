//===- Descriptor.h - the tables of a program, before they are written --------------------------------------------===//
//
// Declares what codegen/Host gathers from a module of the phase `target` for runtime/include/hadal/program.h:
// persistent tensors and entry points.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_HOST_DESCRIPTOR_H
#define HADAL_CODEGEN_HOST_DESCRIPTOR_H

#include "codegen/Host/Table.h"
#include "codegen/Selection/Strategy.h"
#include "passes/Memory/MemoryPlan.h"
#include "llvm/ADT/MapVector.h"

namespace hadal {

/// The tensors that outlive a step, numbered.
class PersistentTensors {
public:
  /// Gathers them from the parameters of the module and the arguments and results of its entry points.
  mlir::LogicalResult gather(mlir::ModuleOp module);

  /// The number of an entry point's argument or result.
  int64_t ofArgument(mlir::func::FuncOp entry, unsigned index) const { return arguments.lookup({entry, index}); }
  int64_t ofResult(mlir::func::FuncOp entry, unsigned index) const { return results.lookup({entry, index}); }
  llvm::StringRef getResultName(mlir::func::FuncOp entry, unsigned index) const {
    return tensors[ofResult(entry, index)].name;
  }

  /// The numbers of what an entry point reads from the runtime (inputs and scalars), and of what it gives to it.
  llvm::SmallVector<int64_t> getInputs(mlir::func::FuncOp entry) const;
  llvm::SmallVector<int64_t> getResults(mlir::func::FuncOp entry) const;
  /// The number of the parameter whose loading an entry point ends; HADAL_NONE when it is called by its name.
  int64_t getLoaded(mlir::func::FuncOp entry) const;

  /// Writes the table and returns its name.
  mlir::Attribute write(TableWriter &writer) const;
  int64_t size() const { return tensors.size(); }
  /// The numbers that lengths of tensors follow from, in the order in which they are first named.
  std::vector<rows::number> writeNumbers(TableWriter &writer) const;

private:
  struct Tensor {
    std::string name;
    unsigned role = 0;
    mlir::RankedTensorType type;
    /// The parameter, for parameters, gradients and moments.
    ParameterOp parameter;
    int64_t owner = 0;
    /// Of a parameter: whether an entry point that is called reads it, and whether packed forms of it are made. Of a
    /// packed form: whether it is made.
    bool isRead = false, isMade = false;
    mlir::Location loc;
  };
  mlir::FailureOr<int64_t> add(mlir::Location loc, unsigned role, llvm::StringRef name, mlir::Type type);
  llvm::LogicalResult addBounds(mlir::Location loc, llvm::StringRef name, mlir::Type type);
  llvm::LogicalResult gatherArguments(mlir::func::FuncOp entry);
  llvm::LogicalResult gatherResults(mlir::func::FuncOp entry);
  llvm::LogicalResult checkForms(mlir::func::FuncOp entry) const;
  rows::tensor writeRow(const Tensor &tensor, unsigned index, TableWriter &writer) const;

  std::vector<Tensor> tensors;
  llvm::StringMap<ParameterOp> parameters;
  /// By their names, the bounds of the numbers that lengths follow from.
  llvm::MapVector<mlir::StringAttr, int64_t> bounds;
  /// By role, name, and type where tensors of one name may differ in it.
  llvm::DenseMap<std::tuple<unsigned, mlir::StringAttr, mlir::Type>, int64_t> numbers;
  llvm::DenseMap<std::pair<mlir::Operation *, unsigned>, int64_t> arguments, results;
};

/// The number of an element type in program.h (`enum hadal_element_type`), or nothing.
std::optional<unsigned> getElementType(mlir::Type type);

/// Writes what the launches of a GPU's kernels are told: one constant for each stage and place in the model, shared by
/// the launches of equal layers.
class GPULaunches {
public:
  GPULaunches(TableWriter &writer, bool emulated) : writer(writer), emulated(emulated) {}

  /// The constant's name, or a diagnostic.
  mlir::FailureOr<mlir::StringAttr> write(LaunchOp launch, llvm::StringRef symbol, const StageSpec &stage);

private:
  mlir::FailureOr<rows::tensor_map> writeMap(LaunchOp launch, const TensorMapSpec &map);

  TableWriter &writer;
  bool emulated;
  llvm::DenseMap<std::pair<mlir::StringAttr, mlir::StringAttr>, mlir::StringAttr> written;
};

/// The assembled kernels of a module: the objects of its `gpu.binary`, which is erased.
mlir::FailureOr<std::vector<rows::image>> embedImages(mlir::ModuleOp module, TableWriter &writer,
                                                      const TargetDescription &target);

/// Writes the launches of an entry point: one row per step of each kernel's strategy.
class EntryTables {
public:
  EntryTables(const PersistentTensors &tensors, const llvm::DenseMap<mlir::StringAttr, KernelOp> &kernels,
              GPULaunches &gpuLaunches, const TargetDescription &target, mlir::ModuleOp module)
      : tensors(tensors), kernels(kernels), gpuLaunches(gpuLaunches), target(target) {
    for (auto function : module.getOps<mlir::LLVM::LLVMFuncOp>())
      functions.insert(function.getSymNameAttr());
  }

  /// The row of hadal_entry, or a diagnostic.
  mlir::FailureOr<rows::entry> write(mlir::func::FuncOp entry, TableWriter &writer);
  int64_t getArenaSize() const { return arenaSize; }
  int64_t getScratchSize() const { return scratchSize; }

private:
  /// What a launch reads and writes, as a part of the entry point's arguments.
  struct ArgumentRange {
    int64_t first = 0, count = 0;
  };
  /// The row of hadal_launch for one step.
  mlir::FailureOr<rows::launch> writeStep(LaunchOp launch, KernelOp kernel, const StageSpec &stage, int64_t iteration,
                                          ArgumentRange arguments, TableWriter &writer);

  const PersistentTensors &tensors;
  const llvm::DenseMap<mlir::StringAttr, KernelOp> &kernels;
  GPULaunches &gpuLaunches;
  const TargetDescription &target;
  /// The functions of the host.
  llvm::DenseSet<mlir::StringAttr> functions;
  int64_t arenaSize = 0, scratchSize = 0;
};

/// Replaces entry points, kernels and parameters by the program's tables: the phase `host`.
mlir::LogicalResult buildHost(mlir::ModuleOp module, const TargetDescription &target, bool checkMemory);

} // namespace hadal

#endif // HADAL_CODEGEN_HOST_DESCRIPTOR_H
