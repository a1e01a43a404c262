// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// Block-scaled FP8; expected values by hand: E4M3 has three mantissa bits and the largest number 448.

// Blocks of four channels, the last of two; ties go to even mantissas; a block of zeros has the least scale. The last
// number of the first row is subnormal as a code.
// CHECK{LITERAL}: @quantize#0: tensor<2x6xf8E4M3FN> [[448, 16, 18, 20, 448, -0.0214844], [0, 0, 0, 0, 224, -448]]
// CHECK-NEXT{LITERAL}: @quantize#1: tensor<2x2xf32> [[1, 0.046875], [2.23214e-07, 0.015625]]
// CHECK-NEXT{LITERAL}: @quantize#2: tensor<2x6xf32> [[448, 16, 18, 20, 21, -0.00100708], [0, 0, 0, 0, 3.5, -7]]
func.func @quantize() -> (tensor<2x6xf8E4M3FN>, tensor<2x2xf32>, tensor<2x6xf32>) {
  %x = arith.constant dense<[[448.0, 17.0, 18.0, 19.0, 21.0, -0.001], [0.0, 0.0, 0.0, 0.0, 3.5, -7.0]]> : tensor<2x6xf32>
  %c, %s = hadal.quantize %x <1x4> : tensor<2x6xf32> -> tensor<2x6xf8E4M3FN>, tensor<2x2xf32>
  %y = hadal.dequantize %c, %s <1x4> : (tensor<2x6xf8E4M3FN>, tensor<2x2xf32>) -> tensor<2x6xf32>
  return %c, %s, %y : tensor<2x6xf8E4M3FN>, tensor<2x2xf32>, tensor<2x6xf32>
}

// 896 / 448 is a power of two already; 449 / 448 is rounded up to 2, and 224.5 to 224.
// CHECK{LITERAL}: @power_of_two#0: tensor<2x2xf8E4M3FN> [[224, 224], [-448, 1.5]]
// CHECK-NEXT{LITERAL}: @power_of_two#1: tensor<1x2xf32> [[2, 2]]
func.func @power_of_two() -> (tensor<2x2xf8E4M3FN>, tensor<1x2xf32>) {
  %x = arith.constant dense<[[448.0, 449.0], [-896.0, 3.0]]> : tensor<2x2xf32>
  %c, %s = hadal.quantize %x <2x1, power_of_two> : tensor<2x2xf32> -> tensor<2x2xf8E4M3FN>, tensor<1x2xf32>
  return %c, %s : tensor<2x2xf8E4M3FN>, tensor<1x2xf32>
}

// CHECK{LITERAL}: @scaled_linear: tensor<1x2xf32> [[-200703, 1904]]
func.func @scaled_linear() -> tensor<1x2xf32> {
  %a = arith.constant dense<[[448.0, 1.0, 2.0, -448.0]]> : tensor<1x4xf8E4M3FN>
  %sa = arith.constant dense<[[2.0, 0.5]]> : tensor<1x2xf32>
  %w = arith.constant dense<[[448.0, 2.0, 0.0, 448.0], [4.5, 448.0, 448.0, 1.0]]> : tensor<2x4xf8E4M3FN>
  %sw = arith.constant dense<[[0.25, 3.0]]> : tensor<1x2xf32>
  %y = hadal.scaled_linear %a, %sa <1x2>, %w, %sw <2x2> :
         (tensor<1x4xf8E4M3FN>, tensor<1x2xf32>, tensor<2x4xf8E4M3FN>, tensor<1x2xf32>) -> tensor<1x2xf32>
  return %y : tensor<1x2xf32>
}
