//===- Outside.cpp - a dialect from a library ---------------------------------------------------------------------===//
//
// Registers the dialect with the tool that loads the library by --load-dialect-plugin.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "test/outside/Outside.h"
#include "dialect/IR/OpSyntax.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Tools/Plugins/DialectPlugin.h"

#include "test/outside/OutsideDialect.cpp.inc"

using namespace mlir;
using namespace hadal;

void outside::OutsideDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "test/outside/OutsideOps.cpp.inc"
      >();
}

#define GET_OP_CLASSES
#include "test/outside/OutsideOps.cpp.inc"

extern "C" LLVM_ATTRIBUTE_WEAK DialectPluginLibraryInfo mlirGetDialectPluginInfo() {
  return {MLIR_PLUGIN_API_VERSION, "Outside", "1",
          [](DialectRegistry *registry) { registry->insert<outside::OutsideDialect>(); }};
}
