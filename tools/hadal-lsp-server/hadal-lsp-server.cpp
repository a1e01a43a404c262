//===- hadal-lsp-server.cpp - the language server of the dialect --------------------------------------------------===//
//
// MLIR's language server with the hadal dialect and those that stand beside it at any level: editors show diagnostics,
// definitions and completions of model files.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/Choices.h"
#include "dialect/IR/Hadal.h"
#include "dialect/PTX/PTX.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Tools/mlir-lsp-server/MlirLspServerMain.h"
#include "tools/ShortHelp.h"
#include "tools/Support/Tool.h"

int main(int argc, char **argv) {
  hadal::Tool tool("hadal-lsp-server", argc, argv);
  hadal::ShortHelp help(tool.argc(), tool.argv());
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<hadal::HadalDialect, hadal::choices::KernelDialect, hadal::ptx::PTXDialect>();
  hadal::DriverReadsCommandLine reading;
  return mlir::failed(mlir::MlirLspServerMain(tool.argc(), tool.argv(), registry));
}
