// What the verifiers of the attention family turn away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @invalid(%q: tensor<?x?x12xf32>, %c: tensor<?x?x7xf32>) {
  // expected-error @below {{expects heads to lie between 1 and 1048576 (a limit of this dialect), got 0}}
  %y = hadal.mla_attention %q, %c "up", "norm" {heads = 0, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6} : tensor<?x?x12xf32>, tensor<?x?x7xf32> -> tensor<?x?x6xf32>
  return
}

// -----

func.func @invalid(%q: tensor<?x?x12xf32>, %c: tensor<?x?x7xf32>) {
  // expected-error @below {{expects nope to lie between 1 and 1048576}}
  %y = hadal.mla_attention %q, %c "up", "norm" {heads = 2, nope = 9223372036854775807, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6} : tensor<?x?x12xf32>, tensor<?x?x7xf32> -> tensor<?x?x6xf32>
  return
}

// -----

func.func @invalid(%q: tensor<?x?x13xf32>, %c: tensor<?x?x7xf32>) {
  // expected-error @below {{expects the query to have shape ?x?x12 (batch × sequence × heads·(nope + rope)), got ?x?x13}}
  %y = hadal.mla_attention %q, %c "up", "norm" {heads = 2, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6} : tensor<?x?x13xf32>, tensor<?x?x7xf32> -> tensor<?x?x6xf32>
  return
}

// -----

func.func @invalid(%q: tensor<?x?x12xf32>, %c: tensor<?x?x2xf32>) {
  // expected-error @below {{2 channels leave no room beside rope = 2}}
  %y = hadal.mla_attention %q, %c "up", "norm" {heads = 2, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6} : tensor<?x?x12xf32>, tensor<?x?x2xf32> -> tensor<?x?x6xf32>
  return
}

// -----

func.func @invalid(%q: tensor<?x?x12xf32>, %c: tensor<?x?x7xf32>) {
  // expected-error @below {{expects the result to have shape ?x?x6 (batch × sequence × heads·value), got ?x?x5}}
  %y = hadal.mla_attention %q, %c "up", "norm" {heads = 2, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6} : tensor<?x?x12xf32>, tensor<?x?x7xf32> -> tensor<?x?x5xf32>
  return
}

// -----

func.func @invalid(%q: tensor<?x?x12xf32>, %c: tensor<?x?x7xf32>) {
  // expected-error @below {{expects 2 parameter names, got 1}}
  %y = hadal.mla_attention %q, %c "up" {heads = 2, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6} : tensor<?x?x12xf32>, tensor<?x?x7xf32> -> tensor<?x?x6xf32>
  return
}

// -----

func.func @invalid(%q: tensor<?x?x12xf32>, %c: tensor<?x?x7xf32>) {
  // expected-error @below {{expects scale to be a positive number, got -1}}
  %y = hadal.mla_attention %q, %c "up", "norm" {heads = 2, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6, scale = -1.0} : tensor<?x?x12xf32>, tensor<?x?x7xf32> -> tensor<?x?x6xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x12xf32>) {
  // expected-error @below {{cannot cut 12 channels into 5 equal heads}}
  %y = hadal.rope %x {heads = 5, rope = #hadal.rope<theta = 1.0e4, dim = 2>} : tensor<?x?x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x12xf32>) {
  // expected-error @below {{expects heads of at least the 8 channels that are rotated}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 8>} : tensor<?x?x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x12xf32>) {
  // expected-error @below {{a rotary embedding needs an even, positive dim}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 3>} : tensor<?x?x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x12xf32>) {
  // expected-error @below {{must be greater than 1}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 0.5, dim = 4>} : tensor<?x?x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x12xf32>) {
  // expected-error @below {{failed to parse Hadal_RopeAttr parameter 'yarn'}}
  // expected-error @below {{YaRN needs beta_fast >= beta_slow > 0, got}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4, yarn = <factor = 2.0, original_length = 4, beta_fast = 0.5>>} : tensor<?x?x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x12xf32>) {
  // expected-error @below {{failed to parse Hadal_RopeAttr parameter 'yarn'}}
  // expected-error @below {{expects YaRN's attention_factor to be a number from 0.0 to 1.0e+6, got -1.0}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4, yarn = <factor = 2.0, original_length = 4, attention_factor = -1.0>>} : tensor<?x?x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x12xf32>) {
  // expected-error @below {{failed to parse Hadal_RopeAttr parameter 'yarn'}}
  // expected-error @below {{YaRN's factor must be at least 1, got}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4, yarn = <factor = 0.5, original_length = 4>>} : tensor<?x?x12xf32>
  return
}

// -----

func.func @invalid(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x13xf32>, %k: tensor<2x3x2xf32>) {
  // expected-error @below {{expects the keys and values to have shape 2x3x14}}
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x13xf32>, tensor<2x3x2xf32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  return
}

// -----

func.func @invalid(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>) {
  // expected-error @below {{expects the log-sum-exp to have shape 2x2x3 (batch × heads × sequence), got 2x3x2}}
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>) -> (tensor<2x3x6xf32>, tensor<2x3x2xf32>)
  return
}

