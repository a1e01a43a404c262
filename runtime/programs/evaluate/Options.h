// The command line of a program that scores a text.
#ifndef HADAL_RUNTIME_PROGRAMS_EVALUATE_OPTIONS_H
#define HADAL_RUNTIME_PROGRAMS_EVALUATE_OPTIONS_H

#include "runtime/core/Program.h"
#include "runtime/programs/MachineOptions.h"
#include "runtime/programs/TextData.h"

#include <cstdint>
#include <filesystem>
#include <optional>

namespace hadal {

/// An empty path means that the option was not given.
struct EvaluateOptions {
  std::filesystem::path load, data;
  TextOptions text;
  /// The token that ends a document; nothing: the whole file is one.
  std::optional<int32_t> separator;
  bool perLine = false;
  std::filesystem::path perToken, log, trace;
  MachineOptions machine;
};

/// Parses and checks the command line. Returns an exit code when there is nothing to run: after --help, or after an
/// error, which has then been reported.
std::optional<int> parseOptions(int argc, const char *const *argv, const Program &program, EvaluateOptions &options);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_EVALUATE_OPTIONS_H
