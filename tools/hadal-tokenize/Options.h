//===- Options.h - the command line of hadal-tokenize -------------------------------------------------------------===//
//
// Declares what the command line asks for.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_TOKENIZE_OPTIONS_H
#define HADAL_TOOLS_TOKENIZE_OPTIONS_H

#include <filesystem>
#include <optional>
#include <string>

namespace hadal::tokenize {

struct Options {
  std::filesystem::path tokenizer;
  std::string input = "-";
  std::optional<std::string> text;
  bool decode = false, special = false, json = false, jsonLines = false, ids = false;
};

/// Parses and checks the command line. Returns an exit code when there is nothing to run: after --help, or after an
/// error, which has then been reported.
std::optional<int> parseOptions(int argc, const char *const *argv, Options &options);

} // namespace hadal::tokenize

#endif // HADAL_TOOLS_TOKENIZE_OPTIONS_H
