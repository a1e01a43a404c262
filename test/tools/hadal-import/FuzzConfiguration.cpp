//===- FuzzConfiguration.cpp - fuzzes the reader of config.json ---------------------------------------------------===//
//
// Whatever the bytes are, reading them ends in an error or in a configuration whose model parses and verifies. Start with
// the fixtures: fuzz_config -max_len=4096 FOLDER test/fixtures/cases/*/ .
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "passes/HuggingFace/Configuration.h"

using namespace hadal;
using namespace hadal::huggingface;

static mlir::MLIRContext &context() {
  static mlir::MLIRContext *context = [] {
    auto *made = new mlir::MLIRContext(mlir::MLIRContext::Threading::DISABLED);
    made->loadDialect<HadalDialect, mlir::func::FuncDialect>();
    return made;
  }();
  return *context;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef text(reinterpret_cast<const char *>(data), size);
  llvm::Expected<Configuration> config = readConfiguration(text, "config.json", ImportOptions());
  if (!config) {
    llvm::consumeError(config.takeError());
    return 0;
  }
  mlir::OwningOpRef<mlir::ModuleOp> model =
      mlir::parseSourceString<mlir::ModuleOp>(writeModel(*config, "model"), &context());
  if (!model)
    abort();
  return 0;
}
