//===- RunProgram.h - programs that the compiler runs
//--------------------------------------------------------------===//
//
// Declares how the linker and NVIDIA's assembler are run. A signal that ends the compiler ends them, too, before the
// files are removed that they write.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SUPPORT_RUNPROGRAM_H
#define HADAL_CODEGEN_SUPPORT_RUNPROGRAM_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include <string>

namespace hadal {

struct ProgramResult {
  /// The exit status; -1 when the program could not be run or was ended by a signal: `failure` says which.
  int status = 0;
  std::string failure;
  /// What it wrote on stdout and stderr.
  std::string output;
};

/// Runs a program with the arguments behind its name, an empty stdin and this process's environment, and waits for it.
ProgramResult runProgram(llvm::StringRef program, llvm::ArrayRef<llvm::StringRef> arguments);

} // namespace hadal

#endif // HADAL_CODEGEN_SUPPORT_RUNPROGRAM_H
