//===- EliminateDeadOperations.h - removal of what nothing reads --------------------------------------------------===//
//
// The sweep of hadal-eliminate-dead-operations, for passes that leave dead operations behind on purpose.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_TRANSFORMS_ELIMINATEDEADOPERATIONS_H
#define HADAL_PASSES_TRANSFORMS_ELIMINATEDEADOPERATIONS_H

#include "mlir/IR/Block.h"

namespace hadal {

/// Removes operations without side effects whose results nothing reads. `roots` are read although no operation says so.
void eliminateDeadOperations(mlir::Block &block, llvm::ArrayRef<mlir::Value> roots = {});

} // namespace hadal

#endif // HADAL_PASSES_TRANSFORMS_ELIMINATEDEADOPERATIONS_H
