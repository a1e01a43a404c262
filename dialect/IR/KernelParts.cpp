//===- KernelParts.cpp - what the body of a kernel is made of -----------------------------------------------------===//
//
// See the header. The prologue is everything that the anchor depends on. How the epilogue reads an argument follows
// from shapes alone: between a tensor and the space in which it is read stand elementwise operations, which keep the
// shape, and expansions, which align shapes at the last dimension.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/KernelParts.h"
#include "mlir/IR/OpImplementation.h"

using namespace mlir;
using namespace hadal;

std::optional<Access> hadal::findAccess(RankedTensorType tensor, RankedTensorType space) {
  ArrayRef<int64_t> shape = tensor.getShape(), all = space.getShape();
  if (shape.size() > all.size())
    return std::nullopt;
  SmallVector<int64_t> aligned(all.size() - shape.size(), 1);
  aligned.append(shape.begin(), shape.end());
  if (ArrayRef(aligned) == all)
    return Access::Element;
  if (all.empty())
    return std::nullopt;
  auto isOne = [](int64_t length) { return length == 1; };
  bool isOneRow = llvm::all_of(ArrayRef(aligned).drop_back(), isOne);
  bool hasAllRows = ArrayRef(aligned).drop_back() == all.drop_back();
  if (aligned.back() == 1)
    return isOneRow ? std::optional(Access::Number) : hasAllRows ? std::optional(Access::NumberPerRow) : std::nullopt;
  return isOneRow && aligned.back() == all.back() ? std::optional(Access::SharedRow) : std::nullopt;
}

//===----------------------------------------------------------------------===//
// Taking apart
//===----------------------------------------------------------------------===//

/// The one operation that a kernel of this kind is made around.
static Operation *findAnchor(KernelOp kernel) {
  if (kernel.getKind() == KernelKind::Rowwise)
    return nullptr;
  Operation *anchor = nullptr;
  for (Operation &op : kernel.getBody().front().without_terminator())
    if (auto kernelOp = dyn_cast<KernelOpInterface>(op); kernelOp && kernelOp.getKernelKind() == kernel.getKind()) {
      // A selection of rows that another operation reads through is no kernel's reason.
      if (anchor)
        return nullptr;
      anchor = &op;
    }
  return anchor;
}

/// How an operation of the prologue, or the anchor, reads an operand.
static Access findAnchorAccess(OpOperand &use, Operation *anchor) {
  auto kernelOp = dyn_cast<KernelOpInterface>(use.getOwner());
  std::optional<RowSelection> selection = kernelOp ? kernelOp.getRowSelection() : std::nullopt;
  bool isGathered = use.getOwner() != anchor && selection && selection->source == use.getOperandNumber();
  return isGathered ? Access::Gathered : Access::Anchor;
}

KernelParts KernelParts::derive(KernelOp kernel) {
  KernelParts parts;
  parts.anchor = findAnchor(kernel);
  Block &body = kernel.getBody().front();
  llvm::SmallPtrSet<Operation *, 8> before;
  for (Operation &op : llvm::reverse(body.without_terminator()))
    if (&op == parts.anchor ||
        llvm::any_of(op.getUsers(), [&](Operation *user) { return parts.anchor && before.contains(user); }))
      before.insert(&op);
  for (Operation &op : body.without_terminator())
    if (&op != parts.anchor)
      (before.contains(&op) ? parts.prologue : parts.epilogue).push_back(&op);

  // The space of the epilogue: the product, where it is one; else the tensor that is computed.
  auto spaceOf = [&](Operation *reader) -> Type {
    if (parts.anchor && kernel.getKind() == KernelKind::Contraction)
      return parts.anchor->getResult(0).getType();
    return reader->getNumResults() > 0 ? reader->getResult(0).getType() : Type();
  };
  for (BlockArgument argument : kernel.getArguments()) {
    Access access = Access::None;
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    for (OpOperand &use : argument.getUses()) {
      if (before.contains(use.getOwner())) {
        access = access | findAnchorAccess(use, parts.anchor);
        continue;
      }
      auto rotation = dyn_cast<RotationOpInterface>(use.getOwner());
      if (rotation && rotation.getPositions() == argument) {
        access = access | Access::NumberPerRow;
        continue;
      }
      bool isYielded = use.getOwner() == body.getTerminator();
      auto space = dyn_cast_or_null<RankedTensorType>(isYielded ? argument.getType() : spaceOf(use.getOwner()));
      if (std::optional<Access> read = type && space ? findAccess(type, space) : std::nullopt)
        access = access | *read;
    }
    parts.accesses.push_back(access);
  }
  return parts;
}

//===----------------------------------------------------------------------===//
// The attribute
//===----------------------------------------------------------------------===//

KernelPartsAttr KernelParts::toAttribute(KernelOp kernel) const {
  SmallVector<int64_t> numbers;
  int64_t anchorNumber = -1;
  for (auto [number, op] : llvm::enumerate(kernel.getBody().front())) {
    if (&op == anchor)
      anchorNumber = number;
    if (llvm::is_contained(prologue, &op))
      numbers.push_back(number);
  }
  return KernelPartsAttr::get(kernel.getContext(), anchorNumber, numbers, accesses);
}

// `<anchor = 1, prologue = [0], arguments = [gathered, anchor, element|number]>`
Attribute KernelPartsAttr::parse(AsmParser &parser, Type) {
  int64_t anchor = -1;
  SmallVector<int64_t> prologue;
  SmallVector<Access> accesses;
  auto parseNumber = [&]() { return parser.parseInteger(prologue.emplace_back()); };
  auto parseAccess = [&]() -> ParseResult {
    Access &access = accesses.emplace_back(Access::None);
    do {
      StringRef keyword;
      SMLoc loc = parser.getCurrentLocation();
      if (parser.parseKeyword(&keyword))
        return failure();
      std::optional<Access> bit = symbolizeAccess(keyword);
      if (!bit)
        return parser.emitError(loc, "expected how an argument is read: anchor, gathered, element, row, "
                                     "number_per_row, number or none");
      access = access | *bit;
    } while (succeeded(parser.parseOptionalVerticalBar()));
    return success();
  };
  auto list = AsmParser::Delimiter::Square;
  if (parser.parseLess() || parser.parseKeyword("anchor") || parser.parseEqual() || parser.parseInteger(anchor) ||
      parser.parseComma() || parser.parseKeyword("prologue") || parser.parseEqual() ||
      parser.parseCommaSeparatedList(list, parseNumber) || parser.parseComma() || parser.parseKeyword("arguments") ||
      parser.parseEqual() || parser.parseCommaSeparatedList(list, parseAccess) || parser.parseGreater())
    return {};
  return KernelPartsAttr::get(parser.getContext(), anchor, prologue, accesses);
}

void KernelPartsAttr::print(AsmPrinter &printer) const {
  printer << "<anchor = " << getAnchor() << ", prologue = [";
  llvm::interleaveComma(getPrologue(), printer);
  printer << "], arguments = [";
  llvm::interleaveComma(getArguments(), printer, [&](Access access) { printer << stringifyAccess(access); });
  printer << "]>";
}
