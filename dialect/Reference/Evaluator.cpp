//===- Evaluator.cpp - runs functions in float64 ------------------------------------------------------------------===//
//
// A result whose type is narrower than f32 is rounded to it once it is computed; f32 is not rounded to, so that
// differences of an f32 program's results are as smooth as the mathematics they are held against.
//
// A function is one block: its operations run in order, each through EvaluableOpInterface. What calls functions is run
// here: calls and launches, and stacks of layers, which get the evaluator as their runner. A tensor is dropped at its
// last use.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Evaluator.h"
#include "dialect/IR/Checks.h"
#include "dialect/Reference/Definitions.h"
#include "llvm/ADT/ScopeExit.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

/// Deeper calls are taken for a recursion.
static constexpr unsigned deepestCall = 64;

/// Values of a function while it runs: each with the number of its uses that are still to come.
class reference::Frame {
public:
  void define(Value value, Tensor tensor) {
    if (int64_t uses = std::distance(value.use_begin(), value.use_end()))
      values[value] = {std::move(tensor), uses};
  }
  /// One use of the value.
  Tensor use(Value value) {
    auto entry = values.find(value);
    if (--entry->second.second > 0)
      return entry->second.first;
    Tensor tensor = std::move(entry->second.first);
    values.erase(entry);
    return tensor;
  }

private:
  llvm::DenseMap<Value, std::pair<Tensor, int64_t>> values;
};

/// "2x?x8".
static std::string describe(ArrayRef<int64_t> shape) { return shape.empty() ? "a scalar" : shapeText(shape); }

/// Whether a tensor is a value of the type, open dimensions matching every length.
static bool isValueOf(const Tensor &tensor, Type type) {
  auto shaped = dyn_cast<ShapedType>(type);
  if (!shaped)
    return tensor.rank() == 0;
  return shaped.getRank() == tensor.rank() && all_of(zip_equal(shaped.getShape(), tensor.shape), [](auto lengths) {
           return ShapedType::isDynamic(std::get<0>(lengths)) || std::get<0>(lengths) == std::get<1>(lengths);
         });
}

/// Reports a tensor that is not a value of the type that it should have.
static LogicalResult checkValue(Operation *op, const Tensor &tensor, Type type, const Twine &what) {
  if (isValueOf(tensor, type))
    return success();
  return op->emitOpError() << what << " is " << describe(tensor.shape) << ", but its type is " << type;
}

/// Reports operands whose open dimensions (batch and sequence) have different lengths, which types do not rule out.
static LogicalResult checkOpenDimensions(Operation *op, ArrayRef<Tensor> operands) {
  int64_t lengths[2] = {-1, -1};
  for (auto [type, operand] : llvm::zip(op->getOperandTypes(), operands)) {
    auto shaped = dyn_cast<ShapedType>(type);
    for (int64_t d = 0; shaped && d < std::min<int64_t>(2, shaped.getRank()); ++d) {
      if (!shaped.isDynamicDim(d))
        continue;
      if (lengths[d] >= 0 && lengths[d] != operand.shape[d])
        return op->emitOpError() << "has operands whose dimension " << d << " is " << lengths[d] << " and "
                                 << operand.shape[d] << " long; they must agree";
      lengths[d] = operand.shape[d];
    }
  }
  return success();
}

/// Reports results that do not fit into memory. An open length is that of an operand's dimension of the same number.
static LogicalResult checkSizes(Operation &op, ArrayRef<Tensor> operands) {
  for (Type type : op.getResultTypes()) {
    auto shaped = dyn_cast<RankedTensorType>(type);
    if (!shaped)
      continue;
    SmallVector<int64_t> shape(shaped.getShape());
    for (auto [dimension, length] : enumerate(shape))
      if (ShapedType::isDynamic(length)) {
        length = 1;
        for (const Tensor &operand : operands)
          if (int64_t(dimension) < operand.rank())
            length = std::max(length, operand.shape[dimension]);
      }
    if (int64_t count = countElements(shape); ShapedType::isDynamic(count) || count > mostElementsEvaluated)
      return op.emitOpError() << "yields " << type << "; the reference evaluator runs on tensors of at most "
                              << mostElementsEvaluated << " elements";
  }
  return success();
}

LogicalResult Evaluator::evaluate(FunctionOpInterface function, ArrayRef<Tensor> arguments,
                                  SmallVectorImpl<Tensor> &results) {
  if (function.isExternal() || !function.getFunctionBody().hasOneBlock())
    return function.emitOpError("must have a body of one block for the reference evaluator to run it");
  if (depth == deepestCall)
    return function.emitOpError() << "is called more than " << deepestCall
                                  << " functions deep; recursion cannot be evaluated";
  Block &body = function.getFunctionBody().front();
  if (arguments.size() != body.getNumArguments())
    return function.emitOpError() << "takes " << body.getNumArguments() << " arguments, got " << arguments.size();
  ++depth;
  llvm::scope_exit leave([&] { --depth; });

  Frame frame;
  for (auto [index, argument] : enumerate(body.getArguments())) {
    if (failed(checkValue(function, arguments[index], argument.getType(), "argument #" + Twine(index))))
      return failure();
    frame.define(argument, arguments[index]);
  }
  for (Operation &op : body) {
    SmallVector<Tensor> operands, values;
    for (Value operand : op.getOperands())
      operands.push_back(frame.use(operand));
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      results.append(std::make_move_iterator(operands.begin()), std::make_move_iterator(operands.end()));
      break;
    }
    if (failed(evaluateOperation(op, operands, values)))
      return failure();
    if (observer && failed(observer(&op, operands, values)))
      return failure();
    for (auto [result, value] : zip_equal(op.getResults(), values))
      frame.define(result, std::move(value));
  }
  return success();
}

