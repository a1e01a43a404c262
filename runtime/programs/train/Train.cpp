// Signals, and the one place where errors are reported.
#include "runtime/programs/train/Train.h"

#include "runtime/core/Error.h"
#include "runtime/programs/train/Trainer.h"

#include <csignal>
#include <new>

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

int train(const struct hadal_program &descriptor, int argc, const char *const *argv) {
  try {
    Program program(descriptor);
    TrainOptions options;
    if (std::optional<int> exitCode = parseOptions(argc, argv, program, options))
      return *exitCode;
    handleSignals();
    return Trainer(descriptor, options).run();
  } catch (const Error &error) {
    writeMessage(concat("error: ", error.what()));
    return error.code();
  } catch (const std::bad_alloc &) {
    writeMessage("error: out of memory while starting");
    return HADAL_EXIT_OUT_OF_MEMORY;
  } catch (const std::filesystem::filesystem_error &error) {
    writeMessage(concat("error: ", error.what()));
    return HADAL_EXIT_IO_FAILURE;
  }
}

} // namespace hadal
