// What a step of training writes and reads by name.
//
//   accumulate     reads   tokens               a micro-batch: for each of its samples the inputs and, behind them, the
//                                               targets of the main head and of every further depth
//                          adds_to_gradients    0 in the first micro-batch of a step, whose gradients take the place of
//                                               those of the step before; 1 in the others
//                          loss_scale           1 / number of micro-batches of the step; multiplies every gradient
//                          mtp_loss_weight      lambda
//                          balance_loss_weight  alpha
//                  writes  loss, loss.main, loss.mtp, loss.balance    of its micro-batch, unscaled: loss = main +
//                                               lambda mtp + alpha balance
//   gradient_norm  reads   clip_norm            maximal norm of the gradient; infinity turns clipping off
//                  writes  gradient_norm        before clipping
//                          gradient_scale       the factor that clips it
//   update         reads   learning_rate        of this step
//                          weight_decay, beta1, beta2, epsilon        of AdamW
//                          bias_correction1, bias_correction2         1 - beta^step, computed in double
//                          gradient_scale       the result of gradient_norm; multiplies every gradient
//                          router_bias_rate     gamma
//   evaluate       reads   tokens               (a program without this entry point cannot validate)
//                  writes  loss.main
//
// What a model has no use for (no MTP head, no balance loss) its program does not have: such a loss counts as zero.
#include "runtime/programs/TokenWindows.h"
#include "runtime/programs/train/Train.h"

#include <algorithm>

namespace hadal {
namespace {

constexpr std::string_view entryPoints[] = {"accumulate", "gradient_norm", "update"};

constexpr std::string_view scalars[] = {"adds_to_gradients",
                                        "loss_scale",
                                        "mtp_loss_weight",
                                        "balance_loss_weight",
                                        "clip_norm",
                                        "learning_rate",
                                        "weight_decay",
                                        "beta1",
                                        "beta2",
                                        "epsilon",
                                        "bias_correction1",
                                        "bias_correction2",
                                        "gradient_scale",
                                        "router_bias_rate"};

constexpr std::string_view results[] = {"loss",         "loss.main",     "loss.mtp",
                                        "loss.balance", "gradient_norm", "gradient_scale"};

void requireKnown(const hadal_tensor &tensor, std::span<const std::string_view> known, const char *what) {
  requireOfProgram(std::ranges::count(known, std::string_view(tensor.name)) > 0, "'", tensor.name, "' is ", what,
                   " that training does not know");
}

} // namespace

void verifyTraining(const Program &program) {
  for (std::string_view entry : entryPoints)
    requireOfProgram(program.findEntry(entry).has_value(), "it has no entry point '", entry, "'");
  for (const hadal_tensor &tensor : program.tensors())
    if (tensor.role == HADAL_SCALAR) {
      requireKnown(tensor, scalars, "a scalar");
    } else if (tensor.role == HADAL_RESULT) {
      requireKnown(tensor, results, "a result");
      requireOfProgram(tensor.element_type == HADAL_F32 && tensor.rank == 0, "the result '", tensor.name,
                       "' is no f32 of rank 0, which training reads");
    }
  TokenWindows(program, "accumulate");
  if (program.findEntry("evaluate"))
    TokenWindows(program, "evaluate");
}

} // namespace hadal
