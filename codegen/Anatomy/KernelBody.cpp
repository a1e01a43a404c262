//===- KernelBody.cpp - what is asked of the body of any kernel ---------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelBody.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/WeightCodes.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;

LogicalResult Refusals::add(Operation *op, const Twine &why) {
  std::pair<Location, std::string> reason(op->getLoc(), ("'" + op->getName().getStringRef() + "' " + why).str());
  if (!llvm::is_contained(reasons, reason))
    reasons.push_back(std::move(reason));
  return failure();
}

void Refusals::add(const Refusals &others) {
  for (const auto &reason : others.reasons)
    if (!llvm::is_contained(reasons, reason))
      reasons.push_back(reason);
}

std::string Refusals::text() const { return llvm::join(llvm::make_second_range(reasons), "; "); }

void Refusals::attachTo(InFlightDiagnostic &diagnostic) const {
  for (auto &[location, why] : reasons)
    diagnostic.attachNote(location) << why;
}

/// What is wrong with a value, or nothing.
static std::string findFault(Value value, bool isInMemory) {
  Type type = value.getType();
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (tensor && !getBounds(type).empty()) {
    stream << "has a value of type '" << type << "', whose length a number tells: kernels take closed lengths so far";
    return text;
  }
  if (!tensor || !tensor.hasStaticShape()) {
    stream << "has a value of type '" << type << "', which is no tensor of known shape";
    return text;
  }
  // Which layouts are read, and by whom, the operations and the strategies say.
  if (tensor.getEncoding() && (!getEncoding(type) || getShard(type))) {
    stream << "has a value of type '" << type << "': kernels work on whole tensors, row by row or in a layout";
    return text;
  }
  Type element = tensor.getElementType();
  bool isKnown = element.isF32() || element.isBF16() || element.isInteger(32) || areWeightCodes(value);
  if (!isKnown && (isInMemory || !element.isInteger(1)))
    stream << "has a value of type '" << type << "': kernels work on f32, bf16 and i32";
  else if (llvm::is_contained(tensor.getShape(), 0))
    stream << "has a value of type '" << type << "' without elements";
  return text;
}

LogicalResult hadal::checkKernelBody(KernelOp kernel, Refusals &refusals) {
  Block &body = kernel.getBody().front();
  if (kernel.getResultTypes().empty())
    return refusals.add(kernel, "has no result");
  for (ValueRange values : {ValueRange(body.getArguments()), ValueRange(body.getTerminator()->getOperands())})
    for (Value value : values)
      if (std::string fault = findFault(value, /*isInMemory=*/true); !fault.empty())
        return refusals.add(kernel, fault);
  for (Operation &op : body.without_terminator()) {
    if (op.getNumRegions() > 0 || op.getNumResults() == 0 || !op.isRegistered())
      return refusals.add(&op, "is no operation on tensors");
    if (auto parametrised = dyn_cast<ParametersOpInterface>(op); parametrised && parametrised.getParametersAttr())
      return refusals.add(&op, "names parameters that are not bound: give them as operands of the kernel");
    for (ValueRange values : {ValueRange(op.getOperands()), ValueRange(op.getResults())})
      for (Value value : values)
        if (std::string fault = findFault(value, /*isInMemory=*/false); !fault.empty())
          return refusals.add(&op, fault);
  }
  return success();
}

FailureOr<Accumulated> hadal::readAccumulated(SumOpInterface sum, Value term) {
  Value first = sum.getSummands()[0], second = sum.getSummands()[1], condition = sum.getCondition();
  // Where a condition decides whether the first counts, the term is the second.
  if (first == term && !condition)
    std::swap(first, second);
  auto argument = dyn_cast<BlockArgument>(first);
  auto decides = dyn_cast_if_present<BlockArgument>(condition);
  if (second != term || !argument || (condition && !decides))
    return failure();
  return Accumulated{argument.getArgNumber(), decides ? int64_t(decides.getArgNumber()) : -1};
}
