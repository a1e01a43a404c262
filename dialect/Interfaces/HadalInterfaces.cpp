//===- HadalInterfaces.cpp - the interfaces behaviour hangs on
//--------------------------------------------------------===//
//
// What TableGen generates for the interfaces, and the check that every operation with parameters shares.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"

using namespace mlir;
using namespace hadal;

#include "dialect/Interfaces/HadalInterfaces.cpp.inc"

LogicalResult hadal::detail::verifyParameters(Operation *op) {
  auto parametrised = cast<ParametersOpInterface>(op);
  ArrayAttr names = parametrised.getParametersAttr();
  OperandRange weights = parametrised.getWeights();
  if (names && !weights.empty())
    return op->emitOpError("has both parameter names and bound weights; keep one");
  return success();
}

std::string hadal::getParameterName(ParametersOpInterface op, unsigned index) {
  ArrayAttr names = op.getParametersAttr();
  return names && index < names.size() ? cast<StringAttr>(names[index]).str() : std::string();
}