LogicalResult Evaluator::evaluateOperation(Operation &op, SmallVectorImpl<Tensor> &operands,
                                           SmallVectorImpl<Tensor> &results) {
  if (auto parametrised = dyn_cast<ParametersOpInterface>(op); parametrised && parametrised.getParametersAttr())
    for (const ParameterSlot &slot : parametrised.getParameterSlots()) {
      FailureOr<Tensor> value = getParameter(&op, scope.empty() ? slot.name : scope + "." + slot.name, slot.type);
      if (failed(value))
        return failure();
      operands.push_back(std::move(*value));
    }

  if (failed(checkSizes(op, operands)))
    return failure();
  LogicalResult evaluated = success();
  if (auto evaluable = dyn_cast<EvaluableOpInterface>(op)) {
    evaluated = verifyEncodings(&op);
    if (succeeded(evaluated))
      evaluated = checkOpenDimensions(&op, operands);
    if (succeeded(evaluated))
      evaluated = evaluable.evaluate(operands, results);
  } else if (auto stack = dyn_cast<StackOpInterface>(op))
    evaluated = stack.evaluateLayers(*this, operands, results);
  else if (auto call = dyn_cast<CallOpInterface>(op))
    evaluated = evaluateCall(&op, dyn_cast<SymbolRefAttr>(call.getCallableForCallee()), operands, results);
  else
    return op.emitOpError("has no reference evaluation: it implements no EvaluableOpInterface");
  if (failed(evaluated))
    return failure();

  if (results.size() != op.getNumResults())
    return op.emitOpError() << "was evaluated to " << results.size() << " results, but it has " << op.getNumResults();
  for (auto [index, type] : enumerate(op.getResultTypes())) {
    if (failed(checkValue(&op, results[index], type, "result #" + Twine(index))))
      return failure();
    if (auto evaluable = dyn_cast<EvaluableOpInterface>(op); !evaluable || evaluable.roundsResults())
      roundTo(type, results[index]);
  }
  return success();
}

LogicalResult Evaluator::evaluateCall(Operation *op, SymbolRefAttr callee, ArrayRef<Tensor> arguments,
                                      SmallVectorImpl<Tensor> &results) {
  if (!callee)
    return op->emitOpError("calls a value: the reference evaluator runs functions that are called by their name");
  auto function = symbols.lookupNearestSymbolFrom<FunctionOpInterface>(op, callee);
  if (!function)
    return op->emitOpError() << "calls " << callee << ", which is not a function of this module";
  return evaluate(function, arguments, results);
}

LogicalResult Evaluator::runLayer(Operation *stack, ArrayAttr functions, StringRef layer, Tensor &hidden,
                                  MutableArrayRef<Tensor> losses) {
  std::string outer = std::exchange(scope, layer.str());
  llvm::scope_exit leave([&] { scope = outer; });
  size_t next = 0;
  for (Attribute callee : functions) {
    SmallVector<Tensor> results;
    if (failed(evaluateCall(stack, cast<SymbolRefAttr>(callee), hidden, results)))
      return failure();
    if (results.empty() || next + results.size() - 1 > losses.size())
      return stack->emitOpError() << "calls " << callee << ", which returns " << results.size()
                                  << " values; expected a hidden state and as many losses as the operation has "
                                     "results";
    hidden = std::move(results.front());
    for (const Tensor &loss : ArrayRef(results).drop_front())
      losses[next++].data[0] += loss.data[0];
  }
  return success();
}

FailureOr<Tensor> Evaluator::getParameter(Operation *op, StringRef absoluteName, RankedTensorType type) {
  if (int64_t count = countElements(type.getShape()); ShapedType::isDynamic(count) || count > mostElementsEvaluated)
    return op->emitOpError() << "reads the parameter '" << absoluteName << "' of type " << type
                             << "; the reference evaluator runs models with parameters of at most "
                             << mostElementsEvaluated << " elements";
  FailureOr<Tensor> value = parameters ? parameters(absoluteName, type) : FailureOr<Tensor>(failure());
  if (failed(value))
    return op->emitOpError() << "reads the parameter '" << absoluteName << "' as " << type
                             << ", but no such value was given";
  if (failed(checkValue(op, *value, type, "parameter '" + absoluteName + "'")))
    return failure();
  return value;
}
