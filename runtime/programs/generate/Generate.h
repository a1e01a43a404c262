// The program `generate`: continues texts with a model.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_GENERATE_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_GENERATE_H

#include "runtime/programs/Programs.h"

namespace hadal {

extern const ProgramKind generateProgram;

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_GENERATE_H
