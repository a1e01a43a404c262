// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// RMSNorm and the rowwise primitives; expected values computed with NumPy.

// CHECK{LITERAL}: @rms_norm: tensor<2x3xf32> [[-0.723147, -0.406615, -1.79065], [-1.39309, 0.886906, -0.108159]]
func.func @rms_norm() -> tensor<2x3xf32> {
  %x = arith.constant dense<[[-0.25, -0.18, -0.52], [-0.92, 0.75, -0.06]]> : tensor<2x3xf32>
  %w = arith.constant dense<[1.05, 0.82, 1.25]> : tensor<3xf32>
  %y = hadal.rms_norm %x weights(%w : tensor<3xf32>) {eps = 0.01 : f64} : tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// Expected: numerical differentiation.
// CHECK{LITERAL}: @rms_norm_gradient#0: tensor<2x3xf32> [[-1.18211, 0.540078, 0.020022], [0.0346762, 0.145675, 0.653177]]
// CHECK-NEXT: @rms_norm_gradient#1: tensor<3xf32> [1.64934, 1.13481, 1.31888]
func.func @rms_norm_gradient() -> (tensor<2x3xf32>, tensor<3xf32>) {
  %x = arith.constant dense<[[-0.25, -0.18, -0.52], [-0.92, 0.75, -0.06]]> : tensor<2x3xf32>
  %w = arith.constant dense<[1.05, 0.82, 1.25]> : tensor<3xf32>
  %gradient = arith.constant dense<[[-0.95, -0.26, -0.94], [-0.75, 0.93, 0.32]]> : tensor<2x3xf32>
  %y = hadal.rms_norm_gradient %x, %w, %gradient {eps = 0.01 : f64} : tensor<2x3xf32>, tensor<3xf32>
  %dw = hadal.rms_norm_weight_gradient %x, %gradient {eps = 0.01 : f64} : tensor<2x3xf32> -> tensor<3xf32>
  return %y, %dw : tensor<2x3xf32>, tensor<3xf32>
}

// CHECK{LITERAL}: @row_reduce#0: tensor<2x1xf32> [[-0.95], [-0.23]]
// CHECK-NEXT{LITERAL}: @row_reduce#1: tensor<2x1xf32> [[-0.18], [0.75]]
func.func @row_reduce() -> (tensor<2x1xf32>, tensor<2x1xf32>) {
  %x = arith.constant dense<[[-0.25, -0.18, -0.52], [-0.92, 0.75, -0.06]]> : tensor<2x3xf32>
  %a = hadal.row_reduce add %x : tensor<2x3xf32> -> tensor<2x1xf32>
  %m = hadal.row_reduce maximum %x : tensor<2x3xf32> -> tensor<2x1xf32>
  return %a, %m : tensor<2x1xf32>, tensor<2x1xf32>
}

// CHECK{LITERAL}: @expand#0: tensor<2x3xf32> [[1, 1, 1], [2, 2, 2]]
// CHECK-NEXT{LITERAL}: @expand#1: tensor<2x3xf32> [[3, 4, 5], [3, 4, 5]]
// CHECK-NEXT{LITERAL}: @expand#2: tensor<1x2xf32> [[6, 6]]
// CHECK-NEXT{LITERAL}: @expand#3: tensor<2x2x1xf32> [[[1], [2]], [[1], [2]]]
func.func @expand() -> (tensor<2x3xf32>, tensor<2x3xf32>, tensor<1x2xf32>, tensor<2x2x1xf32>) {
  %column = arith.constant dense<[[1.0], [2.0]]> : tensor<2x1xf32>
  %row = arith.constant dense<[3.0, 4.0, 5.0]> : tensor<3xf32>
  %scalar = arith.constant dense<6.0> : tensor<f32>
  %a = hadal.expand %column : tensor<2x1xf32> -> tensor<2x3xf32>
  %b = hadal.expand %row : tensor<3xf32> -> tensor<2x3xf32>
  %c = hadal.expand %scalar : tensor<f32> -> tensor<1x2xf32>
  %d = hadal.expand %column : tensor<2x1xf32> -> tensor<2x2x1xf32>
  return %a, %b, %c, %d : tensor<2x3xf32>, tensor<2x3xf32>, tensor<1x2xf32>, tensor<2x2x1xf32>
}
