// Operations without gradients between a parameter and a loss.
// RUN: split-file %s %t
// RUN: hadal-opt %t/gradients.mlir --hadal-differentiate --split-input-file --verify-diagnostics
// RUN: not hadal-opt %t/recompute.mlir --hadal-differentiate="recompute=attention" 2>&1 | FileCheck %s

// CHECK: recompute.mlir:1:1: error: cannot recompute 'attention': what this model can recompute is rms_norm, swiglu

//--- gradients.mlir
hadal.parameter @w normal {std = 0.02} : tensor<2x3x4xf32>
func.func @forward(%w: tensor<2x3x4xf32> {hadal.parameter = @w}) -> (tensor<f32> {hadal.result = "loss.main"}) {
  // expected-error @below {{'math.erf' has no gradient, but parameters lie before it and a loss depends on it; write it in operations that have one, such as math.cos, math.exp, math.log, math.rsqrt, math.sin, math.sqrt, math.tanh}}
  %0 = math.erf %w : tensor<2x3x4xf32>
  %1 = hadal.variance_balance_loss sigmoid %0 : tensor<2x3x4xf32>
  return %1 : tensor<f32>
}

// -----

hadal.parameter @w normal {std = 0.02} : tensor<4xf32>
func.func @forward(%w: tensor<4xf32> {hadal.parameter = @w}) -> (tensor<f32> {hadal.result = "loss.main"}) {
  // expected-error @below {{has a gradient only when it repeats along the last dimension}}
  %0 = hadal.expand %w : tensor<4xf32> -> tensor<2x3x4xf32>
  %1 = hadal.variance_balance_loss sigmoid %0 : tensor<2x3x4xf32>
  return %1 : tensor<f32>
}

// -----

// expected-error @below {{holds no function @forward: run hadal-bind-parameters first}}
module {
}

//--- recompute.mlir
func.func @forward(%x: tensor<2x4xf32>, %w: tensor<4xf32>) -> (tensor<f32> {hadal.result = "loss.main"}) {
  %n = hadal.rms_norm %x weights(%w : tensor<4xf32>) {eps = 1.0e-6} : tensor<2x4xf32>
  %s = hadal.swiglu %n, %n : tensor<2x4xf32>
  %0 = hadal.squared_norm %s : tensor<2x4xf32>
  return %0 : tensor<f32>
}
