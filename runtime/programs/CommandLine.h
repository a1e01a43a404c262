// What the command lines of all programs have in common.
#ifndef HADAL_RUNTIME_PROGRAMS_COMMANDLINE_H
#define HADAL_RUNTIME_PROGRAMS_COMMANDLINE_H

#include <CLI/CLI.hpp>

#include <cctype>
#include <string_view>

namespace hadal {

/// Reads a command line. CLI11 takes letters behind one dash for as many options, so that a mistyped -held would be -h
/// and end the program well: the only letter that is an option, it has to stand alone.
inline void parseArguments(CLI::App &app, int argc, const char *const *argv) {
  for (int index = 1; index < argc; ++index) {
    std::string_view argument = argv[index];
    if (argument.size() > 2 && argument[0] == '-' && std::isalpha(static_cast<unsigned char>(argument[1])))
      throw CLI::ExtrasError({std::string(argument)});
  }
  app.parse(argc, argv);
}

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_COMMANDLINE_H
