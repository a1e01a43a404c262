// What the verifiers of the frame turn away: models, layers, parameters and states.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func private @f(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>) {
  %l = hadal.variance_balance_loss sigmoid %x : tensor<?x?x8xf32>
  return %x, %l : tensor<?x?x8xf32>, tensor<f32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{is empty; its end is exclusive}}
  %h, %l = hadal.layers %x "model.layers" 3 to 3 {@f} : tensor<?x?x8xf32>, tensor<f32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

func.func private @f(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>) {
  %l = hadal.variance_balance_loss sigmoid %x : tensor<?x?x8xf32>
  return %x, %l : tensor<?x?x8xf32>, tensor<f32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{expects layers to be counted from 0 or above, got start -1}}
  %h, %l = hadal.layers %x "model.layers" -1 to 3 {@f} : tensor<?x?x8xf32>, tensor<f32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

func.func private @f(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>) {
  %l = hadal.variance_balance_loss sigmoid %x : tensor<?x?x8xf32>
  return %x, %l : tensor<?x?x8xf32>, tensor<f32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{has 10001 layers; at most 10000 are allowed}}
  %h, %l = hadal.layers %x "model.layers" 0 to 10001 {@f} : tensor<?x?x8xf32>, tensor<f32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{expects at least one layer function in braces}}
  %h = hadal.layers %x "model.layers" 0 to 1 {} : tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{names the layer function @nowhere, but there is no func.func of that name in the module}}
  %h = hadal.layers %x "model.layers" 0 to 1 {@nowhere} : tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// expected-note @below {{@g is defined here}}
func.func private @g(tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{cannot use @g as a layer function: it has no body}}
  %h = hadal.layers %x "model.layers" 0 to 1 {@g} : tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// expected-note @below {{@g is defined here}}
func.func private @g(%x: tensor<?x?x8xf32>) -> tensor<f32> {
  %l = hadal.variance_balance_loss sigmoid %x : tensor<?x?x8xf32>
  return %l : tensor<f32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{its first result must be the hidden state}}
  %h = hadal.layers %x "model.layers" 0 to 1 {@g} : tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

func.func private @f(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>) {
  %l = hadal.variance_balance_loss sigmoid %x : tensor<?x?x8xf32>
  return %x, %l : tensor<?x?x8xf32>, tensor<f32>
}
// expected-note @below {{@g is defined here}}
func.func private @g(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %h, %l = hadal.layers %x "a" 0 to 1 {@f} : tensor<?x?x8xf32>, tensor<f32>
  return %h : tensor<?x?x8xf32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{it holds layers of its own}}
  %h = hadal.layers %x "model.layers" 0 to 1 {@g} : tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

func.func private @f(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>) {
  %l = hadal.variance_balance_loss sigmoid %x : tensor<?x?x8xf32>
  return %x, %l : tensor<?x?x8xf32>, tensor<f32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{they return 1, it has 0}}
  %h = hadal.layers %x "model.layers" 0 to 1 {@f} : tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

func.func private @f(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>) {
  %l = hadal.variance_balance_loss sigmoid %x : tensor<?x?x8xf32>
  return %x, %l : tensor<?x?x8xf32>, tensor<f32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{has 10001 layers; at most 10000 are allowed}}
  %m, %b = hadal.mtp %x, %window "model.layers" 4 to 10005 {@f} embedding "e" norm "n" head "w" {vocabulary = 5, eps = 1.0e-6} : tensor<?x?x8xf32>, tensor<?x?xi32> -> tensor<f32>, tensor<f32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

func.func private @f(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>) {
  %l = hadal.variance_balance_loss sigmoid %x : tensor<?x?x8xf32>
  return %x, %l : tensor<?x?x8xf32>, tensor<f32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{expects vocabulary to lie between 1 and 1048576 (a limit of this dialect), got 0}}
  %m, %b = hadal.mtp %x, %window "model.layers" 4 to 5 {@f} embedding "e" norm "n" head "w" {vocabulary = 0, eps = 1.0e-6} : tensor<?x?x8xf32>, tensor<?x?xi32> -> tensor<f32>, tensor<f32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// expected-error @below {{expects initializer_std to be a positive number}}
hadal.model @m(%window: tensor<?x?xi32>) attributes {initializer_std = 0.0} {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// expected-error @below {{takes exactly one argument, the token window: (%window: tensor<?x?xi32>)}}
hadal.model @m(%window: tensor<?x?xi32>, %other: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// expected-error @below {{must end in hadal.losses main(%loss)}}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
}

// -----

func.func @tokens(%w: tensor<2x5xi32>) {
  // expected-error @below {{reads 4 tokens 2 ahead of a window that holds only 5 positions}}
  %t = hadal.tokens %w ahead 2 : tensor<2x5xi32> -> tensor<2x4xi32>
  return
}

// -----

// expected-error @below {{expects a tensor of floating-point numbers of known shape}}
hadal.parameter @w normal : tensor<?x8xf32>

// -----

// expected-error @below {{stacks experts ({e} in its name) and so needs at least 2 dimensions, got 8}}
hadal.parameter @"mlp.experts.{e}.up" normal : tensor<8xf32>

// -----

// expected-error @below {{only beside the initializer `normal`}}
hadal.parameter @w ones {std = 0.5 : f64} : tensor<8xf32>

// -----

// expected-error @below {{expects a tensor of floating-point numbers of known shape}}
hadal.state @w : tensor<8xi32>

// -----

// An integer where a real is expected.
// expected-error @below {{'hadal.model' op attribute 'initializer_std' failed to satisfy constraint: 64-bit float attribute}}
hadal.model @m(%window: tensor<?x?xi32>) attributes {initializer_std = 1} {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// Misspelt attributes are no attributes.
// expected-error @below {{'hadal.model' op has no attribute 'context_lenght'; it has context_length, family, initializer_std, stored_weights, token_ids}}
hadal.model @m(%window: tensor<?x?xi32>) attributes {context_lenght = 64} {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

func.func private @helper(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  return %x : tensor<?x?x8xf32>
}
// expected-note @below {{@f is defined here}}
func.func private @f(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = func.call @helper(%x) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{cannot use @f as a layer function: it calls @helper; write what that does into the function, or list both in the braces}}
  %h = hadal.layers %x "model.layers" 0 to 3 {@f} : tensor<?x?x8xf32>
  %main = hadal.cross_entropy %h, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// expected-error @below {{expects `token_ids` to name bos, eos or pad, got "unk"}}
hadal.model @m(%window: tensor<?x?xi32>) attributes {token_ids = {unk = 3}} {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// expected-error @below {{expects `token_ids` to hold a number, a list of numbers or `unit` for "eos"}}
hadal.model @m(%window: tensor<?x?xi32>) attributes {token_ids = {eos = [1, "x"]}} {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// expected-error @below {{expects `stored_weights` to name its format}}
hadal.model @m(%window: tensor<?x?xi32>) attributes {stored_weights = {bits = 4}} {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %main = hadal.cross_entropy %x, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}
