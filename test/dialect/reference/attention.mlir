// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// Rotary embeddings, YaRN, the attention core and MLA; expected values computed with NumPy (rotations as complex
// products, softmax of a masked matrix).

// Two heads of five channels; the last four rotate by the position.
// CHECK{LITERAL}: @rope_interleaved: tensor<1x3x10xf32> [[[-0.14, 0.05, 0.75, -0.31, 0.18, 0.37, -0.29, 0.04, 0.53, 0.82], [-0.7, 1.30312, 0.19718, 0.445555, 0.667818, -0.73, -0.616575, 0.205755, -0.991111, 0.161863], [0.59, -0.421668, -0.159987, -0.419835, -0.697308, -0.27, 0.548216, -0.452945, 0.852259, 0.325812]]]
func.func @rope_interleaved() -> tensor<1x3x10xf32> {
  %x = arith.constant dense<[[[-0.14, 0.05, 0.75, -0.31, 0.18, 0.37, -0.29, 0.04, 0.53, 0.82], [-0.7, 0.87, -0.99, 0.51, 0.62, -0.73, -0.16, 0.63, -0.97, 0.26], [0.59, 0.03, 0.45, -0.55, -0.6, -0.27, -0.64, -0.31, 0.9, 0.15]]]> : tensor<1x3x10xf32>
  %y = hadal.rope %x {heads = 2 : i64, rope = #hadal.rope<theta = 100.0, dim = 4>} : tensor<1x3x10xf32>
  return %y : tensor<1x3x10xf32>
}

// CHECK{LITERAL}: @rope_half: tensor<1x3x10xf32> [[[-0.14, 0.05, 0.75, -0.31, 0.18, 0.37, -0.29, 0.04, 0.53, 0.82], [-0.7, 0.0409128, -1.04695, 1.00763, 0.518068, -0.73, 0.729779, 0.600896, -0.658729, 0.321596], [0.59, 0.487629, 0.560232, 0.25616, -0.498639, -0.27, -0.552034, -0.333621, -0.956482, 0.0854225]]]
func.func @rope_half() -> tensor<1x3x10xf32> {
  %x = arith.constant dense<[[[-0.14, 0.05, 0.75, -0.31, 0.18, 0.37, -0.29, 0.04, 0.53, 0.82], [-0.7, 0.87, -0.99, 0.51, 0.62, -0.73, -0.16, 0.63, -0.97, 0.26], [0.59, 0.03, 0.45, -0.55, -0.6, -0.27, -0.64, -0.31, 0.9, 0.15]]]> : tensor<1x3x10xf32>
  %y = hadal.rope %x {heads = 2 : i64, rope = #hadal.rope<theta = 100.0, dim = 4, layout = half>} : tensor<1x3x10xf32>
  return %y : tensor<1x3x10xf32>
}

// Frequencies are interpolated and both cosine and sine carry m(mscale) / m(mscale_all_dim).
// CHECK{LITERAL}: @rope_yarn: tensor<1x2x8xf32> [[[-0.340743, -0.489818, 0.958339, -0.11713, 1.02223, 0.0319446, 0.0425929, 0.841209], [0.138547, 0.5311, -0.209957, 0.797708, -0.19393, 0.904616, -0.915709, -0.149304]]]
func.func @rope_yarn() -> tensor<1x2x8xf32> {
  %x = arith.constant dense<[[[-0.32, -0.46, 0.9, -0.11, 0.96, 0.03, 0.04, 0.79], [0.49, 0.16, -0.15, 0.76, -0.18, 0.85, -0.86, -0.14]]]> : tensor<1x2x8xf32>
  %y = hadal.rope %x {heads = 1 : i64, rope = #hadal.rope<theta = 1.0e4, dim = 8, yarn = <factor = 4.0,
         original_length = 64, beta_fast = 32.0, beta_slow = 1.0, mscale = 1.0, mscale_all_dim = 0.5>>} : tensor<1x2x8xf32>
  return %y : tensor<1x2x8xf32>
}

// Kimi-K2's beta_fast = beta_slow: the second pair keeps its speed, the third turns at a fourth of it (transformers'
// _compute_yarn_parameters).
// CHECK{LITERAL}: @rope_yarn_step: tensor<1x2x8xf32> [[[-0.32, -0.46, 0.9, -0.11, 0.96, 0.03, 0.04, 0.79], [0.130113, 0.498769, -0.225124, 0.741228, -0.182124, 0.849547, -0.859965, -0.140215]]]
func.func @rope_yarn_step() -> tensor<1x2x8xf32> {
  %x = arith.constant dense<[[[-0.32, -0.46, 0.9, -0.11, 0.96, 0.03, 0.04, 0.79], [0.49, 0.16, -0.15, 0.76, -0.18, 0.85, -0.86, -0.14]]]> : tensor<1x2x8xf32>
  %y = hadal.rope %x {heads = 1 : i64, rope = #hadal.rope<theta = 1.0e4, dim = 8, yarn = <factor = 4.0,
         original_length = 64, beta_fast = 1.0, beta_slow = 1.0>>} : tensor<1x2x8xf32>
  return %y : tensor<1x2x8xf32>
}

// Bounds of the ramp that are no integers, and a factor of cosine and sine that mscale does not say (transformers).
// CHECK{LITERAL}: @rope_yarn_untruncated: tensor<1x2x8xf32> [[[-0.4, -0.575, 1.125, -0.1375, 1.2, 0.0375, 0.05, 0.9875], [0.162641, 0.623461, -0.211751, 0.94489, -0.227656, 1.06193, -1.07496, -0.175269]]]
func.func @rope_yarn_untruncated() -> tensor<1x2x8xf32> {
  %x = arith.constant dense<[[[-0.32, -0.46, 0.9, -0.11, 0.96, 0.03, 0.04, 0.79], [0.49, 0.16, -0.15, 0.76, -0.18, 0.85, -0.86, -0.14]]]> : tensor<1x2x8xf32>
  %y = hadal.rope %x {heads = 1 : i64, rope = #hadal.rope<theta = 1.0e4, dim = 8, yarn = <factor = 4.0,
         original_length = 64, attention_factor = 1.25, truncate = false>>} : tensor<1x2x8xf32>
  return %y : tensor<1x2x8xf32>
}

// There and back.
// CHECK{LITERAL}: @rope_inverse: tensor<1x3x10xf32> [[[-0.14, 0.05, 0.75, -0.31, 0.18, 0.37, -0.29, 0.04, 0.53, 0.82], [-0.7, 0.87, -0.99, 0.51, 0.62, -0.73, -0.16, 0.63, -0.97, 0.26], [0.59, 0.03, 0.45, -0.55, -0.6, -0.27, -0.64, -0.31, 0.9, 0.15]]]
func.func @rope_inverse() -> tensor<1x3x10xf32> {
  %x = arith.constant dense<[[[-0.14, 0.05, 0.75, -0.31, 0.18, 0.37, -0.29, 0.04, 0.53, 0.82], [-0.7, 0.87, -0.99, 0.51, 0.62, -0.73, -0.16, 0.63, -0.97, 0.26], [0.59, 0.03, 0.45, -0.55, -0.6, -0.27, -0.64, -0.31, 0.9, 0.15]]]> : tensor<1x3x10xf32>
  %r = hadal.rope %x {heads = 2 : i64, rope = #hadal.rope<theta = 100.0, dim = 4>} : tensor<1x3x10xf32>
  %y = hadal.rope %r {heads = 2 : i64, rope = #hadal.rope<theta = 100.0, dim = 4>, inverse} : tensor<1x3x10xf32>
  return %y : tensor<1x3x10xf32>
}

// Rows at positions of their own; those without angles have no number where they would turn.
// CHECK{LITERAL}: @rope_positions: tensor<1x4x5xf32> [[[-0.14, -0.70278, -0.266645, -0.339581, 0.114824], [-0.7, nan, nan, nan, nan], [0.59, -0.273027, 0.358966, -0.0341326, -0.813225], [0.5, nan, nan, nan, nan]]]
func.func @rope_positions() -> tensor<1x4x5xf32> {
  %x = arith.constant dense<[[[-0.14, 0.05, 0.75, -0.31, 0.18], [-0.7, 0.87, -0.99, 0.51, 0.62], [0.59, 0.03, 0.45, -0.55, -0.6], [0.5, 0.5, 0.5, 0.5, 0.5]]]> : tensor<1x4x5xf32>
  %p = arith.constant dense<[[2, -1, 7, 8]]> : tensor<1x4xi32>
  %y = hadal.rope %x positions(%p : tensor<1x4xi32>) {heads = 1 : i64, position_limit = 8, rope = #hadal.rope<theta = 100.0, dim = 4>} : tensor<1x4x5xf32>
  return %y : tensor<1x4x5xf32>
}

// CHECK{LITERAL}: @attention#0: tensor<1x3x2xf32> [[[-0.88, 0.63], [-0.00420624, 0.375827], [-0.34906, 0.111179]]]
// CHECK-NEXT{LITERAL}: @attention#1: tensor<1x2x3xf32> [[[-0.08345, 0.860618, 1.13538], [0.06295, 0.586412, 1.31916]]]
func.func @attention() -> (tensor<1x3x2xf32>, tensor<1x2x3xf32>) {
  %q = arith.constant dense<[[[0.04, 0.9, -0.5, 0.61, 0.35, 0.43, 0.26, 0.94], [-0.33, -0.2, -0.59, -0.9, -0.57, 0.83, 0.68, -0.78], [0.21, -0.04, 0.19, 0.32, -0.39, 0.92, -0.07, 0.26]]]> : tensor<1x3x8xf32>
  %kv = arith.constant dense<[[[0.27, -0.63, -0.88, -0.18, 0.53, 0.63], [0.46, -0.77, 0.83, 0.6, 0.76, 0.05], [0.83, -0.91, -0.94, -0.96, -0.49, -0.5]]]> : tensor<1x3x6xf32>
  %k = arith.constant dense<[[[-0.62, 0.13], [-0.92, 0.18], [-0.67, 0.36]]]> : tensor<1x3x2xf32>
  %o, %l = hadal.attention %q, %kv, %k {heads = 2 : i64, nope = 2 : i64, value = 1 : i64, scale = 0.5 : f64} :
         (tensor<1x3x8xf32>, tensor<1x3x6xf32>, tensor<1x3x2xf32>) -> (tensor<1x3x2xf32>, tensor<1x2x3xf32>)
  return %o, %l : tensor<1x3x2xf32>, tensor<1x2x3xf32>
}

// Expected: numerical differentiation.
// CHECK{LITERAL}: @attention_gradient#0: tensor<1x3x8xf32> [[[0, 0, 0, 0, 0, 0, 0, 0], [0.0357179, -0.0263184, -0.0563966, 0.00939944, -0.00445495, -0.00131364, 0.00171344, -0.000285574], [-0.013975, 0.0016758, -0.0321612, -0.00904902, 0.0183339, 0.0267332, 0.00239719, -0.0063837]]]
// CHECK-NEXT{LITERAL}: @attention_gradient#1: tensor<1x3x6xf32> [[[0.0508991, 0.0397191, -0.330927, -0.0151457, 0.032789, -0.217532], [-0.0372483, -0.0423193, 0.650925, 0.00461713, -0.00795248, 0.149191], [-0.0136508, 0.00260016, 0.220002, 0.0105285, -0.0248365, 0.0883415]]]
// CHECK-NEXT{LITERAL}: @attention_gradient#2: tensor<1x3x2xf32> [[[0.102587, 0.155691], [-0.0921255, -0.12787], [-0.010461, -0.0278203]]]
func.func @attention_gradient() -> (tensor<1x3x8xf32>, tensor<1x3x6xf32>, tensor<1x3x2xf32>) {
  %q = arith.constant dense<[[[0.04, 0.9, -0.5, 0.61, 0.35, 0.43, 0.26, 0.94], [-0.33, -0.2, -0.59, -0.9, -0.57, 0.83, 0.68, -0.78], [0.21, -0.04, 0.19, 0.32, -0.39, 0.92, -0.07, 0.26]]]> : tensor<1x3x8xf32>
  %kv = arith.constant dense<[[[0.27, -0.63, -0.88, -0.18, 0.53, 0.63], [0.46, -0.77, 0.83, 0.6, 0.76, 0.05], [0.83, -0.91, -0.94, -0.96, -0.49, -0.5]]]> : tensor<1x3x6xf32>
  %k = arith.constant dense<[[[-0.62, 0.13], [-0.92, 0.18], [-0.67, 0.36]]]> : tensor<1x3x2xf32>
  %g = arith.constant dense<[[[-0.96, -0.38], [0.88, 0.08], [0.62, 0.32]]]> : tensor<1x3x2xf32>
  %o, %l = hadal.attention %q, %kv, %k {heads = 2 : i64, nope = 2 : i64, value = 1 : i64, scale = 0.5 : f64} :
         (tensor<1x3x8xf32>, tensor<1x3x6xf32>, tensor<1x3x2xf32>) -> (tensor<1x3x2xf32>, tensor<1x2x3xf32>)
  %dq, %dkv, %dk = hadal.attention_gradient %q, %kv, %k, %o, %l, %g
         {heads = 2 : i64, nope = 2 : i64, value = 1 : i64, scale = 0.5 : f64} :
         (tensor<1x3x8xf32>, tensor<1x3x6xf32>, tensor<1x3x2xf32>, tensor<1x3x2xf32>, tensor<1x2x3xf32>,
          tensor<1x3x2xf32>) -> (tensor<1x3x8xf32>, tensor<1x3x6xf32>, tensor<1x3x2xf32>)
  return %dq, %dkv, %dk : tensor<1x3x8xf32>, tensor<1x3x6xf32>, tensor<1x3x2xf32>
}

// Queries at position 1, 3 and none, over three keys; what stands in the fourth place, and in the query that sees no key,
// is no number. The gradient: numerical differentiation.
// CHECK{LITERAL}: @attention_positions#0: tensor<1x3x2xf32> [[[-0.0117272, 0.315344], [-0.280325, 0.119845], [0, 0]]]
// CHECK-NEXT{LITERAL}: @attention_positions#1: tensor<1x2x3xf32> [[[0.625343, 1.21027, -inf], [0.844949, 0.932111, -inf]]]
// CHECK-NEXT{LITERAL}: @attention_positions#2: tensor<1x3x8xf32> [[[-0.0389786, 0.0287211, 0.0615452, -0.0102575, 0.0213337, 0.0062907, -0.00820526, 0.00136754], [-0.0144479, -0.000713329, -0.0486329, -0.010879, 0.00497649, 0.00719224, 0.000622275, -0.00171004], [0, 0, 0, 0, 0, 0, 0, 0]]]
// CHECK-NEXT{LITERAL}: @attention_positions#3: tensor<1x4x6xf32> [[[0.0381501, 0.202783, -0.16992, -0.0141973, -0.00502701, -0.14204], [-0.0664127, -0.219912, -0.169736, 0.0100667, 0.0110417, -0.181342], [0.0282626, 0.0171288, 0.259656, 0.00413056, -0.00601468, 0.023382], [0, 0, 0, 0, 0, 0]]]
// CHECK-NEXT{LITERAL}: @attention_positions#4: tensor<1x4x2xf32> [[[-0.0506333, 0.174769], [0.00503089, -0.257502], [0.0456024, 0.0827322], [0, 0]]]
func.func @attention_positions() -> (tensor<1x3x2xf32>, tensor<1x2x3xf32>, tensor<1x3x8xf32>, tensor<1x4x6xf32>, tensor<1x4x2xf32>) {
  %q = arith.constant dense<[[[0.04, 0.9, -0.5, 0.61, 0.35, 0.43, 0.26, 0.94], [-0.33, -0.2, -0.59, -0.9, -0.57, 0.83, 0.68, -0.78], [0.21, -0.04, 0x7FC00000, 0.32, -0.39, 0.92, -0.07, 0.26]]]> : tensor<1x3x8xf32>
  %kv = arith.constant dense<[[[0.27, -0.63, -0.88, -0.18, 0.53, 0.63], [0.46, -0.77, 0.83, 0.6, 0.76, 0.05], [0.83, -0.91, -0.94, -0.96, -0.49, -0.5], [0x7FC00000, 1.0, 0x7FC00000, 1.0, 1.0, 1.0]]]> : tensor<1x4x6xf32>
  %k = arith.constant dense<[[[-0.62, 0.13], [-0.92, 0.18], [-0.67, 0.36], [1.0, 0x7FC00000]]]> : tensor<1x4x2xf32>
  %g = arith.constant dense<[[[-0.96, -0.38], [0.88, 0.08], [0.62, 0.32]]]> : tensor<1x3x2xf32>
  %p = arith.constant dense<[[1, 3, -1]]> : tensor<1x3xi32>
  %n = arith.constant dense<3> : tensor<1xi32>
  %o, %l = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2 : i64, nope = 2 : i64, value = 1 : i64, scale = 0.5 : f64} :
         (tensor<1x3x8xf32>, tensor<1x4x6xf32>, tensor<1x4x2xf32>, tensor<1x3xi32>, tensor<1xi32>) -> (tensor<1x3x2xf32>, tensor<1x2x3xf32>)
  %dq, %dkv, %dk = hadal.attention_gradient %q, %kv, %k, %o, %l, %g positions(%p) key_lengths(%n)
         {heads = 2 : i64, nope = 2 : i64, value = 1 : i64, scale = 0.5 : f64} :
         (tensor<1x3x8xf32>, tensor<1x4x6xf32>, tensor<1x4x2xf32>, tensor<1x3x2xf32>, tensor<1x2x3xf32>,
          tensor<1x3x2xf32>, tensor<1x3xi32>, tensor<1xi32>) -> (tensor<1x3x8xf32>, tensor<1x4x6xf32>, tensor<1x4x2xf32>)
  return %o, %l, %dq, %dkv, %dk : tensor<1x3x2xf32>, tensor<1x2x3xf32>, tensor<1x3x8xf32>, tensor<1x4x6xf32>, tensor<1x4x2xf32>
}

// CHECK{LITERAL}: @mla_attention: tensor<1x3x2xf32> [[[-0.523311, -1.36889], [0.656514, 0.0846856], [-0.165336, -0.377377]]]
func.func @mla_attention() -> tensor<1x3x2xf32> {
  %q = arith.constant dense<[[[0.04, 0.9, -0.5, 0.61, 0.35, 0.43, 0.26, 0.94], [-0.33, -0.2, -0.59, -0.9, -0.57, 0.83, 0.68, -0.78], [0.21, -0.04, 0.19, 0.32, -0.39, 0.92, -0.07, 0.26]]]> : tensor<1x3x8xf32>
  %latent = arith.constant dense<[[[0.22, -0.62, 0.15, -0.92, 0.6], [0.92, 0.71, -0.9, -0.32, -0.36], [-0.77, 0.25, 0.59, -0.37, 0.73]]]> : tensor<1x3x5xf32>
  %w = arith.constant dense<[[0.59, -0.74, 0.53], [0.77, -0.61, 0.15], [0.28, 0.22, -0.81], [0.32, 0.26, 0.65], [0.61, -0.35, 0.44], [0.73, 0.79, -0.68]]> : tensor<6x3xf32>
  %norm = arith.constant dense<[0.53, 1.15, 0.71]> : tensor<3xf32>
  %y = hadal.mla_attention %q, %latent weights(%w, %norm : tensor<6x3xf32>, tensor<3xf32>)
         {heads = 2 : i64, nope = 2 : i64, value = 1 : i64, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 0.01 : f64} :
         tensor<1x3x8xf32>, tensor<1x3x5xf32> -> tensor<1x3x2xf32>
  return %y : tensor<1x3x2xf32>
}

// The softmax scale carries m(mscale_all_dim) squared.
// CHECK{LITERAL}: @mla_attention_yarn: tensor<1x3x2xf32> [[[-0.523311, -1.36889], [0.808961, 0.0430423], [-0.216793, -0.547418]]]
func.func @mla_attention_yarn() -> tensor<1x3x2xf32> {
  %q = arith.constant dense<[[[0.04, 0.9, -0.5, 0.61, 0.35, 0.43, 0.26, 0.94], [-0.33, -0.2, -0.59, -0.9, -0.57, 0.83, 0.68, -0.78], [0.21, -0.04, 0.19, 0.32, -0.39, 0.92, -0.07, 0.26]]]> : tensor<1x3x8xf32>
  %latent = arith.constant dense<[[[0.22, -0.62, 0.15, -0.92, 0.6], [0.92, 0.71, -0.9, -0.32, -0.36], [-0.77, 0.25, 0.59, -0.37, 0.73]]]> : tensor<1x3x5xf32>
  %w = arith.constant dense<[[0.59, -0.74, 0.53], [0.77, -0.61, 0.15], [0.28, 0.22, -0.81], [0.32, 0.26, 0.65], [0.61, -0.35, 0.44], [0.73, 0.79, -0.68]]> : tensor<6x3xf32>
  %norm = arith.constant dense<[0.53, 1.15, 0.71]> : tensor<3xf32>
  %y = hadal.mla_attention %q, %latent weights(%w, %norm : tensor<6x3xf32>, tensor<3xf32>)
         {heads = 2 : i64, nope = 2 : i64, value = 1 : i64, eps = 0.01 : f64, rope = #hadal.rope<theta = 1.0e4, dim = 2,
          yarn = <factor = 40.0, original_length = 4096, mscale = 0.707, mscale_all_dim = 0.707>>} :
         tensor<1x3x8xf32>, tensor<1x3x5xf32> -> tensor<1x3x2xf32>
  return %y : tensor<1x3x2xf32>
}

// CHECK{LITERAL}: @mla_attention_scale: tensor<1x3x2xf32> [[[-0.523311, -1.36889], [0.967728, -0.124802], [-0.380747, -1.08421]]]
func.func @mla_attention_scale() -> tensor<1x3x2xf32> {
  %q = arith.constant dense<[[[0.04, 0.9, -0.5, 0.61, 0.35, 0.43, 0.26, 0.94], [-0.33, -0.2, -0.59, -0.9, -0.57, 0.83, 0.68, -0.78], [0.21, -0.04, 0.19, 0.32, -0.39, 0.92, -0.07, 0.26]]]> : tensor<1x3x8xf32>
  %latent = arith.constant dense<[[[0.22, -0.62, 0.15, -0.92, 0.6], [0.92, 0.71, -0.9, -0.32, -0.36], [-0.77, 0.25, 0.59, -0.37, 0.73]]]> : tensor<1x3x5xf32>
  %w = arith.constant dense<[[0.59, -0.74, 0.53], [0.77, -0.61, 0.15], [0.28, 0.22, -0.81], [0.32, 0.26, 0.65], [0.61, -0.35, 0.44], [0.73, 0.79, -0.68]]> : tensor<6x3xf32>
  %norm = arith.constant dense<[0.53, 1.15, 0.71]> : tensor<3xf32>
  %y = hadal.mla_attention %q, %latent weights(%w, %norm : tensor<6x3xf32>, tensor<3xf32>)
         {heads = 2 : i64, nope = 2 : i64, value = 1 : i64, eps = 0.01 : f64, scale = 2.0 : f64,
          rope = #hadal.rope<theta = 1.0e4, dim = 2, layout = half>} : tensor<1x3x8xf32>, tensor<1x3x5xf32> -> tensor<1x3x2xf32>
  return %y : tensor<1x3x2xf32>
}
