//===- hadal-opt.cpp - runs passes and pipelines on a file --------------------------------------------------------===//
//
// MLIR's opt driver with the hadal dialect and every pass and pipeline of this project.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/Driver/Passes.h"
#include "codegen/Selection/Choices.h"
#include "codegen/Support/OutputFile.h"
#include "dialect/IR/Gradients/ElementwiseGradients.h"
#include "dialect/IR/Hadal.h"
#include "dialect/PTX/PTX.h"
#include "dialect/Reference/Models.h"
#include "dialect/Tile/Tile.h"
#include "mlir/InitAllDialects.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "passes/Passes.h"
#include "passes/Pipelines/Pipelines.h"
#include "tools/Mains.h"
#include "tools/ShortHelp.h"
#include "tools/Support/DialectPlugins.h"
#include "tools/Support/Tool.h"

/// MLIR's driver, which writes where it is told to and leaves half of a file when it is interrupted: it is told a
/// temporary one.
static int run(hadal::Tool &tool, mlir::DialectRegistry &registry) {
  std::pair<std::string, std::string> files;
  {
    hadal::DriverReadsCommandLine reading;
    files = mlir::registerAndParseCLIOptions(tool.argc(), tool.argv(), "Hadal's optimizer driver\n", registry);
  }
  auto &[input, output] = files;
  if (!hadal::isReplaceable(output))
    return mlir::asMainReturnCode(mlir::MlirOptMain(tool.argc(), tool.argv(), input, output, registry));
  llvm::Expected<hadal::OutputFile> file = hadal::OutputFile::create(output);
  if (!file)
    return tool.fail(llvm::toString(file.takeError()));
  if (mlir::failed(mlir::MlirOptMain(tool.argc(), tool.argv(), input, file->getTemporary(), registry)))
    return 1;
  llvm::Error error = file->commit();
  return error ? tool.fail(llvm::toString(std::move(error))) : 0;
}

int hadal::hadalOptMain(int argc, char **argv) {
  hadal::Tool tool("hadal-opt", argc, argv);
  hadal::ShortHelp help(tool.argc(), tool.argv());
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry
      .insert<hadal::HadalDialect, hadal::choices::KernelDialect, hadal::ptx::PTXDialect, hadal::tile::TileDialect>();
  hadal::registerElementwiseGradients(registry);
  hadal::registerReferenceModels(registry);
  // MLIR's driver has the option, too, but goes on without a library that it cannot load.
  if (llvm::Error error = hadal::loadDialectPlugins(tool.takeOption(hadal::dialectPluginOption), registry))
    return tool.fail(llvm::toString(std::move(error)), 2);
  mlir::registerTransformsPasses();
  hadal::registerHadalPasses();
  hadal::registerPipelines();
  hadal::registerCodegenPasses();
  return run(tool, registry);
}
