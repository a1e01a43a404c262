// The one way in which the runtime reports a failure: an exception that carries the whole message and the exit code of
// the program. Nothing below `main` prints an error or exits by itself, so that tests and other programs can link the
// runtime as a library.
#ifndef HADAL_RUNTIME_CORE_ERROR_H
#define HADAL_RUNTIME_CORE_ERROR_H

#include "hadal/exit_codes.h"

#include <sstream>
#include <stdexcept>
#include <string>

namespace hadal {

class Error : public std::runtime_error {
public:
  Error(hadal_exit_code code, const std::string &message) : std::runtime_error(message), exitCode(code) {}
  hadal_exit_code code() const { return exitCode; }

private:
  hadal_exit_code exitCode;
};

/// Streams all parts into one string.
template <class... Parts> std::string concat(const Parts &...parts) {
  std::ostringstream stream;
  (stream << ... << parts);
  return stream.str();
}

/// Throws an Error whose message is all parts streamed into one string.
template <class... Parts> [[noreturn]] void fail(hadal_exit_code code, const Parts &...parts) {
  throw Error(code, concat(parts...));
}

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_ERROR_H
