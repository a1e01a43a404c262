// What programs tell people: lines on stderr, and errors as lines and exit codes.
#ifndef HADAL_RUNTIME_PROGRAMS_REPORT_H
#define HADAL_RUNTIME_PROGRAMS_REPORT_H

#include <functional>
#include <string>
#include <string_view>

namespace hadal {

class Session;

/// Writes a line to stderr; that nobody listens is no error.
void writeMessage(std::string_view line);

/// "4.19 M", "960".
std::string describeCount(double number);

/// Two lines about what a program has been loaded onto: the device, and the model with its memory.
void describeSession(const Session &session);

/// Runs a program and returns its exit code. The one place where errors are reported: no exception, whatever its type,
/// leaves it.
int reportErrors(const std::function<int()> &program);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_REPORT_H
