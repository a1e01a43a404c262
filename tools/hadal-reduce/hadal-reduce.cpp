//===- hadal-reduce.cpp - makes a failing input small -------------------------------------------------------------===//
//
// MLIR's reducer with the hadal dialect: given a script that recognises a failure, it removes what the failure does not
// need. See docs/debugging.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "tools/Support/Tool.h"

int main(int argc, char **argv) {
  hadal::Tool tool("hadal-reduce", argc, argv);
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<hadal::HadalDialect>();
  mlir::registerTransformsPasses();
  hadal::registerHadalPasses();
  mlir::MLIRContext context(registry);
  hadal::DriverReadsCommandLine reading;
  return mlir::failed(mlir::mlirReduceMain(tool.argc(), tool.argv(), context));
}
