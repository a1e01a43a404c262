//===- DialectPlugins.cpp - dialects from libraries ---------------------------------------------------------------===//
//
// MLIR's loader resolves functions when they are first called, and a library that was built for another version would
// end the tool in the middle of its work. Every symbol is resolved before.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/Support/DialectPlugins.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"
#include <dlfcn.h>

using namespace hadal;

llvm::Error hadal::loadDialectPlugins(llvm::ArrayRef<std::string> files, mlir::DialectRegistry &registry) {
  for (const std::string &file : files) {
    auto fail = [&](const llvm::Twine &why) {
      return llvm::createStringError("cannot load the dialects of " + file + ": " + why +
                                     " (docs/adding-an-operation.md says how such a library is built)");
    };
    // A name without a slash would be looked for among the system's libraries.
    std::string path = llvm::StringRef(file).contains('/') ? file : "./" + file;
    if (!dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL))
      return fail(dlerror());
    llvm::Expected<mlir::DialectPlugin> plugin = mlir::DialectPlugin::load(path);
    if (!plugin)
      return fail(llvm::toString(plugin.takeError()));
    plugin->registerDialectRegistryCallbacks(registry);
  }
  return llvm::Error::success();
}
