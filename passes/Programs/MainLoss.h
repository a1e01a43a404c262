//===- MainLoss.h - what programs that only read a model keep of it -----------------------------------------------===//
//
// Scoring and generating start from the same place: the one loss of tokens that the main loss depends on. What only
// further losses need goes, and with it the parameters that nothing reads any more.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PROGRAMS_MAINLOSS_H
#define HADAL_PASSES_PROGRAMS_MAINLOSS_H

#include "passes/Passes.h"

namespace hadal {

/// @forward as hadal-bind-parameters leaves it.
mlir::LogicalResult requireForward(mlir::func::FuncOp forward);

/// The one loss of tokens that the main loss depends on; failure, after an error that names the program, when there is
/// none or more than one.
mlir::FailureOr<TokenLossOpInterface> findTokenLoss(mlir::Value mainLoss, KnownProgram program);

/// Parameters that no argument of the module's entry points names go; their names stay on the module for the loader of
/// weights (unreadParametersAttrName), since files hold them.
void eraseUnreadParameters(mlir::ModuleOp module);

} // namespace hadal

#endif // HADAL_PASSES_PROGRAMS_MAINLOSS_H
