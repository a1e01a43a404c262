//===- HadalInterfaces.cpp - the interfaces behaviour hangs on ----------------------------------------------------===//
//
// What TableGen generates for the interfaces, and the check that every operation with parameters shares.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

LogicalResult hadal::verifyKnownAttributes(Operation *op) {
  for (NamedAttribute attribute : op->getDiscardableAttrs()) {
    if (attribute.getName().getValue().contains('.'))
      continue;
    InFlightDiagnostic diagnostic = op->emitOpError("has no attribute '") << attribute.getName().getValue() << "'";
    // Attributes that stand in the syntax, not in braces.
    constexpr StringLiteral syntax[] = {"operandSegmentSizes", "resultSegmentSizes", "parameters", "functions",
                                        "function_type",       "sym_name",           "arg_attrs",  "res_attrs"};
    std::string known;
    for (StringAttr name : op->getName().getAttributeNames())
      if (!llvm::is_contained(syntax, name.getValue()))
        known += (known.empty() ? "" : ", ") + name.str();
    if (!known.empty())
      diagnostic << "; it has " << known;
    return diagnostic;
  }
  return success();
}

LogicalResult hadal::verifyCountableTensors(Operation *op) {
  auto check = [&](Type type) -> LogicalResult {
    if (isCountable(type))
      return success();
    return op->emitOpError("has a tensor of ") << shapeText(cast<RankedTensorType>(type).getShape())
                                               << " elements; at most " << mostElements << " are allowed";
  };
  for (TypeRange types : {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
    for (Type type : types)
      if (failed(check(type)))
        return failure();
  for (Region &region : op->getRegions())
    for (BlockArgument argument : region.getArguments())
      if (failed(check(argument.getType())))
        return failure();
  return success();
}

#include "dialect/Interfaces/HadalInterfaces.cpp.inc"

/// The names that the user wrote: as many as the operation reads, none empty.
static LogicalResult verifyNames(Operation *op, ArrayAttr names, unsigned expected) {
  if (names.size() != expected)
    return op->emitOpError("expects ") << expected
                                       << (expected == 1 ? " parameter name, got " : " parameter names, got ")
                                       << names.size();
  for (Attribute name : names)
    if (cast<StringAttr>(name).empty())
      return op->emitOpError("has an empty parameter name");
  return success();
}

LogicalResult hadal::detail::verifyParameters(Operation *op) {
  auto parametrised = cast<ParametersOpInterface>(op);
  ArrayAttr names = parametrised.getParametersAttr();
  OperandRange weights = parametrised.getWeights();
  if (names && !weights.empty())
    return op->emitOpError("has both parameter names and bound weights; keep one");
  if (names)
    return verifyNames(op, names, parametrised.getNameCount());
  SmallVector<ParameterSlot> slots = parametrised.getParameterSlots();
  if (weights.empty() && !slots.empty())
    return op->emitOpError("needs its parameters: write their names in quotes after the operands");
  if (weights.size() != slots.size())
    return op->emitOpError("expects ") << slots.size() << " weights, got " << weights.size();
  for (auto [index, weight, slot] : llvm::enumerate(weights, slots))
    if (withoutEncoding(cast<RankedTensorType>(weight.getType())) != slot.type)
      return op->emitOpError("expects weight ") << index << " to be " << slot.type << ", got " << weight.getType();
  return success();
}

std::string hadal::getParameterName(ParametersOpInterface op, unsigned index) {
  ArrayAttr names = op.getParametersAttr();
  return names && index < names.size() ? cast<StringAttr>(names[index]).str() : std::string();
}
