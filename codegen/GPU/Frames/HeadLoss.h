//===- HeadLoss.h - from the softmax of tokens to the head's results ----------------------------------------------===//
//
// The last stage of every head kernel on a GPU that has a loss: one block adds up the losses of all tokens, a sum along
// a row, and divides by their number. A head that keeps its logits has no loss, but two numbers for each row of them.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_HEADLOSS_H
#define HADAL_CODEGEN_GPU_FRAMES_HEADLOSS_H

#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Emit/Accumulation.h"
#include "codegen/GPU/Frames/GPUStage.h"

namespace hadal {

/// The softmax of one token's row: the largest logit M, that of its target (where there is one), and the sum l of
/// exponentials from M on.
struct TokenSoftmax {
  mlir::Value largest, target, sum;
};

/// Keeps the loss of one token, (M - z) + ln l: in `losses`, a pointer to one f32 per token, and negated as the
/// log-probability of its target where the kernel yields those. Whoever has kept logits forms it in the same order
/// (hadal.logits).
void storeHeadLoss(KernelBuilder &k, KernelOp kernel, const Head &head, const TokenSoftmax &softmax, mlir::Value losses,
                   mlir::Value token);

/// Keeps the numbers from which log-probabilities follow, M and ln l, where the kernel yields them.
void storeNormalizers(KernelBuilder &k, KernelOp kernel, const Head &head, mlir::Value largest, mlir::Value sum,
                      mlir::Value token);

/// Whether the kernel reads its weight in the layout of a CPU's products, which no strategy of a GPU does; the reason
/// is noted then.
bool readsPanels(const KernelAnatomy &anatomy, Refusals &refusals);

/// Adds the stage `loss`, which runs once behind all chunks.
void addHeadLossStage(KernelConfiguration &configuration);

/// `losses`: a pointer to one f32 per token.
void emitHeadLoss(GPUStage &stage, KernelOp kernel, const Head &head, mlir::Value losses);

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_HEADLOSS_H
