// A training program as a function: what `main` calls, and what tests call with a program of their own.
#ifndef HADAL_RUNTIME_PROGRAMS_TRAIN_TRAIN_H
#define HADAL_RUNTIME_PROGRAMS_TRAIN_TRAIN_H

#include "hadal/program.h"

namespace hadal {

/// Runs the program as the command line says and returns the exit code; every error has been reported on stderr.
int train(const struct hadal_program &descriptor, int argc, const char *const *argv);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_TRAIN_TRAIN_H
