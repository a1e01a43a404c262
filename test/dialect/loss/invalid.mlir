// What the verifiers of the loss family turn away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @invalid(%h: tensor<?x?x8xf32>, %t: tensor<?x?xi32>) {
  // expected-error @below {{expects vocabulary to lie between 1 and 1048576 (a limit of this dialect), got 0}}
  %l = hadal.cross_entropy %h, %t "w" {vocabulary = 0} : tensor<?x?x8xf32>, tensor<?x?xi32>
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %t: tensor<2x4xi32>) {
  // expected-error @below {{expects the targets to have shape 2x3 (the hidden state's leading dimensions), got 2x4}}
  %l = hadal.cross_entropy %h, %t "w" {vocabulary = 5} : tensor<2x3x8xf32>, tensor<2x4xi32>
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x7xf32>, %g: tensor<f32>) {
  // expected-error @below {{expects the weight to have shape 5x8 (vocabulary × channels), got 5x7}}
  %l, %a, %b = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x7xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x7xf32>)
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<f32>, %g: tensor<f32>) {
  // expected-error @below {{expects the weight to have 2 dimensions (vocabulary × channels), got no dimensions}}
  %l, %a, %b = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<f32>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<f32>)
  return
}

// -----

func.func @invalid(%h: tensor<?x?x8xf32>, %e: tensor<?x?x8xf32>) {
  // expected-error @below {{expects 3 parameter names, got 1}}
  %m = hadal.mtp_merge %h, %e "enorm.weight" {eps = 1.0e-6} : tensor<?x?x8xf32>
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xbf16>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>, %g: tensor<f32>) {
  // expected-error @below {{expects tensors of one element type, got 'bf16' and 'f32'}}
  %l, %a, %b = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<2x3x8xbf16>, tensor<2x3xi32>, tensor<5x8xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>)
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %t: tensor<2x4xi32>, %w: tensor<5x8xf32>) {
  // expected-error @below {{expects the targets to have shape 2x3 (the hidden state's leading dimensions), got 2x4}}
  %l, %s = hadal.log_probabilities %h, %t, %w : (tensor<2x3x8xf32>, tensor<2x4xi32>, tensor<5x8xf32>) -> (tensor<f32>, tensor<2x3xf32>)
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x7xf32>) {
  // expected-error @below {{expects the weight to have shape 5x8 (vocabulary × channels), got 5x7}}
  %l, %s = hadal.log_probabilities %h, %t, %w : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x7xf32>) -> (tensor<f32>, tensor<2x3xf32>)
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>) {
  // expected-error @below {{expects the log-probabilities to have shape 2x3 (the hidden state's leading dimensions), got 3x2}}
  %l, %s = hadal.log_probabilities %h, %t, %w : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x8xf32>) -> (tensor<f32>, tensor<3x2xf32>)
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xbf16>) {
  // expected-error @below {{'hadal.log_probabilities' op}}
  %l, %s = hadal.log_probabilities %h, %t, %w : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x8xbf16>) -> (tensor<f32>, tensor<2x3xf32>)
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %w: tensor<5x7xf32>) {
  // expected-error @below {{expects the weight to have shape 5x8 (vocabulary × channels), got 5x7}}
  %z, %n = hadal.logits %h, %w : (tensor<2x3x8xf32>, tensor<5x7xf32>) -> (tensor<2x3x5xf32>, tensor<2x3x2xf32>)
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %w: tensor<5x8xf32>) {
  // expected-error @below {{expects the logits to have shape 2x3x5 (the hidden state's leading dimensions × vocabulary), got 2x3x8}}
  %z, %n = hadal.logits %h, %w : (tensor<2x3x8xf32>, tensor<5x8xf32>) -> (tensor<2x3x8xf32>, tensor<2x3x2xf32>)
  return
}

// -----

func.func @invalid(%h: tensor<2x3x8xf32>, %w: tensor<5x8xf32>) {
  // expected-error @below {{expects the normalizers to have shape 2x3x2 (the hidden state's leading dimensions × 2), got 2x3x1}}
  %z, %n = hadal.logits %h, %w : (tensor<2x3x8xf32>, tensor<5x8xf32>) -> (tensor<2x3x5xf32>, tensor<2x3x1xf32>)
  return
}
