//===- RowProgram.cpp - the shape of a rowwise kernel -------------------------------------------------------------===//
//
// The row space is that of the tensor with the most rows. Every other tensor either has as many rows or is the same for
// all of them (a weight, a number).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Kernels/RowProgram.h"
#include "codegen/Kernels/ColumnSpace.h"
#include "codegen/Kernels/ElementwiseEmitter.h"

using namespace mlir;
using namespace hadal;

static int64_t rowsOf(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  int64_t rows = 1;
  for (int64_t length : type.getShape().drop_back(type.getRank() == 0 ? 0 : 1))
    rows *= length;
  return rows;
}

/// Whether an operation changes the type of numbers or only moves them, so that they may be narrower than f32.
static bool isConversion(Operation *op) { return isa<CastOpInterface, SplitOp, ConcatOp, ExpandOp>(op); }

int64_t RowProgram::columns(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 ? 1 : type.getShape().back();
}

bool RowProgram::variesByRow(Value tensor) const { return rows == 1 || rowsOf(tensor) == rows; }

/// The parts of one column of a split operand; none when something else is split.
static SmallVector<OperandColumn> findOperandColumns(Operation *op) {
  auto split = dyn_cast<SplitOp>(op);
  Value source = split ? split.getInput() : Value();
  if (auto widened = split ? source.getDefiningOp<arith::ExtFOp>() : arith::ExtFOp())
    source = widened.getIn();
  auto operand = dyn_cast_or_null<BlockArgument>(source);
  SmallVector<OperandColumn> result;
  int64_t column = 0;
  for (Value part : operand ? ValueRange(split.getParts()) : ValueRange()) {
    if (isOnePerRow(part))
      result.push_back({part, operand, column});
    column += RowProgram::columns(part);
  }
  return result;
}

/// Types of numbers and numbers of rows.
LogicalResult RowProgram::readTensors(KernelOp kernel, Refusals &refusals) {
  Block &body = kernel.getBody().front();
  // Every tensor of the kernel: operands, then what the operations compute.
  SmallVector<std::pair<Operation *, Value>> tensors;
  for (Value argument : body.getArguments())
    tensors.push_back({kernel, argument});
  for (Operation &op : body.without_terminator())
    for (Value result : op.getResults())
      tensors.push_back({&op, result});

  for (auto [op, tensor] : tensors) {
    Type element = cast<RankedTensorType>(tensor.getType()).getElementType();
    if (isa<FloatType>(element) && !element.isF32() && op != kernel && !isConversion(op))
      return refusals.add(op, "computes in another type than f32 along rows: convert before and after");
    rows = std::max(rows, rowsOf(tensor));
  }
  for (auto [op, tensor] : tensors)
    if (rowsOf(tensor) != 1 && rowsOf(tensor) != rows)
      return refusals.add(op, "has " + Twine(rowsOf(tensor)) + " rows in a kernel over " + Twine(rows));
  for (Value tensor : body.getTerminator()->getOperands())
    if (rowsOf(tensor) != rows)
      return refusals.add(body.getTerminator(), "yields what all of the kernel's rows share");
  return success();
}

/// The phase of an operation, and whether there is an emitter for it.
LogicalResult RowProgram::readOperation(Operation &op, Refusals &refusals) {
  unsigned phase = 0;
  for (Value operand : op.getOperands())
    phase = std::max(phase, this->phase(operand));
  bool isReduction = isa<RowReduceOp>(op);
  SmallVector<OperandColumn> numbers = findOperandColumns(&op);
  operandColumns.append(numbers);
  if (!isReduction && numbers.empty() && !isa<RopeOp, ConcatOp>(op) && !ElementwiseEmitter::computes(&op))
    return refusals.add(&op, "has no emitter along a row");
  if (auto concat = dyn_cast<ConcatOp>(op); concat && isOnePerRow(concat))
    return refusals.add(&op, "joins rows of one column");
  // The lane of a column follows from its number, and pairs are exchanged within a vector.
  if (isReduction && ColumnSpace::find(columns(op.getOperand(0)), op.getOperand(0), /*sums=*/true).cutsPairs)
    return refusals.add(&op,
                        "sums channels that are rotated with their neighbours from an odd column on: sum them in a "
                        "kernel of its own");
  if (isReduction) {
    reductions[phase].push_back(cast<RowReduceOp>(op));
    reductions.resize(std::max<size_t>(reductions.size(), ++phase + 1));
  }
  if (isReduction || !OpTrait::hasElementwiseMappableTraits(&op))
    elementwise &= isa<arith::ConstantOp>(op);
  for (Value result : op.getResults())
    phaseOf[result] = phase;
  auto rope = dyn_cast<RopeOp>(op);
  if (!rope)
    return success();
  // The position of a row is that of its tensor, of which there is one for all rotations.
  if (rope.getType().getRank() != 3 || rowsOf(rope) != rows)
    return refusals.add(&op, "rotates rows of batch x sequence, and all rows of the kernel");
  if (positions != 1 && positions != rope.getType().getDimSize(1))
    return refusals.add(&op, "counts positions in sequences of another length than a rotation before it");
  positions = rope.getType().getDimSize(1);
  return success();
}

FailureOr<RowProgram> RowProgram::read(KernelOp kernel, Refusals &refusals) {
  RowProgram program;
  if (failed(program.readTensors(kernel, refusals)))
    return failure();
  program.elementwise = true;
  program.reductions.resize(1);
  Block &body = kernel.getBody().front();
  for (Operation &op : body.without_terminator())
    if (failed(program.readOperation(op, refusals)))
      return failure();
  program.phases = program.reductions.size();

  for (TypeRange types : {TypeRange(kernel.getArgumentTypes()), TypeRange(kernel.getResultTypes())})
    for (Type type : types) {
      auto tensor = cast<RankedTensorType>(type);
      program.columnsPerRow += tensor.getRank() == 0 ? 1 : tensor.getShape().back();
      // Cut anywhere only when every tensor has the same elements.
      program.elementwise &= tensor.getShape() == cast<RankedTensorType>(kernel.getResultTypes().front()).getShape() &&
                             program.columns(body.getTerminator()->getOperand(0)) > 1;
    }
  return program;
}
