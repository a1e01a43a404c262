// What an evaluation reads and writes by name, and the way to it from the command line.
//
//   evaluate   reads   tokens               a micro-batch of windows: T inputs, of which each is the target of the one
//                                           before, one more target, and as many tokens as multi-token prediction looks
//                                           at in training, which nothing reads here
//              writes  log_probabilities    of the target behind every input, in nats
//                      loss.main            minus their mean, as training forms it
#include "runtime/programs/evaluate/Evaluate.h"

#include "runtime/programs/evaluate/Evaluator.h"

#include <csignal>

namespace hadal {

/// The first SIGINT or SIGTERM ends the run after the current micro-batch, a second one at once. Writing to a closed
/// pipe or beyond a file size limit fails with an error instead of a signal.
static void handleSignals() {
  struct sigaction action = {};
  action.sa_handler = [](int) { Evaluator::interrupt(); };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

static int evaluate(const Program &program, int argc, const char *const *argv) {
  EvaluateOptions options;
  if (std::optional<int> exitCode = parseOptions(argc, argv, program, options))
    return *exitCode;
  handleSignals();
  return Evaluator(program, options).run();
}

static void verifyEvaluation(const Program &program) {
  requireOfProgram(program.findEntry("evaluate").has_value(), "it has no entry point 'evaluate'");
  Shapes shapes(program);
  for (const hadal_tensor &tensor : program.tensors()) {
    std::string_view name = tensor.name;
    requireOfProgram(tensor.role == HADAL_PARAMETER || tensor.role == HADAL_INPUT || tensor.role == HADAL_RESULT, "'",
                     name, "' is neither a parameter nor an input or result: evaluation has nothing else");
    requireOfProgram(tensor.role != HADAL_INPUT || name == "tokens", "'", name,
                     "' is an input that evaluation does not know");
    requireOfProgram(tensor.role != HADAL_RESULT || name == "log_probabilities" || name == "loss.main", "'", name,
                     "' is a result that evaluation does not know");
  }
  std::optional<uint32_t> loss = program.findTensor(HADAL_RESULT, "loss.main");
  requireOfProgram(loss && program.tensors()[*loss].rank == 0, "it has no single number as result 'loss.main'");
}

const ProgramKind evaluateProgram = {"evaluate", evaluate, verifyEvaluation};

} // namespace hadal
