// The way through a command line, with its ends.
#include "runtime/programs/CommandLine.h"

#include "hadal/exit_codes.h"

#include <cctype>
#include <iostream>
#include <string_view>

namespace hadal {
namespace {

/// CLI11 takes letters behind one dash for as many options, so that a mistyped -held would be -h and end the program
/// well: the only letter that is an option, it has to stand alone.
void parseArguments(CLI::App &app, int argc, const char *const *argv) {
  for (int index = 1; index < argc; ++index) {
    std::string_view argument = argv[index];
    if (argument.size() > 2 && argument[0] == '-' && std::isalpha(static_cast<unsigned char>(argument[1])))
      throw CLI::ExtrasError({std::string(argument)});
  }
  app.parse(argc, argv);
}

} // namespace

std::optional<int> parseCommandLine(CLI::App &app, int argc, const char *const *argv,
                                    const std::function<void()> &checkTogether,
                                    const std::function<void(bool)> &beginHelp) {
  try {
    parseArguments(app, argc, argv);
    checkTogether();
  } catch (const CLI::CallForVersion &version) {
    std::cout << version.what() << "\n" << std::flush;
    return HADAL_EXIT_OK;
  } catch (const CLI::Success &help) { // a request for help
    if (beginHelp)
      beginHelp(dynamic_cast<const CLI::CallForAllHelp *>(&help));
    std::cout << app.help() << std::flush;
    return HADAL_EXIT_OK;
  } catch (const CLI::ParseError &error) {
    std::cerr << "error: " << error.what() << " (see --help)\n";
    return HADAL_EXIT_COMMAND_LINE;
  }
  return std::nullopt;
}

} // namespace hadal
