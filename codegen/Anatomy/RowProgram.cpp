//===- RowProgram.cpp - the shape of a rowwise kernel -------------------------------------------------------------===//
//
// The row space is that of the tensor with the most rows. Every other tensor either has as many rows or is the same for
// all of them (a weight, a number).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/RowProgram.h"
#include "codegen/Anatomy/ColumnSpace.h"
#include "codegen/Anatomy/Elementwise.h"
#include "dialect/IR/Conversions.h"

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
static bool isConversion(Operation *op) { return isa<CastOpInterface, ColumnsOpInterface>(op); }

int64_t RowProgram::columns(Value tensor) {
  auto type = cast<RankedTensorType>(tensor.getType());
  return type.getRank() == 0 ? 1 : type.getShape().back();
}

bool RowProgram::holdsPositions(Value tensor) {
  return isa<BlockArgument>(tensor) && !tensor.use_empty() && llvm::all_of(tensor.getUsers(), [&](Operation *user) {
           auto rotation = dyn_cast<RotationOpInterface>(user);
           return rotation && rotation.getPositions() == tensor && rotation.getInput() != tensor;
         });
}

bool RowProgram::variesByRow(Value tensor) const { return rows == 1 || rowsOf(tensor) == rows; }

/// The results of one column that are taken out of an operand's; none for other operations.
static SmallVector<OperandColumn> findOperandColumns(Operation *op) {
  SmallVector<OperandColumn> result;
  for (Value part : op->getResults()) {
    std::optional<ShiftedColumns> moved = followColumns(part);
    if (!moved || !isOnePerRow(part) || isOnePerRow(moved->tensor))
      continue;
    if (auto operand = dyn_cast<BlockArgument>(getUnwidened(moved->tensor)))
      result.push_back({part, operand, moved->shift});
  }
  return result;
}

/// Whether there is an emitter for an operation: of moved columns that need a loop to be cut, only where it is a loop.
static bool isEmitted(Operation *op) {
  if (isa<ColumnsOpInterface>(op))
    return isElementwise(op) || llvm::none_of(op->getResults(), isOnePerRow);
  return isa<RowReductionOpInterface, RotationOpInterface>(op) || isElementwise(op);
}

/// Types of numbers and numbers of rows.
LogicalResult RowProgram::readTensors(KernelOp kernel, Refusals &refusals) {
  Block &body = kernel.getBody().front();
  // Every tensor of the kernel: operands, then what the operations compute.
  SmallVector<std::pair<Operation *, Value>> tensors;
  for (Value argument : body.getArguments())
    if (!holdsPositions(argument))
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
  auto reduction = dyn_cast<RowReductionOpInterface>(op);
  SmallVector<OperandColumn> numbers = findOperandColumns(&op);
  operandColumns.append(numbers);
  if (numbers.empty() && !isEmitted(&op))
    return refusals.add(&op, "has no emitter along a row");
  // The lane of a column follows from its number, and pairs are exchanged within a vector.
  if (reduction && ColumnSpace::find(columns(reduction.getInput()), reduction.getInput(), /*sums=*/true).cutsPairs)
    return refusals.add(&op,
                        "sums channels that are rotated with their neighbours from an odd column on: sum them in a "
                        "kernel of its own");
  if (reduction) {
    reductions[phase].push_back(reduction);
    reductions.resize(std::max<size_t>(reductions.size(), ++phase + 1));
  }
  if (reduction || !OpTrait::hasElementwiseMappableTraits(&op))
    elementwise &= op.hasTrait<OpTrait::ConstantLike>();
  for (Value result : op.getResults())
    phaseOf[result] = phase;
  auto rotation = dyn_cast<RotationOpInterface>(op);
  if (!rotation)
    return success();
  // The position of a row is that of its tensor, of which there is one for all rotations.
  auto type = cast<RankedTensorType>(rotation.getInput().getType());
  if (type.getRank() != 3 || rowsOf(rotation.getInput()) != rows)
    return refusals.add(&op, "rotates rows of batch x sequence, and all rows of the kernel");
  int64_t &count = angles[rotation.getRope()];
  count = std::max(count, rotation.getPositionCount());
  if (Value given = rotation.getPositions()) {
    bool isAtHand = holdsPositions(given) || (isOnePerRow(given) && this->phase(given) == 0);
    return isAtHand ? success()
                    : refusals.add(&op, "takes the positions of rows from what is no operand of the kernel");
  }
  if (positions != 1 && positions != type.getDimSize(1))
    return refusals.add(&op, "counts positions in sequences of another length than a rotation before it");
  positions = type.getDimSize(1);
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
  for (BlockArgument argument : body.getArguments())
    if (holdsPositions(argument))
      program.columnsPerRow -= columns(argument) - 1;
  return program;
}