// -----

func.func @invalid(%q: tensor<2x3x12xbf16>, %kv: tensor<2x3x14xbf16>, %k: tensor<2x3x2xbf16>) {
  // expected-error @below {{expects the log-sum-exp to be f32}}
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xbf16>, tensor<2x3x14xbf16>, tensor<2x3x2xbf16>) -> (tensor<2x3x6xbf16>, tensor<2x2x3xbf16>)
  return
}

// -----

func.func @invalid(%q: tensor<2x3x12xbf16>, %kv: tensor<2x3x14xbf16>, %k: tensor<2x3x2xbf16>) {
  // expected-error @below {{forms its sums in f32: expects results of f32 or of the factors' type, 'bf16', got 'f16'}}
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xbf16>, tensor<2x3x14xbf16>, tensor<2x3x2xbf16>) -> (tensor<2x3x6xf16>, tensor<2x2x3xf32>)
  return
}

// -----

func.func @invalid(%q: tensor<2x3x12xbf16>, %kv: tensor<2x3x14xbf16>, %k: tensor<2x3x2xbf16>, %y: tensor<2x3x6xf32>, %l: tensor<2x2x3xf32>, %g: tensor<2x3x6xbf16>) {
  // expected-error @below {{expects tensors of one element type, got 'bf16' and 'f32'}}
  %d:3 = hadal.attention_gradient %q, %kv, %k, %y, %l, %g {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xbf16>, tensor<2x3x14xbf16>, tensor<2x3x2xbf16>, tensor<2x3x6xf32>, tensor<2x2x3xf32>, tensor<2x3x6xbf16>) -> (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>)
  return
}

// -----

