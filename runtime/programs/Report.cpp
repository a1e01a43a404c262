// From exceptions to messages and exit codes.
#include "runtime/programs/Report.h"

#include "runtime/core/Error.h"

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
