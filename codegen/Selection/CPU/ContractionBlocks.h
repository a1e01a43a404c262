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

/// Candidates of register tiles and of AMX, and what one of either entails.
llvm::SmallVector<Candidate> proposeContraction(const Contraction &contraction, const TargetDescription &target,
                                                mlir::MLIRContext *context);
llvm::SmallVector<Candidate> proposeTileContraction(const Contraction &contraction, const TargetDescription &target,
                                                    mlir::MLIRContext *context);
mlir::LogicalResult configureTileContraction(const Contraction &contraction, const TargetDescription &target,
                                             KernelConfiguration &configuration, EmitError emitError);
mlir::LogicalResult configureContraction(const Contraction &contraction, const TargetDescription &target,
                                         KernelConfiguration &configuration, EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_CONTRACTIONBLOCKS_H
