//===- CheckModel.cpp - the input of the pipeline from model to program -------------------------------------------===//
//
// Implements hadal-check-model: what cannot be built is refused before anything is changed.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/Builders.h"
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

  LogicalResult check(ModuleOp module) {
    FailureOr<ModelOp> model = getSingleModel(module);
    if (failed(model))
      return failure();
    if (program != "train")
      return model->emitError("unknown program '") << program.getValue() << "': the known programs are: train";
    if (precision != "f32")
      return model->emitError("precision '") << precision.getValue() << "' is not supported yet: use --precision=f32";
    Builder builder(module.getContext());
    module->setAttr("hadal.program", builder.getStringAttr(program.getValue()));
    module->setAttr("hadal.precision", builder.getStringAttr(precision.getValue()));
    return success();
  }

  void runOnOperation() override {
    if (failed(check(getOperation())))
      signalPassFailure();
  }
};
} // namespace