func.func @invalid(%x: tensor<2x3x12xf32>, %p: tensor<2x3xi32>) {
  // expected-error @below {{expects a position_limit with its positions: the number of positions whose angles the program holds}}
  %y = hadal.rope %x positions(%p : tensor<2x3xi32>) {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 2>} : tensor<2x3x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x12xf32>) {
  // expected-error @below {{expects a position_limit only with positions: a row's index is less than the length of the sequence}}
  %y = hadal.rope %x {heads = 2, position_limit = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>} : tensor<2x3x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x12xf32>, %p: tensor<2x3xi32>) {
  // expected-error @below {{expects position_limit to lie between 1 and 1048576 (a limit of this dialect), got 0}}
  %y = hadal.rope %x positions(%p : tensor<2x3xi32>) {heads = 2, position_limit = 0, rope = #hadal.rope<theta = 1.0e4, dim = 2>} : tensor<2x3x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x12xf32>, %p: tensor<3xi32>) {
  // expected-error @below {{expects the positions to have shape 2x3 (batch × sequence), got 3}}
  %y = hadal.rope %x positions(%p : tensor<3xi32>) {heads = 2, position_limit = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>} : tensor<2x3x12xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x12xf32>, %p: tensor<2x3xi64>) {
  // expected-error @below {{'hadal.rope' op operand #1 must be ranked tensor of 32-bit signless integer values, but got 'tensor<2x3xi64>'}}
  %y = hadal.rope %x positions(%p : tensor<2x3xi64>) {heads = 2, position_limit = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>} : tensor<2x3x12xf32>
  return
}

// -----

func.func @invalid(%q: tensor<2x1x12xf32>, %kv: tensor<2x9x14xf32>, %k: tensor<2x9x2xf32>) {
  // expected-error @below {{expects the rotary key to have shape 2x1x2 (batch × sequence × rope), got 2x9x2}}
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x1x12xf32>, tensor<2x9x14xf32>, tensor<2x9x2xf32>) -> (tensor<2x1x6xf32>, tensor<2x2x1xf32>)
  return
}

// -----

func.func @invalid(%q: tensor<2x1x12xf32>, %kv: tensor<2x9x14xf32>, %k: tensor<2x8x2xf32>, %p: tensor<2x1xi32>) {
  // expected-error @below {{expects the rotary key to have shape 2x9x2 (batch × keys × rope), got 2x8x2}}
  %y, %l = hadal.attention %q, %kv, %k positions(%p) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x1x12xf32>, tensor<2x9x14xf32>, tensor<2x8x2xf32>, tensor<2x1xi32>) -> (tensor<2x1x6xf32>, tensor<2x2x1xf32>)
  return
}

// -----

func.func @invalid(%q: tensor<2x1x12xf32>, %kv: tensor<3x9x14xf32>, %k: tensor<2x9x2xf32>, %p: tensor<2x1xi32>) {
  // expected-error @below {{expects the keys and values to have shape 2x9x14 (batch × keys × heads·(nope + value)), got 3x9x14}}
  %y, %l = hadal.attention %q, %kv, %k positions(%p) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x1x12xf32>, tensor<3x9x14xf32>, tensor<2x9x2xf32>, tensor<2x1xi32>) -> (tensor<2x1x6xf32>, tensor<2x2x1xf32>)
  return
}

// -----

func.func @invalid(%q: tensor<2x1x12xf32>, %kv: tensor<2x9x14xf32>, %k: tensor<2x9x2xf32>, %p: tensor<2x9xi32>) {
  // expected-error @below {{expects the positions to have shape 2x1 (batch × sequence), got 2x9}}
  %y, %l = hadal.attention %q, %kv, %k positions(%p) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x1x12xf32>, tensor<2x9x14xf32>, tensor<2x9x2xf32>, tensor<2x9xi32>) -> (tensor<2x1x6xf32>, tensor<2x2x1xf32>)
  return
}

// -----

func.func @invalid(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>, %y: tensor<2x3x6xf32>, %l: tensor<2x2x3xf32>, %n: tensor<3xi32>) {
  // expected-error @below {{expects the key lengths to have shape 2 (batch), got 3}}
  %d:3 = hadal.attention_gradient %q, %kv, %k, %y, %l, %y key_lengths(%n) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>, tensor<2x3x6xf32>, tensor<2x2x3xf32>, tensor<2x3x6xf32>, tensor<3xi32>) -> (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>)
  return
}

// -----

func.func @invalid(%q: tensor<2x1x12xf32>, %c: tensor<2x9x7xf32>) {
  // expected-error @below {{expects the latent to have shape 2x1x7 (batch × sequence × (rank + rope)), got 2x9x7}}
  %y = hadal.mla_attention %q, %c "up", "norm" {heads = 2, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6} : tensor<2x1x12xf32>, tensor<2x9x7xf32> -> tensor<2x1x6xf32>
  return
}
