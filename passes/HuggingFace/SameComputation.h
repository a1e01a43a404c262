//===- SameComputation.h - whether two models compute the same ----------------------------------------------------===//
//
// Compares the losses of two models as expressions: names of values, symbols and the order of independent operations do
// not matter, nor does how a layer is cut into functions. Parameters count by name.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_HUGGINGFACE_SAMECOMPUTATION_H
#define HADAL_PASSES_HUGGINGFACE_SAMECOMPUTATION_H

#include "dialect/IR/Hadal.h"
#include "llvm/Support/Error.h"

namespace hadal::huggingface {

/// Success when `model` computes what `expected` does; otherwise the first difference, with its place in `model`.
llvm::Error checkSameComputation(ModelOp model, ModelOp expected);

} // namespace hadal::huggingface

#endif // HADAL_PASSES_HUGGINGFACE_SAMECOMPUTATION_H
