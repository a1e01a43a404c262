//===- Numbers.cpp - tensors of the evaluator as a kernel's memory holds them -------------------------------------===//
//
// A bf16 is the upper half of the f32 of the same value.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/Numbers.h"
#include "llvm/ADT/bit.h"

using namespace mlir;
using namespace hadal;
using hadal::reference::Tensor;

bool check::canHold(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return false;
  Type element = tensor.getElementType();
  return element.isF32() || element.isBF16() || element.isInteger(32);
}

size_t check::elementBytes(RankedTensorType type) { return type.getElementTypeBitWidth() / 8; }
size_t check::tensorBytes(RankedTensorType type) { return size_t(type.getNumElements()) * elementBytes(type); }

void check::copyIn(const Tensor &tensor, RankedTensorType type, void *to) {
  Type element = type.getElementType();
  for (auto [index, value] : llvm::enumerate(tensor.data))
    if (element.isF32())
      static_cast<float *>(to)[index] = float(value);
    else if (element.isBF16())
      static_cast<uint16_t *>(to)[index] = uint16_t(llvm::bit_cast<uint32_t>(float(value)) >> 16);
    else
      static_cast<int32_t *>(to)[index] = int32_t(value);
}

Tensor check::copyOut(RankedTensorType type, const void *from) {
  Tensor tensor(type.getShape());
  Type element = type.getElementType();
  for (int64_t index = 0; index < tensor.size(); ++index)
    if (element.isF32())
      tensor.data[index] = static_cast<const float *>(from)[index];
    else if (element.isBF16())
      tensor.data[index] = llvm::bit_cast<float>(uint32_t(static_cast<const uint16_t *>(from)[index]) << 16);
    else
      tensor.data[index] = static_cast<const int32_t *>(from)[index];
  return tensor;
}
