// `main` of every program: does what the program was compiled to do. It lies in an object of its own: an executable
// that links the runtime as a library and has its own `main` does not pull this one from the archive.
#include "runtime/core/StandardDescriptors.h"
#include "runtime/programs/Termination.h"
#include "runtime/programs/kernels/Kernels.h"
#include "runtime/programs/train/Train.h"

#include <string_view>

int main(int argc, char **argv) {
  hadal::openStandardDescriptors();
  hadal::reportTermination();
  // The field is there from version 2 on; a program of another version is refused by either.
  bool kernels = hadal_program.version == HADAL_PROGRAM_VERSION && std::string_view(hadal_program.program) == "kernels";
  return kernels ? hadal::runKernels(hadal_program, argc, argv) : hadal::train(hadal_program, argc, argv);
}
