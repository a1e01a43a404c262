//===- Descriptor.h - the tables of a program, before they are written -------------------------------------------===//
//
// Declares what codegen/Host gathers from a module of the phase `target` for runtime/include/hadal/program.h:
// persistent tensors and entry points.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_HOST_DESCRIPTOR_H
#define HADAL_CODEGEN_HOST_DESCRIPTOR_H

#include "codegen/Host/Table.h"
#include "codegen/Strategies/Strategy.h"
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

  /// Writes the table and returns its name.
  mlir::Attribute write(TableWriter &writer) const;
  int64_t size() const { return tensors.size(); }

private:
  struct Tensor {
    std::string name;
    unsigned role = 0;
    mlir::RankedTensorType type;
    /// The parameter, for parameters, gradients and moments.
    ParameterOp parameter;
    int64_t owner = 0;
  };
  mlir::FailureOr<int64_t> add(mlir::Location loc, unsigned role, llvm::StringRef name, mlir::Type type);

  std::vector<Tensor> tensors;
  llvm::StringMap<ParameterOp> parameters;
  llvm::DenseMap<std::pair<unsigned, mlir::StringAttr>, int64_t> numbers;
  llvm::DenseMap<std::pair<mlir::Operation *, unsigned>, int64_t> arguments, results;
};

/// Writes the launches of an entry point: one row per step of each kernel's strategy.
class EntryTables {
public:
  EntryTables(const PersistentTensors &tensors, const llvm::DenseMap<mlir::StringAttr, KernelOp> &kernels)
      : tensors(tensors), kernels(kernels) {}

  /// The row of hadal_entry, or a diagnostic.
  mlir::FailureOr<TableRow> write(mlir::func::FuncOp entry, TableWriter &writer);
  int64_t getArenaSize() const { return arenaSize; }
  int64_t getScratchSize() const { return scratchSize; }

private:
  const PersistentTensors &tensors;
  const llvm::DenseMap<mlir::StringAttr, KernelOp> &kernels;
  int64_t arenaSize = 0, scratchSize = 0;
};

/// The structures of program.h.
namespace layout {
mlir::LLVM::LLVMStructType tensor(mlir::MLIRContext *context);
mlir::LLVM::LLVMStructType arenaBuffer(mlir::MLIRContext *context);
mlir::LLVM::LLVMStructType argument(mlir::MLIRContext *context);
mlir::LLVM::LLVMStructType launch(mlir::MLIRContext *context);
mlir::LLVM::LLVMStructType entry(mlir::MLIRContext *context);
mlir::LLVM::LLVMStructType program(mlir::MLIRContext *context);
} // namespace layout

/// Replaces entry points, kernels and parameters by the program's tables: the phase `host`.
mlir::LogicalResult buildHost(mlir::ModuleOp module, const TargetDescription &target, bool checkMemory);

/// Registers the pass hadal-build-host.
void registerHostPasses();

} // namespace hadal

#endif // HADAL_CODEGEN_HOST_DESCRIPTOR_H
