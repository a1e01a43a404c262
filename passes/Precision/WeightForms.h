//===- WeightForms.h - in which form a program keeps the weights of its products ----------------------------------===//
#ifndef HADAL_PASSES_PRECISION_WEIGHTFORMS_H
#define HADAL_PASSES_PRECISION_WEIGHTFORMS_H

#include "passes/Passes.h"

namespace hadal {

/// What an option (as-is, bf16, fp8, ...) means for a model: FP8 where the weights that the model was published with
/// are FP8 in blocks of 128 × 128 and they stay as they are; AsIs where they have the type of the factors. A diagnostic
/// where there is no such form, or no such program.
mlir::FailureOr<WeightForm> decideWeightForm(ModelOp model, llvm::StringRef option, llvm::StringRef precision);

} // namespace hadal

#endif // HADAL_PASSES_PRECISION_WEIGHTFORMS_H
