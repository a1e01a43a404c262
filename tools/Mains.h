//===- Mains.h - the tools as functions ---------------------------------------------------------------------------===//
//
// Declares what the executables of these names do: each is a library with one such function, so that test programs run
// the same code. A tool is run once per process.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_MAINS_H
#define HADAL_TOOLS_MAINS_H

namespace hadal {

int hadalcMain(int argc, char **argv);
int hadalCheckKernelsMain(int argc, char **argv);
int hadalImportMain(int argc, char **argv);
int hadalOptMain(int argc, char **argv);
int hadalTuneMain(int argc, char **argv);

} // namespace hadal

#endif // HADAL_TOOLS_MAINS_H
