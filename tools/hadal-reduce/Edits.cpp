//===- Edits.cpp - taking parts out of a module -------------------------------------------------------------------===//
//
// The difficulty is always the same: what is taken away is used. Losses are simply no longer listed at the end of the
// model; otherwise a value of the same type stands in. In a model most operations lie between two hidden states, so
// that a stand-in is near; where a type changes in between (a projection), the whole way up to the next stand-in goes.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-reduce/Edits.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace hadal;

Editor::~Editor() {
  for (Operation *op : taken)
    op->dropAllUses();
  for (Operation *op : taken)
    op->destroy();
}

void Editor::unlink(Operation *op) {
  op->dropAllReferences();
  op->remove();
  taken.push_back(op);
}

Value hadal::makeZero(OpBuilder &builder, Location loc, Type type, bool isLLVM) {
  if (isLLVM)
    return LLVM::isCompatibleType(type) && !isa<LLVM::LLVMVoidType>(type) ? LLVM::ZeroOp::create(builder, loc, type)
                                                                          : Value();
  auto shaped = dyn_cast<ShapedType>(type);
  bool isNumber = (shaped && isa<TensorType, VectorType>(type) && shaped.hasStaticShape() &&
                   shaped.getElementType().isIntOrIndexOrFloat()) ||
                  type.isIntOrIndexOrFloat();
  auto zero = isNumber ? dyn_cast_or_null<TypedAttr>(builder.getZeroAttr(type)) : TypedAttr();
  return zero ? arith::ConstantOp::create(builder, loc, zero).getResult() : Value();
}

static void unlistOperand(LossesOp losses, unsigned operand) {
  unsigned index = operand - 1; // behind the main loss
  if (losses.getMtp() && index-- == 0)
    losses.getMtpMutable().clear();
  else
    losses.getBalanceMutable().erase(index);
}

/// Losses at the end of a model may be fewer: their uses there are dropped.
static void unlistLoss(Value value) {
  auto isListed = [](OpOperand &use) { return isa<LossesOp>(use.getOwner()) && use.getOperandNumber() > 0; };
  // One at a time: the numbers of the operands behind it change.
  for (auto use = llvm::find_if(value.getUses(), isListed); use != value.use_end();
       use = llvm::find_if(value.getUses(), isListed))
    unlistOperand(cast<LossesOp>(use->getOwner()), use->getOperandNumber());
}

/// Whether all that uses a value is a list of losses that may do without it.
static bool isOnlyListed(Value value) {
  return llvm::all_of(value.getUses(),
                      [](OpOperand &use) { return isa<LossesOp>(use.getOwner()) && use.getOperandNumber() > 0; });
}

Value Editor::findSubstitute(Value value, llvm::function_ref<bool(Operation *)> isTaken) {
  Operation *op = value.getDefiningOp();
  auto fits = [&](Value other) {
    return other && other != value && other.getType() == value.getType() &&
           !(other.getDefiningOp() && isTaken(other.getDefiningOp()));
  };
  if (op) {
    for (Value operand : op->getOperands())
      if (fits(operand))
        return operand;
    for (Operation *earlier = op->getPrevNode(); earlier; earlier = earlier->getPrevNode())
      for (Value result : earlier->getResults())
        if (fits(result))
          return result;
  }
  for (Value argument : value.getParentBlock()->getArguments())
    if (fits(argument))
      return argument;
  return {};
}

/// What goes with an operation: the users of results for which nothing stands in.
static void addUsers(Value value, Block *block, llvm::SetVector<Operation *> &going) {
  SmallVector<Operation *> users;
  for (Operation *user : value.getUsers()) {
    Operation *inBlock = block->findAncestorOpInBlock(*user);
    if (!inBlock || inBlock->hasTrait<OpTrait::IsTerminator>())
      return; // zero stands in
    users.push_back(inBlock);
  }
  going.insert(users.begin(), users.end());
}

