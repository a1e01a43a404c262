//===- Head.cpp - what a kernel of the head kind computes ---------------------------------------------------------===//
//
// One head stands in the body, beside sums of its results with operands of the kernel and, where its weight is in
// codes, what these stand for.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/Head.h"
#include "dialect/IR/Encoding.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Finds the result of the kernel that is `value`, or the sum of an argument and `value`. Failure when `value` is used
/// in any other way.
LogicalResult readResult(KernelOp kernel, Value value, HeadResult &result) {
  Operation *yield = kernel.getBody().front().getTerminator();
  if (!value || value.use_empty())
    return success();
  if (!value.hasOneUse())
    return failure();
  OpOperand *use = &*value.use_begin();
  if (auto sum = dyn_cast<SumOpInterface>(use->getOwner())) {
    FailureOr<Accumulated> accumulated = readAccumulated(sum, value);
    if (failed(accumulated) || !sum->hasOneUse())
      return failure();
    result.accumulated = *accumulated;
    use = &*sum->use_begin();
  }
  if (use->getOwner() != yield)
    return failure();
  result.result = use->getOperandNumber();
  return success();
}

int64_t argumentNumber(Value value) {
  auto argument = dyn_cast_if_present<BlockArgument>(value);
  return argument ? int64_t(argument.getArgNumber()) : -1;
}

/// Operands and results by their numbers in the kernel.
LogicalResult readHead(KernelOp kernel, HeadOpInterface op, Head &head) {
  head.hidden = argumentNumber(op.getHidden());
  head.targets = argumentNumber(op.getTargets());
  std::optional<CodedWeight> coded = getCodedWeight(op.getWeight());
  head.weight = argumentNumber(coded ? coded->codes : op.getWeight());
  if (coded && argumentNumber(coded->scales) < 0)
    return failure();
  head.gradient = argumentNumber(op.getGradient());
  return success(
      head.hidden >= 0 && (!op.getTargets() || head.targets >= 0) && head.weight >= 0 &&
      (!op.getGradient() || head.gradient >= 0) && succeeded(readResult(kernel, op.getLoss(), head.loss)) &&
      succeeded(readResult(kernel, op.getLogProbabilities(), head.logProbabilities)) &&
      !head.logProbabilities.accumulated.exists() && succeeded(readResult(kernel, op.getLogits(), head.logitsOfRows)) &&
      !head.logitsOfRows.accumulated.exists() && succeeded(readResult(kernel, op.getNormalizers(), head.normalizers)) &&
      !head.normalizers.accumulated.exists() && (!op.getLogits() || head.logitsOfRows.exists()) &&
      succeeded(readResult(kernel, op.getHiddenGradient(), head.hiddenGradient)) &&
      succeeded(readResult(kernel, op.getWeightGradient(), head.weightGradient)));
}

} // namespace

/// The one cross entropy in the body, alone, with its gradients or by token, beside sums with what is accumulated.
static FailureOr<HeadOpInterface> findCrossEntropy(KernelOp kernel, Refusals &refusals) {
  HeadOpInterface found;
  for (Operation &op : kernel.getBody().front().without_terminator()) {
    bool isCodedWeight = op.getNumResults() == 1 && getCodedWeight(op.getResult(0));
    if (isa<SumOpInterface>(op) || isCodedWeight)
      continue;
    auto head = dyn_cast<HeadOpInterface>(op);
    if (!head)
      return refusals.add(&op,
                          "cannot stand beside the head: a cross entropy and sums of its results with operands can");
    if (found)
      return refusals.add(&op, "is a second cross entropy: a head kernel has one");
    found = head;
  }
  if (!found)
    return refusals.add(kernel, "of this kind has a cross entropy");
  return found;
}

/// Every result of the kernel is one of the head's, and every sum in the body is one of those.
static LogicalResult checkResults(KernelOp kernel, const Head &head, Refusals &refusals) {
  Block &body = kernel.getBody().front();
  size_t sums = 0, results = 0;
  for (const HeadResult *result : {&head.loss, &head.logProbabilities, &head.hiddenGradient, &head.weightGradient,
                                   &head.logitsOfRows, &head.normalizers}) {
    results += result->exists();
    sums += result->accumulated.exists();
  }
  if (results != kernel.getNumResults())
    return refusals.add(body.getTerminator(), "has a result that is none of the head's");
  for (auto sum : body.getOps<SumOpInterface>())
    if (sums-- == 0)
      return refusals.add(sum, "has no part in what the head yields");
  return success();
}

FailureOr<Head> hadal::analyzeHead(KernelOp kernel, Refusals &reasons) {
  FailureOr<HeadOpInterface> op = findCrossEntropy(kernel, reasons);
  if (failed(op))
    return failure();
  Head head;
  if (failed(readHead(kernel, *op, head)))
    return reasons.add(*op,
                       "reads operands of the kernel, and each of its results is yielded once, as it is or added to "
                       "an operand");
  auto hiddenType = cast<RankedTensorType>(op->getHidden().getType());
  auto weightType = cast<RankedTensorType>(op->getWeight().getType());
  // Sums over chunks of tokens are formed in the result.
  auto isServed = [](Type type) { return getElementTypeOrSelf(type).isF32() || getElementTypeOrSelf(type).isBF16(); };
  if (!isServed(hiddenType) || !isServed(weightType) ||
      (head.weightGradient.exists() && getElementTypeOrSelf(kernel.getResultTypes()[head.weightGradient.result]) !=
                                           Float32Type::get(kernel.getContext())))
    return reasons.add(*op, "is served with factors of f32 and bf16, and the weight's gradient in f32");
  if (failed(checkResults(kernel, head, reasons)))
    return failure();
  head.channels = hiddenType.getShape().back();
  head.tokens = hiddenType.getNumElements() / std::max<int64_t>(1, head.channels);
  head.vocabulary = weightType.getShape().front();
  head.weightOperand = {kernel.getArgument(unsigned(head.weight)), head.channels};
  std::optional<CodedWeight> coded = getCodedWeight(op->getWeight());
  if (coded && !op->getLogits())
    return reasons.add(*op, "compares logits with targets, for which its weight is no codes: give it the numbers");
  if (coded)
    setCodes(head.weightOperand, coded->format, cast<BlockArgument>(coded->scales), head.channels);
  if (!coded && getLayout(weightType) &&
      (head.hasGradients() || !readPanels(head.weightOperand, weightType, head.vocabulary, head.channels)))
    return reasons.add(*op, "reads its weight in a layout; with gradients it reads rows, and without them " +
                                describeReadableLayouts());
  head.factorsAreBF16 = hiddenType.getElementType().isBF16() && weightType.getElementType().isBF16();
  return head;
}
