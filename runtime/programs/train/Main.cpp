// `main` of every training program. It lies in an object of its own: an executable that links the runtime as a library
// and has its own `main` does not pull this one from the archive.
#include "runtime/programs/train/Train.h"

int main(int argc, char **argv) { return hadal::train(hadal_program, argc, argv); }
