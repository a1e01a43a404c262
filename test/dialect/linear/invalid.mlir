// What the verifiers of the linear family turn away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @invalid(%t: tensor<?x?xi32>) {
  // expected-error @below {{expects vocabulary to lie between 1 and 1048576 (a limit of this dialect), got 0}}
  %y = hadal.embedding %t "e" {vocabulary = 0} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @invalid(%t: tensor<?x?xi32>) {
  // expected-error @below {{expects the result to have shape ?x?x8 (the tokens' shape × channels), got ?x8}}
  %y = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x8xf32>
  return
}

// -----

func.func @invalid(%t: tensor<?x?xi32>) {
  // expected-error @below {{only batch and sequence may be open, got ?x?x?}}
  %y = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x?xf32>
  return
}

// -----

func.func @invalid(%t: tensor<2x3xi32>, %w: tensor<4x8xf32>) {
  // expected-error @below {{expects weight 0 to be 'tensor<5x8xf32>', got 'tensor<4x8xf32>'}}
  %y = hadal.embedding %t weights(%w : tensor<4x8xf32>) {vocabulary = 5} : tensor<2x3xi32> -> tensor<2x3x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{needs its parameters: write their names in quotes after the operands}}
  %y = hadal.linear %x : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{expects 1 parameter name, got 2}}
  %y = hadal.linear %x "a", "b" : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{has an empty parameter name}}
  %y = hadal.linear %x "" : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>, %w: tensor<8x8xf32>) {
  // expected-error @below {{has both parameter names and bound weights; keep one}}
  %y = "hadal.linear"(%x, %w) {parameters = ["a"]} : (tensor<2x3x8xf32>, tensor<8x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>, %w: tensor<8x8xf32>) {
  // expected-error @below {{expects 1 weights, got 2}}
  %y = hadal.linear %x weights(%w, %w : tensor<8x8xf32>, tensor<8x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>) {
  // expected-error @below {{expects the result to have shape 2x3x8 (the input's rows × output channels), got 2x4x8}}
  %y = hadal.linear %x "a" : tensor<2x3x8xf32> -> tensor<2x4x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>) {
  // expected-error @below {{forms its sums in f32: expects results of f32 or of the factors' type, 'f32', got 'bf16'}}
  %y = hadal.linear %x "a" : tensor<2x3x8xf32> -> tensor<2x3x8xbf16>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xbf16>, %w: tensor<4x8xf32>) {
  // expected-error @below {{expects weight 0 to be 'tensor<4x8xbf16>', got 'tensor<4x8xf32>'}}
  %y = hadal.linear %x weights(%w : tensor<4x8xf32>) : tensor<2x3x8xbf16> -> tensor<2x3x4xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xbf16>, %w: tensor<8x4xf32>) {
  // expected-error @below {{expects tensors of one element type, got 'bf16' and 'f32'}}
  %y = hadal.matmul %x, %w : (tensor<2x3x8xbf16>, tensor<8x4xf32>) -> tensor<2x3x4xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>) {
  // expected-error @below {{expects `compute` to be f32, bf16, f16 or f8E4M3FN}}
  %y = hadal.linear %x "a" {compute = i8} : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>) {
  // expected-error @below {{got 8 on the left and 4 on the right: check transpose_lhs and transpose_rhs}}
  %y = hadal.matmul %x, %w : (tensor<2x3x8xf32>, tensor<4x8xf32>) -> tensor<2x3x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>, %w: tensor<8x4xf32>) {
  // expected-error @below {{expects the result to have shape 2x3x4}}
  %y = hadal.matmul %x, %w : (tensor<2x3x8xf32>, tensor<8x4xf32>) -> tensor<2x3x5xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{expects width to lie between 1 and 1048576 (a limit of this dialect), got 0}}
  %y = hadal.gated_mlp %x "mlp" {width = 0} : tensor<?x?x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>) {
  // expected-error @below {{expects the parts' channels to add up to 8, got 7}}
  %a, %b = hadal.split %x : tensor<2x3x8xf32> -> tensor<2x3x3xf32>, tensor<2x3x4xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>) {
  // expected-error @below {{expects a part to have shape 2x3x5}}
  %a, %b = hadal.split %x : tensor<2x3x8xf32> -> tensor<2x3x3xf32>, tensor<2x2x5xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x3xf32>) {
  // expected-error @below {{expects the parts' channels to add up to 8, got 3}}
  %y = hadal.concat %a : tensor<2x3x3xf32> -> tensor<2x3x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x1x18xf32>, %w: tensor<21x5xf32>) {
  // expected-error @below {{cannot cut 18 channels into 4 equal heads}}
  %y = hadal.head_matmul %x, %w {heads = 4, first = 1, count = 4} : (tensor<2x1x18xf32>, tensor<21x5xf32>) -> tensor<2x1x20xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x1x18xf32>, %w: tensor<21x5xf32>) {
  // expected-error @below {{expects 3 matrices of at least 8 rows, got 21 rows in all}}
  %y = hadal.head_matmul %x, %w {heads = 3, first = 4, count = 4} : (tensor<2x1x18xf32>, tensor<21x5xf32>) -> tensor<2x1x15xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x1x9xf32>, %w: tensor<21x5xf32>) {
  // expected-error @below {{expects heads of at least 4 channels, got 3}}
  %y = hadal.head_matmul %x, %w {heads = 3, first = 1, count = 4} : (tensor<2x1x9xf32>, tensor<21x5xf32>) -> tensor<2x1x15xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x1x18xf32>, %w: tensor<21x5xf32>) {
  // expected-error @below {{expects heads of as many channels as the right-hand side has columns, got 6 and 5}}
  %y = hadal.head_matmul %x, %w {heads = 3, first = 1, count = 4, transpose_rhs} : (tensor<2x1x18xf32>, tensor<21x5xf32>) -> tensor<2x1x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x1x18xf32>, %w: tensor<21x5xf32>) {
  // expected-error @below {{expects the result to have shape 2x1x15 (the left-hand side's rows × the heads' channels), got 2x1x12}}
  %y = hadal.head_matmul %x, %w {heads = 3, first = 1, count = 4} : (tensor<2x1x18xf32>, tensor<21x5xf32>) -> tensor<2x1x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x9x5xf32>, %w: tensor<7x5xf32>, %n: tensor<2xi32>) {
  // expected-error @below {{expects both sides to agree in the dimension that is summed, got 5 on the left and 7 on the right: check transpose_rhs}}
  %y = hadal.counted_matmul %x, %w, %n : (tensor<2x9x5xf32>, tensor<7x5xf32>, tensor<2xi32>) -> tensor<2x9x5xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x9x5xf32>, %w: tensor<7x5xf32>, %n: tensor<9xi32>) {
  // expected-error @below {{expects the numbers of rows to have shape 2 (sequence), got 9}}
  %y = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<2x9x5xf32>, tensor<7x5xf32>, tensor<9xi32>) -> tensor<2x9x7xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x9x5xf32>, %w: tensor<7x5xf32>, %n: tensor<2xi32>) {
  // expected-error @below {{expects the result to have shape 2x9x7 (the left-hand side's rows × columns), got 2x8x7}}
  %y = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<2x9x5xf32>, tensor<7x5xf32>, tensor<2xi32>) -> tensor<2x8x7xf32>
  return
}
