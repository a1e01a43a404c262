//===- Programs.h - the programs that a model can be compiled to --------------------------------------------------===//
//
// A model says what is computed, a program what is done with it. The builder of a program makes its entry points of
// @forward, the model with bound parameters and closed shapes (hadal-bind-parameters); what stands before and behind is
// the same for all programs (passes/Pipelines). There is one file per program, and one place that lists them.
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
  /// Adds the passes from @forward to the entry points.
  void (*addPasses)(mlir::OpPassManager &manager, const ModelToProgramOptions &options);

  llvm::StringRef getName() const { return stringifyKnownProgram(kind); }
};

/// What part an entry point has in a step of its program: it is run for every micro-batch, once, or not at all.
enum class StepPart { MicroBatch, Once, None };
/// Of a program that no builder makes, all entry points are run once in a step, but for those that load parameters.
StepPart findStepPart(mlir::func::FuncOp entry);

/// The builders, in the order in which they are listed.
llvm::ArrayRef<ProgramBuilder> getProgramBuilders();
/// Their names: "train, evaluate".
std::string listPrograms();
/// The builder of the name; an error that lists the known ones otherwise.
llvm::Expected<const ProgramBuilder *> findProgram(llvm::StringRef name);

ProgramBuilder getTrainProgram();
ProgramBuilder getEvaluateProgram();

} // namespace hadal

#endif // HADAL_PASSES_PROGRAMS_PROGRAMS_H
