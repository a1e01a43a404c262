//===- Models.h - reference evaluations of upstream operations ----------------------------------------------------===//
#ifndef HADAL_DIALECT_REFERENCE_MODELS_H
#define HADAL_DIALECT_REFERENCE_MODELS_H

#include "mlir/IR/DialectRegistry.h"

namespace hadal {
/// Gives the elementwise operations of `arith` and `math`, on tensors, their models of EvaluableOpInterface.
void registerReferenceModels(mlir::DialectRegistry &registry);
} // namespace hadal

#endif // HADAL_DIALECT_REFERENCE_MODELS_H
