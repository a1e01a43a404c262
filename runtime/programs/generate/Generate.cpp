// From the command line to a generation.
#include "runtime/programs/generate/Generate.h"

#include "runtime/programs/generate/Generator.h"
#include "runtime/programs/generate/Interrupts.h"

#include <csignal>
#include <iostream>
#include <thread>

namespace hadal {

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
  catchInterrupts();
  // Writing to a closed pipe or beyond a file size limit fails with an error instead of a signal.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
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
