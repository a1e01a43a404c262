// What the command lines of all programs have in common.
#ifndef HADAL_RUNTIME_PROGRAMS_COMMANDLINE_H
#define HADAL_RUNTIME_PROGRAMS_COMMANDLINE_H

#include <CLI/CLI.hpp>

#include <functional>
#include <optional>

namespace hadal {

/// Reads a command line and then checks what single options cannot. Returns an exit code when there is nothing to run:
/// after --help or --version, or after an error, which has then been reported. `beginHelp` is called before the help is
/// printed, with whether all of it was asked for.
std::optional<int> parseCommandLine(CLI::App &app, int argc, const char *const *argv,
                                    const std::function<void()> &checkTogether,
                                    const std::function<void(bool)> &beginHelp = {});

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_COMMANDLINE_H
