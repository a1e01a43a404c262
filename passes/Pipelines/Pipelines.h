//===- Pipelines.h - the sequences of passes ----------------------------------------------------------------------===//
//
// Pipelines lead from one level to the next; each is registered under a name, so that hadal-opt runs it.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PIPELINES_PIPELINES_H
#define HADAL_PASSES_PIPELINES_PIPELINES_H

#include "passes/Programs/ModelToProgramOptions.h"

namespace hadal {

/// From a model to a program of it: entry points with closed shapes, gradients and roundings explicit.
void buildModelToProgramPipeline(mlir::OpPassManager &manager, const ModelToProgramOptions &options);

/// Registers the pipelines by name.
void registerPipelines();

} // namespace hadal

#endif // HADAL_PASSES_PIPELINES_PIPELINES_H
