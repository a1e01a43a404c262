//===- ShortHelp.h - the option -h of tools with LLVM's command line ----------------------------------------------===//
//
// LLVM takes options of one letter as a group, so that a mistyped --hadal-fuze is -h followed by other letters, and its
// own -h prints the help and ends the tool well. This one prints the help only when it stands alone; otherwise the
// letters behind it are no options, and the whole argument is refused as unknown.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_SHORTHELP_H
#define HADAL_TOOLS_SHORTHELP_H

#include "llvm/Support/CommandLine.h"

namespace hadal {

/// Declared before the command line is parsed.
class ShortHelp {
public:
  ShortHelp(int argc, char **argv) : arguments(argv, argv + argc) {}

private:
  void print(bool) const {
    if (!llvm::is_contained(arguments, "-h") && !llvm::is_contained(arguments, "--h"))
      return;
    llvm::cl::PrintHelpMessage();
    exit(0);
  }

  std::vector<llvm::StringRef> arguments;
  llvm::cl::opt<bool> option{"h", llvm::cl::desc("Alias for --help"), llvm::cl::ValueDisallowed,
                             llvm::cl::cat(llvm::cl::getGeneralCategory()),
                             llvm::cl::callback([this](const bool &value) { print(value); })};
};

} // namespace hadal

#endif // HADAL_TOOLS_SHORTHELP_H
