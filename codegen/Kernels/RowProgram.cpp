//===- RowProgram.cpp - the shape of a rowwise kernel -------------------------------------------------------------===//
//
// The row space is that of the tensor with the most rows. Every other tensor either has as many rows or is the same for
// all of them (a weight, a number).
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Kernels/RowProgram.h"
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

FailureOr<RowProgram> RowProgram::read(KernelOp kernel, bool diagnose) {
  RowProgram program;
  auto refuse = [&](Operation *op, const Twine &why) -> FailureOr<RowProgram> {
    if (diagnose)
      op->emitError("cannot be part of a rowwise kernel: ") << why;
    return failure();
  };
  Block &body = kernel.getBody().front();
  // Every tensor of the kernel: operands, then what the operations compute.
  SmallVector<std::pair<Operation *, Value>> tensors;
  for (Value argument : body.getArguments())
    tensors.push_back({kernel, argument});
  for (Operation &op : body.without_terminator())
    for (Value result : op.getResults())
      tensors.push_back({&op, result});

  for (auto [op, tensor] : tensors) {
    auto type = dyn_cast<RankedTensorType>(tensor.getType());
    if (!type || !type.hasStaticShape())
      return refuse(op, "a tensor of static shape is needed");
    bool isReal = isa<FloatType>(type.getElementType()), isF32 = type.getElementType().isF32();
    if (isReal && !isF32 && !type.getElementType().isBF16())
      return refuse(op, "rows hold f32 and bf16");
    if (isReal && !isF32 && op != kernel && !isConversion(op))
      return refuse(op, "only f32 is computed along rows; convert before and after");
    program.rows = std::max(program.rows, rowsOf(tensor));
    if (type.getRank() >= 3)
      program.positions = type.getShape()[1];
  }
  for (auto [op, tensor] : tensors)
    if (rowsOf(tensor) != 1 && rowsOf(tensor) != program.rows)
      return refuse(op, "it has " + Twine(rowsOf(tensor)) + " rows in a kernel over " + Twine(program.rows));

  program.elementwise = true;
  program.reductions.resize(1);
  for (Operation &op : body.without_terminator()) {
    unsigned phase = 0;
    for (Value operand : op.getOperands())
      phase = std::max(phase, program.phase(operand));
    bool isReduction = isa<RowReduceOp>(op);
    SmallVector<OperandColumn> numbers = findOperandColumns(&op);
    program.operandColumns.append(numbers);
    if (!isReduction && numbers.empty() && !isa<RopeOp, ConcatOp>(op) && !ElementwiseEmitter::computes(&op))
      return refuse(&op, "there is no emitter for " + op.getName().getStringRef() + " along a row");
    if (isReduction) {
      program.reductions[phase].push_back(cast<RowReduceOp>(op));
      program.reductions.resize(std::max<size_t>(program.reductions.size(), ++phase + 1));
    }
    if (isReduction || !OpTrait::hasElementwiseMappableTraits(&op))
      program.elementwise &= isa<arith::ConstantOp>(op);
    for (Value result : op.getResults())
      program.phaseOf[result] = phase;
    if (auto rope = dyn_cast<RopeOp>(op))
      if (rope.getType().getRank() != 3 || columns(rope) % rope.getHeads() != 0)
        return refuse(&op, "a rotation needs batch x sequence x heads * channels");
  }
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
