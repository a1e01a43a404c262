//===- Select.h - the choice among all strategies -----------------------------------------------------------------===//
//
// Every strategy that serves a kernel proposes candidates; the cheapest of all wins, of equal ones the first. What the
// others would have taken, or why they cannot, is kept: --print-config prints it.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_SELECT_H
#define HADAL_CODEGEN_SELECTION_SELECT_H

#include "codegen/Selection/Strategy.h"

namespace hadal {

/// What a strategy proposes for a kernel that it serves, the cheapest first; or why it cannot.
struct Proposal {
  const KernelStrategy *strategy = nullptr;
  llvm::SmallVector<Candidate> candidates;
  /// Of a strategy without candidates: empty when the kernel is simply another one's.
  std::string reason;
};

/// The proposals of all strategies of the kernel's kind; those without candidates stand last. A strategy that sums in
/// another order than the kernel has on the target gives that as its reason.
llvm::SmallVector<Proposal> propose(const KernelAnatomy &anatomy, const TargetDescription &target, Refusals &refusals);

struct Selection {
  KernelConfiguration configuration;
  /// Of the choice, where it is one that was proposed.
  std::optional<PredictedTime> time;
  /// Where the choice comes from; empty: it was selected.
  std::string source;
  /// What lost, and what cannot, if it was asked for.
  llvm::SmallVector<Proposal> others;
};

/// Selects for a kernel; a diagnostic when nothing serves it.
mlir::FailureOr<Selection> select(const KernelAnatomy &anatomy, const TargetDescription &target);
/// Takes a choice that was named, by a file or a tuner, if it is right; a diagnostic by `emitError` if not.
mlir::FailureOr<Selection> selectNamed(const KernelAnatomy &anatomy, const TargetDescription &target,
                                       llvm::StringRef strategy, ChoiceInterface choice, EmitError emitError);
/// The configuration of what was selected.
mlir::FailureOr<KernelConfiguration> selectConfiguration(const KernelAnatomy &anatomy, const TargetDescription &target);
mlir::FailureOr<KernelConfiguration> selectConfiguration(KernelOp kernel, const TargetDescription &target);

/// Names a kernel for a target by a hash of its body and of what of the target choices hang on: kernels with the same
/// hash have the same choices.
std::string hashKernel(KernelOp kernel, const TargetDescription &target);

/// Several lines: the configuration, its predicted time, and the others.
void print(llvm::raw_ostream &stream, KernelOp kernel, const Selection &selection);
/// The same as an object, in the form that ChoiceFile reads.
llvm::json::Object toJSON(KernelOp kernel, const Selection &selection, const TargetDescription &target);
/// A document of such objects.
llvm::json::Object makeDocument(llvm::json::Array kernels, const TargetDescription &target);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_SELECT_H
