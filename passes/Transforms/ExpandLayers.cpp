//===- ExpandLayers.cpp - layers written out ----------------------------------------------------------------------===//
//
// Implements hadal-expand-layers. The body of the model is written anew: its own operations are copied; what stands for
// layers (StackOpInterface) writes them out, with the bodies of its functions, once per layer. Copying keeps track of
// the scope, which is the prefix of parameter names, and of the location from which a function is entered, so that a
// diagnostic can name both the line in the layer function and the layer. That the functions exist and fit has been
// verified with the operation.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/Interfaces/Layers.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Transforms/Requirements.h"
#include "passes/Transforms/SingleModel.h"

using namespace mlir;
using namespace hadal;

namespace hadal {
#define GEN_PASS_DEF_EXPANDLAYERS
#include "passes/Passes.h.inc"
} // namespace hadal

namespace {

/// Copies the body of a model, with its layers written out.
class Expander : public LayerWriter {
public:
  Expander(OpBuilder &builder, SymbolTable &symbols) : LayerWriter(builder), symbols(symbols) {}

  /// Copies the operations of a block except its terminator.
  LogicalResult copyBody(Block &block, const LayerScope &scope, IRMapping &mapping);

private:
  FailureOr<Value> runLayer(Operation *stack, ArrayAttr functions, Value hidden, const LayerScope &scope,
                            SmallVectorImpl<Value> &losses) override;
  void copyOperation(Operation &op, const LayerScope &scope, IRMapping &mapping);

  SymbolTable &symbols;
};

LogicalResult Expander::copyBody(Block &block, const LayerScope &scope, IRMapping &mapping) {
  if (failed(requireNoRegions(block)))
    return failure();
  for (Operation &op : block.without_terminator()) {
    auto stack = dyn_cast<StackOpInterface>(op);
    if (!stack) {
      copyOperation(op, scope, mapping);
      continue;
    }
    SmallVector<Value> operands =
        llvm::map_to_vector(op.getOperands(), [&](Value operand) { return mapping.lookupOrDefault(operand); });
    FailureOr<SmallVector<Value>> results = stack.writeLayers(*this, operands);
    if (failed(results))
      return failure();
    mapping.map(op.getResults(), *results);
  }
  return success();
}

void Expander::copyOperation(Operation &op, const LayerScope &scope, IRMapping &mapping) {
  Operation *copy = builder.clone(op, mapping);
  copy->setLoc(scope.locate(op.getLoc()));
  auto parametrised = dyn_cast<ParametersOpInterface>(copy);
  if (!parametrised || !parametrised.getParametersAttr())
    return;
  SmallVector<Attribute> names;
  for (auto relative : parametrised.getParametersAttr().getAsRange<StringAttr>())
    names.push_back(builder.getStringAttr(scope.prefix + relative.str()));
  parametrised.setParametersAttr(builder.getArrayAttr(names));
}

FailureOr<Value> Expander::runLayer(Operation *stack, ArrayAttr functions, Value hidden, const LayerScope &scope,
                                    SmallVectorImpl<Value> &losses) {
  SmallVector<Value> ownLosses;
  for (auto symbol : functions.getAsRange<FlatSymbolRefAttr>()) {
    auto function = symbols.lookup<func::FuncOp>(symbol.getValue());
    if (!function.getBody().hasOneBlock() || !isa<func::ReturnOp>(function.getBody().front().back()))
      return function.emitError("layer function @") << symbol.getValue() << " branches; layers are straight-line code";
    Block &body = function.getBody().front();
    IRMapping mapping;
    mapping.map(body.getArgument(0), hidden);
    if (failed(copyBody(body, scope, mapping)))
      return failure();
    ValueRange results = body.getTerminator()->getOperands();
    hidden = mapping.lookupOrDefault(results.front());
    for (Value loss : results.drop_front())
      ownLosses.push_back(mapping.lookupOrDefault(loss));
  }
  if (losses.empty()) {
    losses.assign(ownLosses);
    return hidden;
  }
  Location loc = scope.locate(stack->getLoc());
  for (auto [sum, loss] : llvm::zip_equal(losses, ownLosses))
    sum = arith::AddFOp::create(builder, loc, sum, loss);
  return hidden;
}

struct ExpandLayers : hadal::impl::ExpandLayersBase<ExpandLayers> {
  using ExpandLayersBase::ExpandLayersBase;

  /// What uses a function otherwise than as a layer is not compiled.
  LogicalResult checkUses(ModelOp model) {
    WalkResult result = model.walk([](SymbolUserOpInterface op) -> WalkResult {
      if (isa<StackOpInterface>(op.getOperation()))
        return success();
      return op->emitError("'") << op->getName()
                                << "' cannot be compiled: write what it does into the model, or make layers of it";
    });
    return failure(result.wasInterrupted());
  }

  LogicalResult expand(ModuleOp module) {
    FailureOr<ModelOp> model = getSingleModel(module);
    if (failed(model) || failed(checkUses(*model)))
      return failure();
    Block &body = model->getBody().front();
    Region expandedRegion(*model);
    Block &expanded = expandedRegion.emplaceBlock();
    IRMapping mapping;
    for (BlockArgument argument : body.getArguments())
      mapping.map(argument, expanded.addArgument(argument.getType(), argument.getLoc()));
    OpBuilder builder = OpBuilder::atBlockEnd(&expanded);
    SymbolTable symbols(module);
    if (failed(Expander(builder, symbols).copyBody(body, LayerScope(), mapping)))
      return failure();
    builder.clone(*body.getTerminator(), mapping);
    model->getBody().takeBody(expandedRegion);
    // Functions of a model are layers, or nothing uses them: either way they are no part of the program, and whether
    // they are private means nothing.
    for (auto function : llvm::make_early_inc_range(module.getOps<func::FuncOp>()))
      function.erase();
    return success();
  }

  void runOnOperation() override {
    if (failed(expand(getOperation())))
      signalPassFailure();
  }
};
} // namespace
