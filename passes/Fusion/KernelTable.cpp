//===- KernelTable.cpp - kernels shared by structure, their names, and the fusion report -------------------------===//
//
// Two groups are the same kernel when they hold the same operations with the same attributes, wired alike. The body is
// written as a string of words (operation name, attributes, types, number of each operand), all of which are unique
// pointers in MLIR, and looked up in a hash table: linear in the program, with no comparison of regions.
//
// Names are for people and for traces: what the kernel does and on which shapes, and six digits that depend on the
// whole body, `linear_addf_2048x512x192_3fa1c2`. A kernel has the same name in every program that contains it.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Conversions.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/KernelParts.h"
#include "mlir/IR/IRMapping.h"
#include "passes/Fusion/Outline.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace hadal;

namespace {

/// How MLIR notes which optional operands there are. Their types tell, too, so no name changes where an operation gets
/// further ones.
constexpr StringLiteral segmentsAttrName = "operandSegmentSizes";

/// The words of a kernel's structure.
std::string getSignature(KernelKind kind, ArrayRef<Operation *> body, ValueRange operands, ValueRange results) {
  SmallVector<uintptr_t> words{uintptr_t(kind)};
  DenseMap<Value, uintptr_t> numbers;
  for (Value operand : operands) {
    numbers.try_emplace(operand, numbers.size());
    words.push_back(uintptr_t(operand.getType().getAsOpaquePointer()));
  }
  for (Operation *op : body) {
    words.push_back(uintptr_t(op->getName().getAsOpaquePointer()));
    words.push_back(uintptr_t(op->getAttrDictionary().getAsOpaquePointer()));
    words.push_back(op->getNumOperands());
    for (Value operand : op->getOperands())
      words.push_back(numbers.lookup(operand));
    for (Value result : op->getResults()) {
      numbers.try_emplace(result, numbers.size());
      words.push_back(uintptr_t(result.getType().getAsOpaquePointer()));
    }
  }
  words.push_back(results.size());
  for (Value result : results)
    words.push_back(numbers.lookup(result));
  return std::string(reinterpret_cast<const char *>(words.data()), words.size() * sizeof(uintptr_t));
}

/// Six digits of a hash of the kernel's structure: of what the signature says, in words that are the same in every run.
std::string getDigits(KernelKind kind, ArrayRef<Operation *> body, ValueRange operands, ValueRange results) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  DenseMap<Value, unsigned> numbers;
  stream << stringifyKernelKind(kind);
  for (Value operand : operands) {
    numbers.try_emplace(operand, numbers.size());
    stream << ' ' << operand.getType();
  }
  for (Operation *op : body) {
    stream << '\n' << op->getName();
    for (NamedAttribute attribute : op->getAttrs())
      if (attribute.getName() != segmentsAttrName)
        stream << ' ' << attribute.getName().getValue() << '=' << attribute.getValue();
    for (Value operand : op->getOperands())
      stream << ' ' << numbers.lookup(operand);
    for (Value result : op->getResults()) {
      numbers.try_emplace(result, numbers.size());
      stream << ' ' << result.getType();
    }
  }
  for (Value result : results)
    stream << ' ' << numbers.lookup(result);
  return llvm::utohexstr(llvm::xxh3_64bits(text) >> 40 | uint64_t(1) << 24, /*LowerCase=*/true).substr(1);
}

/// Rows × columns, leading dimensions counted as rows; nothing for a single number.
std::string getFlatShape(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  if (tensor.getRank() == 0)
    return "";
  int64_t columns = tensor.getShape().back(), rows = columns ? tensor.getNumElements() / columns : 0;
  return tensor.getRank() == 1 ? std::to_string(columns) : std::to_string(rows) + "x" + std::to_string(columns);
}

/// What a kernel does: its anchor and the arithmetic on it, or the first operations of a rowwise chain that are more
/// than arithmetic (or else the first ones).
std::string getDeed(Operation *anchor, ArrayRef<Operation *> body) {
  SmallVector<Operation *> named;
  if (anchor) {
    for (Operation *op : body)
      if (op == anchor || isElementByElement(op))
        named.push_back(op);
  } else {
    llvm::copy_if(body, std::back_inserter(named), [](Operation *op) { return isa<KernelOpInterface>(op); });
    if (named.empty())
      llvm::copy_if(body, std::back_inserter(named), [](Operation *op) { return op->getNumOperands() > 0; });
    if (named.empty())
      named.push_back(body.front());
  }
  SmallVector<std::string> words;
  for (Operation *op : named) {
    std::string word = op->getName().stripDialect().str();
    for (NamedAttribute attribute : op->getAttrs())
      if (isa<UnitAttr>(attribute.getValue()) && attribute.getName().getValue().starts_with("transpose"))
        word += "_" + attribute.getName().str();
    if (!llvm::is_contained(words, word))
      words.push_back(word);
  }
  std::string name = llvm::join(ArrayRef(words).take_front(4), "_");
  return words.size() > 4 ? name + "_and_more" : name;
}

std::string getName(Operation *anchor, ArrayRef<Operation *> body, ValueRange operands, ValueRange results) {
  Operation *shaped = anchor ? anchor : body.front();
  std::string input = shaped->getNumOperands() ? getFlatShape(shaped->getOperand(0).getType()) : "";
  Type resultType = anchor ? anchor->getResult(0).getType() : results.front().getType();
  std::string output = getFlatShape(resultType), name = getDeed(anchor, body);
  // A product has three lengths even where two are equal.
  auto kernelOp = dyn_cast_or_null<KernelOpInterface>(anchor);
  bool isProduct = kernelOp && kernelOp.getKernelKind() == KernelKind::Contraction;
  if (input.empty() || (input == output && !isProduct))
    return output.empty() ? name : name + "_" + output;
  if (output.empty())
    return name + "_" + input;
  return name + "_" + input + "x" + std::to_string(cast<RankedTensorType>(resultType).getShape().back());
}

