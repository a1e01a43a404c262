// RUN: hadal-opt %outside %s --split-input-file --verify-diagnostics

func.func @cold(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  // expected-error @below {{expects `temperature` to be above 0, got 0.000000e+00}}
  %y = outside.softmax %x {temperature = 0.0} : tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// -----

func.func @heads(%x: tensor<2x3x6xf32>) -> tensor<2x3x12xf32> {
  // expected-error @below {{expects `heads` to divide 6 and 12, got 5}}
  %y = outside.block_linear %x "weight" {heads = 5} : tensor<2x3x6xf32> -> tensor<2x3x12xf32>
  return %y : tensor<2x3x12xf32>
}

// -----

func.func @no_heads(%x: tensor<2x3x6xf32>) -> tensor<2x3x12xf32> {
  // expected-error @below {{expects `heads` to divide 6 and 12, got 0}}
  %y = outside.block_linear %x "weight" {heads = 0} : tensor<2x3x6xf32> -> tensor<2x3x12xf32>
  return %y : tensor<2x3x12xf32>
}

// -----

func.func @weight(%x: tensor<2x3x6xf32>, %w: tensor<3x2x4xf32>) -> tensor<2x3x12xf32> {
  // expected-error @below {{expects weight 0 to be 'tensor<3x4x2xf32>', got 'tensor<3x2x4xf32>'}}
  %y = outside.block_linear %x weights(%w : tensor<3x2x4xf32>) {heads = 3} : tensor<2x3x6xf32> -> tensor<2x3x12xf32>
  return %y : tensor<2x3x12xf32>
}

// -----

func.func @matmul(%g: tensor<2x3x12xf32>, %w: tensor<3x4x2xf32>) -> tensor<2x3x8xf32> {
  // expected-error @below {{expects rows of heads of equal width and a weight of heads × out × in, got 8 and 12 columns for 3x4x2}}
  %y = outside.block_matmul %g, %w : (tensor<2x3x12xf32>, tensor<3x4x2xf32>) -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// -----

func.func @outer(%g: tensor<2x3x12xf32>, %x: tensor<2x3x6xf32>) -> tensor<12x6xf32> {
  // expected-error @below {{yields a weight of heads × out × in, got 'tensor<12x6xf32>'}}
  %y = outside.block_outer_product %g, %x : (tensor<2x3x12xf32>, tensor<2x3x6xf32>) -> tensor<12x6xf32>
  return %y : tensor<12x6xf32>
}
