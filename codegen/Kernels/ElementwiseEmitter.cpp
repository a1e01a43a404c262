//===- ElementwiseEmitter.cpp - vectors of an elementwise expression ----------------------------------------------===//
//
// An operation is emitted by asking for its operands and building the same operation on vectors. What was emitted is
// remembered per tensor and shift, so an expression that is used twice is computed once.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Kernels/ElementwiseEmitter.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace hadal;

bool hadal::isOnePerRow(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 || type.getShape().back() == 1;
}

bool ElementwiseEmitter::computes(Operation *op) {
  if (isa<ExpandOp>(op))
    return true;
  // A part of one column would be a number taken out of a vector.
  if (auto split = dyn_cast<SplitOp>(op))
    return llvm::none_of(split.getParts(), isOnePerRow);
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return isa<SplatElementsAttr>(constant.getValue());
  return op->getNumResults() == 1 && op->getNumRegions() == 0 && OpTrait::hasElementwiseMappableTraits(op);
}

Value ElementwiseEmitter::emit(Value tensor, int64_t shift) {
  if (Value known = defined.lookup(tensor))
    return known;
  if (Value known = emitted.lookup({tensor, shift}))
    return known;
  Operation *op = tensor.getDefiningOp();
  bool isPart = isa_and_nonnull<SplitOp>(op) && !isOnePerRow(tensor);
  Value value = op && (isPart || computes(op)) ? emitOperation(op, tensor, shift) : leaf(tensor, shift);
  emitted[{tensor, shift}] = value;
  return value;
}

Value ElementwiseEmitter::emitOperation(Operation *op, Value tensor, int64_t shift) {
  bool scalar = isOnePerRow(tensor);
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  Type type = scalar ? element : Type(k.vectorOf(element));

  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    TypedAttr value = cast<SplatElementsAttr>(constant.getValue()).getSplatValue<TypedAttr>();
    if (!scalar)
      value = SplatElementsAttr::get(cast<VectorType>(type), value);
    return arith::ConstantOp::create(k.builder, k.loc, value);
  }
  if (auto expand = dyn_cast<ExpandOp>(op)) {
    Value input = emit(expand.getInput(), isOnePerRow(expand.getInput()) ? 0 : shift);
    return !scalar && !isa<VectorType>(input.getType()) ? k.broadcast(input) : input;
  }
  if (auto split = dyn_cast<SplitOp>(op)) {
    int64_t offset = 0;
    for (Value part : split.getParts().take_front(cast<OpResult>(tensor).getResultNumber()))
      offset += cast<RankedTensorType>(part.getType()).getShape().back();
    return emit(split.getInput(), shift + offset);
  }

  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(emit(operand, isOnePerRow(operand) ? 0 : shift));
  OperationState state(k.loc, op->getName());
  state.addOperands(operands);
  state.addTypes(type);
  state.addAttributes(op->getAttrs());
  return k.builder.create(state)->getResult(0);
}

OwningOpRef<KernelOp> hadal::expandRowwiseOps(KernelOp kernel) {
  OwningOpRef<KernelOp> copy(cast<KernelOp>(kernel->clone()));
  for (Operation &op : llvm::make_early_inc_range(copy->getBody().front())) {
    auto rowwise = dyn_cast<RowwiseOpInterface>(op);
    if (!rowwise)
      continue;
    OpBuilder builder(&op);
    SmallVector<Value> expanded = rowwise.expandRows(builder);
    if (expanded.front().getDefiningOp() == &op)
      continue;
    op.replaceAllUsesWith(expanded);
    op.erase();
  }
  return copy;
}
