//===- CheckGradients.cpp - gradients against finite differences --------------------------------------------------===//
//
// `hadal-check-gradients`: see its description in Passes.td.
//
// For results r_1, ..., r_n and random gradients g_i of them, the gradient that an operation builds for an operand x is
// that of the number F(x) = Σ_i g_i · r_i(x), which central differences of the reference evaluation approximate:
// F' = (8 (F(x+h) - F(x-h)) - (F(x+2h) - F(x-2h))) / 12h + O(h⁴). With several results, F is also taken of each alone,
// the other gradients being null.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/Transforms/ReferenceChecks.h"
#include "llvm/Support/Format.h"
#include <cmath>

namespace hadal {
#define GEN_PASS_DEF_CHECKGRADIENTSPASS
#include "passes/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;
using reference::Tensor;

namespace {
/// A result of the operation that has a gradient, and its random gradient.
struct ResultGradient {
  unsigned result;
  Tensor gradient;
};

class CheckGradientsPass : public hadal::impl::CheckGradientsPassBase<CheckGradientsPass> {
public:
  using CheckGradientsPassBase::CheckGradientsPassBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    auto check = [&](Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor>) {
      return isa<DifferentiableOpInterface>(op) ? checkOperation(op, operands) : success();
    };
    if (failed(checkEveryOperation(getOperation(), reference::Inputs(seed), check)))
      signalPassFailure();
  }

private:
  LogicalResult checkOperation(Operation *op, ArrayRef<Tensor> operands) {
    SmallVector<ResultGradient> gradients;
    for (OpResult result : op->getResults())
      if (auto type = dyn_cast<RankedTensorType>(result.getType());
          type && isa<FloatType>(type.getElementType()) && !result.use_empty()) {
        std::string name = "gradient " + std::to_string(result.getResultNumber());
        gradients.push_back({result.getResultNumber(), reference::Inputs(seed).uniform(name, type, -1.0, 1.0)});
      }
    if (gradients.empty())
      return success();
    bool ok = succeeded(checkSubset(op, operands, gradients));
    if (gradients.size() > 1)
      for (const ResultGradient &gradient : gradients)
        ok &= succeeded(checkSubset(op, operands, gradient));
    return success(ok);
  }

  /// Checks all operands' gradients when only these results have one.
  LogicalResult checkSubset(Operation *op, ArrayRef<Tensor> operands, ArrayRef<ResultGradient> gradients) {
    SmallVector<Type> extraTypes;
    SmallVector<Tensor> arguments(operands), built;
    for (const ResultGradient &gradient : gradients) {
      extraTypes.push_back(op->getResult(gradient.result).getType());
      arguments.push_back(gradient.gradient);
    }
    // Which of the built values is an operand's gradient; -1: none.
    SmallVector<int64_t> places;
    bool wellTyped = true, noGradient = false;
    auto build = [&](Operation *copy, OpBuilder &builder, ValueRange extra) {
      SmallVector<Value> resultGradients(op->getNumResults());
      for (auto [gradient, value] : llvm::zip_equal(gradients, extra))
        resultGradients[gradient.result] = value;
      SmallVector<Value> values = cast<DifferentiableOpInterface>(copy).buildGradient(builder, resultGradients);
      // An operation without gradient says so itself.
      noGradient = values.empty();
      wellTyped = values.size() == op->getNumOperands();
      for (auto [index, value] : enumerate(values)) {
        wellTyped = wellTyped && (!value || value.getType() == op->getOperand(index).getType());
        places.push_back(
            value ? int64_t(llvm::count_if(ArrayRef(values).take_front(index), [](Value v) { return bool(v); })) : -1);
      }
      return values;
    };
    if (failed(evaluateRewritten(op, extraTypes, arguments, build, built)))
      return failure();
    if (noGradient)
      return failure();
    if (!wellTyped)
      return op->emitOpError("must build one gradient per operand, of the operand's type");

    bool ok = true;
    for (auto [index, place] : enumerate(places)) {
      auto type = cast<RankedTensorType>(op->getOperand(index).getType());
      if (isa<FloatType>(type.getElementType()))
        ok &= succeeded(
            compare(op, index, operands, gradients, place < 0 ? Tensor(operands[index].shape) : built[place]));
      else if (place >= 0)
        ok &= succeeded(
            LogicalResult(op->emitOpError() << "builds a gradient for operand #" << index << ", which holds integers"));
    }
    return success(ok);
  }

  /// Compares the gradient of one operand with finite differences.
  LogicalResult compare(Operation *op, unsigned index, ArrayRef<Tensor> operands, ArrayRef<ResultGradient> gradients,
                        const Tensor &gradient) {
    FailureOr<Tensor> expected = differences(op, index, operands, gradients);
    if (failed(expected))
      return failure();
    Difference difference = largestDifference(gradient, *expected);
    llvm::outs() << op->getName() << " gradient of operand #" << index << ": relative error "
                 << llvm::format("%.1e", difference.relative) << '\n';
    if (difference.relative <= tolerance)
      return success();
    return op->emitOpError() << "has a gradient of operand #" << index << " that differs in element "
                             << difference.element << ": " << number(gradient.data[difference.element])
                             << ", finite differences give " << number(expected->data[difference.element]);
  }

  /// Finite differences of the weighted sum of the results, for every element of one operand.
  FailureOr<Tensor> differences(Operation *op, unsigned index, ArrayRef<Tensor> operands,
                                ArrayRef<ResultGradient> gradients) {
    SmallVector<Tensor> moved(operands);
    Tensor result(operands[index].shape);
    for (int64_t element = 0; element < result.size(); ++element) {
      double origin = operands[index].data[element];
      SmallVector<double> values;
      for (double multiple : {-2.0, -1.0, 1.0, 2.0}) {
        moved[index].data[element] = origin + multiple * step;
        FailureOr<double> sum = weightedSum(op, moved, gradients);
        if (failed(sum))
          return failure();
        values.push_back(*sum);
      }
      moved[index].data[element] = origin;
      result.data[element] = (8.0 * (values[2] - values[1]) - (values[3] - values[0])) / (12.0 * step);
    }
    return result;
  }

  FailureOr<double> weightedSum(Operation *op, ArrayRef<Tensor> operands, ArrayRef<ResultGradient> gradients) {
    SmallVector<Tensor> results;
    if (failed(cast<EvaluableOpInterface>(op).evaluate(operands, results)))
      return failure();
    double sum = 0.0;
    for (const ResultGradient &gradient : gradients)
      for (auto [weight, element] : llvm::zip_equal(gradient.gradient.data, results[gradient.result].data))
        sum += weight * element;
    return sum;
  }
};
} // namespace
