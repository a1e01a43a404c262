// What --version prints.
#ifndef HADAL_RUNTIME_PROGRAMS_VERSION_H
#define HADAL_RUNTIME_PROGRAMS_VERSION_H

#include "runtime/core/Program.h"

#include <string>

namespace hadal {

/// "train of the model 'tiny': Hadal 0.2.0 (LLVM 22.1.8), for cpu znver4".
std::string describeVersion(const Program &program);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_VERSION_H
