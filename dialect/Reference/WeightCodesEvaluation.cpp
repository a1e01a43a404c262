//===- WeightCodesEvaluation.cpp - what weights in codes mean -----------------------------------------------------===//
//
// Reference evaluations of hadal.quantize_weight and hadal.dequantize_weight. The former decides: what it rounds, it
// rounds as the operation says, so that a kernel has the same codes and scales. A code of fp8 is held as the number
// that it stands for, a byte with two codes of int4 as a whole number from -128 to 127.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/IR/WeightCodes.h"
#include "dialect/Reference/Definitions.h"
#include "llvm/ADT/bit.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::reference;

namespace {

/// Where the numbers of matrices of columns × depth stand, and their groups.
struct CodedMatrices {
  CodedMatrices(RankedTensorType weight, CodeFormat format)
      : form(getCodeForm(format)), depth(weight.getShape().back()), columns(weight.getShape()[weight.getRank() - 2]),
        matrices(weight.getNumElements() / (columns * depth)) {}

  CodeForm form;
  int64_t depth, columns, matrices;

  int64_t groupsOfDepth() const { return (depth + form.depth - 1) / form.depth; }
  int64_t groupsOfColumns() const { return (columns + form.columns - 1) / form.columns; }
  int64_t group(int64_t matrix, int64_t column, int64_t d) const {
    return (matrix * groupsOfColumns() + column / form.columns) * groupsOfDepth() + d / form.depth;
  }
  int64_t bytesOfRow() const { return (depth + form.perByte - 1) / form.perByte; }

  /// body(place of the number, its group, place of the byte with its code, which code of that byte).
  template <typename Body> void forEach(Body body) const {
    for (int64_t row = 0; row < matrices * columns; ++row)
      for (int64_t d = 0; d < depth; ++d)
        body(row * depth + d, group(row / columns, row % columns, d), row * bytesOfRow() + d / form.perByte,
             d % form.perByte);
  }
};

/// The least bf16 that is not below a positive f32.
double roundUpToBF16(float number) {
  uint32_t bits = llvm::bit_cast<uint32_t>(number);
  return llvm::bit_cast<float>((bits + 0xffffu) & 0xffff0000u);
}

double quantize(double number, double scale, CodeFormat format, MLIRContext *context) {
  double largest = getCodeForm(format).largest, quotient = double(float(number / scale));
  quotient = std::fmax(std::fmin(quotient, largest), -largest);
  return format == CodeFormat::FP8 ? nearest(quotient, Float8E4M3FNType::get(context)) : std::nearbyint(quotient);
}

/// A code in its half of a byte, as a whole number; and back.
double putIntoByte(double byte, int64_t half, double code) {
  int64_t bits = (int64_t(byte) & 255 & ~(int64_t(15) << (4 * half))) | (int64_t(code) & 15) << (4 * half);
  return double(int8_t(bits));
}
double takeFromByte(double byte, int64_t half) {
  int64_t bits = int64_t(byte) >> (4 * half) & 15;
  return double(bits < 8 ? bits : bits - 16);
}

} // namespace

LogicalResult QuantizeWeightOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &weight = operands[0];
  CodedMatrices coded(getWeight().getType(), getFormat());
  Tensor codes(getCodes().getType().getShape()), scales(getScales().getType().getShape());
  coded.forEach([&](int64_t number, int64_t group, int64_t, int64_t) {
    scales.data[group] = std::fmax(scales.data[group], std::fabs(weight.data[number]));
  });
  for (auto [group, scale] : llvm::enumerate(scales.data)) {
    float quotient = float(scale / coded.form.largest);
    scale = scale == 0 ? 1.0 : coded.form.hasBlocks() ? double(quotient) : roundUpToBF16(quotient);
    if (operands.size() > 1 && operands[1].data[group] != 0)
      scale = operands[1].data[group];
  }
  coded.forEach([&](int64_t number, int64_t group, int64_t byte, int64_t half) {
    double code = quantize(weight.data[number], scales.data[group], getFormat(), getContext());
    codes.data[byte] = coded.form.perByte == 1 ? code : putIntoByte(codes.data[byte], half, code);
  });
  results.push_back(std::move(codes));
  results.push_back(std::move(scales));
  return success();
}

LogicalResult DequantizeWeightOp::evaluate(ArrayRef<Tensor> operands, SmallVectorImpl<Tensor> &results) {
  const Tensor &codes = operands[0], &scales = operands[1];
  CodedMatrices coded(getWeight().getType(), getFormat());
  Tensor weight(getWeight().getType().getShape());
  coded.forEach([&](int64_t number, int64_t group, int64_t byte, int64_t half) {
    double code = coded.form.perByte == 1 ? codes.data[byte] : takeFromByte(codes.data[byte], half);
    weight.data[number] = code * scales.data[group];
  });
  results.push_back(std::move(weight));
  return success();
}

// The numbers never lie in memory: a product takes codes and scales apart.
bool DequantizeWeightOp::roundsResults() { return false; }
