// From the command line to a generation.
#include "runtime/programs/generate/Generate.h"

#include "runtime/programs/generate/Generator.h"

#include <csignal>
#include <iostream>
#include <thread>

namespace hadal {

/// The first SIGINT or SIGTERM ends the run after the current step, a second one at once. Writing to a closed pipe or
/// beyond a file size limit fails with an error instead of a signal.
static void handleSignals() {
  struct sigaction action = {};
  action.sa_handler = [](int) { Generator::interrupt(); };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

static int generate(const Program &program, int argc, const char *const *argv) {
  Steps steps(program);
  GenerateOptions options;
  if (std::optional<int> exitCode = parseOptions(argc, argv, program, steps, options))
    return *exitCode;
  if (options.plan) {
    unsigned threads = options.machine.threads ? options.machine.threads : std::thread::hardware_concurrency();
    std::cout << describePlan(program, steps, threads) << std::flush;
    if (!std::cout)
      fail(HADAL_EXIT_IO_FAILURE, "cannot write to standard output");
    return HADAL_EXIT_OK;
  }
  handleSignals();
  return Generator(program, steps, options).run();
}

static void verifyGeneration(const Program &program) {
  Steps steps(program);
  for (const hadal_tensor &tensor : program.tensors())
    requireOfProgram(tensor.role == HADAL_PARAMETER || tensor.role == HADAL_PACKED || tensor.role == HADAL_STATE ||
                         tensor.role == HADAL_INPUT || tensor.role == HADAL_RESULT,
                     "generation knows no tensor '", tensor.name, "' of role ", tensor.role);
}

const ProgramKind generateProgram = {"generate", generate, verifyGeneration};

} // namespace hadal
