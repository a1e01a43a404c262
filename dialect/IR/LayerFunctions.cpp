//===- LayerFunctions.cpp - checks of stacks of layers ------------------------------------------------------------===//
//
// The checks declared in LayerFunctions.h.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/LayerFunctions.h"
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace hadal;

LogicalResult hadal::verifyLayerRange(Operation *op, int64_t start, int64_t end, ArrayAttr functions) {
  Checks checks(op);
  checks.expect(start >= 0, "expects layers to be counted from 0 or above, got start " + Twine(start))
      .expect(start < end, "expects at least one layer: the range " + Twine(start) + " to " + Twine(end) +
                               " is empty; its end is exclusive")
      .expect(!functions.empty(), "expects at least one layer function in braces");
  if (failed(LogicalResult(checks)))
    return failure();
  return checks.expect(end - start <= maximumDepth,
                       "has " + Twine(end - start) + " layers; at most " + Twine(maximumDepth) + " are allowed");
}

/// One function: takes the hidden state, returns it and any number of losses, which are counted.
static LogicalResult verifyLayerFunction(Operation *op, func::FuncOp function, Type hidden, unsigned &losses) {
  auto fail = [&] {
    InFlightDiagnostic diagnostic = op->emitOpError("cannot use @") << function.getName() << " as a layer function: ";
    diagnostic.attachNote(function.getLoc()) << "@" << function.getName() << " is defined here";
    return diagnostic;
  };
  if (function.isExternal())
    return fail() << "it has no body";
  bool nested = function.getBody()
                    .walk([](Operation *inner) {
                      return isa<StackOpInterface>(inner) ? WalkResult::interrupt() : WalkResult::advance();
                    })
                    .wasInterrupted();
  if (nested)
    return fail() << "it holds layers of its own";
  func::CallOp call;
  function.getBody().walk([&](func::CallOp inner) { call = inner; });
  if (call)
    return fail() << "it calls @" << call.getCallee()
                  << "; write what that does into the function, or list both in the "
                  << "braces";
  FunctionType type = function.getFunctionType();
  if (type.getNumInputs() != 1 || type.getInput(0) != hidden)
    return fail() << "it must take the hidden state, " << hidden << ", as its only argument";
  if (type.getNumResults() == 0 || type.getResult(0) != hidden)
    return fail() << "its first result must be the hidden state, " << hidden;
  auto loss = RankedTensorType::get({}, Float32Type::get(op->getContext()));
  for (Type result : type.getResults().drop_front()) {
    if (result != loss)
      return fail() << "results after the hidden state are losses of type " << loss << ", got " << result;
    ++losses;
  }
  return success();
}

LogicalResult hadal::verifyLayerFunctions(Operation *op, ArrayAttr functions, Type hidden, unsigned losses,
                                          SymbolTableCollection &symbolTable) {
  unsigned found = 0;
  for (Attribute symbol : functions) {
    auto name = cast<FlatSymbolRefAttr>(symbol);
    auto function = symbolTable.lookupNearestSymbolFrom<func::FuncOp>(op, name);
    if (!function)
      return op->emitOpError("names the layer function ")
             << name << ", but there is no func.func of that name in the module";
    if (failed(verifyLayerFunction(op, function, hidden, found)))
      return failure();
  }
  if (found != losses)
    return op->emitOpError("expects one loss result for each loss that its functions return: they return ")
           << found << ", it has " << losses;
  return success();
}
