// Every operation that decomposes or expands into rows, on ragged shapes, against its own definition. A difference above
// 1e-12 is an error. Constants in expansions are float32: eps and the
// length of a normalised row are powers of two.
// RUN: hadal-opt %s --hadal-check-decompositions -o /dev/null | FileCheck %s

// CHECK: hadal.mla_attention decomposition result #0: relative error
func.func @mla_attention(%q: tensor<2x5x21xf32>, %latent: tensor<2x5x9xf32>, %w: tensor<24x5xf32>, %norm: tensor<5xf32>)
    -> tensor<2x5x15xf32> {
  %y = hadal.mla_attention %q, %latent weights(%w, %norm : tensor<24x5xf32>, tensor<5xf32>) {heads = 3 : i64,
       nope = 3 : i64, value = 5 : i64, rope = #hadal.rope<theta = 100.0, dim = 4>, eps = 0.0078125 : f64}
       : tensor<2x5x21xf32>, tensor<2x5x9xf32> -> tensor<2x5x15xf32>
  return %y : tensor<2x5x15xf32>
}

// CHECK: hadal.mla_attention decomposition result #0: relative error
func.func @mla_attention_yarn(%q: tensor<2x5x21xf32>, %latent: tensor<2x5x9xf32>, %w: tensor<24x5xf32>,
                              %norm: tensor<5xf32>) -> tensor<2x5x15xf32> {
  %y = hadal.mla_attention %q, %latent weights(%w, %norm : tensor<24x5xf32>, tensor<5xf32>) {heads = 3 : i64,
       nope = 3 : i64, value = 5 : i64, rope = #hadal.rope<theta = 100.0, dim = 4, layout = half, yarn = <factor = 40.0,
       original_length = 64, mscale = 1.0, mscale_all_dim = 0.707>>, eps = 0.0078125 : f64}
       : tensor<2x5x21xf32>, tensor<2x5x9xf32> -> tensor<2x5x15xf32>
  return %y : tensor<2x5x15xf32>
}

// CHECK: hadal.mla_attention decomposition result #0: relative error
func.func @mla_attention_scale(%q: tensor<2x5x21xf32>, %latent: tensor<2x5x9xf32>, %w: tensor<24x5xf32>,
                               %norm: tensor<5xf32>) -> tensor<2x5x15xf32> {
  %y = hadal.mla_attention %q, %latent weights(%w, %norm : tensor<24x5xf32>, tensor<5xf32>) {heads = 3 : i64,
       nope = 3 : i64, value = 5 : i64, rope = #hadal.rope<theta = 100.0, dim = 4>, eps = 0.0078125 : f64, scale = 3.0 : f64}
       : tensor<2x5x21xf32>, tensor<2x5x9xf32> -> tensor<2x5x15xf32>
  return %y : tensor<2x5x15xf32>
}

// Two queries of a cache of nine tokens, of which one sample has seven and another only three: the query at position 6
// sees those.
// CHECK: hadal.mla_attention decomposition result #0: relative error
func.func @mla_attention_positions(%q: tensor<2x2x21xf32>, %latent: tensor<2x9x9xf32>, %w: tensor<24x5xf32>,
    %norm: tensor<5xf32>, %p: tensor<2x2xi32> {hadal.value = dense<[[6, 4], [6, 1]]> : tensor<2x2xi32>},
    %n: tensor<2xi32> {hadal.value = dense<[7, 3]> : tensor<2xi32>}) -> tensor<2x2x15xf32> {
  %y = hadal.mla_attention %q, %latent positions(%p : tensor<2x2xi32>) key_lengths(%n : tensor<2xi32>)
       weights(%w, %norm : tensor<24x5xf32>, tensor<5xf32>) {heads = 3 : i64,
       nope = 3 : i64, value = 5 : i64, rope = #hadal.rope<theta = 100.0, dim = 4>, eps = 0.0078125 : f64}
       : tensor<2x2x21xf32>, tensor<2x9x9xf32> -> tensor<2x2x15xf32>
  return %y : tensor<2x2x15xf32>
}

// CHECK: hadal.gated_mlp decomposition result #0: relative error
func.func @gated_mlp(%x: tensor<2x3x5xf32>, %gate: tensor<7x5xf32>, %up: tensor<7x5xf32>, %down: tensor<5x7xf32>)
    -> tensor<2x3x5xf32> {
  %y = hadal.gated_mlp %x weights(%gate, %up, %down : tensor<7x5xf32>, tensor<7x5xf32>, tensor<5x7xf32>)
       {width = 7 : i64} : tensor<2x3x5xf32>
  return %y : tensor<2x3x5xf32>
}

// Six experts for ten choices: some have no rows.
// CHECK: hadal.experts decomposition result #0: relative error
func.func @experts(%x: tensor<1x5x3xf32>, %i: tensor<1x5x2xi32> {hadal.range = [0, 6]}, %w: tensor<1x5x2xf32>,
                   %gate: tensor<6x7x3xf32>, %up: tensor<6x7x3xf32>, %down: tensor<6x3x7xf32>) -> tensor<1x5x3xf32> {
  %y = hadal.experts %x, %i, %w weights(%gate, %up, %down : tensor<6x7x3xf32>, tensor<6x7x3xf32>, tensor<6x3x7xf32>)
       {count = 6 : i64, width = 7 : i64} : tensor<1x5x3xf32>, tensor<1x5x2xi32>, tensor<1x5x2xf32>
  return %y : tensor<1x5x3xf32>
}

// CHECK: hadal.mtp_merge decomposition result #0: relative error
func.func @mtp_merge(%h: tensor<2x3x5xf32>, %e: tensor<2x3x5xf32>, %enorm: tensor<5xf32>, %hnorm: tensor<5xf32>,
                     %projection: tensor<5x10xf32>) -> tensor<2x3x5xf32> {
  %y = hadal.mtp_merge %h, %e weights(%enorm, %hnorm, %projection : tensor<5xf32>, tensor<5xf32>, tensor<5x10xf32>)
       {eps = 0.0078125 : f64} : tensor<2x3x5xf32>
  return %y : tensor<2x3x5xf32>
}

// CHECK: hadal.swiglu expansion in rows result #0: relative error
// CHECK: hadal.swiglu_gradient expansion in rows result #0: relative error
// CHECK: hadal.swiglu_gradient expansion in rows result #1: relative error
func.func @swiglu(%gate: tensor<2x3x5xf32>, %up: tensor<2x3x5xf32>, %gradient: tensor<2x3x5xf32>)
    -> (tensor<2x3x5xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>) {
  %y = hadal.swiglu %gate, %up : tensor<2x3x5xf32>
  %g, %u = hadal.swiglu_gradient %gate, %up, %gradient : tensor<2x3x5xf32>
  return %y, %g, %u : tensor<2x3x5xf32>, tensor<2x3x5xf32>, tensor<2x3x5xf32>
}

// CHECK: hadal.rms_norm expansion in rows result #0: relative error
// CHECK: hadal.rms_norm_gradient expansion in rows result #0: relative error
func.func @rms_norm(%x: tensor<2x3x4xf32>, %w: tensor<4xf32>, %gradient: tensor<2x3x4xf32>)
    -> (tensor<2x3x4xf32>, tensor<2x3x4xf32>) {
  %y = hadal.rms_norm %x weights(%w : tensor<4xf32>) {eps = 0.0078125 : f64} : tensor<2x3x4xf32>
  %d = hadal.rms_norm_gradient %x, %w, %gradient {eps = 0.0078125 : f64} : tensor<2x3x4xf32>, tensor<4xf32>
  return %y, %d : tensor<2x3x4xf32>, tensor<2x3x4xf32>
}
