// Operations without gradients between a parameter and a loss.
// RUN: hadal-opt %s --hadal-differentiate --split-input-file --verify-diagnostics

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