LogicalResult Editor::takeAway(Operation *op) {
  if (!isAttached(op) || op->hasTrait<OpTrait::IsTerminator>())
    return failure();
  llvm::SetVector<Operation *> going;
  going.insert(op);
  auto isGoing = [&](Operation *other) { return going.contains(other); };
  for (size_t before = 0; before != going.size();) {
    before = going.size();
    for (unsigned next = 0; next < going.size(); ++next)
      for (Value result : going[next]->getResults())
        if (!isOnlyListed(result) && !findSubstitute(result, isGoing))
          addUsers(result, op->getBlock(), going);
  }
  OpBuilder builder(op);
  SmallVector<std::pair<Value, Value>> substitutes;
  for (Operation *gone : going) {
    for (Value result : gone->getResults()) {
      if (isOnlyListed(result) || llvm::all_of(result.getUsers(), isGoing))
        continue;
      Value substitute = findSubstitute(result, isGoing);
      if (!substitute)
        substitute = makeZero(builder, op->getLoc(), result.getType(), isa<LLVM::LLVMDialect>(op->getDialect()));
      if (!substitute)
        return failure();
      substitutes.emplace_back(result, substitute);
    }
  }
  for (auto [result, substitute] : substitutes)
    result.replaceAllUsesWith(substitute);
  for (Operation *gone : llvm::reverse(going)) {
    for (Value result : gone->getResults())
      unlistLoss(result);
    unlink(gone);
  }
  return success();
}

LogicalResult Editor::takeAwayResults(Operation *op, const llvm::BitVector &gone) {
  SmallVector<Type> types;
  for (OpResult result : op->getResults())
    if (!gone.test(result.getResultNumber()))
      types.push_back(result.getType());
  OpBuilder builder(op);
  OperationState state(op->getLoc(), op->getName(), op->getOperands(), types, op->getAttrs());
  Operation *smaller = builder.create(state);
  unsigned index = 0;
  for (OpResult result : op->getResults())
    if (!gone.test(result.getResultNumber()))
      result.replaceAllUsesWith(smaller->getResult(index++));
  if (succeeded(takeAway(op)))
    return success();
  unlink(smaller); // leaves dangling uses to the verifier
  return failure();
}

LogicalResult Editor::forgetFunction(StackOpInterface stack, StringRef name) {
  auto losses = [&](StringRef function) -> unsigned {
    auto op = dyn_cast_or_null<func::FuncOp>(
        SymbolTable::lookupNearestSymbolFrom(stack, StringAttr::get(stack.getContext(), function)));
    return op && op.getNumResults() ? op.getNumResults() - 1 : 0;
  };
  SmallVector<Attribute> remaining;
  llvm::BitVector gone(stack->getNumResults());
  unsigned result = 1;
  for (auto symbol : stack.getFunctions().getAsRange<FlatSymbolRefAttr>()) {
    unsigned end = result + losses(symbol.getValue());
    if (symbol.getValue() != name)
      remaining.push_back(symbol);
    else if (end <= gone.size())
      gone.set(result, end);
    result = end;
  }
  if (remaining.empty())
    return takeAway(stack);
  stack->setAttr("functions", ArrayAttr::get(stack.getContext(), remaining));
  return gone.any() ? takeAwayResults(stack, gone) : success();
}

std::optional<llvm::SetVector<Operation *>> Editor::findUsers(Operation *symbol) {
  std::optional<SymbolTable::UseRange> uses = SymbolTable::getSymbolUses(symbol, module);
  if (!uses)
    return std::nullopt;
  llvm::SetVector<Operation *> users;
  for (SymbolTable::SymbolUse use : *uses)
    users.insert(use.getUser());
  return users;
}

LogicalResult Editor::findUsers(Operation *symbol, SmallVectorImpl<StackOpInterface> &stacks,
                                SmallVectorImpl<LaunchOp> &launches) {
  std::optional<llvm::SetVector<Operation *>> users = findUsers(symbol);
  if (!users)
    return failure();
  for (Operation *user : *users) {
    if (auto stack = dyn_cast<StackOpInterface>(user))
      stacks.push_back(stack);
    else if (auto launch = dyn_cast<LaunchOp>(user))
      launches.push_back(launch);
    else
      return failure();
  }
  return success();
}

LogicalResult Editor::takeAwaySymbol(Operation *symbol) {
  if (!isAttached(symbol))
    return failure();
  std::optional<llvm::SetVector<Operation *>> users = findUsers(symbol);
  if (!users)
    return failure();
  StringRef name = SymbolTable::getSymbolName(symbol).getValue();
  for (Operation *user : *users) {
    if (!isAttached(user) || symbol->isAncestor(user)) // it went with another user, or goes with the symbol
      continue;
    auto stack = dyn_cast<StackOpInterface>(user);
    if (failed(stack ? forgetFunction(stack, name) : takeAway(user)))
      return failure();
  }
  return takeAway(symbol);
}

