//===- KernelVariants.h - a kernel on tensors that lie otherwise --------------------------------------------------===//
//
// What a tensor's layout is worth is the difference between the times of two kernels: of the one that reads rows, and
// of the same kernel with another type of argument; of the one that makes the tensor, and of the same with a copy
// beside its result. Both are kernels like any other, so that selection prices them and code generation serves them, or
// says why not.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_LAYOUT_KERNELVARIANTS_H
#define HADAL_CODEGEN_LAYOUT_KERNELVARIANTS_H

#include "codegen/Target/Target.h"
#include "dialect/IR/Hadal.h"
#include "mlir/IR/OwningOpRef.h"
#include <map>

namespace hadal {

/// An argument or a result of a kernel, by its number, and the form of its tensor: narrower, in a layout, or both.
struct FormOf {
  unsigned number;
  mlir::RankedTensorType type;
  bool operator<(const FormOf &other) const {
    return std::pair(number, type.getAsOpaquePointer()) < std::pair(other.number, other.type.getAsOpaquePointer());
  }
};

/// How a kernel differs from the one that reads and writes rows.
struct KernelChange {
  /// Arguments that have another type, and copies of results that are yielded behind all results.
  llvm::SmallVector<FormOf> arguments, copies;
  bool isEmpty() const { return arguments.empty() && copies.empty(); }
  bool operator<(const KernelChange &other) const {
    return std::tie(arguments, copies) < std::tie(other.arguments, other.copies);
  }
};

/// The kernel with the change, outside any module, named after it.
mlir::OwningOpRef<KernelOp> makeVariant(KernelOp kernel, const KernelChange &change);

/// A kernel that brings a tensor in rows into a form: rounds it, packs it, or both.
mlir::OwningOpRef<KernelOp> makeMovement(mlir::Location loc, mlir::RankedTensorType rows, mlir::RankedTensorType form);

/// `32x256`, and `_bf16` where the elements are others than the tensor's: a form in names.
std::string describeForm(mlir::RankedTensorType form, mlir::Type element);

/// The predicted times of kernels and of their variants, each found once.
class KernelTimes {
public:
  explicit KernelTimes(const TargetDescription &target) : target(target) {}

  /// Seconds of a launch; nothing where nothing serves the kernel.
  std::optional<double> secondsOf(KernelOp kernel, const KernelChange &change = {});
  /// Of the kernel that moves a tensor from one type to the other.
  std::optional<double> secondsOfMovement(mlir::RankedTensorType from, mlir::RankedTensorType to);
  /// The layouts in which the kernel can read an argument besides rows, as types of it.
  llvm::ArrayRef<mlir::RankedTensorType> readableForms(KernelOp kernel, unsigned argument);

private:
  std::optional<double> predict(KernelOp kernel);

  const TargetDescription &target;
  std::map<std::pair<mlir::Operation *, KernelChange>, std::optional<double>> times;
  std::map<std::pair<const void *, const void *>, std::optional<double>> movements;
  std::map<std::pair<mlir::Operation *, unsigned>, llvm::SmallVector<mlir::RankedTensorType>> forms;
};

} // namespace hadal

#endif // HADAL_CODEGEN_LAYOUT_KERNELVARIANTS_H
