// Weights in codes: rounding to even, what is beyond the largest code, groups of zeros, scales of bf16 that are rounded up, and scales
// that are given.
// RUN: hadal-opt %s --hadal-evaluate="digits=9" -o /dev/null | FileCheck %s

#panels = #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>
#words = #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>
#scales = #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>

// The scale of the second row is 100/127 = 0.7874..., between the bf16 numbers 0.785156 and 0.789063.
// CHECK-LABEL: @int8#0:
// CHECK-SAME{LITERAL}: [[127, 0, 2, 2, -2], [127, -63, 0, 0, 1], [0, 0, 0, 0, 0]]
// CHECK: @int8#1:
// CHECK-SAME{LITERAL}: [[1], [0.7890625], [1]]
// CHECK: @int8#2:
// CHECK-SAME{LITERAL}: [[127, 0, 2, 2, -2], [100.210938, -49.7109375, 0, 0, 0.7890625], [0, 0, 0, 0, 0]]
func.func @int8(%w: tensor<3x5xf32> {hadal.value = dense<[[127.0, 0.5, 1.5, 2.5, -1.5], [100.0, -50.0, 0.39, -0.39, 0.5], [0.0, 0.0, 0.0, -0.0, 0.0]]> : tensor<3x5xf32>})
    -> (tensor<3x5xi8, #panels>, tensor<3x1xbf16, #scales>, tensor<3x5xf32>) {
  %c, %s = hadal.quantize_weight int8 %w : (tensor<3x5xf32>) -> (tensor<3x5xi8, #panels>, tensor<3x1xbf16, #scales>)
  %x = hadal.dequantize_weight int8 %c, %s : (tensor<3x5xi8, #panels>, tensor<3x1xbf16, #scales>) -> tensor<3x5xf32>
  return %c, %s, %x : tensor<3x5xi8, #panels>, tensor<3x1xbf16, #scales>, tensor<3x5xf32>
}

// Two in a byte: 7 and -1 are 0xf7, 2 and -4 are 0xc2.
// CHECK-LABEL: @int4#0:
// CHECK-SAME{LITERAL}: [[-9, -62, 7]]
// CHECK: @int4#2:
// CHECK-SAME{LITERAL}: [[7, -1, 2, -4, 7]]
func.func @int4(%w: tensor<1x5xf32> {hadal.value = dense<[[7.0, -1.4, 2.5, -3.5, 6.6]]> : tensor<1x5xf32>})
    -> (tensor<1x3xi8, #words>, tensor<1x1xbf16, #scales>, tensor<1x5xf32>) {
  %c, %s = hadal.quantize_weight int4 %w : (tensor<1x5xf32>) -> (tensor<1x3xi8, #words>, tensor<1x1xbf16, #scales>)
  %x = hadal.dequantize_weight int4 %c, %s : (tensor<1x3xi8, #words>, tensor<1x1xbf16, #scales>) -> tensor<1x5xf32>
  return %c, %s, %x : tensor<1x3xi8, #words>, tensor<1x1xbf16, #scales>, tensor<1x5xf32>
}

// Between 16 and 18 to 16, between 18 and 20 to 20; 2^-9 is the least number, half of it rounds to zero and 1.5 times it to twice.
// CHECK-LABEL: @fp8#0:
// CHECK-SAME{LITERAL}: [[448, 16, -20, 0.001953125, 0, 0.00390625]]
// CHECK: @fp8#1:
// CHECK-SAME{LITERAL}: [[1]]
func.func @fp8(%w: tensor<1x6xf32> {hadal.value = dense<[[448.0, 17.0, -19.0, 0.001953125, 0.0009765625, 0.0029296875]]> : tensor<1x6xf32>})
    -> (tensor<1x6xf8E4M3FN, #panels>, tensor<1x1xf32>) {
  %c, %s = hadal.quantize_weight fp8 %w : (tensor<1x6xf32>) -> (tensor<1x6xf8E4M3FN, #panels>, tensor<1x1xf32>)
  return %c, %s : tensor<1x6xf8E4M3FN, #panels>, tensor<1x1xf32>
}

// Codes beyond the largest one are cut off.
// CHECK-LABEL: @given#0:
// CHECK-SAME{LITERAL}: [[448, -448, 2]]
// CHECK: @given#1:
// CHECK-SAME{LITERAL}: [[0.5]]
func.func @given(%w: tensor<1x3xf32> {hadal.value = dense<[[300.0, -1000.0, 1.0]]> : tensor<1x3xf32>},
    %g: tensor<1x1xf32> {hadal.value = dense<0.5> : tensor<1x1xf32>}) -> (tensor<1x3xf8E4M3FN, #panels>, tensor<1x1xf32>) {
  %c, %s = hadal.quantize_weight fp8 %w given(%g) : (tensor<1x3xf32>, tensor<1x1xf32>) -> (tensor<1x3xf8E4M3FN, #panels>, tensor<1x1xf32>)
  return %c, %s : tensor<1x3xf8E4M3FN, #panels>, tensor<1x1xf32>
}
