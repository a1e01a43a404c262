//===- KernelDialects.cpp - what functions of kernels are made of -------------------------------------------------===//
//
// See the header: the only place beside the lowering to NVVM that names the dialect's attributes.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/KernelDialects.h"
#include "dialect/PTX/PTX.h"
#include "dialect/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"

using namespace mlir;
using namespace hadal;

void hadal::registerKernelDialects(DialectRegistry &registry) {
  registry.insert<LLVM::LLVMDialect, scf::SCFDialect, vector::VectorDialect, arith::ArithDialect, math::MathDialect,
                  gpu::GPUDialect, NVVM::NVVMDialect, ptx::PTXDialect, tile::TileDialect>();
}

Attribute hadal::getNVVMTarget(MLIRContext *context, StringRef chip, StringRef feature) {
  if (feature.empty())
    return NVVM::NVVMTargetAttr::get(context, /*optLevel=*/3, "nvptx64-nvidia-cuda", chip);
  return NVVM::NVVMTargetAttr::get(context, /*optLevel=*/3, "nvptx64-nvidia-cuda", chip, feature);
}

void hadal::markKernelFunction(LLVM::LLVMFuncOp function, int64_t threads, int64_t cluster) {
  Builder builder(function.getContext());
  function->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  function->setAttr(NVVM::NVVMDialect::getReqntidAttrName(), builder.getDenseI32ArrayAttr({int32_t(threads)}));
  // One block to a multiprocessor is enough: without this, ptxas rather spills than uses all registers, and setmaxnreg
  // is ignored.
  function->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(1));
  if (cluster > 1)
    function->setAttr(NVVM::NVVMDialect::getClusterDimAttrName(), builder.getDenseI32ArrayAttr({int32_t(cluster)}));
}

void hadal::markTensorMap(LLVM::LLVMFuncOp function, unsigned index) {
  Builder builder(function.getContext());
  auto bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 128);
  function.setArgAttr(index, LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(bytes));
  function.setArgAttr(index, LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(64));
  function.setArgAttr(index, NVVM::NVVMDialect::getGridConstantAttrName(), builder.getUnitAttr());
}
