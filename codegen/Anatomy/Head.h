//===- Head.h - what a kernel of the head kind computes -----------------------------------------------------------===//
//
// The output head fused with its cross entropy: alone, with both gradients, or with the log-probability of each target;
// or without it, for the logits themselves.
// Tokens go through in chunks, so that the logits of a whole batch never exist.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_ANATOMY_HEAD_H
#define HADAL_CODEGEN_ANATOMY_HEAD_H

#include "codegen/Anatomy/Contraction.h"
#include "codegen/Anatomy/KernelBody.h"

namespace hadal {

/// A result of the kernel: which one (-1: none), and what is added to it.
struct HeadResult {
  int64_t result = -1;
  Accumulated accumulated;
  bool exists() const { return result >= 0; }
};

struct Head {
  /// Arguments of the kernel by their number, or -1: the gradient of the loss when only the loss is asked for.
  int64_t hidden = -1, targets = -1, weight = -1, gradient = -1;
  HeadResult loss, logProbabilities, hiddenGradient, weightGradient;
  /// Where logits are kept, the kernel ends with them: there are no targets (-1) and no loss.
  HeadResult logitsOfRows, normalizers;
  int64_t tokens = 0, channels = 0, vocabulary = 0;
  /// How the weight lies, as the right-hand side of the logits: without gradients it may be packed.
  ContractionOperand weightOperand;
  /// Whether hidden state and weight are bf16. The gradients' other factor, that of the logits, is rounded to bf16
  /// then.
  bool factorsAreBF16 = false;

  /// The products of one chunk.
  ProductShape logits(int64_t chunk) const {
    ProductShape shape = withFactors({chunk, vocabulary, channels});
    shape.rhsPanel = weightOperand.panelColumns;
    shape.rhsIsInPairs = weightOperand.isInTiles;
    shape.rhsCodes = weightOperand.codes;
    return shape;
  }
  bool keepsLogits() const { return logitsOfRows.exists(); }
  bool hasGradients() const { return hiddenGradient.exists() || weightGradient.exists(); }
  ProductShape hiddenProduct(int64_t chunk) const { return withFactors({chunk, channels, vocabulary, 1, true, false}); }
  ProductShape weightProduct(int64_t chunk) const {
    return withFactors({vocabulary, channels, chunk, 1, false, false, true});
  }

private:
  ProductShape withFactors(ProductShape shape) const {
    shape.factorsAreBF16 = factorsAreBF16;
    return shape;
  }
};

/// The head in a kernel's body; failure, without a diagnostic but with the reason in `refusals`, when the body holds
/// anything else.
mlir::FailureOr<Head> analyzeHead(KernelOp kernel, Refusals &refusals);

} // namespace hadal

#endif // HADAL_CODEGEN_ANATOMY_HEAD_H
