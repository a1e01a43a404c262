//===- KernelAnatomy.h - a kernel, taken apart once ---------------------------------------------------------------===//
//
// Everything that selection, the lowerings of all targets and the checker ask about a kernel's body is found here, once
// for each kernel: its parts (dialect/IR/KernelParts.h), a copy with rowwise operations written out, and the analysis
// that belongs to its kind. A body that an analysis does not understand has none, and reasons instead.
//
//   KernelAnatomy anatomy(kernel);
//   if (const Contraction *contraction = anatomy.contraction())   // of a kernel of another kind: null
//     ... contraction->rows, contraction->lhs, anatomy.access(argument) ...
//
// It is an analysis in MLIR's sense: a pass asks getChildAnalysis<KernelAnatomy>(kernel), and passes that leave bodies
// as they are preserve it. It must not outlive a change of the body.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_KERNELANATOMY_H
#define HADAL_CODEGEN_ANATOMY_KERNELANATOMY_H

#include "codegen/Anatomy/AnchoredKernel.h"
#include "codegen/Anatomy/Contraction.h"
#include "codegen/Anatomy/Head.h"
#include "codegen/Anatomy/RowProgram.h"
#include "dialect/IR/KernelParts.h"
#include "mlir/IR/OwningOpRef.h"

namespace hadal {

class KernelAnatomy {
public:
  /// Of a hadal.kernel.
  explicit KernelAnatomy(mlir::Operation *kernel);

  /// The kernel as it was given. Anatomies are passed on as constants, and operations in them are looked at.
  KernelOp kernel() const { return given; }
  /// A copy outside any module, in which rowwise operations are written in elementwise arithmetic, row reductions and
  /// expansions. Contractions and row programs are read from it: their operations and arguments are the copy's.
  KernelOp expanded() const { return *copy; }
  const KernelParts &parts() const { return partsOfCopy; }

  /// What the analysis of the kernel's kind found; null for other kinds, and where `refusals` say why.
  const Contraction *contraction() const { return pointerTo(contractionOfKernel); }
  const RowProgram *rows() const { return pointerTo(rowsOfKernel); }
  const Head *head() const { return pointerTo(headOfKernel); }
  /// Kernels of one operation: reductions, routing and updates, and attention that is none on keys and values.
  const AnchoredKernel *anchored() const { return pointerTo(anchoredKernel); }
  /// The attention, forwards or its gradient, that stands alone in the kernel.
  AttentionOpInterface attention() const { return attentionOfKernel; }

  /// What stands in the way of every strategy.
  const Refusals &refusals() const { return reasons; }

  void print(llvm::raw_ostream &stream) const;

private:
  template <typename T> static const T *pointerTo(const mlir::FailureOr<T> &found) {
    return mlir::succeeded(found) ? &*found : nullptr;
  }
  void read();
  void readAttention();

  KernelOp given;
  mlir::OwningOpRef<KernelOp> copy;
  KernelParts partsOfCopy;
  Refusals reasons;
  mlir::FailureOr<Contraction> contractionOfKernel = mlir::failure();
  mlir::FailureOr<RowProgram> rowsOfKernel = mlir::failure();
  mlir::FailureOr<Head> headOfKernel = mlir::failure();
  mlir::FailureOr<AnchoredKernel> anchoredKernel = mlir::failure();
  AttentionOpInterface attentionOfKernel;
};

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_KERNELANATOMY_H
