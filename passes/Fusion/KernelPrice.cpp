//===- KernelPrice.cpp - what a kernel is expected to cost --------------------------------------------------------===//
//
// The passes over a row are found as RowProgram.h of codegen finds them, without writing operations out each time: an
// operation is expanded once, and of its form is kept in how many passes it reduces and what it costs to form its
// result again. In a body, forwards: an operation's result is there when its own passes and those of what it reads have
// ended. Backwards: a value is formed in every pass in which something that reads it reduces or is formed, and in the
// last one if it is stored.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Fusion/KernelPrice.h"
#include "dialect/IR/Encoding.h"
#include "dialect/IR/KernelParts.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"
#include <cmath>

using namespace mlir;
using namespace hadal;

namespace {

/// Operations that a function of the dialect `math` is written in: a polynomial, and what brings its argument near
/// zero.
constexpr double operationsOfFunction = 16;
/// Operations of turning a column by an angle.
constexpr double operationsOfRotation = 4;
/// Products of a head and of attention beside the first one: both gradients; in attention the scores are formed again.
constexpr double productsOfHeadGradient = 3, productsOfAttentionGradient = 2.5;

double countElements(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && tensor.hasStaticShape() ? double(tensor.getNumElements()) : 0;
}

double countElements(TypeRange types) {
  double most = 0;
  for (Type type : types)
    most = std::max(most, countElements(type));
  return most;
}

double countBytes(ValueRange values) {
  double bytes = 0;
  for (Value value : values)
    bytes += double(getByteSize(value.getType()));
  return bytes;
}

/// Whether a tensor has one column, so that it is a number per row.
bool isColumn(Value value) {
  auto tensor = dyn_cast<RankedTensorType>(value.getType());
  return tensor && (tensor.getRank() == 0 || tensor.getShape().back() == 1);
}

/// Operations on elements of one operation that is neither a product nor expanded.
double countOperations(Operation *op) {
  if (isa<RotationOpInterface>(op))
    return operationsOfRotation * countElements(op->getResultTypes());
  if (isa<ColumnsOpInterface>(op) || op->hasTrait<OpTrait::ConstantLike>())
    return 0;
  double elements = std::max(countElements(op->getOperandTypes()), countElements(op->getResultTypes()));
  return op->getName().getDialectNamespace() == "math" ? operationsOfFunction * elements : elements;
}

/// Multiply-adds of the operation that a kernel is made around; 0 where it is no product.
double countMultiplyAdds(Operation *anchor) {
  if (auto product = dyn_cast<ContractionOpInterface>(anchor)) {
    std::optional<ContractionForm> form = product.getContraction();
    if (!form)
      return 0;
    // Grouped, all batches together have so many rows, or such a depth.
    double batches = form->grouping == ContractionGrouping::None ? double(form->batches) : 1.0;
    return batches * double(form->rows) * double(form->columns) * double(form->depth);
  }
  if (auto head = dyn_cast<HeadOpInterface>(anchor)) {
    double columns = double(cast<RankedTensorType>(head.getHidden().getType()).getShape().back());
    double rows = countElements(head.getHidden().getType()) / columns;
    return rows * countElements(head.getWeight().getType()) * (head.getHiddenGradient() ? productsOfHeadGradient : 1);
  }
  if (auto attention = dyn_cast<AttentionOpInterface>(anchor)) {
    auto keys = cast<RankedTensorType>(attention.getKeyValue().getType());
    double channels = countElements(attention.getQuery().getType()) * double(keys.getDimSize(1));
    double values = double(attention.getHeads() * attention.getValue()) /
                    double(cast<RankedTensorType>(attention.getQuery().getType()).getShape().back());
    // Half of the scores lie before a query.
    double products = channels * (1 + values) / 2;
    return attention.isGradient() ? products * productsOfAttentionGradient : products;
  }
  if (auto product = dyn_cast<LengthOpInterface>(anchor))
    return product.countMultiplyAdds(product.getMostLength());
  return 0;
}

} // namespace

//===--------------------------------------------------------------------------------------------------------------===//
// Prices
//===--------------------------------------------------------------------------------------------------------------===//

LogicalResult Prices::verify(Operation *where) const {
  for (auto [name, price] : {std::pair("memory-byte", memoryByte),
                             {"cached-byte", cachedByte},
                             {"multiply-add", multiplyAdd},
                             {"operation", operation},
                             {"launch", launch}})
    if (!std::isfinite(price) || price < 0)
      return where->emitError("the price '") << name << "' is a number of picoseconds from 0 up, not " << price;
  if (liveValues < 1)
    return where->emitError("'live-values' counts what registers hold, from 1 up; ") << liveValues << " is not enough";
  return success();
}

