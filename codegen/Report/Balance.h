//===- Balance.h - how evenly teams of threads share the tasks of a step ------------------------------------------===//
//
// Implements hadalc --print-balance: for teams of 2 to 64 threads the tasks of every launch are given out as the
// runtime gives them out (runtime/devices/cpu/CpuDevice.cpp: whoever is free takes the next chunk, and all meet behind
// the last one), with the times that are predicted for them. The *balance* of a launch is what is done in it of all
// that the team could do meanwhile: the sum of its tasks over threads times the time of the one that ends last.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_REPORT_BALANCE_H
#define HADAL_CODEGEN_REPORT_BALANCE_H

#include "codegen/Target/Target.h"
#include "mlir/IR/BuiltinOps.h"

namespace hadal {

/// How tokens are taken to be spread over experts.
enum class ExpertLoad {
  Even,
  /// The expert of rank r has a share in proportion to 1/r; which expert has which rank is drawn, always the same way.
  Zipf
};
std::optional<ExpertLoad> parseExpertLoad(llvm::StringRef name);

/// How many of so many rows each of the experts has.
llvm::SmallVector<int64_t> spreadRows(int64_t rows, int64_t experts, ExpertLoad load);

/// The seconds until the last of a team has ended, when whoever is free takes the next `grain` tasks.
double simulateTeam(llvm::ArrayRef<double> tasks, int64_t grain, int64_t threads);

/// Prints a line per kernel of the phase `kernels` and one for the step, those first of which most time is lost. Fails
/// with a diagnostic where the kernels are not for a CPU.
mlir::LogicalResult printBalance(mlir::ModuleOp module, const TargetDescription &target, ExpertLoad load,
                                 llvm::raw_ostream &stream);

} // namespace hadal

#endif // HADAL_CODEGEN_REPORT_BALANCE_H
