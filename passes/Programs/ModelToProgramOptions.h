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
  Option<std::string> program{*this, "program", llvm::cl::desc("the program to build: train, evaluate, generate"),
                              llvm::cl::init("train")};
  // In place of micro-batch and sequence length, where sequences grow row by row.
  Option<int64_t> maxSequence{
      *this, "max-sequence",
      llvm::cl::desc("most tokens of a sequence of 'generate'; 0: as the model says, up to 1024"), llvm::cl::init(0)};
  Option<int64_t> maxBatch{*this, "max-batch", llvm::cl::desc("most sequences of 'generate' at a time"),
                           llvm::cl::init(8)};
  Option<int64_t> prefillChunk{
      *this, "prefill-chunk",
      llvm::cl::desc("most tokens of a prompt that 'generate' reads at a time; 0: 256, or as many "
                     "as a sequence has"),
      llvm::cl::init(0)};
  Option<std::string> cacheType{*this, "cache-type",
                                llvm::cl::desc("the type of the cache of 'generate': f32, bf16; empty: the precision"),
                                llvm::cl::init("")};
  Option<int64_t> speculate{
      *this, "speculate",
      llvm::cl::desc("most tokens that 'generate' drafts before it verifies them; -1: as many as the model predicts"),
      llvm::cl::init(-1)};
  Option<std::string> exact{*this, "exact",
                            llvm::cl::desc("the program whose bits every row of 'generate' has: train; empty: none"),
                            llvm::cl::init("")};
  Option<std::string> weights{*this, "weights",
                              llvm::cl::desc("the form of the weights of 'generate': as-is, bf16, fp8, int8, int4"),
                              llvm::cl::init("as-is")};
  Option<std::string> precision{*this, "precision", llvm::cl::desc("the type in which products are formed: f32, bf16"),
                                llvm::cl::init("f32")};
};

} // namespace hadal

#endif // HADAL_PASSES_PROGRAMS_MODELTOPROGRAMOPTIONS_H