void Prices::print(raw_ostream &stream) const {
  stream << llvm::format("prices in ps: %.3g for a byte of memory, %.3g of a cache; %.3g for a multiply-add, %.3g for "
                         "another operation; ",
                         memoryByte, cachedByte, multiplyAdd, operation);
  printSeconds(stream, launch * 1e-12);
  stream << " for a launch; registers hold " << liveValues << " values of an element\n";
}

void hadal::printSeconds(raw_ostream &stream, double seconds) {
  static constexpr std::pair<double, StringLiteral> units[] = {{1.0, "s"}, {1e-3, "ms"}, {1e-6, "µs"}};
  for (auto [unit, name] : units)
    if (seconds >= unit || unit == 1e-6) {
      stream << llvm::format("%.3g ", seconds / unit) << name;
      return;
    }
}

void KernelPrice::print(raw_ostream &stream) const {
  printSeconds(stream, total());
  stream << " (";
  bool isFirst = true;
  for (auto [name, part] :
       {std::pair("memory", memory), {"arithmetic", arithmetic}, {"cache", cache}, {"launch", launch}}) {
    if (part <= 0)
      continue;
    stream << (isFirst ? "" : ", ") << name << " ";
    printSeconds(stream, part);
    isFirst = false;
  }
  stream << ")";
}

//===--------------------------------------------------------------------------------------------------------------===//
// Rows
//===--------------------------------------------------------------------------------------------------------------===//

/// In which passes the operations of a body work, as bits of a mask. More than 63 passes count as 63.
struct KernelPricer::RowPasses {
  struct Part {
    Operation *op;
    const RowCost *cost;
    unsigned begin = 0, end = 0;
    uint64_t formed = 0;
    /// Where its operands are read.
    uint64_t reads() const {
      uint64_t own = ((uint64_t(1) << end) - 1) & ~((uint64_t(1) << begin) - 1);
      return own | (cost->readsAgain ? formed : 0);
    }
  };

  RowPasses(KernelPricer &pricer, ArrayRef<Operation *> body, ValueRange results) {
    DenseMap<Operation *, unsigned> numbers;
    for (Operation *op : body) {
      Part part{op, &pricer.costOf(op)};
      for (Value operand : op->getOperands())
        if (auto found = numbers.find(operand.getDefiningOp()); found != numbers.end())
          part.begin = std::max(part.begin, parts[found->second].end);
      part.end = std::min(part.begin + part.cost->passes, 63u);
      last = std::max(last, part.end);
      numbers[op] = parts.size();
      parts.push_back(part);
    }
    for (Value result : results)
      if (auto found = numbers.find(result.getDefiningOp()); found != numbers.end())
        parts[found->second].formed |= lastPass();
    for (Part &part : llvm::reverse(parts))
      for (Value operand : part.op->getOperands()) {
        if (auto found = numbers.find(operand.getDefiningOp()); found != numbers.end())
          parts[found->second].formed |= part.reads();
        else
          reads[operand] |= part.reads();
      }
  }

  /// Values of one element that are computed and wanted later, where there are most of them in the last pass.
  int64_t countLive(ValueRange results) const {
    llvm::SmallDenseMap<Value, unsigned> remaining;
    for (Value result : results)
      ++remaining[result];
    for (const Part &part : parts)
      if (!part.op->hasTrait<OpTrait::ConstantLike>())
        for (Value operand : part.op->getOperands())
          ++remaining[operand];
    int64_t live = 0, most = 0;
    llvm::SmallPtrSet<Value, 16> made;
    for (const Part &part : parts) {
      for (Value result : part.op->getResults())
        if (!isColumn(result) && remaining.lookup(result) > 0)
          live += made.insert(result).second;
      most = std::max(most, live + part.cost->temporaries);
      for (Value operand : part.op->getOperands())
        if (--remaining[operand] == 0)
          live -= made.contains(operand);
    }
    return most;
  }

  uint64_t lastPass() const { return uint64_t(1) << last; }

  SmallVector<Part> parts;
  unsigned last = 0;
  llvm::MapVector<Value, uint64_t> reads;
};

