//===- ReferenceChecks.cpp - what the passes that check definitions share -----------------------------------------===//
//
// See ReferenceChecks.h.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/Transforms/ReferenceChecks.h"
#include "mlir/IR/Verifier.h"
#include "passes/Transforms/Requirements.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using reference::Tensor;

LogicalResult hadal::checkEveryOperation(ModuleOp module, const reference::Inputs &inputs,
                                         reference::Evaluator::Observer check) {
  bool ok = true;
  reference::Evaluator evaluator([&](StringRef name, RankedTensorType type) { return inputs.parameter(name, type); },
                                 [&](Operation *op, ArrayRef<Tensor> operands, ArrayRef<Tensor> results) {
                                   ok &= succeeded(check(op, operands, results));
                                   return success();
                                 });
  for (auto function : module.getOps<func::FuncOp>()) {
    if (!function.isPublic())
      continue;
    FailureOr<SmallVector<Tensor>> arguments = inputs.arguments(function);
    if (failed(arguments))
      return failure();
    SmallVector<Tensor> results;
    if (failed(evaluator.evaluate(function, *arguments, results)))
      return failure();
  }
  return success(ok);
}

LogicalResult hadal::evaluateRewritten(Operation *op, TypeRange extraTypes, ArrayRef<Tensor> arguments,
                                       function_ref<SmallVector<Value>(Operation *, OpBuilder &, ValueRange)> build,
                                       SmallVectorImpl<Tensor> &results) {
  if (failed(requireBoundParameters(op)) || failed(requireClosedShapes(op)))
    return failure();
  OpBuilder builder(op->getContext());
  OwningOpRef<ModuleOp> module = ModuleOp::create(op->getLoc());
  builder.setInsertionPointToEnd(module->getBody());
  SmallVector<Type> types(op->getOperandTypes());
  types.append(extraTypes.begin(), extraTypes.end());
  auto function = func::FuncOp::create(builder, op->getLoc(), "rewritten", builder.getFunctionType(types, {}));
  Block *body = function.addEntryBlock();
  builder.setInsertionPointToEnd(body);
  Operation *copy = op->clone();
  copy->setOperands(body->getArguments().take_front(op->getNumOperands()));
  builder.insert(copy);

  SmallVector<Value> values = build(copy, builder, body->getArguments().drop_front(op->getNumOperands()));
  llvm::erase(values, Value());
  func::ReturnOp::create(builder, op->getLoc(), values);
  function.setType(builder.getFunctionType(types, ValueRange(values).getTypes()));
  if (copy->use_empty())
    copy->erase();
  if (failed(verify(*module)))
    return op->emitOpError("is rewritten in operations that do not verify");
  return reference::Evaluator().evaluate(function, arguments, results);
}

Difference hadal::largestDifference(const Tensor &actual, const Tensor &expected) {
  Difference worst;
  double largest = 0.0;
  for (auto [element, pair] : llvm::enumerate(llvm::zip_equal(actual.data, expected.data))) {
    auto [a, b] = pair;
    largest = std::fmax(largest, std::fmax(std::fabs(a), std::fabs(b)));
    double difference = std::fabs(a - b);
    if (!(difference <= worst.relative))
      worst = {std::isnan(difference) ? INFINITY : difference, int64_t(element)};
  }
  if (worst.relative > 0.0)
    worst.relative /= largest;
  return worst;
}

std::string hadal::number(double value) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%.15g", value);
  return text;
}
