//===- KernelAnatomy.cpp - a kernel, taken apart once -------------------------------------------------------------===//
//
// See the header. hadal-print-anatomy writes what was found of every kernel, and why nothing was.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Anatomy/Elementwise.h"
#include "mlir/IR/BuiltinOps.h"

using namespace mlir;
using namespace hadal;

KernelAnatomy::KernelAnatomy(Operation *kernel) : given(cast<KernelOp>(kernel)) {
  // What is wrong with a product that no target can read is better known than that its types are unknown.
  for (auto product : given.getBody().getOps<ContractionOpInterface>())
    if (std::optional<ContractionForm> form = product.getContraction(); form && (form->lhs.scales || form->rhs.scales))
      (void)reasons.add(product, "multiplies with block scales, which no strategy reads: dequantize its factors");
  if (!reasons.empty() || failed(checkKernelBody(given, reasons)))
    return;
  read();
}

void KernelAnatomy::read() {
  copy = expandRowwiseOps(given);
  partsOfCopy = KernelParts::derive(*copy);
  switch (given.getKind()) {
  case KernelKind::Contraction:
    contractionOfKernel = analyzeContraction(*copy, partsOfCopy, reasons);
    return;
  case KernelKind::Rowwise:
    rowsOfKernel = RowProgram::read(*copy, reasons);
    return;
  case KernelKind::Head:
    headOfKernel = analyzeHead(given, reasons);
    return;
  case KernelKind::Attention:
    // On keys and values, or on a cache of what they are made of.
    if (given.getBody().getOps<AttentionOpInterface>().empty())
      anchoredKernel = AnchoredKernel::read(given, reasons);
    else
      readAttention();
    return;
  case KernelKind::Reduction:
  case KernelKind::Routing:
  case KernelKind::Update:
  case KernelKind::Packing:
    anchoredKernel = AnchoredKernel::read(given, reasons);
  }
}

void KernelAnatomy::readAttention() {
  Block &body = given.getBody().front();
  AttentionOpInterface attention;
  for (Operation &op : body.without_terminator()) {
    auto found = dyn_cast<AttentionOpInterface>(op);
    if (!found)
      return (void)reasons.add(&op, "cannot stand beside attention, whose kernel is that one operation");
    if (attention)
      return (void)reasons.add(&op, "is a second attention: a kernel has one");
    attention = found;
  }
  if (!llvm::equal(attention->getOperands(), body.getArguments()) ||
      !llvm::equal(attention->getResults(), body.getTerminator()->getOperands()))
    return (void)reasons.add(attention,
                             "has to read the kernel's operands in their order and yield all of its results in theirs");
  auto isServed = [](Type type) { return getElementTypeOrSelf(type).isF32() || getElementTypeOrSelf(type).isBF16(); };
  auto isOfNumbers = [&](Value operand) {
    return operand == attention.getPositions() || operand == attention.getKeyLengths() || isServed(operand.getType());
  };
  if (!llvm::all_of(attention->getOperands(), isOfNumbers) || !llvm::all_of(attention->getResultTypes(), isServed))
    return (void)reasons.add(attention, "is served with numbers of f32 and bf16");
  attentionOfKernel = attention;
}

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

static void printOperand(raw_ostream &stream, StringRef name, const ContractionOperand &operand) {
  stream << "; " << name << " = argument " << operand.tensor.getArgNumber() << ", rows of " << operand.columns
         << (operand.depthContiguous ? "" : " across the depth");
  if (operand.start > 0)
    stream << " from element " << operand.start << " on";
  if (operand.batchStride > 0)
    stream << ", batches " << operand.batchStride << " apart";
  if (operand.codes)
    stream << ", " << stringifyCodeFormat(*operand.codes) << " with scales of argument "
           << operand.scales.getArgNumber();
  else if (operand.isPacked())
    stream << (operand.isInTiles ? ", in tiles of " : ", in panels of ") << operand.panelColumns << " columns by "
           << (operand.isInTiles ? tileDepth : operand.panelDepth);
  if (operand.pairs)
    stream << ", gathered by argument " << operand.pairs.getArgNumber() << " / " << operand.topK;
}

static void printContraction(raw_ostream &stream, const Contraction &contraction) {
  stream << "  product: " << contraction.rows << " x " << contraction.columns << " x " << contraction.depth;
  if (contraction.batches > 1 || contraction.grouping != ContractionGrouping::None)
    stream << ", " << contraction.batches << " batches";
  if (contraction.offsets)
    stream << " of " << (contraction.grouping == ContractionGrouping::Rows ? "rows" : "the depth") << " by argument "
           << contraction.offsets.getArgNumber();
  if (contraction.rowCounts)
    stream << ", as many rows as argument " << contraction.rowCounts.getArgNumber() << " says";
  printOperand(stream, "A", contraction.lhs);
  printOperand(stream, "B", contraction.rhs);
  stream << "; C in rows of " << contraction.resultColumns;
  if (contraction.hasBatches())
    stream << ", batches " << contraction.batchRows << " rows and " << contraction.batchColumns << " columns apart";
  if (contraction.rowStep != 1)
    stream << ", every " << contraction.rowStep << " rows";
  stream << "\n";
}

void KernelAnatomy::print(raw_ostream &stream) const {
  KernelOp kernel = given;
  stream << "@" << kernel.getSymName() << " (" << stringifyKernelKind(kernel.getKind()) << "):";
  auto printNames = [&](StringRef part, ArrayRef<Operation *> operations) {
    stream << " " << part << " [";
    llvm::interleaveComma(operations, stream, [&](Operation *op) { stream << op->getName(); });
    stream << "]";
  };
  if (copy) {
    printNames("prologue", partsOfCopy.prologue);
    stream << " anchor " << (partsOfCopy.anchor ? partsOfCopy.anchor->getName().getStringRef() : "none");
    printNames("epilogue", partsOfCopy.epilogue);
    stream << " arguments [";
    llvm::interleaveComma(partsOfCopy.accesses, stream, [&](Access access) { stream << stringifyAccess(access); });
    stream << "]";
  }
  stream << "\n";
  if (const Contraction *product = contraction())
    printContraction(stream, *product);
}
