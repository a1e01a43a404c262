//===- KernelOps.cpp - kernels and their launches
//---------------------------------------------------------------------===//
//
// Syntax and checks of hadal.kernel, hadal.yield and hadal.launch.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Hadal.h"
#include "mlir/IR/Builders.h"
#include "mlir/Interfaces/FunctionImplementation.h"

using namespace mlir;
using namespace hadal;

ParseResult KernelOp::parse(OpAsmParser &parser, OperationState &result) {
  StringRef kind;
  SMLoc loc = parser.getCurrentLocation();
  if (parser.parseKeyword(&kind))
    return failure();
  std::optional<KernelKind> parsed = symbolizeKernelKind(kind);
  if (!parsed)
    return parser.emitError(loc, "expected a kind of kernel: contraction, attention, rowwise, head, reduction, "
                                 "routing or update");
  result.addAttribute(getKindAttrName(result.name), KernelKindAttr::get(parser.getContext(), *parsed));
  auto buildType = [](Builder &builder, ArrayRef<Type> inputs, ArrayRef<Type> results,
                      function_interface_impl::VariadicFlag,
                      std::string &) { return builder.getFunctionType(inputs, results); };
  return function_interface_impl::parseFunctionOp(parser, result, /*allowVariadic=*/false,
                                                  getFunctionTypeAttrName(result.name), buildType,
                                                  getArgAttrsAttrName(result.name), getResAttrsAttrName(result.name));
}

void KernelOp::print(OpAsmPrinter &printer) {
  printer << ' ' << stringifyKernelKind(getKind());
  // The shared printer knows nothing of the kind, which stands before the name.
  Attribute kind = (*this)->removeAttr(getKindAttrName());
  function_interface_impl::printFunctionOp(printer, *this, /*isVariadic=*/false, getFunctionTypeAttrName(),
                                           getArgAttrsAttrName(), getResAttrsAttrName());
  (*this)->setAttr(getKindAttrName(), kind);
}