int64_t sumBytes(ValueRange values) {
  int64_t bytes = 0;
  for (Value value : values)
    bytes += getByteSize(value.getType());
  return bytes;
}

std::string formatBytes(int64_t bytes) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  if (bytes < 1024)
    stream << bytes << " B";
  else if (bytes < 1024 * 1024)
    stream << llvm::format("%.1f KiB", bytes / 1024.0);
  else
    stream << llvm::format("%.1f MiB", bytes / 1048576.0);
  return text;
}

} // namespace

std::string KernelTable::uniqueName(std::string name) {
  std::string candidate = name;
  for (int64_t number = 2; !names.insert(candidate).second || module.lookupSymbol(candidate); ++number)
    candidate = name + "_" + std::to_string(number);
  return candidate;
}

KernelOp KernelTable::create(KernelKind kind, Operation *anchor, ArrayRef<Operation *> body, ValueRange operands,
                             ValueRange results) {
  Operation *named = anchor ? anchor : body.front();
  OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
  auto type = builder.getFunctionType(TypeRange(operands), TypeRange(results));
  std::string name = getName(anchor, body, operands, results) + "_" + getDigits(kind, body, operands, results);
  auto kernel = KernelOp::create(builder, named->getLoc(), uniqueName(name), type, kind, /*arg_attrs=*/ArrayAttr(),
                                 /*res_attrs=*/ArrayAttr(), /*parts=*/KernelPartsAttr(),
                                 /*configuration=*/DictionaryAttr(), /*workspace=*/IntegerAttr());
  Block *block = &kernel.getBody().emplaceBlock();
  IRMapping mapping;
  for (Value operand : operands)
    mapping.map(operand, block->addArgument(operand.getType(), operand.getLoc()));
  builder.setInsertionPointToStart(block);
  for (Operation *op : body)
    builder.clone(*op, mapping);
  SmallVector<Value> yielded;
  for (Value result : results)
    yielded.push_back(mapping.lookup(result));
  YieldOp::create(builder, named->getLoc(), yielded);
  kernel.setPartsAttr(KernelParts::derive(kernel).toAttribute(kernel));
  return kernel;
}

KernelOp KernelTable::getOrCreate(const FusionGroup &group, const GroupBody &body) {
  ArrayRef<Value> operands = body.operands.getArrayRef();
  std::string signature = getSignature(group.kind, body.body, operands, body.results);
  auto [entry, isNew] = bySignature.try_emplace(signature, statistics.size());
  if (isNew) {
    KernelStatistics statistic;
    statistic.kernel = create(group.kind, group.anchor, body.body, operands, body.results);
    statistic.price = group.price;
    statistic.readBytes = sumBytes(operands);
    statistic.writtenBytes = sumBytes(body.results);
    statistic.savedBytes = -statistic.readBytes - statistic.writtenBytes;
    for (Operation *op : body.body)
      statistic.savedBytes += sumBytes(op->getOperands()) + sumBytes(op->getResults());
    statistics.push_back(statistic);
  }
  KernelStatistics &statistic = statistics[entry->second];
  ++statistic.launches;
  return statistic.kernel;
}

void KernelTable::addBoundary(const GroupBoundary &boundary) {
  std::string text;
  llvm::raw_string_ostream stream(text);
  auto name = [](const FusionGroup *group) { return KernelOp(group->kernel).getSymName(); };
  stream << "@" << name(boundary.producer) << " -> @" << name(boundary.reader) << ": ";
  if (boundary.between)
    stream << "@" << name(boundary.between) << " stands between them";
  else
    stream << boundary.reason;
  ++boundaries[text];
}

void KernelTable::print(raw_ostream &stream) const {
  int64_t launches = 0, moved = 0, saved = 0;
  double seconds = 0;
  stream << "kernels (bytes per launch):\n";
  for (const KernelStatistics &statistic : statistics) {
    KernelOp kernel = statistic.kernel;
    stream << "  @" << kernel.getSymName() << " (" << stringifyKernelKind(kernel.getKind()) << "): ";
    llvm::interleaveComma(kernel.getBody().front().without_terminator(), stream,
                          [&](Operation &op) { stream << op.getName().getStringRef(); });
    stream << "; reads " << formatBytes(statistic.readBytes) << ", writes " << formatBytes(statistic.writtenBytes)
           << ", saves " << formatBytes(statistic.savedBytes) << "; ";
    statistic.price.print(stream);
    stream << "; " << statistic.launches << (statistic.launches == 1 ? " launch\n" : " launches\n");
    launches += statistic.launches;
    moved += statistic.launches * (statistic.readBytes + statistic.writtenBytes);
    saved += statistic.launches * statistic.savedBytes;
    seconds += double(statistic.launches) * statistic.price.total();
  }
  stream << statistics.size() << " kernels, " << launches << " launches; " << formatBytes(moved) << " moved, "
         << formatBytes(saved) << " saved by fusion; ";
  printSeconds(stream, seconds);
  stream << "\nnot fused:\n";
  for (const auto &[text, count] : boundaries)
    stream << "  " << text << (count == 1 ? "" : "; " + std::to_string(count) + " times") << "\n";
}
