//===- DialectPlugins.h - dialects from libraries -----------------------------------------------------------------===//
//
// Declares how --load-dialect-plugin works in all tools that have it. Such a library holds operations that implement
// the dialect's interfaces; it finds everything of the hadal dialect in the tool itself, which exports it
// (docs/adding-an-operation.md).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_SUPPORT_DIALECTPLUGINS_H
#define HADAL_TOOLS_SUPPORT_DIALECTPLUGINS_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/Error.h"
#include <string>

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace hadal {

/// The option's name without dashes, and what the tools say of it.
inline constexpr char dialectPluginOption[] = "load-dialect-plugin";
inline constexpr char dialectPluginHelp[] = "load a library with further dialects; may be repeated";

/// Loads libraries in order; each adds its dialects to the registry. The error names the library.
llvm::Error loadDialectPlugins(llvm::ArrayRef<std::string> files, mlir::DialectRegistry &registry);

} // namespace hadal

#endif // HADAL_TOOLS_SUPPORT_DIALECTPLUGINS_H
