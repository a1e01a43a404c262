//===- EntryPoint.cpp - functions whose arguments and results have roles ------------------------------------------===//
//
// Reads the roles of an existing function, changes arguments and results, and writes type, attributes and terminator
// once.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Transforms/EntryPoint.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace hadal;

EntryPoint::EntryPoint(OpBuilder &builder, Location loc, StringRef name)
    : function(func::FuncOp::create(builder, loc, name, builder.getFunctionType({}, {}))) {
  function.getBody().push_back(new Block());
}

EntryPoint::EntryPoint(func::FuncOp function) : function(function) {
  Block &body = getBody();
  for (unsigned i = 0; i < function.getNumArguments(); ++i) {
    DictionaryAttr attributes = function.getArgAttrDict(i);
    argumentAttributes.push_back(attributes ? attributes : DictionaryAttr::get(function.getContext()));
  }
  Operation *terminator = body.getTerminator();
  for (OpOperand &operand : terminator->getOpOperands()) {
    Result result{operand.get(), function.getResultAttrOfType<StringAttr>(operand.getOperandNumber(), resultRole), {}};
    if (auto tied = function.getResultAttrOfType<IntegerAttr>(operand.getOperandNumber(), tiedRole))
      result.tied = body.getArgument(tied.getInt());
    results.push_back(result);
  }
  terminator->erase();
}

BlockArgument EntryPoint::addArgument(Type type, StringRef role, Attribute value, Location loc) {
  MLIRContext *context = function.getContext();
  argumentAttributes.push_back(DictionaryAttr::get(context, NamedAttribute(StringAttr::get(context, role), value)));
  return getBody().addArgument(type, loc);
}

BlockArgument EntryPoint::addScalar(StringRef name, Location loc) {
  Builder builder(function.getContext());
  return addArgument(RankedTensorType::get({}, builder.getF32Type()), scalarRole, builder.getStringAttr(name), loc);
}

void EntryPoint::addResult(StringRef name, Value value) {
  results.push_back({value, StringAttr::get(function.getContext(), name), {}});
}

void EntryPoint::addUpdate(BlockArgument argument, Value value) { results.push_back({value, {}, argument}); }

Value EntryPoint::findResult(StringRef name) const {
  for (const Result &result : results)
    if (result.name && result.name.getValue() == name)
      return result.value;
  return {};
}

void EntryPoint::keepResult(StringRef name) {
  llvm::erase_if(results, [&](const Result &result) { return !result.name || result.name.getValue() != name; });
}

Attribute EntryPoint::getRole(BlockArgument argument, StringRef role) const {
  return argumentAttributes[argument.getArgNumber()].get(role);
}

void EntryPoint::eraseUnusedArguments(function_ref<bool(BlockArgument)> condition) {
  // Results count as uses, although no terminator says so yet.
  DenseSet<Value> returned;
  for (const Result &result : results)
    returned.insert(result.value);
  BitVector unused(getBody().getNumArguments());
  for (BlockArgument argument : getBody().getArguments())
    if (argument.use_empty() && !returned.contains(argument) && condition(argument))
      unused.set(argument.getArgNumber());
  SmallVector<DictionaryAttr> kept;
  for (auto [i, attributes] : llvm::enumerate(argumentAttributes))
    if (!unused[i])
      kept.push_back(attributes);
  getBody().eraseArguments(unused);
  argumentAttributes = std::move(kept);
}

void EntryPoint::finish() {
  Builder attributes(function.getContext());
  SmallVector<Value> values;
  SmallVector<DictionaryAttr> resultAttributes;
  for (const Result &result : results) {
    values.push_back(result.value);
    NamedAttribute role = result.name
                              ? attributes.getNamedAttr(resultRole, result.name)
                              : attributes.getNamedAttr(tiedRole, attributes.getIndexAttr(result.tied.getArgNumber()));
    resultAttributes.push_back(attributes.getDictionaryAttr(role));
  }
  OpBuilder builder = getBuilder();
  func::ReturnOp::create(builder, function.getLoc(), values);
  function.setFunctionType(attributes.getFunctionType(
      getBody().getArgumentTypes(), llvm::map_to_vector(values, [](Value value) -> Type { return value.getType(); })));
  function.setAllArgAttrs(argumentAttributes);
  function.setAllResultAttrs(resultAttributes);
}
