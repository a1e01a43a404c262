//===- HeadLoss.h - from the tokens' losses to the head's result --------------------------------------------------===//
//
// The last stage of every head kernel on a GPU: one block adds up the losses of all tokens, a sum along a row, and
// divides by their number.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_GPU_FRAMES_HEADLOSS_H
#define HADAL_CODEGEN_GPU_FRAMES_HEADLOSS_H

#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Emit/Accumulation.h"
#include "codegen/GPU/Frames/GPUStage.h"

namespace hadal {

/// Keeps the loss of one token: in `losses`, a pointer to one f32 per token, and negated as the log-probability of its
/// target where the kernel yields those.
void storeHeadLoss(KernelBuilder &k, KernelOp kernel, const Head &head, mlir::Value loss, mlir::Value losses,
                   mlir::Value token);

/// Whether the kernel is to keep its logits, which no strategy of a GPU does yet; the reason is noted then.
bool keepsLogits(const KernelAnatomy &anatomy, Refusals &refusals);

/// Adds the stage `loss`, which runs once behind all chunks.
void addHeadLossStage(KernelConfiguration &configuration);

/// `losses`: a pointer to one f32 per token.
void emitHeadLoss(GPUStage &stage, KernelOp kernel, const Head &head, mlir::Value losses);

} // namespace hadal

#endif // HADAL_CODEGEN_GPU_FRAMES_HEADLOSS_H
