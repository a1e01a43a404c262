//===- FullPrecision.h - products that decide by small differences ------------------------------------------------===//
//
// What an operation with the trait FullPrecision reads (the router, the balance losses) is formed as exactly as the
// program can, in every precision and whatever form weights have.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_PRECISION_FULLPRECISION_H
#define HADAL_PASSES_PRECISION_FULLPRECISION_H

#include "passes/Passes.h"

namespace hadal {

/// The products behind the operands of such operations, through elementwise arithmetic, each once.
llvm::SmallVector<ProductOpInterface> findFullPrecisionProducts(mlir::Operation *root);

} // namespace hadal

#endif // HADAL_PASSES_PRECISION_FULLPRECISION_H
