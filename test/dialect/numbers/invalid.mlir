// Every real number of an attribute lies in a range of f32: none is infinite or not a number. Counts are bounded too.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @theta(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{expects the base theta of a rotary embedding to be a number from 1.0 to 1.0e+30, got inf}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e400, dim = 4>} : tensor<?x?x8xf32>
  return
}

// -----

func.func @large_theta(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{expects the base theta of a rotary embedding to be a number from 1.0 to 1.0e+30, got 1.0e+31}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e31, dim = 4>} : tensor<?x?x8xf32>
  return
}

// -----

func.func @factor(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{failed to parse Hadal_RopeAttr parameter 'yarn'}}
  // expected-error @below {{expects YaRN's factor to be a number from 1.0 to 1.0e+6, got inf}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4, yarn = <factor = 1.0e400, original_length = 4>>} : tensor<?x?x8xf32>
  return
}

// -----

func.func @beta_fast(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{failed to parse Hadal_RopeAttr parameter 'yarn'}}
  // expected-error @below {{expects YaRN's beta_fast to be a positive number, got inf}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4, yarn = <factor = 2.0, original_length = 4, beta_fast = 1.0e400>>} : tensor<?x?x8xf32>
  return
}

// -----

func.func @beta_slow(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{failed to parse Hadal_RopeAttr parameter 'yarn'}}
  // expected-error @below {{expects YaRN's beta_slow to be a positive number, got 0.0}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4, yarn = <factor = 2.0, original_length = 4, beta_slow = 0.0>>} : tensor<?x?x8xf32>
  return
}

// -----

func.func @mscale(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{failed to parse Hadal_RopeAttr parameter 'yarn'}}
  // expected-error @below {{expects YaRN's mscale to be a number from 0.0 to 1.0e+6, got -1.0}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4, yarn = <factor = 2.0, original_length = 4, mscale = -1.0>>} : tensor<?x?x8xf32>
  return
}

// -----

func.func @mscale_all_dim(%x: tensor<?x?x8xf32>) {
  // expected-error @below {{failed to parse Hadal_RopeAttr parameter 'yarn'}}
  // expected-error @below {{expects YaRN's mscale_all_dim to be a number from 0.0 to 1.0e+6, got 1.0e+300}}
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4, yarn = <factor = 2.0, original_length = 4, mscale_all_dim = 1.0e300>>} : tensor<?x?x8xf32>
  return
}

// -----

func.func @eps(%x: tensor<2x8xf32>) {
  // expected-error @below {{expects eps to be a positive number, got inf}}
  %y = hadal.rms_norm %x "w" {eps = 0x7FF0000000000000 : f64} : tensor<2x8xf32>
  return
}

// -----

func.func @small_eps(%x: tensor<2x8xf32>) {
  // expected-error @below {{expects eps to be a number from 1.0e-30 to 1.0e+30, got 5.0e-324}}
  %y = hadal.rms_norm %x "w" {eps = 5.0e-324} : tensor<2x8xf32>
  return
}

// -----

func.func @gradient_eps(%x: tensor<2x8xf32>, %w: tensor<8xf32>) {
  // expected-error @below {{expects eps to be a positive number, got nan}}
  %y = hadal.rms_norm_gradient %x, %w, %x {eps = 0x7FF8000000000000 : f64} : tensor<2x8xf32>, tensor<8xf32>
  return
}

// -----

func.func @weight_gradient_eps(%x: tensor<2x8xf32>) {
  // expected-error @below {{expects eps to be a positive number, got -inf}}
  %y = hadal.rms_norm_weight_gradient %x, %x {eps = 0xFFF0000000000000 : f64} : tensor<2x8xf32> -> tensor<8xf32>
  return
}

// -----

func.func @attention_scale(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>) {
  // expected-error @below {{expects scale to be a number from 1.0e-30 to 1.0e+30, got 1.0e+300}}
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 1.0e300}
    : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  return
}

// -----

func.func @latent_eps(%q: tensor<?x?x384xf32>, %l: tensor<?x?x80xf32>) {
  // expected-error @below {{expects eps to be a positive number, got inf}}
  %o = hadal.mla_attention %q, %l "a", "b" {heads = 8, nope = 32, value = 32, rope = #hadal.rope<theta = 1.0e4, dim = 16>,
    eps = 0x7FF0000000000000 : f64} : tensor<?x?x384xf32>, tensor<?x?x80xf32> -> tensor<?x?x256xf32>
  return
}

// -----

func.func @latent_scale(%q: tensor<?x?x384xf32>, %l: tensor<?x?x80xf32>) {
  // expected-error @below {{expects scale to be a positive number, got inf}}
  %o = hadal.mla_attention %q, %l "a", "b" {heads = 8, nope = 32, value = 32, rope = #hadal.rope<theta = 1.0e4, dim = 16>,
    eps = 1.0e-6, scale = 0x7FF0000000000000 : f64} : tensor<?x?x384xf32>, tensor<?x?x80xf32> -> tensor<?x?x256xf32>
  return
}

// -----

func.func @router_scale(%x: tensor<2x3x4xf32>) {
  // expected-error @below {{expects scale to be a positive number, got inf}}
  %i, %w, %load = hadal.router sigmoid %x {top_k = 2, scale = 0x7FF0000000000000 : f64}
    : tensor<2x3x4xf32> -> tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<4xf32>
  return
}

// -----

func.func @router_gradient_scale(%x: tensor<2x3x4xf32>, %i: tensor<2x3x2xi32>, %d: tensor<2x3x2xf32>) {
  // expected-error @below {{expects scale to be a positive number, got nan}}
  %y = hadal.router_gradient sigmoid %x, %i, %d {scale = 0x7FF8000000000000 : f64}
    : tensor<2x3x4xf32>, tensor<2x3x2xi32>, tensor<2x3x2xf32>
  return
}

// -----

func.func @merge_eps(%h: tensor<?x?x8xf32>) {
  // expected-error @below {{expects eps to be a positive number, got inf}}
  %y = hadal.mtp_merge %h, %h "a", "b", "c" {eps = 0x7FF0000000000000 : f64} : tensor<?x?x8xf32>
  return
}

// -----

// expected-error @below {{expects initializer_std to be a positive number, got inf}}
hadal.model @m(%window: tensor<?x?xi32>) attributes {initializer_std = 0x7FF0000000000000 : f64} {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "e" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %2 = hadal.cross_entropy %1, %0 "h" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%2)
}

// -----

// expected-error @below {{expects `std` to be a number from 0.0 to 1.0e+30, got inf}}
hadal.parameter @w normal {std = 0x7FF0000000000000 : f64} : tensor<8xf32>

// -----

// The elements of a tensor, and with them its bytes, are counted in 64 bits.
func.func @elements(%x: tensor<1048576x1048576x1048576xf32>) {
  // expected-error @below {{has a tensor of 1048576x1048576x1048576 elements; at most 4398046511104 are allowed}}
  %y = hadal.swiglu %x, %x : tensor<1048576x1048576x1048576xf32>
  return
}

// -----

// A length of 0 hides no others.
func.func @hidden(%x: tensor<0x1048576x1048576x1048576x1048576xf32>) {
  // expected-error @below {{has a tensor of 0x1048576x1048576x1048576x1048576 elements}}
  %y = hadal.swiglu %x, %x : tensor<0x1048576x1048576x1048576x1048576xf32>
  return
}

// -----

// expected-error @below {{has more than 4398046511104 elements}}
hadal.parameter @w ones : tensor<1048576x1048576x1048576xf32>
