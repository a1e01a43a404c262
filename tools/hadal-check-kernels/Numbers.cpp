//===- Numbers.cpp - tensors of the evaluator as a kernel's memory holds them -------------------------------------===//
//
// A bf16 is the upper half of the f32 of the same value. Where an element lies, the type's layout says.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Numbers.h"
#include "dialect/IR/Encoding.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace hadal;
using hadal::reference::Tensor;

bool check::canHold(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return false;
  Type element = tensor.getElementType();
  return element.isF32() || element.isBF16() || element.isInteger(32) || element.isInteger(8) ||
         isa<Float8E4M3FNType>(element);
}

size_t check::elementBytes(RankedTensorType type) { return type.getElementTypeBitWidth() / 8; }
size_t check::tensorBytes(RankedTensorType type) { return size_t(getMemorySize(type)) * elementBytes(type); }

/// body(element, place): for every element of a tensor, in their order, where it lies in memory.
static void forElements(RankedTensorType type, llvm::function_ref<void(int64_t, int64_t)> body) {
  SmallVector<MemoryDimension> memory = getMemoryDimensions(type);
  SmallVector<int64_t> indices(type.getRank());
  for (int64_t element = 0; element < type.getNumElements(); ++element) {
    int64_t rest = element;
    for (int64_t dimension = type.getRank(); dimension-- > 0;) {
      indices[dimension] = rest % type.getDimSize(dimension);
      rest /= type.getDimSize(dimension);
    }
    body(element, getElementPlace(memory, indices));
  }
}

/// A number of the evaluator that E4M3 has, as its bits, and back.
static uint8_t toE4M3(double value) {
  APFloat number(value);
  bool losesInformation;
  number.convert(APFloat::Float8E4M3FN(), APFloat::rmNearestTiesToEven, &losesInformation);
  return uint8_t(number.bitcastToAPInt().getZExtValue());
}
static double fromE4M3(uint8_t bits) {
  APFloat number(APFloat::Float8E4M3FN(), APInt(8, bits));
  bool losesInformation;
  number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven, &losesInformation);
  return number.convertToDouble();
}

void check::copyIn(const Tensor &tensor, RankedTensorType type, void *to) {
  Type element = type.getElementType();
  // Padding is zero.
  if (getLayout(type))
    std::memset(to, 0, tensorBytes(type));
  forElements(type, [&](int64_t index, int64_t place) {
    double value = tensor.data[index];
    if (element.isF32())
      static_cast<float *>(to)[place] = float(value);
    else if (element.isBF16())
      static_cast<uint16_t *>(to)[place] = uint16_t(llvm::bit_cast<uint32_t>(float(value)) >> 16);
    else if (element.isInteger(8))
      static_cast<int8_t *>(to)[place] = int8_t(value);
    else if (isa<Float8E4M3FNType>(element))
      static_cast<uint8_t *>(to)[place] = toE4M3(value);
    else
      static_cast<int32_t *>(to)[place] = int32_t(value);
  });
}

Tensor check::copyOut(RankedTensorType type, const void *from) {
  Tensor tensor(type.getShape());
  Type element = type.getElementType();
  forElements(type, [&](int64_t index, int64_t place) {
    if (element.isF32())
      tensor.data[index] = static_cast<const float *>(from)[place];
    else if (element.isBF16())
      tensor.data[index] = llvm::bit_cast<float>(uint32_t(static_cast<const uint16_t *>(from)[place]) << 16);
    else if (element.isInteger(8))
      tensor.data[index] = static_cast<const int8_t *>(from)[place];
    else if (isa<Float8E4M3FNType>(element))
      tensor.data[index] = fromE4M3(static_cast<const uint8_t *>(from)[place]);
    else
      tensor.data[index] = static_cast<const int32_t *>(from)[place];
  });
  return tensor;
}

bool check::hasZeroPadding(RankedTensorType type, const void *from) {
  if (!getLayout(type))
    return true;
  size_t size = elementBytes(type);
  std::vector<bool> isElement(getMemorySize(type));
  forElements(type, [&](int64_t, int64_t place) { isElement[place] = true; });
  auto bytes = ArrayRef(static_cast<const char *>(from), tensorBytes(type));
  for (auto [place, isOne] : llvm::enumerate(isElement))
    if (!isOne && llvm::any_of(bytes.slice(place * size, size), [](char byte) { return byte != 0; }))
      return false;
  return true;
}
