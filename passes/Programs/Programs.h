//===- Programs.h - the programs that a model can be compiled to --------------------------------------------------===//
//
// A model says what is computed, a program what is done with it. The builder of a program makes its entry points of
// @forward, the model with bound parameters and closed shapes, which all programs begin with (addForwardPasses), once
// or for several shapes; what stands behind is the same for all programs, too (passes/Pipelines). There is one file per
// program, and one place that lists them.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PROGRAMS_PROGRAMS_H
#define HADAL_PASSES_PROGRAMS_PROGRAMS_H

#include "passes/Passes.h"

namespace hadal {

struct ModelToProgramOptions;

struct ProgramBuilder {
  KnownProgram kind;
  /// What the program does, for the lists that people read.
  llvm::StringLiteral summary;
  /// The entry points that one step of the program runs, the first perhaps several times.
  llvm::ArrayRef<EntryRole> step;
  /// Adds the passes from the model to the entry points.
  void (*addPasses)(mlir::OpPassManager &manager, const ModelToProgramOptions &options);

  llvm::StringRef getName() const { return stringifyKnownProgram(kind); }
};

/// What part an entry point has in a step of its program: it is run for every micro-batch, once, or not at all.
enum class StepPart { MicroBatch, Once, None };
/// Of a program that no builder makes, all entry points are run once in a step, but for those that load parameters.
StepPart findStepPart(mlir::func::FuncOp entry);

/// The builders, in the order in which they are listed.
llvm::ArrayRef<ProgramBuilder> getProgramBuilders();
/// Their names: "train, evaluate, generate".
std::string listPrograms();
/// The builder of the name; an error that lists the known ones otherwise.
llvm::Expected<const ProgramBuilder *> findProgram(llvm::StringRef name);

/// Adds the passes from a model to @forward, for `batch` sequences of `length` tokens.
void addForwardPasses(mlir::OpPassManager &manager, int64_t batch, int64_t length, llvm::StringRef precision);

ProgramBuilder getTrainProgram();
ProgramBuilder getEvaluateProgram();
ProgramBuilder getGenerateProgram();

} // namespace hadal

#endif // HADAL_PASSES_PROGRAMS_PROGRAMS_H
