// RUN: hadal-opt %s --hadal-build-evaluation --split-input-file --verify-diagnostics

// expected-error @below {{holds no function @forward: run hadal-bind-parameters first}}
module {
}

// -----

// expected-error @below {{@forward has a result #0 without hadal.result}}
func.func @forward(%x: tensor<f32>) -> tensor<f32> {
  return %x : tensor<f32>
}

// -----

// expected-error @below {{@forward has no result 'loss.main': run hadal-bind-parameters on a model}}
func.func @forward(%x: tensor<f32>) -> (tensor<f32> {hadal.result = "loss"}) {
  return %x : tensor<f32>
}

// -----

func.func @forward(%x: tensor<2x4xf32>) -> (tensor<f32> {hadal.result = "loss.main"}) {
  // expected-error @below {{the main loss depends on no loss of tokens, such as hadal.cross_entropy: 'evaluate' has nothing to score}}
  %y = hadal.squared_norm %x : tensor<2x4xf32>
  return %y : tensor<f32>
}

// -----

func.func @forward(%h: tensor<2x3x4xf32>, %t: tensor<2x3xi32>, %w: tensor<8x4xf32>) -> (tensor<f32> {hadal.result = "loss.main"}) {
  // expected-note @below {{the other one}}
  %a = hadal.cross_entropy %h, %t weights(%w : tensor<8x4xf32>) {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  %g = arith.addf %h, %h : tensor<2x3x4xf32>
  // expected-error @below {{is a second loss of tokens that the main loss depends on: which one scores them? 'evaluate' needs exactly one}}
  %b = hadal.cross_entropy %g, %t weights(%w : tensor<8x4xf32>) {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  %sum = arith.addf %a, %b : tensor<f32>
  return %sum : tensor<f32>
}

// -----

func.func @forward(%x: tensor<f32>) -> (tensor<f32> {hadal.result = "loss.main"}) {
  return %x : tensor<f32>
}
// expected-error @below {{'@evaluate' is the name of a function that a program gets: choose another}}
func.func private @evaluate()