LogicalResult Editor::takeAwayResult(FunctionOpInterface function, unsigned index) {
  SmallVector<StackOpInterface> stacks;
  SmallVector<LaunchOp> launches;
  if (!isAttached(function) || failed(findUsers(function, stacks, launches)) || index >= function.getNumResults() ||
      (!stacks.empty() && index == 0))
    return failure();
  for (LaunchOp launch : launches) {
    llvm::BitVector gone(launch->getNumResults());
    gone.set(index);
    for (StringRef attribute : {launch.getTiedAttrName().getValue(), launch.getPlacementAttrName().getValue()})
      if (auto perResult = launch->getAttrOfType<DenseI64ArrayAttr>(attribute)) {
        SmallVector<int64_t> numbers(perResult.asArrayRef());
        if (index < numbers.size())
          numbers.erase(numbers.begin() + index);
        launch->setAttr(attribute, DenseI64ArrayAttr::get(launch.getContext(), numbers));
      }
    if (failed(takeAwayResults(launch, gone)))
      return failure();
  }
  for (StackOpInterface stack : stacks) {
    llvm::BitVector gone(stack->getNumResults());
    unsigned result = 1;
    for (auto symbol : stack.getFunctions().getAsRange<FlatSymbolRefAttr>()) {
      auto other = dyn_cast_or_null<FunctionOpInterface>(SymbolTable::lookupNearestSymbolFrom(stack, symbol));
      if (!other || other.getNumResults() == 0)
        return failure();
      if (other == function && result + index - 1 < gone.size())
        gone.set(result + index - 1);
      result += other.getNumResults() - 1;
    }
    if (failed(takeAwayResults(stack, gone)))
      return failure();
  }
  function.getFunctionBody().front().getTerminator()->eraseOperand(index);
  llvm::BitVector gone(function.getNumResults());
  gone.set(index);
  return function.eraseResults(gone);
}

LogicalResult Editor::takeAwayArgument(FunctionOpInterface function, unsigned index) {
  SmallVector<StackOpInterface> stacks;
  SmallVector<LaunchOp> launches;
  if (!isAttached(function) || failed(findUsers(function, stacks, launches)) || !stacks.empty() ||
      index >= function.getNumArguments())
    return failure();
  BlockArgument argument = function.getArgument(index);
  if (!argument.use_empty()) {
    Value substitute = findSubstitute(argument, [](Operation *) { return false; });
    OpBuilder builder = OpBuilder::atBlockBegin(argument.getOwner());
    if (!substitute)
      substitute = makeZero(builder, argument.getLoc(), argument.getType(), /*isLLVM=*/false);
    if (!substitute)
      return failure();
    argument.replaceAllUsesWith(substitute);
  }
  for (LaunchOp launch : launches) {
    if (std::optional<ArrayRef<int64_t>> tied = launch.getTied()) {
      SmallVector<int64_t> numbers(*tied);
      for (int64_t &number : numbers)
        number = number == int64_t(index) ? -1 : number > int64_t(index) ? number - 1 : number;
      launch.setTied(ArrayRef<int64_t>(numbers));
    }
    launch->eraseOperand(index);
  }
  llvm::BitVector gone(function.getNumArguments());
  gone.set(index);
  return function.eraseArguments(gone);
}

LogicalResult Editor::leaveOneLayer(StackOpInterface stack) {
  if (!isAttached(stack) || stack.getEnd() <= stack.getStart() + 1)
    return failure();
  stack->setAttr("end", Builder(stack.getContext()).getI64IntegerAttr(stack.getStart() + 1));
  return success();
}

LogicalResult Editor::takeAwayLoss(LossesOp losses, unsigned operand) {
  if (!isAttached(losses) || operand >= losses->getNumOperands())
    return failure();
  unlistOperand(losses, operand);
  return success();
}

LogicalResult Editor::takeAwayAttribute(Operation *op, StringAttr name) {
  return success(op == module || isAttached(op) ? bool(op->removeAttr(name)) : false);
}
