// What an evaluation reads and writes by name, and the way to it from the command line.
//
//   evaluate   reads   tokens               a micro-batch of windows: T inputs, of which each is the target of the one
//                                           before, one more target, and as many tokens as multi-token prediction looks
//                                           at in training, which nothing reads here
//              writes  log_probabilities    of the target behind every input, in nats
//                      loss.main            minus their mean, as training forms it
#include "runtime/programs/evaluate/Evaluate.h"

#include "runtime/programs/evaluate/Evaluator.h"

#include <algorithm>
#include <array>
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

/// The result of the name, of the shape that is expected.
static void requireResult(const Program &program, uint32_t entry, std::string_view name,
                          std::span<const int64_t> expected) {
  std::optional<uint32_t> index = program.findResult(entry, name);
  requireOfProgram(index.has_value(), "its entry point 'evaluate' has no result '", name, "'");
  const hadal_tensor &tensor = program.tensors()[*index];
  requireOfProgram(tensor.element_type == HADAL_F32 && std::ranges::equal(dimensions(tensor), expected), "the result '",
                   name, "' is ", describeShape(dimensions(tensor)), " of ", describeElementType(tensor.element_type),
                   " instead of ", describeShape(expected), " of f32");
}

static void verifyEvaluation(const Program &program) {
  TokenWindows shape(program, "evaluate");
  uint32_t entry = *program.findEntry("evaluate");
  std::array<int64_t, 2> perToken = {shape.rows, shape.length};
  requireResult(program, entry, "log_probabilities", perToken);
  requireResult(program, entry, "loss.main", {});
  for (const hadal_tensor &tensor : program.tensors()) {
    std::string_view name = tensor.name;
    bool isKnown = tensor.role == HADAL_PARAMETER || tensor.role == HADAL_PACKED ||
                   (tensor.role == HADAL_INPUT && name == "tokens") ||
                   (tensor.role == HADAL_RESULT && (name == "log_probabilities" || name == "loss.main"));
    requireOfProgram(isKnown, "evaluation knows no tensor '", name, "' of role ", tensor.role);
  }
}

const ProgramKind evaluateProgram = {"evaluate", evaluate, verifyEvaluation};

} // namespace hadal
