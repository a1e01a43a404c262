//===- CheckTrainingStep.cpp - a program's gradients against differences of its loss ------------------------------===//
//
// `hadal-check-training-step`: see its description in Passes.td.
//
// For a parameter p, its gradient g and a random direction v, the derivative of the loss along v is g · v, which
// central differences of the loss at p ± hv and p ± 2hv approximate to the fourth order. One direction meets every
// element of g, so four runs of the entry point suffice for a parameter of any size.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Passes.h"
#include "passes/Transforms/ReferenceChecks.h"
#include "llvm/Support/Format.h"
#include <cmath>

namespace hadal {
#define GEN_PASS_DEF_CHECKTRAININGSTEPPASS
#include "passes/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;
using reference::Tensor;

/// The argument that stands for a tensor in a role; -1 when there is none.
static int64_t findArgument(func::FuncOp function, ArgumentRole role, StringRef name) {
  for (unsigned index = 0; index < function.getNumArguments(); ++index)
    if (auto meaning = getArgumentMeaning(function, index); meaning && meaning->role == role && meaning->name == name)
      return index;
  return -1;
}

/// The first result that fulfils the condition; -1 when there is none.
static int64_t findResult(func::FuncOp function, function_ref<bool(unsigned)> condition) {
  for (unsigned index = 0; index < function.getNumResults(); ++index)
    if (condition(index))
      return index;
  return -1;
}

static double dot(const Tensor &a, const Tensor &b) {
  double sum = 0.0;
  for (auto [x, y] : llvm::zip_equal(a.data, b.data))
    sum += x * y;
  return sum;
}

namespace {
class CheckTrainingStepPass : public hadal::impl::CheckTrainingStepPassBase<CheckTrainingStepPass> {
public:
  using CheckTrainingStepPassBase::CheckTrainingStepPassBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    bool found = false, ok = true;
    for (auto function : getOperation().getOps<func::FuncOp>()) {
      int64_t result = findResult(function, [&](unsigned index) {
        StringAttr name = getResultName(function, index);
        return name && name.getValue() == results::loss;
      });
      if (result < 0)
        continue;
      found = true;
      ok &= succeeded(checkFunction(function, result));
    }
    if (!found)
      getOperation().emitError(
          "has no entry point with a result marked hadal.result = \"loss\"; build the program of a "
          "model first");
    if (!ok || !found)
      signalPassFailure();
  }

private:
  LogicalResult checkFunction(func::FuncOp function, unsigned lossResult) {
    reference::Inputs inputs(seed);
    FailureOr<SmallVector<Tensor>> arguments = inputs.arguments(function);
    if (failed(arguments))
      return failure();
    SmallVector<Tensor> results;
    if (failed(reference::Evaluator().evaluate(function, *arguments, results)))
      return failure();

    int64_t scale = findArgument(function, ArgumentRole::Scalar, "loss_scale");
    double lossScale = scale < 0 ? 1.0 : (*arguments)[scale].data[0];
    bool ok = true;
    for (unsigned index = 0; index < function.getNumArguments(); ++index) {
      FlatSymbolRefAttr name = getRoleSymbol(function, index, ArgumentRole::Parameter);
      int64_t gradient = name ? gradientResult(function, name) : -1;
      if (gradient >= 0)
        ok &= succeeded(
            checkParameter(function, *arguments, index, results[gradient], name.getValue(), lossResult, lossScale));
    }
    return success(ok);
  }

  /// The result that holds the gradient of the parameter; -1 when it has none.
  int64_t gradientResult(func::FuncOp function, FlatSymbolRefAttr name) {
    int64_t argument = findArgument(function, ArgumentRole::Gradient, name.getValue());
    return argument < 0 ? -1
                        : findResult(
                              function,
                              [&](unsigned index) {
                                std::optional<unsigned> tied = getTiedArgument(function, index);
                                return tied && *tied == argument;
                              });
  }

  LogicalResult checkParameter(func::FuncOp function, SmallVectorImpl<Tensor> &arguments, unsigned index,
                               const Tensor &gradient, StringRef name, unsigned lossResult, double lossScale) {
    auto type = cast<RankedTensorType>(function.getArgumentTypes()[index]);
    Tensor direction = reference::Inputs(seed).uniform(("direction " + name).str(), type, -1.0, 1.0);
    Tensor origin = arguments[index];
    SmallVector<double> losses;
    for (double multiple : {-2.0, -1.0, 1.0, 2.0}) {
      for (int64_t i = 0; i < origin.size(); ++i)
        arguments[index].data[i] = origin.data[i] + multiple * step * direction.data[i];
      SmallVector<Tensor> results;
      if (failed(reference::Evaluator().evaluate(function, arguments, results)))
        return failure();
      losses.push_back(results[lossResult].data[0]);
    }
    arguments[index] = std::move(origin);

    double expected = lossScale * (8.0 * (losses[2] - losses[1]) - (losses[3] - losses[0])) / (12.0 * step);
    double actual = dot(gradient, direction), size = std::sqrt(dot(gradient, gradient));
    double error = std::fabs(actual - expected) / std::fmax(size, std::fabs(expected));
    llvm::outs() << "@" << function.getName() << " gradient of '" << name << "': relative error "
                 << llvm::format("%.1e", actual == expected ? 0.0 : error) << '\n';
    if (actual == expected || error <= tolerance)
      return success();
    return function.emitOpError() << "has a gradient of '" << name
                                  << "' that differs along a random direction: " << number(actual)
                                  << ", differences of the loss give " << number(expected);
  }
};
} // namespace
