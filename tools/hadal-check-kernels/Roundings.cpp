//===- Roundings.cpp - a kernel's body in float64, exactly and with roundings -------------------------------------===//
//
// The error of an operation that adds K numbers is put down as errors of what it reads, which are larger where terms of
// both signs cancel and where functions are steep, and as one of its result, for sums of one sign. Rounding errors are
// independent, so both grow with √K.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Roundings.h"
#include "dialect/IR/Conversions.h"
#include "dialect/Reference/Definitions.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

/// What else an operation's results are off by, in multiples of ε: an elementary function is right to 2 ulp, and is
/// followed by a few products.
static constexpr double functionErrors = 6.0;
/// Numbers that are this close to the middle of two neighbours in bf16, in parts of their row's magnitude, may be
/// rounded to either.
static constexpr double undecided = 0x1p-14;

static bool isBF16(Value value) { return getElementTypeOrSelf(value.getType()).isBF16(); }
static bool isFloat(Value value) { return isa<FloatType>(getElementTypeOrSelf(value.getType())); }

double hadal::check::halfUnit(double value) {
  return value == 0.0 || !std::isfinite(value) ? 0.0 : std::ldexp(1.0, std::ilogb(value) - 8);
}

void Roundings::disturb(Tensor &tensor, double relative) {
  for (double &value : tensor.data)
    value += sign(errors) * relative * value;
}

void Roundings::roundToBF16(Type type, Tensor &tensor) {
  auto element = cast<FloatType>(getElementTypeOrSelf(type));
  for (int64_t begin = 0, columns = tensor.columns(); begin < tensor.size(); begin += columns) {
    MutableArrayRef<double> row = MutableArrayRef<double>(tensor.data).slice(begin, columns);
    double squares = 0.0;
    for (double value : row)
      squares += value * value;
    double typical = std::sqrt(squares / double(columns));
    for (double &value : row)
      if (value != reference::nearest(value, element))
        value += (opposite ? -1.0 : 1.0) * sign(decisions) * undecided * std::max(std::fabs(value), typical);
  }
  reference::roundTo(type, tensor);
}

/// The longest dimension of what an operation reads and writes: no sum of it is longer, but for products over rows and
/// columns at once.
static int64_t longestDimension(Operation *op) {
  int64_t longest = 1;
  for (TypeRange types : {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
    for (Type type : types)
      if (auto tensor = dyn_cast<RankedTensorType>(type))
        for (int64_t length : tensor.getShape())
          longest = std::max(longest, length);
  return longest;
}

/// Evaluates one operation, which leaves its results unrounded.
static LogicalResult evaluateOperation(Operation &op, SmallVectorImpl<Tensor> &operands,
                                       SmallVectorImpl<Tensor> &results, Roundings *roundings) {
  auto evaluable = dyn_cast<EvaluableOpInterface>(op);
  if (!evaluable)
    return op.emitOpError("has no reference evaluation: it implements no EvaluableOpInterface");
  // The rounding itself is the caller's.
  if (isRounding(&op)) {
    results.push_back(std::move(operands.front()));
    return success();
  }
  auto kernelOp = dyn_cast<KernelOpInterface>(op);
  // What is packed, or brought into codes, is as the operation says, to the bit.
  bool copies = kernelOp && (kernelOp.getRowSelection() || kernelOp.getKernelKind() == KernelKind::Packing);
  if (!roundings || copies)
    return evaluable.evaluate(operands, results);
  double sumError = epsilon * (isElementByElement(&op) ? 1.0 : std::sqrt(double(longestDimension(&op))));
  for (auto [operand, tensor] : llvm::zip_equal(op.getOperands(), operands))
    if (isFloat(operand))
      roundings->disturb(tensor, sumError);
  auto inner = dyn_cast<InnerFactorsOpInterface>(op);
  auto roundFactor = [&](double value) { return roundings->roundFactor(value); };
  // Of factors of two types the products are formed in f32.
  auto product = dyn_cast<ProductOpInterface>(op);
  bool roundsFactors = inner && product && llvm::any_of(product.getFactors(), [&](unsigned factor) {
                         return isBF16(op.getOperand(factor));
                       });
  if (failed(roundsFactors ? inner.evaluateRounding(operands, roundFactor, results)
                           : evaluable.evaluate(operands, results)))
    return failure();
  for (auto [result, tensor] : llvm::zip_equal(op.getResults(), results))
    if (isFloat(result))
      roundings->disturb(tensor, sumError + functionErrors * epsilon);
  return success();
}

FailureOr<SmallVector<Tensor>> hadal::check::evaluateBody(KernelOp kernel, ArrayRef<Tensor> inputs,
                                                          Roundings *roundings) {
  Block &body = kernel.getBody().front();
  // What operations read, and, for numbers in bf16, what they were before they were rounded.
  DenseMap<Value, Tensor> values, unrounded;
  for (auto [argument, input] : llvm::zip_equal(body.getArguments(), inputs))
    values[argument] = input;
  for (Operation &op : body.without_terminator()) {
    SmallVector<Tensor> operands, results;
    for (Value operand : op.getOperands())
      operands.push_back(values.at(operand));
    if (failed(evaluateOperation(op, operands, results, roundings)))
      return failure();
    for (auto [result, tensor] : llvm::zip_equal(op.getResults(), results)) {
      if (isBF16(result) && cast<EvaluableOpInterface>(op).roundsResults()) {
        unrounded[result] = tensor;
        if (roundings)
          roundings->roundToBF16(result.getType(), tensor);
        else
          reference::roundTo(result.getType(), tensor);
      }
      values[result] = std::move(tensor);
    }
  }
  SmallVector<Tensor> results;
  for (Value yielded : body.getTerminator()->getOperands())
    results.push_back(unrounded.contains(yielded) ? unrounded.at(yielded) : values.at(yielded));
  return results;
}
