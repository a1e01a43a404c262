// What ends by std::terminate is aborted as before, so that a core file shows where, but not without a word of whose
// fault it is.
#include "runtime/programs/Termination.h"

#include "runtime/core/Error.h"
#include "runtime/programs/Report.h"

#include <cstdlib>
#include <exception>

namespace hadal {

static void reportFault(const char *what) {
  writeMessage(concat("error: ", what,
                      "; this is a fault of Hadal: please report it to the Hadal project with the command line"));
}

static void terminate() {
  std::exception_ptr exception = std::current_exception();
  try {
    if (exception)
      std::rethrow_exception(exception);
    reportFault("terminated without an exception");
  } catch (const std::exception &error) {
    reportFault(error.what());
  } catch (...) {
    reportFault("an unknown exception");
  }
  std::abort();
}

void reportTermination() { std::set_terminate(terminate); }

} // namespace hadal
