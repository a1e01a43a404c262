// The program `train`: trains a model as its command line says.
#ifndef HADAL_RUNTIME_PROGRAMS_TRAIN_TRAIN_H
#define HADAL_RUNTIME_PROGRAMS_TRAIN_TRAIN_H

#include "runtime/programs/Programs.h"

namespace hadal {

/// Fails unless the program can be trained: it has the entry points and inputs that a step runs, every scalar that it
/// asks for is one that a step writes, and every result one that a step reads.
void verifyTraining(const Program &program);

extern const ProgramKind trainProgram;

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_TRAIN_TRAIN_H
