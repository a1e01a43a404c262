// A program of single kernels: every entry point launches one kernel on states that hold its operands
// (passes/Transforms/LaunchKernels.cpp). It holds them against reference values from a file, writes and compares what
// they compute on different devices, and times them.
#ifndef HADAL_RUNTIME_PROGRAMS_KERNELS_KERNELS_H
#define HADAL_RUNTIME_PROGRAMS_KERNELS_KERNELS_H

#include "hadal/program.h"

namespace hadal {

/// Runs the program as the command line says and returns the exit code; every error has been reported on stderr.
int runKernels(const struct hadal_program &descriptor, int argc, const char *const *argv);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_KERNELS_KERNELS_H
