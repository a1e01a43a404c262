// The programs that this runtime can run: what `main` looks the name of a generated program up in.
//
// A program is added by a folder beside this file that defines its `ProgramKind`, and a line in Programs.cpp.
#ifndef HADAL_RUNTIME_PROGRAMS_PROGRAMS_H
#define HADAL_RUNTIME_PROGRAMS_PROGRAMS_H

#include "runtime/core/Program.h"

#include <span>
#include <string_view>

namespace hadal {

struct ProgramKind {
  /// What the compiler calls it: `hadal_program.program`.
  std::string_view name;
  /// Does what the command line says and returns the exit code.
  int (*main)(const Program &program, int argc, const char *const *argv);
  /// Fails unless the tables hold the entry points, inputs and results that `main` works with, and ask for nothing that
  /// it does not give. Called before `main`.
  void (*verify)(const Program &program);
};

std::span<const ProgramKind *const> knownPrograms();

/// Runs a generated program and returns its exit code; every error has been reported on stderr. One that is malformed
/// or that no kind knows is refused before anything else is done.
int runProgram(const struct hadal_program &descriptor, int argc, const char *const *argv);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_PROGRAMS_H
