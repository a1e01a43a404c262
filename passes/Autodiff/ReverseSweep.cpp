//===- ReverseSweep.cpp - reverse-mode differentiation of a straight-line block -----------------------------------===//
//
// The algorithm, linear in the number of operations:
// 1. A forward walk marks the active values, those that depend on a target.
// 2. A walk from the last operation to the first asks every operation that has an active operand and a result with a
//    gradient for the gradients of its operands, and adds each to what the operand already has. An operation stands
//    before all users of its results, so a gradient is complete when the walk reaches the operation that defines the
//    value. The order of the additions is the order of the walk: the same in every run.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Autodiff/ReverseSweep.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;

void ReverseSweep::addTarget(Value value, Value start, Value adds) { targets[value] = {start, adds, {}}; }

void ReverseSweep::addSeed(Value value, Value gradient) { addContribution(value, gradient, value.getLoc()); }

void ReverseSweep::addContribution(Value value, Value gradient, Location loc) {
  auto target = targets.find(value);
  Value &sum = target != targets.end() ? target->second.sum : gradients[value];
  if (sum)
    sum = arith::AddFOp::create(builder, loc, sum, gradient);
  else if (target != targets.end())
    sum = AccumulateOp::create(builder, loc, target->second.start, gradient, target->second.adds);
  else
    sum = gradient;
}

void ReverseSweep::findActiveValues() {
  for (auto &[value, target] : targets)
    active.insert(value);
  for (Operation &op : block) {
    if (!llvm::any_of(op.getOperands(), [&](Value operand) { return active.contains(operand); }))
      continue;
    for (Value result : op.getResults())
      if (isa<FloatType>(getElementTypeOrSelf(result.getType())))
        active.insert(result);
  }
}

LogicalResult ReverseSweep::run() {
  findActiveValues();
  SmallVector<Operation *> forward = llvm::map_to_vector(block, [](Operation &op) { return &op; });
  for (Operation *op : llvm::reverse(forward))
    if (failed(differentiate(op)))
      return failure();
  return success();
}

/// The operations of the same dialect that have a gradient, for the message about one that has none.
static std::string listDifferentiable(Operation *op) {
  SmallVector<StringRef> names;
  for (RegisteredOperationName name :
       op->getContext()->getRegisteredOperationsByDialect(op->getName().getDialectNamespace()))
    if (name.hasInterface<DifferentiableOpInterface>())
      names.push_back(name.getStringRef());
  llvm::sort(names);
  return llvm::join(names, ", ");
}

/// Says that the operation has no gradient, and what to write instead.
static LogicalResult refuse(Operation *op) {
  InFlightDiagnostic error = op->emitError("'")
                             << op->getName()
                             << "' has no gradient, but parameters lie before it and a loss depends on it; write it in "
                                "operations that have one";
  if (std::string names = listDifferentiable(op); !names.empty())
    error << ", such as " << names;
  return error;
}

LogicalResult ReverseSweep::differentiate(Operation *op) {
  if (llvm::none_of(op->getOperands(), [&](Value operand) { return active.contains(operand); }))
    return success();
  SmallVector<Value> resultGradients =
      llvm::map_to_vector(op->getResults(), [&](Value result) { return gradients.lookup(result); });
  if (llvm::none_of(resultGradients, [](Value gradient) { return bool(gradient); }))
    return success();
  auto differentiable = dyn_cast<DifferentiableOpInterface>(op);
  if (!differentiable)
    return refuse(op);

  SmallVector<Value> operandGradients = differentiable.buildGradient(builder, resultGradients);
  if (operandGradients.empty())
    return failure();
  if (operandGradients.size() != op->getNumOperands())
    return op->emitError("'") << op->getName() << "' yields " << operandGradients.size() << " gradients for "
                              << op->getNumOperands() << " operands";
  for (auto [operand, gradient] : llvm::zip_equal(op->getOperands(), operandGradients))
    if (gradient && active.contains(operand))
      addContribution(operand, gradient, op->getLoc());
  return success();
}
