//===- KernelOps.cpp - kernels and their launches -----------------------------------------------------------------===//
//
// Syntax and checks of hadal.kernel, hadal.yield and hadal.launch.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"
#include "dialect/IR/KernelParts.h"
#include "dialect/IR/OpSyntax.h"

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
                                 "routing, update or packing");
  result.addAttribute(getKindAttrName(result.name), KernelKindAttr::get(parser.getContext(), *parsed));
  return parseFunction<KernelOp>(parser, result);
}

void KernelOp::print(OpAsmPrinter &printer) {
  // The kind stands before the name.
  printer << ' ' << stringifyKernelKind(getKind());
  printFunction(printer, *this, {getKindAttrName().getValue()});
}

LogicalResult KernelOp::verify() {
  if (getBody().empty() || getBody().front().empty() || !isa<YieldOp>(getBody().front().back()))
    return emitOpError("must end in hadal.yield");
  TypeRange yielded = getBody().front().back().getOperandTypes();
  if (yielded != TypeRange(getResultTypes()))
    return emitOpError("yields ") << yielded << ", but its type says " << TypeRange(getResultTypes());
  return success();
}

LogicalResult KernelOp::verifyRegions() {
  // Those of the dialect have been asked already; arithmetic of others is not to work on padding.
  for (Operation &op : getBody().front())
    if (failed(verifyEncodings(&op)))
      return failure();
  KernelPartsAttr stated = getPartsAttr();
  if (!stated)
    return success();
  KernelPartsAttr found = KernelParts::derive(*this).toAttribute(*this);
  if (stated == found)
    return success();
  return emitOpError("is said to be made of ") << stated << ", but its body shows " << found;
}

/// One entry per result, each at least -1 and below a bound where there is one.
static Checks &checkPerResult(Checks &checks, StringRef name, std::optional<ArrayRef<int64_t>> list, unsigned results,
                              int64_t bound) {
  if (!list)
    return checks;
  checks.expect(list->size() == results, "expects `" + name + "` to have one entry for each of its " + Twine(results) +
                                             " results, got " + Twine(list->size()));
  for (int64_t entry : *list)
    checks.expect(entry >= -1 && entry < bound,
                  "has the entry " + Twine(entry) + " in `" + name + "`, which is out of range");
  return checks;
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  auto kernel = symbolTable.lookupNearestSymbolFrom<KernelOp>(*this, getKernelAttr());
  if (!kernel)
    return emitOpError("launches ") << getKernelAttr() << ", but there is no hadal.kernel of that name";
  if (TypeRange(kernel.getArgumentTypes()) != getOperandTypes())
    return emitOpError("passes ") << getOperandTypes() << " to " << getKernelAttr() << ", which takes "
                                  << TypeRange(kernel.getArgumentTypes());
  if (TypeRange(kernel.getResultTypes()) != getResultTypes())
    return emitOpError("expects ") << getResultTypes() << " from " << getKernelAttr() << ", which yields "
                                   << TypeRange(kernel.getResultTypes());
  constexpr int64_t unbounded = std::numeric_limits<int64_t>::max();
  Checks checks(*this);
  checkPerResult(checks, "tied", getTied(), getNumResults(), getNumOperands());
  return checkPerResult(checks, "placement", getPlacement(), getNumResults(), unbounded);
}

CallInterfaceCallable LaunchOp::getCallableForCallee() { return SymbolRefAttr(getKernelAttr()); }
void LaunchOp::setCalleeFromCallable(CallInterfaceCallable callee) {
  setKernelAttr(cast<FlatSymbolRefAttr>(cast<SymbolRefAttr>(callee)));
}
Operation::operand_range LaunchOp::getArgOperands() { return getArguments(); }
MutableOperandRange LaunchOp::getArgOperandsMutable() { return getArgumentsMutable(); }
