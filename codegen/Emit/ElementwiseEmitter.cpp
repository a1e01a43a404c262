//===- ElementwiseEmitter.cpp - vectors of an elementwise expression ----------------------------------------------===//
//
// An operation is emitted by asking for its operands and building the same operation on vectors. What was emitted is
// remembered per tensor and shift, so an expression that is used twice is computed once.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/ElementwiseEmitter.h"
#include "codegen/Emit/Accumulation.h"

using namespace mlir;
using namespace hadal;

Value ElementwiseEmitter::emit(Value tensor, int64_t shift) {
  if (Value known = defined.lookup(tensor))
    return known;
  if (Value known = emitted.lookup({tensor, shift}))
    return known;
  Operation *op = tensor.getDefiningOp();
  Value value;
  if (std::optional<ShiftedColumns> moved = findMovedColumns(tensor)) {
    value = emit(moved->tensor, isOnePerRow(moved->tensor) ? 0 : shift + moved->shift);
    if (!isOnePerRow(tensor) && !isa<VectorType>(value.getType()))
      value = k.broadcast(value);
  } else {
    value = op && isElementwise(op) ? emitOperation(op, tensor, shift) : leaf(tensor, shift);
  }
  emitted[{tensor, shift}] = value;
  return value;
}

Value ElementwiseEmitter::emitConditionalSum(SumOpInterface sum, int64_t shift) {
  Value term = emit(sum.getSummands()[1], shift), counts = emitCounts(k, emit(sum.getCondition()));
  auto total = [&] {
    // What is emitted in the branch is not there behind it.
    DenseMap<std::pair<Value, int64_t>, Value> outside = emitted;
    Value both = k.addf(emit(sum.getSummands()[0], shift), term);
    emitted = std::move(outside);
    return both;
  };
  return k.either(term.getType(), counts, total, [&] { return term; });
}

Value ElementwiseEmitter::emitOperation(Operation *op, Value tensor, int64_t shift) {
  bool scalar = isOnePerRow(tensor);
  Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
  Type type = scalar ? element : Type(k.vectorOf(element));

  if (SplatElementsAttr constant = findSplat(op)) {
    TypedAttr value = constant.getSplatValue<TypedAttr>();
    if (!scalar)
      value = SplatElementsAttr::get(cast<VectorType>(type), value);
    return arith::ConstantOp::create(k.builder, k.loc, value);
  }

  if (auto sum = dyn_cast<SumOpInterface>(op); sum && sum.getCondition())
    return emitConditionalSum(sum, shift);
  SmallVector<Value> operands;
  for (Value operand : op->getOperands())
    operands.push_back(emit(operand, isOnePerRow(operand) ? 0 : shift));
  OperationState state(k.loc, op->getName());
  state.addOperands(operands);
  state.addTypes(type);
  state.addAttributes(op->getAttrs());
  return k.builder.create(state)->getResult(0);
}

void ElementwiseEmitter::repeatNumbers(Value tensor, ElementwiseEmitter &numbers, DenseSet<Value> &seen) {
  Operation *op = tensor.getDefiningOp();
  if (!op || !seen.insert(tensor).second)
    return;
  if (Value number = findRepeatedNumber(tensor))
    return define(tensor, k.broadcast(numbers.emit(number)));
  if (isa<RowReductionOpInterface>(op))
    return;
  for (Value operand : op->getOperands())
    repeatNumbers(operand, numbers, seen);
}
