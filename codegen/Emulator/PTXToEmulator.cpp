//===- PTXToEmulator.cpp - GPU kernels become host functions ------------------------------------------------------===//
//
// Function by function: checks are put before accesses while pointers still have their address spaces, instructions
// become calls, address spaces go, and the parameters are loaded from the arrays that the emulator passes. The function
// moves out of its gpu.module, which is erased with whatever else it held; functions that kernels call and constants
// move as they are.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/LowerToLLVM.h"
#include "codegen/Emulator/Emulator.h"
#include "codegen/Emulator/Passes.h"
#include "codegen/Tile/LowerTiles.h"
#include "dialect/PTX/PTX.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"
#include "mlir/Transforms/Passes.h"

namespace hadal {
#define GEN_PASS_DEF_PTXTOEMULATOR
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

/// All pointers become generic ones; casts between address spaces go.
static void removeAddressSpaces(Operation *root) {
  auto generic = LLVM::LLVMPointerType::get(root->getContext());
  AttrTypeReplacer replacer;
  replacer.addReplacement([=](LLVM::LLVMPointerType) -> Type { return generic; });
  replacer.recursivelyReplaceElementsIn(root, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
  root->walk([](LLVM::AddrSpaceCastOp cast) {
    cast.replaceAllUsesWith(cast.getArg());
    cast.erase();
  });
}

/// Gives the kernel the parameters (arguments, iteration, maps): pointers up to the iteration come from the first
/// array, those behind it from the last.
static LogicalResult replaceParameters(LLVM::LLVMFuncOp function) {
  Block &entry = function.getBody().front();
  Location loc = function.getLoc();
  OpBuilder builder = OpBuilder::atBlockBegin(&entry);
  auto pointer = LLVM::LLVMPointerType::get(builder.getContext());
  unsigned count = entry.getNumArguments();
  SmallVector<BlockArgument> old(entry.getArguments());
  Value arguments = entry.addArgument(pointer, loc), iteration = entry.addArgument(builder.getI64Type(), loc),
        maps = entry.addArgument(pointer, loc);
  auto loadFrom = [&](Value array, unsigned index) -> Value {
    Value slot = LLVM::GEPOp::create(builder, loc, pointer, pointer, array, ArrayRef<LLVM::GEPArg>{int32_t(index)});
    return LLVM::LoadOp::create(builder, loc, pointer, slot, /*alignment=*/8, /*isVolatile=*/false,
                                /*isNonTemporal=*/false, /*isInvariant=*/true);
  };
  bool behindIteration = false;
  for (unsigned index = 0, pointers = 0, mapCount = 0; index < count; ++index) {
    Type type = old[index].getType();
    if (type.isInteger(64) && !behindIteration) {
      behindIteration = true;
      old[index].replaceAllUsesWith(iteration);
    } else if (isa<LLVM::LLVMPointerType>(type)) {
      old[index].replaceAllUsesWith(behindIteration ? loadFrom(maps, mapCount++) : loadFrom(arguments, pointers++));
    } else {
      return function.emitError("a GPU kernel takes pointers, one i64, and tensor maps, not ") << type;
    }
  }
  if (!behindIteration)
    return function.emitError("a GPU kernel takes the number of its iteration as an i64");
  entry.eraseArguments(0, count);
  function.setFunctionType(LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()),
                                                       {pointer, builder.getI64Type(), pointer}));
  function.removeArgAttrsAttr();
  return success();
}

namespace {

struct PTXToEmulator : hadal::impl::PTXToEmulatorBase<PTXToEmulator> {
  LogicalResult convert(LLVM::LLVMFuncOp function) {
    bool isKernel = function->hasAttr(gpu::GPUDialect::getKernelFuncAttrName());
    CallEmitter emitter(getOperation(), function);
    checkAccesses(function, emitter);
    if (failed(lowerInstructions(function, emitter)))
      return failure();
    removeAddressSpaces(function);
    if (!isKernel)
      return success();
    // What remains says something about a GPU.
    for (NamedAttribute attribute : llvm::to_vector(function->getDiscardableAttrs()))
      function->removeDiscardableAttr(attribute.getName());
    return replaceParameters(function);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    for (gpu::GPUModuleOp gpuModule : llvm::make_early_inc_range(module.getOps<gpu::GPUModuleOp>())) {
      for (Operation &op : llvm::make_early_inc_range(*gpuModule.getBody())) {
        auto symbol = dyn_cast<SymbolOpInterface>(op);
        if (!isa<LLVM::LLVMFuncOp, LLVM::GlobalOp>(op) || !symbol)
          continue;
        if (module.lookupSymbol(symbol.getNameAttr())) {
          op.emitError("the module holds '") << symbol.getName() << "' twice: on the host and in a gpu.module";
          return signalPassFailure();
        }
        op.moveBefore(module.getBody(), module.getBody()->end());
        auto function = dyn_cast<LLVM::LLVMFuncOp>(op);
        if (function && !function.isExternal() && failed(convert(function)))
          return signalPassFailure();
      }
      gpuModule.erase();
    }
  }
};

} // namespace

void hadal::buildLowerToEmulatorPipeline(OpPassManager &passes) {
  passes.addPass(createLowerTiles());
  passes.addPass(createPTXToEmulator());
  buildLowerToLLVMPipeline(passes);
}
