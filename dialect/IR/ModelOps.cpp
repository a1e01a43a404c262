//===- ModelOps.cpp - the frame of a model and of a program -------------------------------------------------------===//
//
// Syntax and checks of the model, its layers, the token window, parameters and states.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/Checks.h"
#include "dialect/IR/Hadal.h"
#include "dialect/IR/LayerFunctions.h"
#include "dialect/IR/OpSyntax.h"

using namespace mlir;
using namespace hadal;

ParseResult ModelOp::parse(OpAsmParser &parser, OperationState &result) {
  return parseFunction<ModelOp>(parser, result);
}

void ModelOp::print(OpAsmPrinter &printer) { printFunction(printer, *this); }

/// A token's id, a list of ids, or none.
static bool areTokenIds(Attribute value) {
  if (auto list = dyn_cast<ArrayAttr>(value))
    return llvm::all_of(list, llvm::IsaPred<IntegerAttr>);
  return isa<IntegerAttr, UnitAttr>(value);
}

/// The attributes that are only handed on.
static LogicalResult verifyHandedOn(ModelOp model) {
  DictionaryAttr ids = model.getTokenIdsAttr(), stored = model.getStoredWeightsAttr();
  for (NamedAttribute id : ids ? ids.getValue() : ArrayRef<NamedAttribute>()) {
    if (!llvm::is_contained({"bos", "eos", "pad"}, id.getName().getValue()))
      return model.emitOpError("expects `token_ids` to name bos, eos or pad, got ") << id.getName();
    if (!areTokenIds(id.getValue()))
      return model.emitOpError("expects `token_ids` to hold a number, a list of numbers or `unit` for ")
             << id.getName();
  }
  if (stored && !stored.getAs<StringAttr>("quant_method"))
    return model.emitOpError("expects `stored_weights` to name its format: {quant_method = \"fp8\", ...}");
  return success();
}

LogicalResult ModelOp::verify() {
  ArrayRef<Type> inputs = getFunctionType().getInputs();
  auto window = inputs.size() == 1 ? dyn_cast<RankedTensorType>(inputs.front()) : RankedTensorType();
  if (!window || window.getRank() != 2 || !window.getElementType().isInteger(32))
    return emitOpError("takes exactly one argument, the token window: (%window: tensor<?x?xi32>)");
  if (getFunctionType().getNumResults() != 0)
    return emitOpError("has no results: it ends in hadal.losses");
  if (getBody().empty() || getBody().front().empty() || !isa<LossesOp>(getBody().front().back()))
    return emitOpError("must end in hadal.losses main(%loss)");
  if (failed(verifyHandedOn(*this)))
    return failure();
  return Checks(*this)
      .positiveReal("initializer_std", getInitializerStd())
      .positive("context_length", getContextLength().value_or(1));
}

int64_t ModelOp::getTokensAhead() {
  int64_t ahead = 0;
  walk([&](StackOpInterface stack) { ahead = std::max(ahead, stack.getTokensAhead()); });
  return ahead;
}

LogicalResult TokensOp::verify() {
  RankedTensorType window = getWindow().getType(), result = getType();
  int64_t ahead = getAhead();
  Checks checks(*this);
  checks.rank("the window", window, 2, "batch × positions").rank("the result", result, 2, "batch × sequence");
  if (failed(LogicalResult(checks)))
    return failure();
  int64_t positions = window.getDimSize(1), sequence = result.getDimSize(1);
  bool known = !window.isDynamicDim(1) && !result.isDynamicDim(1);
  return checks.shape("the result", result, {window.getDimSize(0), sequence}, "the window's batch × sequence")
      .expect(!known || (sequence <= positions && ahead <= positions - sequence),
              "reads " + Twine(sequence) + " tokens " + Twine(ahead) + " ahead of a window that holds only " +
                  Twine(positions) + " positions");
}

LogicalResult LayersOp::verify() {
  if (failed(verifyLayerRange(*this, getStart(), getEnd(), getFunctions())))
    return failure();
  RankedTensorType input = getInput().getType();
  return Checks(*this)
      .rows("the hidden state", input)
      .expect(getOutput().getType() == input, "expects its output to have the type of its input");
}

LogicalResult LayersOp::verifySymbolUses(SymbolTableCollection &symbolTable) {
  return verifyLayerFunctions(*this, getFunctions(), getInput().getType(), getLosses().size(), symbolTable);
}

/// A parameter or a state is a tensor of floats whose shape is known.
static LogicalResult verifyStored(Operation *op, Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape() || !isa<FloatType>(tensor.getElementType()))
    return op->emitOpError("expects a tensor of floating-point numbers of known shape, got ") << type;
  if (!isCountable(type))
    return op->emitOpError("has more than ") << mostElements << " elements: " << type;
  return success();
}

LogicalResult ParameterOp::verify() {
  if (failed(verifyStored(*this, getType())))
    return failure();
  auto tensor = cast<RankedTensorType>(getType());
  bool normal = getInitializer() == Initializer::Normal;
  std::string fault = findRealFault("`std`", getStd().convertToDouble(), 0.0);
  return Checks(*this)
      .expect(!getSymName().contains("{e}") || tensor.getRank() >= 2,
              "stacks experts ({e} in its name) and so needs at least 2 dimensions, got " +
                  shapeText(tensor.getShape()))
      .expect(fault.empty(), fault)
      .expect(normal || getStd().isZero(), "expects `std` only beside the initializer `normal`");
}

LogicalResult StateOp::verify() { return verifyStored(*this, getType()); }
