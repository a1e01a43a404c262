//===- Alone.cpp - rows alone and among others --------------------------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Alone.h"
#include <cmath>
#include <functional>

using namespace mlir;
using namespace hadal;
using namespace hadal::check;
using hadal::reference::Tensor;

/// body(element, element of the shorter tensor): for all elements of a tensor; the second is negative outside.
static void forElements(ArrayRef<int64_t> shape, ArrayRef<int64_t> shorter,
                        llvm::function_ref<void(int64_t, int64_t)> body) {
  for (int64_t element = 0; element < Tensor::elementCount(shape); ++element) {
    int64_t rest = element, own = 0, stride = 1;
    bool inside = true;
    for (size_t dimension = shape.size(); dimension-- > 0;) {
      int64_t index = rest % shape[dimension];
      rest /= shape[dimension];
      inside &= index < shorter[dimension];
      own += index * stride;
      stride *= shorter[dimension];
    }
    body(element, inside ? own : -1);
  }
}

Tensor hadal::check::leadingPart(const Tensor &tensor, ArrayRef<int64_t> shape) {
  Tensor result(shape);
  forElements(tensor.shape, shape, [&](int64_t element, int64_t own) {
    if (own >= 0)
      result.data[own] = tensor.data[element];
  });
  return result;
}

std::optional<int64_t> hadal::check::firstDifference(const Tensor &a, const Tensor &b) {
  for (int64_t i = 0; i < a.size(); ++i) {
    double x = a.data[i], y = b.data[i];
    bool same = x == y ? std::signbit(x) == std::signbit(y) : std::isnan(x) && std::isnan(y);
    if (!same)
      return i;
  }
  return {};
}

//===----------------------------------------------------------------------===//
// Pairs
//===----------------------------------------------------------------------===//

static bool haveEqualBodies(KernelOp a, KernelOp b) {
  auto name = [](Operation &op) { return op.getName(); };
  return llvm::equal(llvm::map_range(a.getBody().front(), name), llvm::map_range(b.getBody().front(), name));
}

static bool isPartOf(TypeRange alone, TypeRange among) {
  return alone.size() == among.size() && llvm::all_of_zip(alone, among, [](Type a, Type b) {
           auto small = cast<ShapedType>(a), large = cast<ShapedType>(b);
           return small.getElementType() == large.getElementType() && small.getRank() == large.getRank() &&
                  llvm::all_of_zip(small.getShape(), large.getShape(), std::less_equal<int64_t>());
         });
}

FailureOr<SmallVector<KernelPair>> hadal::check::findPairs(ModuleOp module) {
  SmallVector<KernelPair> pairs;
  size_t kernels = 0;
  for (KernelOp kernel : module.getOps<KernelOp>()) {
    ++kernels;
    StringRef name = kernel.getName();
    if (!name.consume_back("_alone"))
      continue;
    auto among = module.lookupSymbol<KernelOp>((name + "_among").str());
    if (!among)
      return kernel.emitError("has no kernel '") << name << "_among' beside it to be compared with";
    if (!haveEqualBodies(kernel, among))
      return among.emitError("does something else than '") << kernel.getName() << "', which it is compared with";
    unsigned shared = among.getNumArguments();
    for (unsigned index = shared; index < kernel.getNumArguments(); ++index)
      if (!kernel.getArgAttr(index, valueAttrName))
        return kernel.emitError("has an operand #")
               << index << " that '" << among.getName() << "' has not: give it a value by hadal.value";
    if (kernel.getNumArguments() < shared ||
        !isPartOf(TypeRange(kernel.getArgumentTypes()).take_front(shared), among.getArgumentTypes()) ||
        !isPartOf(kernel.getResultTypes(), among.getResultTypes()))
      return among.emitError("has tensors of which those of '") << kernel.getName() << "' are no parts";
    pairs.push_back({kernel, among});
  }
  if (2 * pairs.size() != kernels)
    return module.emitError("holds kernels that are in no pair: name them NAME_alone and NAME_among");
  return pairs;
}

//===----------------------------------------------------------------------===//
// Operands
//===----------------------------------------------------------------------===//

/// Makes real numbers beyond the smaller kernel's operands zero.
static void clearBeyond(KernelPair pair, MutableArrayRef<Tensor> inputs) {
  for (auto [input, type, smaller] : llvm::zip(inputs, pair.among.getArgumentTypes(), pair.alone.getArgumentTypes()))
    if (isa<FloatType>(getElementTypeOrSelf(type)))
      forElements(input.shape, cast<ShapedType>(smaller).getShape(), [&, &input = input](int64_t element, int64_t own) {
        if (own < 0)
          input.data[element] = 0.0;
      });
}

/// The first rows of experts end where the smaller kernel's rows do.
static void limitOffsets(KernelOp kernel, MutableArrayRef<Tensor> inputs) {
  kernel.walk([&](ContractionOpInterface product) {
    std::optional<ContractionForm> form = product.getContraction();
    if (!form || form->grouping == ContractionGrouping::None)
      return;
    int64_t rows = form->grouping == ContractionGrouping::Rows ? form->rows : form->depth;
    if (auto argument = dyn_cast<BlockArgument>(product->getOperand(form->offsets)))
      for (double &offset : inputs[argument.getArgNumber()].data)
        offset = std::min(offset, double(rows));
  });
}

FailureOr<PairInputs> hadal::check::makePairInputs(KernelPair pair, uint64_t seed, Routing routing, Beyond beyond) {
  FailureOr<SmallVector<Tensor>> among = makeInputs(pair.among, seed, routing);
  FailureOr<SmallVector<Tensor>> own = makeInputs(pair.alone, seed, routing);
  if (failed(among) || failed(own))
    return failure();
  if (beyond == Beyond::Zero)
    clearBeyond(pair, *among);
  if (failed(attend(pair.among, *among)))
    return failure();
  PairInputs inputs{{}, std::move(*among)};
  for (unsigned index = 0; index < pair.alone.getNumArguments(); ++index) {
    ArrayRef<int64_t> shape = cast<ShapedType>(pair.alone.getArgumentTypes()[index]).getShape();
    bool given = bool(pair.alone.getArgAttr(index, valueAttrName));
    inputs.alone.push_back(given ? (*own)[index] : leadingPart(inputs.among[index], shape));
  }
  limitOffsets(pair.alone, inputs.alone);
  return inputs;
}

bool hadal::check::isComparable(KernelPair pair, unsigned result, Beyond beyond) {
  return beyond == Beyond::Zero || pair.alone.getResultTypes()[result] != pair.among.getResultTypes()[result];
}
