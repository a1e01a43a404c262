//===- LayoutGraph.h - which tensors could lie otherwise ----------------------------------------------------------===//
//
// The tensors of a program that launches read and that could be kept in another form than rows: narrower, in a layout,
// or both. Each of them has
//
//   readings    operands of launches, with the forms in which their kernels can read it
//   roundings   launches that do nothing but round it, and the readings of what they make: where the rounded tensor is
//               kept as a form, they are not wanted
//   makings     launches that make it, which may write forms beside it
//
// A parameter is read in several entry points, made by those that write it, and made once more whenever it is loaded,
// which costs no step anything. The result of a launch is read in its own entry point and made by that launch.
//
// How often an entry point runs is not known when a program is compiled; what is taken of it, `runs` says: per step of
// the program once, those that micro-batches are given to as often as the step is expected to have some, and what is
// no part of a step (validation) once in a hundred steps.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_LAYOUT_LAYOUTGRAPH_H
#define HADAL_CODEGEN_LAYOUT_LAYOUTGRAPH_H

#include "codegen/Layout/KernelVariants.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/MapVector.h"

namespace hadal {

/// A launch that reads a tensor, and how often in a step.
struct Reading {
  LaunchOp launch;
  unsigned operand;
  double runs;
};

/// A launch that rounds a tensor and does nothing else.
struct RoundingLaunch {
  LaunchOp launch;
  double runs;
  llvm::SmallVector<Reading> readings;
  /// Whether nothing but these readings needs it.
  bool isForReadings = true;
};

/// A launch that makes a tensor.
struct Making {
  LaunchOp launch;
  unsigned result;
  double runs;
};

/// A form that a tensor could be kept in, beside its rows.
struct Form {
  mlir::RankedTensorType type;
  int64_t bytes = 0;
};

struct StoredTensor {
  /// The parameter that it is; null where it is what a launch makes.
  ParameterOp parameter;
  mlir::RankedTensorType type;
  llvm::SmallVector<Reading> readings;
  llvm::SmallVector<RoundingLaunch> roundings;
  llvm::SmallVector<Making> makings;
  llvm::SmallVector<Form> forms;
  /// Whether anything needs its rows, whatever the readings do.
  bool needsRows = false;

  /// Its name, or that of the kernel that makes it.
  std::string describe() const;
};

class LayoutGraph {
public:
  /// Reads a module of kernels and launches; `microBatches` are those of a step.
  LayoutGraph(mlir::ModuleOp module, double microBatches, KernelTimes &times);

  /// The tensors that have forms, parameters first, in the order of the module.
  std::vector<StoredTensor> tensors;

  KernelOp kernelOf(LaunchOp launch) const { return kernels.lookup(launch.getKernelAttr().getAttr()); }
  double runsOf(mlir::func::FuncOp entry) const;
  /// Seconds of all launches of a step.
  double secondsOfProgram(KernelTimes &times) const;

private:
  void addParameter(StoredTensor &tensor, mlir::BlockArgument argument);
  void addUses(StoredTensor &tensor, mlir::Value value, double runs);
  bool isRounding(LaunchOp launch) const;
  void addForms(StoredTensor &tensor, KernelTimes &times);

  mlir::ModuleOp module;
  double microBatches;
  llvm::DenseMap<mlir::StringAttr, KernelOp> kernels;
};

} // namespace hadal

#endif // HADAL_CODEGEN_LAYOUT_LAYOUTGRAPH_H
