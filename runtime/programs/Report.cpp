// From exceptions to messages and exit codes.
#include "runtime/programs/Report.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"
#include "runtime/core/Session.h"

#include <cstdio>
#include <filesystem>
#include <new>
#include <sys/uio.h>
#include <unistd.h>

namespace hadal {

void writeMessage(std::string_view line) {
  char newline = '\n';
  iovec parts[] = {{const_cast<char *>(line.data()), line.size()}, {&newline, 1}};
  if (writev(STDERR_FILENO, parts, 2) < 0)
    return;
}

std::string describeCount(double number) {
  auto [divisor, unit] = number >= 1e9   ? std::pair(1e9, " G")
                         : number >= 1e6 ? std::pair(1e6, " M")
                         : number >= 1e3 ? std::pair(1e3, " k")
                                         : std::pair(1.0, "");
  char text[32];
  std::snprintf(text, sizeof text, "%.*f%s", *unit ? 2 : 0, number / divisor, unit);
  return text;
}

void describeSession(const Session &session) {
  const Program &program = session.program();
  const Device &device = session.device();
  writeMessage(concat("target ", device.describe(), program->check_memory ? ", memory checks on" : ""));
  writeMessage(concat("model ", program->model, ": ", describeCount(static_cast<double>(program.parameterCount())),
                      " parameters, ", describeBytes(device.memoryNeeded()), " of memory (",
                      describeBytes(device.memoryAvailable()), " available)"));
}

int reportErrors(const std::function<int()> &program) {
  try {
    return program();
  } catch (const Error &error) {
    writeMessage(concat("error: ", error.what()));
    return error.code();
  } catch (const std::bad_alloc &) {
    writeMessage("error: out of memory");
    return HADAL_EXIT_OUT_OF_MEMORY;
  } catch (const std::filesystem::filesystem_error &error) {
    writeMessage(concat("error: ", error.what()));
    return HADAL_EXIT_IO_FAILURE;
  } catch (const std::exception &error) { // of a library; what it means is not known here
    writeMessage(concat("error: unexpected: ", error.what()));
    return HADAL_EXIT_INPUT;
  } catch (...) {
    writeMessage("error: unexpected, of an unknown kind");
    return HADAL_EXIT_INPUT;
  }
}

} // namespace hadal
