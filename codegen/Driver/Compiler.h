//===- Compiler.h - the phases of a compilation -------------------------------------------------------------------===//
//
// Declares what hadalc does between its options and its output: the named phases, each of which can be printed and
// resumed from.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_DRIVER_COMPILER_H
#define HADAL_CODEGEN_DRIVER_COMPILER_H

#include "codegen/Support/OutputFile.h"
#include "codegen/Target/Target.h"
#include "dialect/IR/Words.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Support/Timing.h"
#include "llvm/ADT/ArrayRef.h"
#include <optional>
#include <string>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace hadal {

/// The levels of a program, in order.
enum class Phase { Model, Program, Kernels, Target, Host };

struct PhaseDescription {
  Phase phase;
  llvm::StringLiteral name;
  llvm::StringLiteral summary;
};
llvm::ArrayRef<PhaseDescription> getPhases();
std::optional<Phase> parsePhase(llvm::StringRef name);

struct CompilerOptions {
  std::string program = "train";
  int64_t microBatchSize = 1;
  int64_t sequenceLength = 1;
  /// In place of the two, of a program that generates; 0: what its builder says.
  int64_t maxSequence = 0, maxBatch = 8, prefillChunk = 0;
  /// Most tokens that it drafts before it verifies them; -1: as many as the model predicts beyond the next one.
  int64_t speculate = -1;
  std::string precision = "f32";
  /// The type of the cache of a program that generates; empty: the precision.
  std::string cacheType;
  /// The program whose bits every row of one that generates has: train; empty: none.
  std::string exact;
  /// In which form that one keeps the weights of its products.
  std::string weights = "as-is";
  /// The target's name; empty: what the resumed module says, or cpu.
  std::string target;
  /// The GPU that sizes are chosen for; empty: what the resumed module says, or the target's default.
  std::string gpu;
  /// Whether the kernels of a GPU become host functions for the emulator.
  bool emulate = false;
  /// LLVM's name of the CPU, or host, and emulatedTilesSuffix where AMX is to be emulated; empty: what the resumed
  /// module says, or host.
  std::string cpu;
  /// Bytes that a program's tensors and its arena may take together; 0: as many as they want.
  int64_t memoryLimit = 0;
  /// What is computed again in the backward pass where the limit does not ask for it: cheap (what saves a larger share
  /// of memory than it costs of a step), or none.
  std::string recompute = "cheap";
  /// How many micro-batches a step is expected to have: what layouts cost and save is reckoned for so many.
  int64_t microBatches = 1;
  /// In which layouts tensors are kept: chosen, or rows.
  std::string layouts = "chosen";
  bool checkMemory = false;
  /// Reports of the passes, on stderr.
  bool printFusion = false, printLayouts = false, printMemoryPlan = false;
  /// The choices of kernels: text on stderr, json on stdout, or empty.
  std::string printConfig;
  /// How tokens are taken to be spread over experts in a report of how evenly threads share tasks, on stderr: even,
  /// zipf, or empty.
  std::string printBalance;
  /// A file of choices, or empty.
  std::string config;
  /// Where the page about the phase `kernels` is written, and the trace of a run that it tells of, or empty.
  std::string report, reportTrace;
  /// The phase of the input, and the last one to run.
  Phase from = Phase::Model, to = Phase::Host;
  /// Where each phase is written, numbered, or empty.
  std::string dumpFolder;
};

class Compiler {
public:
  /// Progress, and the reports that the options ask for, go to `log`.
  Compiler(mlir::ModuleOp module, const CompilerOptions &options, llvm::raw_ostream &log)
      : module(module), options(options), log(log) {}

  /// Runs the phases after `from` up to `to`. A failure has been diagnosed at its place, or is told by getError.
  mlir::LogicalResult run(mlir::TimingScope &timing);
  /// Writes the object file of a module of the phase `host`.
  mlir::LogicalResult writeObject(const TemporaryFile &file);
  const TargetDescription &getTarget() const { return target; }
  /// After a failure that has no place in the module: what went wrong. Otherwise "".
  llvm::StringRef getError() const { return error; }
  /// What the tool's exit code is after a failure: 1, or that of a missing assembler.
  int getExitCode() const { return exitCode; }

private:
  mlir::LogicalResult fail(llvm::Error reason);
  /// Whether the input is of the phase that it is said to be.
  mlir::LogicalResult checkPhase();
  /// Whether the input, where another hadalc has written it, was written by one of this version; then records the
  /// version for the phases to come.
  mlir::LogicalResult checkVersion();
  mlir::LogicalResult describeTarget();
  /// Records options that later phases need on the module. Says when they contradict what a resumed phase was made for.
  mlir::LogicalResult recordTarget();
  bool isAssembled() const { return target.kind() == TargetKind::NVPTX && !module->hasAttr(emulateAttrName); }
  /// The step before the phase `host` of a GPU: from LLVM's dialect to PTX and a cubin.
  mlir::LogicalResult assemble(mlir::TimingScope &timing);
  mlir::LogicalResult runPhase(Phase phase, mlir::TimingScope &timing);
  mlir::LogicalResult buildPasses(Phase phase, mlir::OpPassManager &passes);
  mlir::LogicalResult dump(Phase phase);
  mlir::LogicalResult report(mlir::TimingScope &timing);

  mlir::ModuleOp module;
  const CompilerOptions &options;
  llvm::raw_ostream &log;
  std::string error;
  TargetDescription target;
  int exitCode = 1;
};

/// Writes the module of a phase to a file, whole or not at all. What comes behind the model names the model's
/// locations: a program that is made from the file knows them, too.
llvm::Error writeModule(mlir::ModuleOp module, Phase phase, llvm::StringRef path);

} // namespace hadal

#endif // HADAL_CODEGEN_DRIVER_COMPILER_H
