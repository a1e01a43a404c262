// RUN: hadal-opt %s --hadal-fuse --split-input-file --verify-diagnostics

func.func @not_a_tensor(%x: tensor<4xf32>) -> index {
  // expected-error @+1 {{'arith.constant' op cannot be cut into kernels: it does not yield tensors}}
  %c = arith.constant 1 : index
  return %c : index
}

// -----

func.func @no_kind(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @+1 {{'tensor.cast' op is served by no kind of kernel}}
  %c = tensor.cast %x : tensor<4xf32> to tensor<4xf32>
  return %c : tensor<4xf32>
}

// -----

// A model's layer function, or what --hadal-close-shapes has not seen.
// expected-error @below {{'@open' has an argument of the open type 'tensor<?x4xf32>': cut into kernels what --hadal-model-to-program makes of a model}}
func.func @open(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}

// -----

func.func @named(%x: tensor<2x4xf32>) -> tensor<2x3xf32> {
  // expected-error @below {{'hadal.linear' op names parameters that are not bound yet}}
  %y = hadal.linear %x "weight" : tensor<2x4xf32> -> tensor<2x3xf32>
  return %y : tensor<2x3xf32>
}

// -----

// A norm needs its whole row: it cannot be written over its operand.
func.func @not_in_place(%x: tensor<4x8xf32>, %w: tensor<8xf32>) -> (tensor<4x8xf32> {hadal.tied = 0 : index}) {
  // expected-error @+1 {{result 0 of @not_in_place cannot be written into argument 0}}
  %n = hadal.rms_norm %x weights(%w : tensor<8xf32>) {eps = 1.0e-6} : tensor<4x8xf32>
  return %n : tensor<4x8xf32>
}

// -----

// The argument is read again after the update.
func.func @read_afterwards(%x: tensor<4x8xf32>) -> (tensor<4x8xf32> {hadal.tied = 0 : index}, tensor<f32> {hadal.result = "loss"}) {
  // expected-error @+1 {{cannot be written into argument 0}}
  %n = arith.addf %x, %x : tensor<4x8xf32>
  %s = hadal.squared_norm %x : tensor<4x8xf32>
  return %n, %s : tensor<4x8xf32>, tensor<f32>
}

// -----

// expected-error @+1 {{result 0 of @no_such_argument is tied to argument 7 : index, which does not exist}}
func.func @no_such_argument(%x: tensor<4x8xf32>) -> (tensor<4x8xf32> {hadal.tied = 7 : index}) {
  %n = arith.mulf %x, %x : tensor<4x8xf32>
  return %n : tensor<4x8xf32>
}
