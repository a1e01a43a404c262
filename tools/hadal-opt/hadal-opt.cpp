//===- hadal-opt.cpp - runs passes and pipelines on a file --------------------------------------------------------===//
//
// MLIR's opt driver with the hadal dialect and every pass and pipeline of this project.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/LowerToLLVM.h"
#include "codegen/Emulator/Emulator.h"
#include "codegen/Host/Descriptor.h"
#include "codegen/NVPTX/AssembleKernels.h"
#include "codegen/NVPTX/LowerToNVVM.h"
#include "codegen/NVPTX/LowerTiles.h"
#include "codegen/Strategies/Strategy.h"
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
#include "tools/ShortHelp.h"

int main(int argc, char **argv) {
  hadal::ShortHelp help(argc, argv);
  mlir::DialectRegistry registry;
  mlir::registerAllDialects(registry);
  registry.insert<hadal::HadalDialect, hadal::ptx::PTXDialect, hadal::tile::TileDialect>();
  hadal::registerElementwiseGradients(registry);
  hadal::registerReferenceModels(registry);
  mlir::registerTransformsPasses();
  hadal::registerHadalPasses();
  hadal::registerPipelines();
  hadal::registerStrategyPasses();
  hadal::registerLowerToLLVMPasses();
  hadal::registerEmulatorPasses();
  hadal::registerLowerToNVVMPasses();
  hadal::registerAssembleKernelsPasses();
  hadal::registerHostPasses();
  hadal::registerLowerTilesPass();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "Hadal's optimizer driver\n", registry));
}
