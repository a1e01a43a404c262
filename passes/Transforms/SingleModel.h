//===- SingleModel.h - the one model of a module ------------------------------------------------------------------===//
//
// Finds the model that the passes from model to program work on.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_TRANSFORMS_SINGLEMODEL_H
#define HADAL_PASSES_TRANSFORMS_SINGLEMODEL_H

#include "passes/Passes.h"

namespace hadal {

/// The module's only hadal.model; failure, after an error, when there is none or more than one.
mlir::FailureOr<ModelOp> getSingleModel(mlir::ModuleOp module);

} // namespace hadal

#endif // HADAL_PASSES_TRANSFORMS_SINGLEMODEL_H
