//===- PrintAnatomy.cpp - what every kernel is made of ------------------------------------------------------------===//
//
// Warns of a kernel that no strategy could read, with the reasons, and goes on.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/raw_ostream.h"

namespace hadal {
#define GEN_PASS_DEF_PRINTANATOMY
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

struct PrintAnatomy : hadal::impl::PrintAnatomyBase<PrintAnatomy> {
  void runOnOperation() override {
    markAllAnalysesPreserved();
    for (KernelOp kernel : getOperation().getOps<KernelOp>()) {
      const auto &anatomy = getChildAnalysis<KernelAnatomy>(kernel);
      anatomy.print(llvm::outs());
      if (anatomy.refusals().empty())
        continue;
      InFlightDiagnostic diagnostic = kernel.emitWarning("no strategy can read the kernel '")
                                      << kernel.getSymName() << "'";
      anatomy.refusals().attachTo(diagnostic);
    }
  }
};

} // namespace
