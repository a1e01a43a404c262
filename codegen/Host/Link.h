//===- Link.h - from an object file to a program ------------------------------------------------------------------===//
//
// Declares the last step of the compiler: clang links a program's object file with the runtime.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_HOST_LINK_H
#define HADAL_CODEGEN_HOST_LINK_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace hadal {

/// The runtime's archive, which lies in ../lib beside the folder of the running tool.
llvm::Expected<std::string> findRuntimeLibrary(llvm::StringRef toolPath);

/// Fails when there is nothing to link with: neither a C++ compiler, or no linker that it would call.
llvm::Error requireLinker();

/// Links a self-contained executable: nothing is needed to run it but glibc.
llvm::Error linkProgram(llvm::StringRef object, llvm::StringRef runtimeLibrary, llvm::StringRef output);

} // namespace hadal

#endif // HADAL_CODEGEN_HOST_LINK_H
