// Block-scaled FP8: ragged edges have blocks of their own.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @quantize(
// CHECK: hadal.quantize
func.func @quantize(%x: tensor<2x3x300xf32>) {
  %c, %s = hadal.quantize %x <1x128> : tensor<2x3x300xf32> -> tensor<2x3x300xf8E4M3FN>, tensor<6x3xf32>
  return
}

// CHECK-LABEL: @quantize_power_of_two(
// CHECK: hadal.quantize
func.func @quantize_power_of_two(%x: tensor<130x300xf32>) {
  %c, %s = hadal.quantize %x <128x128, power_of_two> : tensor<130x300xf32> -> tensor<130x300xf8E4M3FN>, tensor<2x3xf32>
  return
}

// CHECK-LABEL: @dequantize(
// CHECK: hadal.dequantize
func.func @dequantize(%c: tensor<?x?x300xf8E4M3FN>, %s: tensor<?x3xf32>) {
  %x = hadal.dequantize %c, %s <1x128> : (tensor<?x?x300xf8E4M3FN>, tensor<?x3xf32>) -> tensor<?x?x300xf32>
  return
}

// CHECK-LABEL: @scaled_linear(
// CHECK: hadal.scaled_linear
func.func @scaled_linear(%x: tensor<2x3x300xf8E4M3FN>, %s: tensor<6x3xf32>, %w: tensor<130x300xf8E4M3FN>, %t: tensor<2x3xf32>) {
  %y = hadal.scaled_linear %x, %s <1x128>, %w, %t <128x128> : (tensor<2x3x300xf8E4M3FN>, tensor<6x3xf32>, tensor<130x300xf8E4M3FN>, tensor<2x3xf32>) -> tensor<2x3x130xf32>
  return
}
