// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// The head with its cross entropy and the MTP merge; expected values computed with NumPy.

// CHECK: @cross_entropy: tensor<f32> 0.977299
func.func @cross_entropy() -> tensor<f32> {
  %h = arith.constant dense<[[[0.13, 0.12], [0.86, -0.92], [-0.09, 0.26]]]> : tensor<1x3x2xf32>
  %t = arith.constant dense<[[3, 0, 2]]> : tensor<1x3xi32>
  %w = arith.constant dense<[[0.2, -1.7], [0.37, -1.11], [-1.22, 1.51], [-1.21, -0.18]]> : tensor<4x2xf32>
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<4x2xf32>) {vocabulary = 4 : i64} : tensor<1x3x2xf32>, tensor<1x3xi32>
  return %l : tensor<f32>
}

// The loss is unscaled, its gradients are twice those of numerical differentiation.
// CHECK: @cross_entropy_gradient#0: tensor<f32> 0.977299
// CHECK-NEXT{LITERAL}: @cross_entropy_gradient#1: tensor<1x3x2xf32> [[[0.483429, -0.0733462], [-0.00419482, 0.211145], [0.337106, -0.93688]]]
// CHECK-NEXT{LITERAL}: @cross_entropy_gradient#2: tensor<4x2xf32> [[-0.237075, 0.310526], [0.23027, -0.183026], [0.0651866, -0.0857146], [-0.0583813, -0.0417857]]
func.func @cross_entropy_gradient() -> (tensor<f32>, tensor<1x3x2xf32>, tensor<4x2xf32>) {
  %h = arith.constant dense<[[[0.13, 0.12], [0.86, -0.92], [-0.09, 0.26]]]> : tensor<1x3x2xf32>
  %t = arith.constant dense<[[3, 0, 2]]> : tensor<1x3xi32>
  %w = arith.constant dense<[[0.2, -1.7], [0.37, -1.11], [-1.22, 1.51], [-1.21, -0.18]]> : tensor<4x2xf32>
  %g = arith.constant dense<2.0> : tensor<f32>
  %l, %dh, %dw = hadal.cross_entropy_gradient %h, %t, %w, %g :
         (tensor<1x3x2xf32>, tensor<1x3xi32>, tensor<4x2xf32>, tensor<f32>) -> (tensor<f32>, tensor<1x3x2xf32>, tensor<4x2xf32>)
  return %l, %dh, %dw : tensor<f32>, tensor<1x3x2xf32>, tensor<4x2xf32>
}

// The scores of single tokens, and the loss that they are the terms of.
// CHECK: @log_probabilities#0: tensor<f32> 0.977299
// CHECK-NEXT{LITERAL}: @log_probabilities#1: tensor<1x3xf32> [[-1.46383, -0.566136, -0.901932]]
func.func @log_probabilities() -> (tensor<f32>, tensor<1x3xf32>) {
  %h = arith.constant dense<[[[0.13, 0.12], [0.86, -0.92], [-0.09, 0.26]]]> : tensor<1x3x2xf32>
  %t = arith.constant dense<[[3, 0, 2]]> : tensor<1x3xi32>
  %w = arith.constant dense<[[0.2, -1.7], [0.37, -1.11], [-1.22, 1.51], [-1.21, -0.18]]> : tensor<4x2xf32>
  %l, %s = hadal.log_probabilities %h, %t, %w : (tensor<1x3x2xf32>, tensor<1x3xi32>, tensor<4x2xf32>) -> (tensor<f32>, tensor<1x3xf32>)
  return %l, %s : tensor<f32>, tensor<1x3xf32>
}

// The embedding comes first.
// CHECK{LITERAL}: @mtp_merge: tensor<1x2x2xf32> [[[-0.0961975, 0.198361], [0.0497267, 0.132256]]]
func.func @mtp_merge() -> tensor<1x2x2xf32> {
  %h = arith.constant dense<[[[0.5, 0.41], [0.11, 0.61]]]> : tensor<1x2x2xf32>
  %e = arith.constant dense<[[[-0.07, 0.24], [0.64, 0.36]]]> : tensor<1x2x2xf32>
  %enorm = arith.constant dense<[0.28, -0.19]> : tensor<2xf32>
  %hnorm = arith.constant dense<[0.12, -0.21]> : tensor<2xf32>
  %proj = arith.constant dense<[[0.49, -0.24, -0.07, 0.51], [0.01, -0.32, 0.65, -0.24]]> : tensor<2x4xf32>
  %y = hadal.mtp_merge %h, %e weights(%enorm, %hnorm, %proj : tensor<2xf32>, tensor<2xf32>, tensor<2x4xf32>)
         {eps = 0.01 : f64} : tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}
