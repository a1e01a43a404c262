// A step written by hand: its gradients agree with differences of its loss; a wrong one is reported.
// RUN: hadal-opt %s --hadal-check-training-step --split-input-file --verify-diagnostics -o /dev/null | FileCheck %s

// CHECK: @accumulate gradient of 'w': relative error
func.func @accumulate(%x: tensor<2x3xf32>, %w: tensor<4x3xf32> {hadal.parameter = @w},
                      %g: tensor<4x3xf32> {hadal.gradient = @w}, %scale: tensor<f32> {hadal.scalar = "loss_scale"})
    -> (tensor<f32> {hadal.result = "loss"}, tensor<4x3xf32> {hadal.tied = 2 : index}) {
  %y = hadal.linear %x weights(%w : tensor<4x3xf32>) : tensor<2x3xf32> -> tensor<2x4xf32>
  %loss = hadal.squared_norm %y : tensor<2x4xf32>
  %two = arith.constant dense<2.0> : tensor<2x4xf32>
  %s = hadal.expand %scale : tensor<f32> -> tensor<2x4xf32>
  %t = arith.mulf %two, %s : tensor<2x4xf32>
  %dy = arith.mulf %y, %t : tensor<2x4xf32>
  %dw = hadal.matmul %dy, %x {transpose_lhs} : (tensor<2x4xf32>, tensor<2x3xf32>) -> tensor<4x3xf32>
  %sum = arith.addf %g, %dw : tensor<4x3xf32>
  return %loss, %sum : tensor<f32>, tensor<4x3xf32>
}

// -----

// expected-error @below {{has a gradient of 'w' that differs along a random direction}}
func.func @forgets_a_factor(%w: tensor<3xf32> {hadal.parameter = @w}, %g: tensor<3xf32> {hadal.gradient = @w})
    -> (tensor<f32> {hadal.result = "loss"}, tensor<3xf32> {hadal.tied = 1 : index}) {
  %loss = hadal.squared_norm %w : tensor<3xf32>
  %sum = arith.addf %g, %w : tensor<3xf32>
  return %loss, %sum : tensor<f32>, tensor<3xf32>
}

// -----

// expected-error @below {{has no entry point with a result marked hadal.result = "loss"}}
module {
}
