//===- Requirements.cpp - what passes need of their input ---------------------------------------------------------===//
//
// One walk per question. The first operation that does not fit is reported, and nothing has been changed by then.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Transforms/Requirements.h"
#include "dialect/IR/Checks.h"
#include "dialect/IR/Encoding.h"
#include "passes/Transforms/EntryPoint.h"
#include "llvm/ADT/StringExtras.h"

using namespace mlir;
using namespace hadal;

ArrayRef<StringRef> hadal::getEntryPointNames() {
  static const SmallVector<StringRef> names = [] {
    SmallVector<StringRef> all;
    for (uint32_t number = 0; std::optional<EntryRole> role = symbolizeEntryRole(number); ++number)
      all.push_back(stringifyEntryRole(*role));
    return all;
  }();
  return names;
}

LogicalResult hadal::requireNoRegions(Block &block) {
  for (Operation &op : block)
    if (op.getNumRegions() > 0)
      return op.emitError("'") << op.getName()
                               << "' holds operations of its own; models and their functions are straight-line code";
  return success();
}

LogicalResult hadal::requireStraightLine(func::FuncOp function) {
  if (function.isExternal())
    return function.emitError("@") << function.getName() << " has no body";
  if (!function.getBody().hasOneBlock() || function.getBody().front().empty() ||
      !isa<func::ReturnOp>(function.getBody().front().back()))
    return function.emitError("@") << function.getName()
                                   << " has control flow: it must be one block that ends in func.return";
  return requireNoRegions(function.getBody().front());
}

LogicalResult hadal::requireExpandedLayers(Operation *root) {
  WalkResult result = root->walk([](StackOpInterface op) -> WalkResult {
    return op.emitError("the layers are not written out: run hadal-expand-layers first");
  });
  return failure(result.wasInterrupted());
}

LogicalResult hadal::requireBoundParameters(Operation *root) {
  WalkResult result = root->walk([](ParametersOpInterface op) -> WalkResult {
    if (!op.getParametersAttr())
      return success();
    return op.emitOpError("names parameters that are not bound yet: run hadal-bind-parameters first");
  });
  return failure(result.wasInterrupted());
}

LogicalResult hadal::requireTensor(Operation *op, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor)
    return op->emitOpError("has a value of type ") << type << ", which is no ranked tensor";
  if (!isBounded(tensor))
    return op->emitOpError("has a value of the open type ") << type << ": run hadal-close-shapes first";
  if (!tensor.getElementType().isIntOrFloat())
    return op->emitOpError("has a value of type ") << type << ", whose elements are neither integers nor real numbers";
  if (!isCountable(type))
    return op->emitOpError("has a value of type ") << type << ", which has more than " << mostElements << " elements";
  return success();
}

LogicalResult hadal::requireClosedShapes(Operation *root) {
  WalkResult result = root->walk([](Operation *op) {
    for (TypeRange types : {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
      for (Type type : types)
        if (failed(requireTensor(op, type)))
          return WalkResult::interrupt();
    for (Region &region : op->getRegions())
      for (BlockArgument argument : region.getArguments())
        if (failed(requireTensor(op, argument.getType())))
          return WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult hadal::requireFreeName(ModuleOp module, StringRef name) {
  Operation *other = module.lookupSymbol(name);
  if (!other)
    return success();
  return other->emitError("'@") << name << "' is the name of a function that a program gets: choose another";
}

/// The symbol that a role names, in the module of the function.
template <typename OpTy>
static LogicalResult requireSymbol(func::FuncOp function, unsigned argument, ArgumentRole role) {
  FlatSymbolRefAttr name = getRoleSymbol(function, argument, role);
  if (!name)
    return success();
  auto symbol = SymbolTable::lookupNearestSymbolFrom<OpTy>(function, name);
  if (!symbol)
    return function.emitError("@") << function.getName() << " has an argument #" << argument << " with "
                                   << getRoleAttrName(role) << " = " << name << ", but there is no "
                                   << OpTy::getOperationName() << " of that name";
  if (symbol.getType() != function.getArgumentTypes()[argument])
    return function.emitError("@") << function.getName() << " takes " << name << " as "
                                   << function.getArgumentTypes()[argument] << ", but it is " << symbol.getType();
  return success();
}

LogicalResult hadal::requireSymbols(func::FuncOp function) {
  for (unsigned argument = 0; argument < function.getNumArguments(); ++argument) {
    for (ArgumentRole role :
         {ArgumentRole::Parameter, ArgumentRole::Gradient, ArgumentRole::FirstMoment, ArgumentRole::SecondMoment})
      if (failed(requireSymbol<ParameterOp>(function, argument, role)))
        return failure();
    if (failed(requireSymbol<StateOp>(function, argument, ArgumentRole::State)))
      return failure();
  }
  return success();
}

LogicalResult hadal::requireTies(func::FuncOp function) {
  llvm::SmallDenseSet<unsigned> tiedArguments;
  for (unsigned result = 0; result < function.getNumResults(); ++result)
    if (std::optional<unsigned> argument = getTiedArgument(function, result); argument)
      if (!tiedArguments.insert(*argument).second)
        return function.emitError("@") << function.getName() << " ties several results to argument " << *argument;
  return success();
}
