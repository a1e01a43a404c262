// What the verifiers of the norm family turn away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @invalid(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{expects eps to be a positive number, got 0}}
  %y = hadal.rms_norm %x "n" {eps = 0.0} : tensor<?x?x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<8xf32>) {
  // expected-error @below {{expects the input to have leading dimensions and channels, got 8}}
  %y = hadal.rms_norm %x "n" {eps = 1.0e-6} : tensor<8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>, %w: tensor<7xf32>, %g: tensor<2x3x8xf32>) {
  // expected-error @below {{expects the weight to have shape 8 (channels), got 7}}
  %y = hadal.rms_norm_gradient %x, %w, %g {eps = 1.0e-6} : tensor<2x3x8xf32>, tensor<7xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>, %g: tensor<2x3x8xf32>) {
  // expected-error @below {{expects the result to have shape 8 (channels), got 2}}
  %y = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<2x3x8xf32> -> tensor<2xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>) {
  // expected-error @below {{expects the result to have shape 2x3x1 (the input's rows × 1), got 2x3x2}}
  %y = hadal.row_reduce add %x : tensor<2x3x8xf32> -> tensor<2x3x2xf32>
  return
}

// -----

func.func @invalid(%x: tensor<3xf32>) {
  // expected-error @below {{cannot repeat a tensor of shape 3 to shape 2x3x8}}
  %y = hadal.expand %x : tensor<3xf32> -> tensor<2x3x8xf32>
  return
}
