//===- CheckModel.cpp - the input of the pipeline from model to program -------------------------------------------===//
//
// Implements hadal-check-model: what cannot be built is refused before anything is changed.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
#include "passes/Programs/Programs.h"
#include "passes/Transforms/SingleModel.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_CHECKMODEL
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {
struct CheckModel : hadal::impl::CheckModelBase<CheckModel> {
  using CheckModelBase::CheckModelBase;

  /// Block-scaled FP8 is verified and evaluated, and no target compiles it yet.
  LogicalResult checkElementTypes(ModuleOp module) {
    WalkResult result = module.walk([](Operation *op) -> WalkResult {
      for (Type type : op->getResultTypes())
        if (auto tensor = dyn_cast<TensorType>(type); tensor && isa<Float8E4M3FNType>(tensor.getElementType()))
          return op->emitError("'") << op->getName()
                                    << "' yields FP8 codes, which no program can be compiled with yet: "
                                       "leave it out; the products of a model are chosen by --precision";
      return success();
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult check(ModuleOp module) {
    FailureOr<ModelOp> model = getSingleModel(module);
    if (failed(model))
      return failure();
    if (llvm::Expected<const ProgramBuilder *> known = findProgram(program); !known)
      return model->emitError(llvm::toString(known.takeError()));
    if (llvm::Expected<Precision> known = parsePrecision(precision); !known)
      return model->emitError(llvm::toString(known.takeError()));
    if (failed(checkElementTypes(module)))
      return failure();
    Builder builder(module.getContext());
    module->setAttr(programAttrName, builder.getStringAttr(program.getValue()));
    module->setAttr(precisionAttrName, builder.getStringAttr(precision.getValue()));
    return success();
  }

  void runOnOperation() override {
    if (failed(check(getOperation())))
      signalPassFailure();
  }
};
} // namespace
