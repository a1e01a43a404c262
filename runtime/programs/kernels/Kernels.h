// The program `kernels`: every entry point launches one kernel on states that hold its operands
// (passes/Transforms/LaunchKernels.cpp). It holds them against reference values from a file, writes and compares what
// they compute on different devices, and times them.
#ifndef HADAL_RUNTIME_PROGRAMS_KERNELS_KERNELS_H
#define HADAL_RUNTIME_PROGRAMS_KERNELS_KERNELS_H

#include "runtime/programs/Programs.h"

namespace hadal {

extern const ProgramKind kernelsProgram;

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_KERNELS_KERNELS_H
