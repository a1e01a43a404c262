// The version of the runtime, which lies beside the compiler that the program was made by.
#include "runtime/programs/Version.h"

#include "runtime/core/Error.h"

namespace hadal {

std::string describeVersion(const Program &program) {
  return concat(program->program, " of the model '", program->model, "': Hadal ", HADAL_VERSION, " (LLVM ",
                HADAL_LLVM_VERSION, "), for ", program.isForGPU() ? program->target : concat("cpu ", program->cpu),
                program->emulated ? ", emulated" : "");
}

} // namespace hadal
