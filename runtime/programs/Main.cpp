// `main` of every program: does what the program was compiled to do. It lies in an object of its own: an executable
// that links the runtime as a library and has its own `main` does not pull this one from the archive.
#include "runtime/core/StandardDescriptors.h"
#include "runtime/programs/Programs.h"
#include "runtime/programs/Termination.h"

int main(int argc, char **argv) {
  hadal::openStandardDescriptors();
  hadal::reportTermination();
  return hadal::runProgram(hadal_program, argc, argv);
}
