//===- Evaluate.cpp - runs the functions of a module in float64 ---------------------------------------------------===//
//
// `hadal-evaluate`: the reference evaluator as a pass. See its description in Passes.td.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Evaluator.h"
#include "dialect/Reference/Inputs.h"
#include "passes/Passes.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/Format.h"
#include <cmath>

namespace hadal {
#define GEN_PASS_DEF_EVALUATEPASS
#include "passes/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;
using reference::Tensor;

/// Prints one number; negative zero as zero.
static void printNumber(raw_ostream &os, double number, unsigned digits) {
  os << llvm::format("%.*g", digits, number == 0.0 ? 0.0 : number);
}

/// Prints the elements from `next` on that lie in the given dimension, in brackets.
static void printElements(raw_ostream &os, const Tensor &tensor, int64_t dimension, int64_t &next, unsigned digits) {
  if (dimension == tensor.rank()) {
    printNumber(os, tensor.data[next++], digits);
    return;
  }
  os << '[';
  for (int64_t i = 0; i < tensor.shape[dimension]; ++i) {
    os << (i == 0 ? "" : ", ");
    printElements(os, tensor, dimension + 1, next, digits);
  }
  os << ']';
}

static void printSummary(raw_ostream &os, const Tensor &tensor, unsigned digits) {
  double sum = 0.0, squares = 0.0;
  for (double element : tensor.data) {
    sum += element;
    squares += element * element;
  }
  os << "sum ";
  printNumber(os, sum, digits);
  os << " root mean square ";
  printNumber(os, tensor.size() == 0 ? 0.0 : std::sqrt(squares / tensor.size()), digits);
}

namespace {
class EvaluatePass : public hadal::impl::EvaluatePassBase<EvaluatePass> {
public:
  using EvaluatePassBase::EvaluatePassBase;

  void runOnOperation() override {
    markAllAnalysesPreserved();
    reference::Inputs inputs(seed, batch, positions);
    reference::WeightFiles files;
    if (failed(readFiles(inputs, files)))
      return signalPassFailure();
    for (auto function : getOperation().getOps<FunctionOpInterface>())
      if (function.isPublic() && !isa<KernelOp>(function.getOperation()) && failed(evaluate(function, inputs)))
        return signalPassFailure();
  }

private:
  /// Takes parameters and tokens from the files that the options name.
  LogicalResult readFiles(reference::Inputs &inputs, reference::WeightFiles &files) {
    for (const std::string &path : weights)
      if (llvm::Error error = files.add(path))
        return emitError(UnknownLoc::get(&getContext())) << llvm::toString(std::move(error));
    if (!weights.empty())
      inputs.setWeights(&files);
    if (tokens.empty())
      return success();
    auto buffer = llvm::MemoryBuffer::getFile(tokens, /*IsText=*/false, /*RequiresNullTerminator=*/false);
    if (!buffer)
      return emitError(UnknownLoc::get(&getContext()))
             << "'" << tokens << "' cannot be read: " << buffer.getError().message();
    std::vector<int64_t> stream;
    StringRef content = (*buffer)->getBuffer();
    for (size_t i = 0; i + 1 < content.size(); i += 2)
      stream.push_back(llvm::support::endian::read16le(content.data() + i));
    inputs.setTokens(std::move(stream), stride);
    return success();
  }

  LogicalResult evaluate(FunctionOpInterface function, const reference::Inputs &inputs) {
    FailureOr<SmallVector<Tensor>> arguments = inputs.arguments(function);
    if (failed(arguments))
      return failure();
    SmallVector<Tensor> results;
    reference::Evaluator evaluator([&](StringRef name, RankedTensorType type) { return inputs.parameter(name, type); });
    if (failed(evaluator.evaluate(function, *arguments, results)))
      return failure();
    Operation *terminator = function.getFunctionBody().front().getTerminator();
    for (auto [index, result] : enumerate(results))
      print(function.getName(), results.size() > 1, index, terminator->getOperand(index).getType(), result);
    return success();
  }

  void print(StringRef name, bool several, unsigned index, Type type, const Tensor &result) {
    raw_ostream &os = llvm::outs();
    os << '@' << name;
    if (several)
      os << '#' << index;
    os << ": ";
    if (auto tensorType = dyn_cast<RankedTensorType>(type))
      type = tensorType.clone(result.shape);
    os << type << ' ';
    if (summary) {
      printSummary(os, result, digits);
    } else {
      int64_t next = 0;
      printElements(os, result, 0, next, digits);
    }
    os << '\n';
  }
};
} // namespace
