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

// Weights in codes lie in panels; of fp8 the scales of blocks in rows.
// CHECK-LABEL: @weights(
// CHECK: hadal.quantize_weight int8
// CHECK: hadal.dequantize_weight int8
// CHECK: hadal.quantize_weight int4
// CHECK: hadal.quantize_weight fp8 {{.*}} given(
// CHECK: hadal.dequantize_weight fp8
func.func @weights(%w: tensor<50x70xf32>, %e: tensor<3x50x70xf32>, %given: tensor<1x1xf32>) -> (tensor<50x70xf32>, tensor<50x70xbf16>) {
  %c, %s = hadal.quantize_weight int8 %w : (tensor<50x70xf32>) -> (tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  %x = hadal.dequantize_weight int8 %c, %s : (tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<50x70xf32>
  %c4, %s4 = hadal.quantize_weight int4 %e : (tensor<3x50x70xf32>) -> (tensor<3x50x35xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [4, 16, 4]>>>, tensor<3x50x3xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>)
  %c8, %s8 = hadal.quantize_weight fp8 %w given(%given) : (tensor<50x70xf32>, tensor<1x1xf32>) -> (tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>)
  %y = hadal.dequantize_weight fp8 %c8, %s8 : (tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>) -> tensor<50x70xbf16>
  return %x, %y : tensor<50x70xf32>, tensor<50x70xbf16>
}
