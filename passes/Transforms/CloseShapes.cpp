//===- CloseShapes.cpp - batch and sequence become numbers --------------------------------------------------------===//
//
// Implements hadal-close-shapes as one replacement of types over the whole module: in every tensor type whose two
// leading dimensions are open, batch becomes the micro-batch size and sequence the sequence length. The token window
// alone is longer, since targets lie ahead of the last input token, and is set afterwards.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "mlir/IR/AttrTypeSubElements.h"
#include "mlir/IR/Builders.h"
#include "passes/Transforms/SingleModel.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_CLOSESHAPES
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {
struct CloseShapes : hadal::impl::CloseShapesBase<CloseShapes> {
  using CloseShapesBase::CloseShapesBase;

  /// The closed form of a type; the type itself when no dimension is open; null when others than the two leading ones
  /// are.
  RankedTensorType close(RankedTensorType type) {
    if (type.hasStaticShape())
      return type;
    SmallVector<int64_t> shape(type.getShape());
    if (shape.size() >= 2 && ShapedType::isDynamic(shape[0]) && ShapedType::isDynamic(shape[1])) {
      shape[0] = microBatchSize;
      shape[1] = sequenceLength;
    }
    auto closed = RankedTensorType::get(shape, type.getElementType(), type.getEncoding());
    return closed.hasStaticShape() ? closed : RankedTensorType();
  }

  LogicalResult checkTypes(ModuleOp module) {
    auto check = [&](Value value) -> LogicalResult {
      auto type = dyn_cast<RankedTensorType>(value.getType());
      if (!type || close(type))
        return success();
      return emitError(value.getLoc())
             << type << " cannot be closed: exactly the two leading dimensions, batch and sequence, may be open";
    };
    WalkResult result = module.walk([&](Operation *op) {
      for (Value value : op->getResults())
        if (failed(check(value)))
          return WalkResult::interrupt();
      for (Region &region : op->getRegions())
        for (Value value : region.getArguments())
          if (failed(check(value)))
            return WalkResult::interrupt();
      return WalkResult::advance();
    });
    return failure(result.wasInterrupted());
  }

  /// The verifier counts elements only of the dialect's own operations.
  LogicalResult checkSizes(ModuleOp module) {
    WalkResult result = module.walk([](Operation *op) -> WalkResult {
      for (Type type : op->getResultTypes())
        if (!isCountable(type))
          return op->emitError("yields ") << type << ": more than " << mostElements << " elements";
      return success();
    });
    return failure(result.wasInterrupted());
  }

  /// The window holds T inputs, and the targets of the main head and of every further depth.
  void setWindow(ModelOp model, int64_t ahead) {
    BlockArgument window = model.getBody().getArgument(0);
    auto type = RankedTensorType::get({microBatchSize, sequenceLength + ahead},
                                      cast<RankedTensorType>(window.getType()).getElementType());
    window.setType(type);
    model.setFunctionType(FunctionType::get(model.getContext(), {type}, {}));
  }

  LogicalResult closeShapes(ModuleOp module) {
    FailureOr<ModelOp> model = getSingleModel(module);
    if (failed(model))
      return failure();
    if (microBatchSize < 1)
      return model->emitError("needs a micro-batch size of at least 1: give --micro-batch-size");
    if (sequenceLength < 1)
      return model->emitError("needs a sequence length of at least 1: give --seq-length");
    constexpr int64_t mostTokens = int64_t(1) << 24;
    if (microBatchSize > mostTokens || sequenceLength > mostTokens || microBatchSize * sequenceLength > mostTokens)
      return model->emitError("has a micro-batch of more than ")
             << mostTokens << " tokens: lower --micro-batch-size or --seq-length";
    if (model->getBody().getNumArguments() != 1)
      return model->emitError("takes exactly one argument, the window of tokens");
    if (failed(checkTypes(module)))
      return failure();
    AttrTypeReplacer replacer;
    replacer.addReplacement([&](RankedTensorType type) -> std::optional<Type> { return close(type); });
    replacer.recursivelyReplaceElementsIn(module, /*replaceAttrs=*/true, /*replaceLocs=*/false, /*replaceTypes=*/true);
    if (failed(checkSizes(module)))
      return failure();
    int64_t ahead = 1 + model->getTokensAhead();
    setWindow(*model, ahead);
    Builder builder(module.getContext());
    module->setAttr(tokensAheadAttrName, builder.getI64IntegerAttr(ahead));
    return success();
  }

  void runOnOperation() override {
    if (failed(closeShapes(getOperation())))
      signalPassFailure();
  }
};
} // namespace
