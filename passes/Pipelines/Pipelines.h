//===- Pipelines.h - the sequences of passes ----------------------------------------------------------------------===//
//
// Pipelines lead from one level to the next; each is registered under a name, so that hadal-opt runs it.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PIPELINES_PIPELINES_H
#define HADAL_PASSES_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassOptions.h"
#include "passes/Passes.h"

namespace hadal {

/// Options of `hadal-model-to-program`.
struct ModelToProgramOptions : mlir::PassPipelineOptions<ModelToProgramOptions> {
  Option<int64_t> microBatchSize{*this, "micro-batch-size", llvm::cl::desc("sequences of a micro-batch"),
                                 llvm::cl::init(0)};
  Option<int64_t> sequenceLength{*this, "seq-length", llvm::cl::desc("tokens of a sequence"), llvm::cl::init(0)};
  Option<std::string> program{*this, "program", llvm::cl::desc("the program to build: train, evaluate"),
                              llvm::cl::init("train")};
  Option<std::string> precision{*this, "precision", llvm::cl::desc("the type in which products are formed: f32, bf16"),
                                llvm::cl::init("f32")};
  ListOption<std::string> recompute{
      *this, "recompute", llvm::cl::desc("operations to run again in the backward pass: rms_norm, swiglu, mla_up")};
};

/// From a model to a program of it: entry points with closed shapes, gradients and roundings explicit.
void buildModelToProgramPipeline(mlir::OpPassManager &manager, const ModelToProgramOptions &options);

/// Registers the pipelines by name.
void registerPipelines();

} // namespace hadal

#endif // HADAL_PASSES_PIPELINES_PIPELINES_H
