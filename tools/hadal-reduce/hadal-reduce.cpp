//===- hadal-reduce.cpp - makes a failing input small -------------------------------------------------------------===//
//
// MLIR's reducer with the hadal dialect: given a script that recognises a failure, it removes what the failure does not
// need. See docs/debugging.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"
#include "passes/Passes.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Tools/mlir-reduce/MlirReduceMain.h"
#include "mlir/Transforms/Passes.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<hadal::HadalDialect>();
  mlir::registerTransformsPasses();
  hadal::registerHadalPasses();
  mlir::MLIRContext context(registry);
  return mlir::failed(mlir::mlirReduceMain(argc, argv, context));
}
