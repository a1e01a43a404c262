//===- SameComputation.cpp - whether two models compute the same --------------------------------------------------===//
//
// Two values are the same when they are the same result of the same operation, with the same attributes and types, on
// operands that are the same; the argument of a layer function is the first result of the function before it. The
// comparison starts at the losses and goes to the token window; what does not reach a loss is no part of a model. Pairs
// found the same are remembered, so the work is linear in the smaller model.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/SameComputation.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace hadal;
using namespace hadal::huggingface;

namespace {

/// The functions of one stack of layers, seen as one function.
class Stack {
public:
  Stack() = default;
  Stack(Operation *op, ArrayAttr symbols) {
    for (Attribute symbol : symbols)
      functions.push_back(SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, cast<FlatSymbolRefAttr>(symbol)));
  }

  /// The hidden state after the last function, then the losses of all.
  SmallVector<Value> getResults() const {
    SmallVector<Value> results;
    for (func::FuncOp function : functions)
      llvm::append_range(results, returned(function).drop_front());
    results.insert(results.begin(), returned(functions.back()).front());
    return results;
  }

  /// Goes from a function's argument to what it stands for; the stack's own argument stays what it is.
  Value resolve(Value value) const {
    while (auto argument = dyn_cast<BlockArgument>(value)) {
      auto *place = llvm::find_if(functions, [&](func::FuncOp function) {
        return function.getOperation() == argument.getOwner()->getParentOp();
      });
      if (place == functions.end() || place == functions.begin())
        break;
      value = returned(*std::prev(place)).front();
    }
    return value;
  }

  /// A function that comes twice has two meanings for its argument, which `resolve` cannot tell apart.
  bool repeats() const {
    DenseSet<Operation *> seen;
    return llvm::any_of(functions, [&](func::FuncOp function) { return !seen.insert(function).second; });
  }

private:
  static OperandRange returned(func::FuncOp function) {
    return function.getBody().front().getTerminator()->getOperands();
  }

  SmallVector<func::FuncOp> functions;
};

class Comparison {
public:
  Comparison(Stack left, Stack right, std::string &difference)
      : left(std::move(left)), right(std::move(right)), difference(difference) {}

  bool same(Value a, Value b) {
    a = left.resolve(a);
    b = right.resolve(b);
    if (known.contains({a, b}))
      return true;
    auto aResult = dyn_cast<OpResult>(a), bResult = dyn_cast<OpResult>(b);
    if (!aResult || !bResult)
      return (!aResult && !bResult) || differ(a, b);
    if (aResult.getResultNumber() != bResult.getResultNumber() || a.getType() != b.getType() ||
        !sameOperation(aResult.getOwner(), bResult.getOwner()))
      return differ(a, b);
    known.insert({a, b});
    return true;
  }

private:
  /// Attributes that choose how to compute, or refer to functions that are compared by what they hold.
  static DictionaryAttr meaning(Operation *op) {
    NamedAttrList attributes(op->getAttrDictionary());
    for (StringRef name : {"compute", "functions"})
      attributes.erase(name);
    return attributes.getDictionary(op->getContext());
  }

  static ArrayAttr functionsOf(Operation *op) { return op->getAttrOfType<ArrayAttr>("functions"); }

  bool sameOperation(Operation *a, Operation *b) {
    if (a->getName() != b->getName() || a->getNumOperands() != b->getNumOperands() || meaning(a) != meaning(b))
      return false;
    if (functionsOf(a) && !sameFunctions(a, b))
      return false;
    if (sameOperands(a->getOperands(), b->getOperands()))
      return true;
    if (a->getNumOperands() != 2 || !a->hasTrait<OpTrait::IsCommutative>())
      return false;
    std::string first = std::exchange(difference, "");
    bool swapped = same(a->getOperand(0), b->getOperand(1)) && same(a->getOperand(1), b->getOperand(0));
    difference = swapped ? "" : first;
    return swapped;
  }

  bool sameOperands(ValueRange a, ValueRange b) {
    return llvm::all_of(llvm::zip(a, b), [&](auto pair) { return same(std::get<0>(pair), std::get<1>(pair)); });
  }

  bool sameFunctions(Operation *a, Operation *b) {
    Stack aStack(a, functionsOf(a)), bStack(b, functionsOf(b));
    if (aStack.repeats() || bStack.repeats())
      return false;
    SmallVector<Value> aResults = aStack.getResults(), bResults = bStack.getResults();
    if (aResults.size() != bResults.size())
      return false;
    Comparison inner(aStack, bStack, difference);
    return inner.sameOperands(aResults, bResults);
  }

  /// Keeps the innermost difference, which is found first.
  bool differ(Value a, Value b) {
    if (difference.empty()) {
      llvm::raw_string_ostream stream(difference);
      stream << name(a) << place(a.getLoc()) << ", where they have " << name(b);
      if (name(a) == name(b))
        stream << " with other operands, types or attributes";
    }
    return false;
  }

  static std::string place(Location location) {
    auto position = location->findInstanceOf<FileLineColLoc>();
    if (!position)
      return "";
    return (" at line " + Twine(position.getLine()) + ", column " + Twine(position.getColumn())).str();
  }

  static StringRef name(Value value) {
    Operation *op = value.getDefiningOp();
    return op ? op->getName().getStringRef() : StringRef("an argument");
  }

  Stack left, right;
  std::string &difference;
  DenseSet<std::pair<Value, Value>> known;
};

} // namespace

llvm::Error hadal::huggingface::checkSameComputation(ModelOp model, ModelOp expected) {
  auto losses = cast<LossesOp>(model.getBody().front().back());
  auto others = cast<LossesOp>(expected.getBody().front().back());
  auto fail = [](const Twine &message) { return llvm::createStringError(llvm::inconvertibleErrorCode(), message); };
  if (bool(losses.getMtp()) != bool(others.getMtp()) || losses.getBalance().size() != others.getBalance().size())
    return fail("its losses are others");
  std::string difference;
  Comparison comparison({}, {}, difference);
  for (auto [a, b] : llvm::zip(losses.getOperands(), others.getOperands()))
    if (!comparison.same(a, b))
      return fail("it has " + difference);
  return llvm::Error::success();
}