KernelPricer::RowCost KernelPricer::findCost(Operation *op) {
  RowCost cost;
  auto rowwise = dyn_cast<RowwiseOpInterface>(op);
  if (!rowwise) {
    bool reduces = isa<RowReductionOpInterface>(op);
    cost.passes = reduces;
    (reduces ? cost.reducing : cost.forming) = countOperations(op);
    cost.readsAgain = !reduces;
    return cost;
  }
  // Written out beside the program.
  Block block;
  OpBuilder builder(op->getContext());
  builder.setInsertionPointToStart(&block);
  SmallVector<Value> formed = rowwise.expandRows(builder);
  RowPasses passes(*this, llvm::map_to_vector(block, [](Operation &part) { return &part; }), formed);
  cost.passes = passes.last;
  for (const RowPasses::Part &part : passes.parts) {
    cost.reducing += part.cost->reducing + part.cost->forming * llvm::popcount(part.formed & ~passes.lastPass());
    cost.forming += part.formed & passes.lastPass() ? part.cost->forming : 0;
  }
  cost.temporaries = std::max<int64_t>(0, passes.countLive(formed) - int64_t(formed.size()));
  cost.readsAgain = llvm::any_of(passes.reads, [&](auto &read) { return read.second & passes.lastPass(); });
  return cost;
}

const KernelPricer::RowCost &KernelPricer::costOf(Operation *op) {
  SmallVector<uintptr_t> words{uintptr_t(op->getName().getAsOpaquePointer()),
                               uintptr_t(op->getAttrDictionary().getAsOpaquePointer())};
  for (TypeRange types : {TypeRange(op->getOperandTypes()), TypeRange(op->getResultTypes())})
    for (Type type : types)
      words.push_back(uintptr_t(type.getAsOpaquePointer()));
  StringRef key(reinterpret_cast<const char *>(words.data()), words.size() * sizeof(uintptr_t));
  if (auto known = costs.find(key); known != costs.end())
    return known->second;
  // Looked up again, since what the operation is written in has found its place meanwhile.
  RowCost cost = findCost(op);
  return costs.try_emplace(key, cost).first->second;
}

//===--------------------------------------------------------------------------------------------------------------===//
// Kernels
//===--------------------------------------------------------------------------------------------------------------===//

KernelPrice KernelPricer::price(Operation *anchor, ArrayRef<Operation *> body, ValueRange operands,
                                ValueRange results) {
  constexpr double picosecond = 1e-12;
  double cachedBytes = 0, operations = 0, multiplyAdds = anchor ? countMultiplyAdds(anchor) : 0;
  if (anchor && multiplyAdds == 0)
    operations += std::max(countElements(anchor->getOperandTypes()), countElements(anchor->getResultTypes()));
  RowPasses passes(*this, llvm::filter_to_vector(body, [&](Operation *op) { return op != anchor; }), results);
  for (const RowPasses::Part &part : passes.parts) {
    operations += part.cost->reducing + part.cost->forming * llvm::popcount(part.formed);
    // Rows that an anchor reads where indices point come from memory once, as operands, and again for each index.
    auto selection = dyn_cast<KernelOpInterface>(part.op);
    if (anchor && selection && selection.getRowSelection())
      cachedBytes += countBytes(part.op->getResults());
  }
  for (auto [operand, mask] : passes.reads)
    if (mask)
      cachedBytes += double(getByteSize(operand.getType())) * (llvm::popcount(mask) - 1);
  if (int64_t spilled = passes.countLive(results) - prices.liveValues; spilled > 0) {
    // Stored once and loaded once, by every element.
    constexpr double bytesOfSpill = 2 * sizeof(float);
    cachedBytes += double(spilled) * bytesOfSpill * countElements(results.getTypes());
  }
  KernelPrice price;
  price.memory = (countBytes(operands) + countBytes(results)) * prices.memoryByte * picosecond;
  price.arithmetic = (multiplyAdds * prices.multiplyAdd + operations * prices.operation) * picosecond;
  price.cache = cachedBytes * prices.cachedByte * picosecond;
  price.launch = prices.launch * picosecond;
  return price;
}

KernelPrice KernelPricer::price(KernelOp kernel) {
  SmallVector<Operation *> body;
  for (Operation &op : kernel.getBody().front().without_terminator())
    body.push_back(&op);
  return price(KernelParts::derive(kernel).anchor, body, kernel.getBody().getArguments(),
               kernel.getBody().front().getTerminator()->getOperands());
}
