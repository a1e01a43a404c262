//===- ElementwiseEmitter.cpp - vectors of an elementwise expression ----------------------------------------------===//
//
// An operation is emitted by asking for its operands and building the same operation on vectors. What was emitted is
// remembered per tensor and shift, so an expression that is used twice is computed once.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Kernels/ElementwiseEmitter.h"
#include "codegen/Kernels/ColumnSpace.h"
#include "codegen/Kernels/RowProgram.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace hadal;

bool hadal::isOnePerRow(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 || type.getShape().back() == 1;
}

/// The operand's columns that a tensor is, where it is nothing else; not one column of several, which would be a number
/// taken out of a vector.
static std::optional<ShiftedColumns> findMoved(Value tensor) {
  std::optional<ShiftedColumns> moved = followColumns(tensor);
  return moved && isOnePerRow(tensor) && !isOnePerRow(moved->tensor) ? std::nullopt : moved;
}

/// What a constant repeats; null for other operations, and for constants that hold different numbers.
static SplatElementsAttr findSplat(Operation *op) {
  Attribute constant;
  return matchPattern(op, m_Constant(&constant)) ? dyn_cast<SplatElementsAttr>(constant) : SplatElementsAttr();
}

bool ElementwiseEmitter::computes(Operation *op) {
  if (isa<ColumnsOpInterface>(op))
    return llvm::all_of(op->getResults(), findMoved);
  if (op->hasTrait<OpTrait::ConstantLike>())
    return bool(findSplat(op));
  return op->getNumResults() == 1 && op->getNumRegions() == 0 && OpTrait::hasElementwiseMappableTraits(op);
}

bool ElementwiseEmitter::movesColumns(Operation *op) {
  return isa<ColumnsOpInterface>(op) && llvm::any_of(op->getResults(), [](Value result) {
           std::optional<ShiftedColumns> source = followColumns(result);
           return !source || source->shift != 0 ||
                  (!isOnePerRow(source->tensor) && RowProgram::columns(source->tensor) != RowProgram::columns(result));
         });
}

Value ElementwiseEmitter::findRepeatedNumber(Value tensor) {
  std::optional<ShiftedColumns> moved = followColumns(tensor);
  return moved && isOnePerRow(moved->tensor) && !isOnePerRow(tensor) ? moved->tensor : Value();
}

Value ElementwiseEmitter::emit(Value tensor, int64_t shift) {
  if (Value known = defined.lookup(tensor))
    return known;
  if (Value known = emitted.lookup({tensor, shift}))
    return known;
  Operation *op = tensor.getDefiningOp();
  Value value;
  if (std::optional<ShiftedColumns> moved = findMoved(tensor)) {
    value = emit(moved->tensor, isOnePerRow(moved->tensor) ? 0 : shift + moved->shift);
    if (!isOnePerRow(tensor) && !isa<VectorType>(value.getType()))
      value = k.broadcast(value);
  } else {
    value = op && computes(op) ? emitOperation(op, tensor, shift) : leaf(tensor, shift);
  }
  emitted[{tensor, shift}] = value;
  return value;
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
    op.replaceAllUsesWith(rowwise.expandRows(builder));
    op.erase();
  }
  return copy;
}
