//===- Options.h - the command line of hadalc --------------------------------------------------------------------===//
//
// Declares hadalc's options. Those that begin with --mlir- are MLIR's own and passed on.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_HADALC_OPTIONS_H
#define HADAL_TOOLS_HADALC_OPTIONS_H

#include "codegen/Driver/Compiler.h"
#include <string>
#include <vector>

namespace hadal {

struct CommandLine {
  std::string input;
  std::string output;
  CompilerOptions compiler;
  /// Whether --compile-to asks for a phase as text instead of a program.
  bool isTextual = false;
  /// Libraries with further dialects.
  std::vector<std::string> dialectPlugins;
  /// MLIR's own options.
  std::vector<std::string> mlirOptions;
};

/// Reads the command line. Returns the exit code when the program is to end at once: 0 after --help or a list, 2 after
/// a message about a wrong command line.
std::optional<int> parseCommandLine(int argc, char **argv, CommandLine &commandLine);

} // namespace hadal

#endif // HADAL_TOOLS_HADALC_OPTIONS_H
