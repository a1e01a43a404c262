// Signals, and the way from the command line to the training loop.
#include "runtime/programs/train/Train.h"

#include "runtime/programs/train/Trainer.h"

#include <csignal>

namespace hadal {

/// The first SIGINT, SIGTERM or SIGHUP (the terminal is gone) ends the run after the current step, a second one of its
/// kind at once. A program under nohup, which ignores SIGHUP, goes on ignoring it. Writing to a closed pipe or
/// beyond a file size limit fails with an error instead of a signal.
static void handleSignals() {
  struct sigaction action = {};
  action.sa_handler = [](int) { Trainer::interrupt(); };
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction former;
  if (sigaction(SIGHUP, nullptr, &former) == 0 && former.sa_handler != SIG_IGN)
    sigaction(SIGHUP, &action, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
}

static int train(const Program &program, int argc, const char *const *argv) {
  TrainOptions options;
  if (std::optional<int> exitCode = parseOptions(argc, argv, program, options))
    return *exitCode;
  handleSignals();
  return Trainer(*program, options).run();
}

const ProgramKind trainProgram = {"train", train, verifyTraining};

} // namespace hadal
