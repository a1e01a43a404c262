// What the operations of the library mean, against differences of it, and what they are written in (at a temperature whose
// inverse is a number of f32).
// RUN: hadal-opt %outside %s --hadal-check-gradients -o /dev/null | FileCheck %s --check-prefix=GRADIENT
// RUN: hadal-opt %outside %s --hadal-check-decompositions -o /dev/null | FileCheck %s --check-prefix=ROWS
// RUN: hadal-opt %outside %s --hadal-evaluate -o /dev/null | FileCheck %s --check-prefix=SUM
// GRADIENT: outside.softmax{{.*}} relative error
// GRADIENT: outside.block_linear{{.*}} relative error
// ROWS: outside.softmax{{.*}} relative error
// ROWS: outside.softmax_gradient{{.*}} relative error

func.func @softmax(%x: tensor<3x4x9xf32>) -> tensor<3x4x9xf32> {
  %y = outside.softmax %x {temperature = 0.5} : tensor<3x4x9xf32>
  return %y : tensor<3x4x9xf32>
}

func.func @softmax_gradient(%y: tensor<3x4x9xf32>, %g: tensor<3x4x9xf32>) -> tensor<3x4x9xf32> {
  %x = outside.softmax_gradient %y, %g {temperature = 0.5} : tensor<3x4x9xf32>
  return %x : tensor<3x4x9xf32>
}

func.func @block_linear(%x: tensor<2x3x21xf32>, %w: tensor<3x5x7xf32>) -> tensor<2x3x15xf32> {
  %y = outside.block_linear %x weights(%w : tensor<3x5x7xf32>) {heads = 3} : tensor<2x3x21xf32> -> tensor<2x3x15xf32>
  return %y : tensor<2x3x15xf32>
}

// Head 0 is 1·1 + 2·2, head 1 is 3·3 + 4·4.
// SUM: @numbers: tensor<1x1x2xf32> {{\[}}{{\[}}{{\[}}5, 25]]]
func.func @numbers() -> tensor<1x1x2xf32> {
  %x = arith.constant dense<[[[1.0, 2.0, 3.0, 4.0]]]> : tensor<1x1x4xf32>
  %w = arith.constant dense<[[[1.0, 2.0]], [[3.0, 4.0]]]> : tensor<2x1x2xf32>
  %y = outside.block_linear %x weights(%w : tensor<2x1x2xf32>) {heads = 2} : tensor<1x1x4xf32> -> tensor<1x1x2xf32>
  return %y : tensor<1x1x2xf32>
}
