//===- Tolerance.cpp - how far a kernel may be from the reference -------------------------------------------------===//
//
// Evaluates the kernel's body in float64 and derives the tolerance of every element; see the header for the formulas.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Tolerance.h"
#include "dialect/Reference/Evaluator.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

static constexpr double epsilon = 0x1p-24;
static constexpr double factorRounding = 0x1p-5;

static int64_t longestDimension(KernelOp kernel) {
  int64_t longest = 1;
  for (TypeRange types : {TypeRange(kernel.getArgumentTypes()), TypeRange(kernel.getResultTypes())})
    for (Type type : types)
      for (int64_t length : cast<RankedTensorType>(type).getShape())
        longest = std::max(longest, length);
  return longest;
}

static double meanMagnitude(const Tensor &tensor) {
  double sum = 0.0;
  int64_t finite = 0;
  for (double value : tensor.data)
    if (std::isfinite(value)) {
      sum += std::fabs(value);
      ++finite;
    }
  return finite == 0 ? 0.0 : sum / double(finite);
}

static bool isBF16(Value value) { return getElementTypeOrSelf(value.getType()).isBF16(); }

/// Whether a value is computed from one that the kernel has rounded to bf16; rows that are gathered are what they were.
static bool dependsOnRounding(Value value) {
  SmallVector<Value> pending{value};
  llvm::SmallPtrSet<Operation *, 16> seen;
  while (!pending.empty())
    if (Operation *op = pending.pop_back_val().getDefiningOp(); op && seen.insert(op).second)
      for (Value operand : op->getOperands()) {
        if (isBF16(operand) && operand.getDefiningOp() && !isa<GatherRowsOp>(operand.getDefiningOp()))
          return true;
        pending.push_back(operand);
      }
  return false;
}

/// Whether a kernel multiplies numbers that it has computed (softmax's weights, their derivatives) with operands in bf16,
/// and may round the former for it, as tensor cores want them.
static bool roundsFactors(KernelOp kernel) {
  return llvm::is_contained({KernelKind::Attention, KernelKind::Head}, kernel.getKind()) &&
         llvm::any_of(kernel.getBody().getArguments(), isBF16);
}

/// The mean of |r| over the row, the last dimension, that an element is in.
static std::vector<double> rowMagnitudes(const Tensor &tensor) {
  int64_t columns = tensor.shape.empty() ? 1 : std::max<int64_t>(tensor.shape.back(), 1);
  std::vector<double> means(tensor.size() / columns);
  for (auto [row, mean] : llvm::enumerate(means)) {
    for (int64_t column = 0; column < columns; ++column)
      mean += std::fabs(tensor.data[row * columns + column]);
    mean /= double(columns);
  }
  return means;
}

FailureOr<Reference> Reference::evaluate(KernelOp kernel, ArrayRef<Tensor> inputs) {
  Reference reference;
  reference::Evaluator evaluator;
  if (failed(evaluator.evaluate(cast<FunctionOpInterface>(kernel.getOperation()), inputs, reference.results)))
    return failure();
  double root = std::sqrt(double(longestDimension(kernel)));
  SmallVector<Tensor> magnitudes;
  bool contraction = kernel.getKind() == KernelKind::Contraction;
  if (contraction) {
    SmallVector<Tensor> absolute(inputs);
    for (Tensor &tensor : absolute)
      for (double &value : tensor.data)
        value = std::fabs(value);
    if (failed(evaluator.evaluate(cast<FunctionOpInterface>(kernel.getOperation()), absolute, magnitudes)))
      return failure();
  }
  for (auto [index, result] : llvm::enumerate(reference.results)) {
    Tensor &tolerance = reference.tolerances.emplace_back(result.shape);
    if (!isa<FloatType>(cast<RankedTensorType>(kernel.getResultTypes()[index]).getElementType()))
      continue;
    double mean = meanMagnitude(result);
    Value yielded = kernel.getBody().front().getTerminator()->getOperand(index);
    double neighbour = isBF16(yielded) || dependsOnRounding(yielded) ? 0x1p-7 : 0.0;
    double spread = dependsOnRounding(yielded) ? mean : 0.0;
    std::vector<double> rows = roundsFactors(kernel) ? rowMagnitudes(result) : std::vector<double>();
    for (int64_t i = 0; i < result.size(); ++i) {
      double magnitude = std::isfinite(result.data[i]) ? std::fabs(result.data[i]) : 0.0;
      tolerance.data[i] = contraction ? 4 * epsilon * (root * std::fabs(magnitudes[index].data[i]) + magnitude)
                                      : 4 * epsilon * root * (magnitude + mean);
      tolerance.data[i] += neighbour * (magnitude + spread);
      if (!rows.empty())
        tolerance.data[i] += factorRounding * rows[i * rows.size() / result.size()];
    }
  }
  return reference;
}

Comparison Reference::compare(unsigned result, const Tensor &got) const {
  Comparison worst;
  const Tensor &expected = results[result];
  for (int64_t i = 0; i < expected.size(); ++i) {
    double a = got.data[i], b = expected.data[i], tolerance = tolerances[result].data[i];
    bool same = a == b || (std::isnan(a) && std::isnan(b));
    double ratio = same ? 0.0 : std::fabs(a - b) / tolerance;
    if (std::isnan(ratio))
      ratio = INFINITY;
    if (i == 0 || ratio > worst.worst)
      worst = {ratio, i, a, b, tolerance};
  }
  return worst;
}
