//===- Inputs.cpp - reproducible inputs for the evaluator and for checks of kernels -------------------------------===//
//
// Numbers come from SplitMix64 (Steele, Lea and Flood 2014), started from the seed and a hash of the tensor's name.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/Inputs.h"
#include "dialect/IR/Checks.h"
#include "dialect/Reference/Definitions.h"
#include "llvm/Support/xxhash.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

namespace {
class SplitMix64 {
public:
  explicit SplitMix64(uint64_t state) : state(state) {}
  /// A number in [0, 1).
  double next() {
    uint64_t z = state += 0x9e3779b97f4a7c15ull;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return double((z ^ (z >> 31)) >> 11) * 0x1p-53;
  }

private:
  uint64_t state;
};
} // namespace

/// Inputs are float32 numbers, or those of a narrower type, so that a kernel can be given the same ones.
static double toFloat32(double value) { return double(float(value)); }

SmallVector<int64_t> Inputs::closed(ShapedType type) const {
  SmallVector<int64_t> shape(type.getShape());
  for (auto [dimension, length] : enumerate(shape))
    if (ShapedType::isDynamic(length))
      length = dimension == 0 ? batch : positions;
  return shape;
}

Tensor Inputs::empty(ShapedType type) const { return Tensor(closed(type)); }

Tensor Inputs::uniform(StringRef name, ShapedType type, double low, double high) const {
  SplitMix64 generator(seed * 0x9e3779b97f4a7c15ull ^ llvm::xxh3_64bits(name));
  bool whole = type.getElementType().isIntOrIndex();
  Tensor tensor = empty(type);
  for (double &element : tensor.data) {
    element = low + (high - low) * generator.next();
    element = whole ? std::floor(element) : toFloat32(element);
  }
  roundTo(type, tensor);
  return tensor;
}

FailureOr<Tensor> Inputs::parameter(StringRef name, RankedTensorType type) const {
  if (weights)
    return weights->read(name, type.getShape());
  if (type.getRank() < 2)
    return uniform(name, type, 0.8, 1.2);
  // The variance of a uniform number in [-a, a) is a²/3.
  double bound = std::sqrt(3.0 / type.getShape().back());
  return uniform(name, type, -bound, bound);
}

/// The number of tokens that a window's elements lie below: the module's, or that of the embedding.
static int64_t vocabularyOf(FunctionOpInterface function) {
  if (auto module = function->getParentOfType<ModuleOp>())
    if (auto vocabulary = module->getAttrOfType<IntegerAttr>(vocabularyAttrName))
      return vocabulary.getInt();
  int64_t vocabulary = 1;
  function.walk([&](EmbeddingOp embedding) { vocabulary = embedding.getVocabulary(); });
  return vocabulary;
}

/// A bound of a range; NaN when it is no number.
static double boundOf(Attribute number) {
  if (auto real = dyn_cast<FloatAttr>(number))
    return real.getValueAsDouble();
  auto integer = dyn_cast<IntegerAttr>(number);
  return integer ? double(integer.getInt()) : NAN;
}

FailureOr<Tensor> Inputs::window(FunctionOpInterface function, ShapedType type) const {
  if (tokens.empty())
    return uniform(tokensInputName, type, 0.0, double(vocabularyOf(function)));
  Tensor result = empty(type);
  int64_t needed = (result.rows() - 1) * stride + result.columns();
  if (needed > int64_t(tokens.size()))
    return function.emitOpError() << "needs " << needed << " tokens, but the file holds " << tokens.size();
  for (int64_t sequence = 0; sequence < result.rows(); ++sequence)
    for (int64_t i = 0; i < result.columns(); ++i)
      result.at(sequence, i) = tokens[sequence * stride + i];
  return result;
}

FailureOr<Tensor> Inputs::argument(FunctionOpInterface function, unsigned index) const {
  auto type = dyn_cast<RankedTensorType>(function.getArgumentTypes()[index]);
  if (!type)
    return function.emitOpError() << "has argument #" << index << " of type " << function.getArgumentTypes()[index]
                                  << ", which is no tensor; only tensors can be given a value";
  auto attribute = [&](StringRef name) { return function.getArgAttr(index, name); };
  std::string name = (function.getName() + "#" + Twine(index)).str();
  if (int64_t count = countElements(closed(type)); ShapedType::isDynamic(count) || count > mostElementsEvaluated)
    return function.emitOpError() << "has argument #" << index << " of type " << type
                                  << "; the reference evaluator runs on tensors of at most " << mostElementsEvaluated
                                  << " elements";

  if (auto value = dyn_cast_or_null<DenseElementsAttr>(attribute(valueAttrName)))
    return fromConstant(value);
  if (auto range = dyn_cast_or_null<ArrayAttr>(attribute(rangeAttrName))) {
    double low = range.size() == 2 ? boundOf(range[0]) : NAN, high = range.size() == 2 ? boundOf(range[1]) : NAN;
    if (!(low < high))
      return function.emitOpError() << "has hadal.range = " << range << " on argument #" << index
                                    << "; expected two numbers [low, high] with low < high";
    return uniform(name, type, low, high);
  }
  if (FlatSymbolRefAttr symbol = getRoleSymbol(function, index, ArgumentRole::Parameter)) {
    FailureOr<Tensor> value = parameter(symbol.getValue(), type);
    if (failed(value))
      return function.emitOpError() << "reads the parameter '" << symbol.getValue() << "' as " << type
                                    << ", but the weights hold no such tensor";
    return value;
  }
  std::optional<ArgumentMeaning> meaning = getArgumentMeaning(function, index);
  if (isa<ModelOp>(function.getOperation()) || (meaning && meaning->role == ArgumentRole::Input))
    return window(function, type);
  if (meaning && meaning->role == ArgumentRole::Scalar)
    return uniform(meaning->name, type, 0.5, 1.0);
  // Gradients, moments and states.
  if (meaning)
    return empty(type);
  return type.getElementType().isIntOrIndex() ? empty(type) : uniform(name, type, -1.0, 1.0);
}

FailureOr<SmallVector<Tensor>> Inputs::arguments(FunctionOpInterface function) const {
  SmallVector<Tensor> values;
  for (unsigned index = 0; index < function.getNumArguments(); ++index) {
    FailureOr<Tensor> value = argument(function, index);
    if (failed(value))
      return failure();
    values.push_back(std::move(*value));
  }
  return values;
}
