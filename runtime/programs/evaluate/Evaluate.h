// The program `evaluate`: scores a text with a model.
#ifndef HADAL_RUNTIME_PROGRAMS_EVALUATE_EVALUATE_H
#define HADAL_RUNTIME_PROGRAMS_EVALUATE_EVALUATE_H

#include "runtime/programs/Programs.h"

namespace hadal {

extern const ProgramKind evaluateProgram;

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_EVALUATE_EVALUATE_H
