//===- Tool.h - what all tools do before their own work
//------------------------------------------------------------===//
//
// Declares the beginning of every `main` under tools: standard descriptors, messages of the last resort, and the parts
// of the command line that are the same everywhere.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_SUPPORT_TOOL_H
#define HADAL_TOOLS_SUPPORT_TOOL_H

#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/PrettyStackTrace.h"
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace hadal {

/// Made first in `main`, and kept until its end.
///
/// It opens /dev/null for those of the descriptors 0 to 2 that are closed. From then on whatever breaks inside names
/// the tool and Hadal, and files being written are removed when a signal ends the tool. `--version` prints the versions
/// and ends the tool. -o FILE may be written -oFILE, -o=FILE, --output FILE and --output=FILE: the command line then
/// has -o FILE.
class Tool {
public:
  /// `name` is the tool's, a literal.
  Tool(const char *name, int argc, char **argv);
  ~Tool();

  /// The command line to read.
  int argc() const { return int(arguments.size()) - 1; }
  char **argv() { return arguments.data(); }

  /// Takes an option with a value off the command line, however often it is there, and returns the values: --NAME=VALUE
  /// or --NAME VALUE. One without a value stays there.
  std::vector<std::string> takeOption(llvm::StringRef option);

  /// "NAME: error: MESSAGE" on stderr; returns the code.
  int fail(const llvm::Twine &message, int code = 1) const;

private:
  [[noreturn]] void printVersion() const;
  void readOutputOptions(int argc, char **argv);

  const char *name;
  std::vector<std::string> texts;
  std::vector<char *> arguments; // ends with null
  std::unique_ptr<llvm::PrettyStackTraceProgram> stackTrace;
};

/// While it lives, a process that LLVM or MLIR ends with 1 ends with 2: MLIR's drivers read the command line
/// themselves, and 2 is what all our tools return for one that is wrong. What such a driver returns is not changed.
class DriverReadsCommandLine {
public:
  DriverReadsCommandLine();
  ~DriverReadsCommandLine();
};

} // namespace hadal

#endif // HADAL_TOOLS_SUPPORT_TOOL_H
