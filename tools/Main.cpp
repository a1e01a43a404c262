//===- Main.cpp - the executable of a tool that is a library ------------------------------------------------------===//
//
// The build compiles this once per tool, with the name of its function.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/Mains.h"

int main(int argc, char **argv) { return hadal::HADAL_TOOL_MAIN(argc, argv); }
