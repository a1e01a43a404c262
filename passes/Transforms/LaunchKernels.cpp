//===- LaunchKernels.cpp - an entry point for every kernel --------------------------------------------------------===//
//
// Replaces the entry points of a module by one per kernel, which launches it once on operands that are states of their
// own. The program that comes of it checks and times kernels one by one (runtime/programs/kernels).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "passes/Transforms/Requirements.h"

namespace hadal {
#define GEN_PASS_DEF_LAUNCHKERNELSPASS
#include "passes/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

struct LaunchKernelsPass : hadal::impl::LaunchKernelsPassBase<LaunchKernelsPass> {
  using LaunchKernelsPassBase::LaunchKernelsPassBase;

  /// func.func @kernel_entry(%0: ... {hadal.state = "kernel.0"}, ...), which launches @kernel.
  void addEntry(KernelOp kernel) {
    OpBuilder builder = OpBuilder::atBlockEnd(getOperation().getBody());
    Location loc = kernel.getLoc();
    auto type = builder.getFunctionType(kernel.getArgumentTypes(), {});
    auto entry = func::FuncOp::create(builder, loc, (kernel.getSymName() + "_entry").str(), type);
    Block *block = entry.addEntryBlock();
    for (unsigned index = 0; index < block->getNumArguments(); ++index)
      entry.setArgAttr(index, getRoleAttrName(ArgumentRole::State),
                       builder.getStringAttr(kernel.getSymName() + "." + Twine(index)));
    builder.setInsertionPointToEnd(block);
    LaunchOp::create(builder, loc, kernel.getResultTypes(), FlatSymbolRefAttr::get(kernel.getSymNameAttr()),
                     block->getArguments(), DenseI64ArrayAttr(), DenseI64ArrayAttr(), IntegerAttr(), IntegerAttr());
    func::ReturnOp::create(builder, loc);
  }

  /// A kernel's operands become tensors that are stored, and its entry point needs a name.
  LogicalResult checkKernel(KernelOp kernel) {
    std::string name = (kernel.getSymName() + "_entry").str();
    if (Operation *other = getOperation().lookupSymbol(name))
      return other->emitError("'@") << name << "' has the name that the entry point of @" << kernel.getSymName()
                                    << " gets";
    return requireClosedShapes(kernel);
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    auto kernels = llvm::to_vector(module.getOps<KernelOp>());
    if (kernels.empty()) {
      module.emitError("holds no kernel: run hadal-fuse on a program first");
      return signalPassFailure();
    }
    for (Operation &op : llvm::make_early_inc_range(*module.getBody()))
      if (isa<func::FuncOp, ParameterOp, StateOp>(op))
        op.erase();
    for (KernelOp kernel : kernels) {
      if (failed(checkKernel(kernel)))
        return signalPassFailure();
      addEntry(kernel);
    }
    module->setAttr(programAttrName, StringAttr::get(&getContext(), stringifyKnownProgram(KnownProgram::Kernels)));
  }
};

} // namespace
