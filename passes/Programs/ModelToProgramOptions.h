//===- ModelToProgramOptions.h - what a program is built with -----------------------------------------------------===//
//
// The options of the pipeline hadal-model-to-program, which a program's builder sees as well.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PROGRAMS_MODELTOPROGRAMOPTIONS_H
#define HADAL_PASSES_PROGRAMS_MODELTOPROGRAMOPTIONS_H

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
};

} // namespace hadal

#endif // HADAL_PASSES_PROGRAMS_MODELTOPROGRAMOPTIONS_H
