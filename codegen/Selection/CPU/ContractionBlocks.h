//===- ContractionBlocks.h - blocks of contraction kernels on CPUs ------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_CONTRACTIONBLOCKS_H
#define HADAL_CODEGEN_SELECTION_CPU_CONTRACTIONBLOCKS_H

#include "codegen/Anatomy/Contraction.h"
#include "codegen/Selection/CPU/ProductTiles.h"

namespace hadal {

/// The tasks of a contraction: blocks of C, and whether those of a column follow one another.
struct ContractionTasks {
  int64_t rows, columns;
  bool rowsFirst;
  ContractionTasks(const Contraction &contraction, const ProductTiles &tiles);
};

/// Candidates, and what one of them entails.
llvm::SmallVector<Candidate> proposeContraction(const Contraction &contraction, const TargetDescription &target,
                                                mlir::MLIRContext *context);
mlir::LogicalResult configureContraction(const Contraction &contraction, const TargetDescription &target,
                                         KernelConfiguration &configuration, EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_CONTRACTIONBLOCKS_H
