//===- HeadBlocks.h - chunks and blocks of head kernels on CPUs ---------------------------------------------------===//
//
// Tokens go through in chunks; each of the three products of a chunk is cut into blocks as any product is.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_HEADBLOCKS_H
#define HADAL_CODEGEN_SELECTION_CPU_HEADBLOCKS_H

#include "codegen/Anatomy/Head.h"
#include "codegen/Selection/CPU/ProductTiles.h"

namespace hadal {

/// The chunk and the products' tiles (null: the product is not asked for), as either form of choice says.
struct HeadChoice {
  int64_t chunk;
  ChoiceInterface logits, hiddenGradient, weightGradient;

  static HeadChoice of(ChoiceInterface choice);
};

/// The one candidate of register tiles or of AMX; none where the CPU has none.
llvm::SmallVector<Candidate> proposeHead(ProductUnit unit, const Head &head, const TargetDescription &target,
                                         mlir::MLIRContext *context);
/// What either form of choice entails: stages and steps.
mlir::LogicalResult configureHead(const Head &head, const TargetDescription &target, KernelConfiguration &configuration,
                                  EmitError emitError);

/// Rows of the softmax that one task takes.
constexpr int64_t headRowsPerTask = 4;

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_HEADBLOCKS_H
