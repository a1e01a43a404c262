// Every operation that has a gradient, on ragged shapes, against finite differences. A difference above 1e-6 is an error.
// RUN: hadal-opt %s --hadal-check-gradients -o /dev/null | FileCheck %s

// CHECK: hadal.embedding gradient of operand #1: relative error
func.func @embedding(%tokens: tensor<2x3xi32> {hadal.range = [0, 5]}, %table: tensor<5x3xf32>) -> tensor<2x3x3xf32> {
  %y = hadal.embedding %tokens weights(%table : tensor<5x3xf32>) {vocabulary = 5 : i64}
       : tensor<2x3xi32> -> tensor<2x3x3xf32>
  return %y : tensor<2x3x3xf32>
}

// CHECK: hadal.linear gradient of operand #0: relative error
// CHECK: hadal.linear gradient of operand #1: relative error
func.func @linear(%x: tensor<2x3x5xf32>, %w: tensor<7x5xf32>) -> tensor<2x3x7xf32> {
  %y = hadal.linear %x weights(%w : tensor<7x5xf32>) : tensor<2x3x5xf32> -> tensor<2x3x7xf32>
  return %y : tensor<2x3x7xf32>
}

// CHECK-COUNT-8: hadal.matmul gradient of operand
func.func @matmul(%a: tensor<3x5xf32>, %b: tensor<5x2xf32>, %c: tensor<2x5xf32>, %d: tensor<3x4xf32>, %e: tensor<4x3xf32>)
    -> (tensor<3x2xf32>, tensor<3x2xf32>, tensor<5x4xf32>, tensor<5x4xf32>) {
  %p = hadal.matmul %a, %b : (tensor<3x5xf32>, tensor<5x2xf32>) -> tensor<3x2xf32>
  %q = hadal.matmul %a, %c {transpose_rhs} : (tensor<3x5xf32>, tensor<2x5xf32>) -> tensor<3x2xf32>
  %r = hadal.matmul %a, %d {transpose_lhs} : (tensor<3x5xf32>, tensor<3x4xf32>) -> tensor<5x4xf32>
  %s = hadal.matmul %a, %e {transpose_lhs, transpose_rhs} : (tensor<3x5xf32>, tensor<4x3xf32>) -> tensor<5x4xf32>
  return %p, %q, %r, %s : tensor<3x2xf32>, tensor<3x2xf32>, tensor<5x4xf32>, tensor<5x4xf32>
}

// CHECK: hadal.swiglu gradient of operand #0: relative error
// CHECK: hadal.swiglu gradient of operand #1: relative error
func.func @swiglu(%gate: tensor<2x3x5xf32>, %up: tensor<2x3x5xf32>) -> tensor<2x3x5xf32> {
  %y = hadal.swiglu %gate, %up : tensor<2x3x5xf32>
  return %y : tensor<2x3x5xf32>
}

// The parts alone, with the others' gradients null, as well as together.
// CHECK-COUNT-4: hadal.split gradient of operand #0: relative error
// CHECK-COUNT-2: hadal.concat gradient of operand
func.func @split_concat(%x: tensor<2x3x6xf32>) -> (tensor<2x3x2xf32>, tensor<2x3x4xf32>) {
  %a, %b, %c = hadal.split %x : tensor<2x3x6xf32> -> tensor<2x3x1xf32>, tensor<2x3x2xf32>, tensor<2x3x3xf32>
  %y = hadal.concat %c, %a : tensor<2x3x3xf32>, tensor<2x3x1xf32> -> tensor<2x3x4xf32>
  return %b, %y : tensor<2x3x2xf32>, tensor<2x3x4xf32>
}

// CHECK: hadal.rms_norm gradient of operand #0: relative error
// CHECK: hadal.rms_norm gradient of operand #1: relative error
func.func @rms_norm(%x: tensor<2x3x5xf32>, %w: tensor<5xf32>) -> tensor<2x3x5xf32> {
  %y = hadal.rms_norm %x weights(%w : tensor<5xf32>) {eps = 0.0078125 : f64} : tensor<2x3x5xf32>
  return %y : tensor<2x3x5xf32>
}

// CHECK-COUNT-2: hadal.row_reduce gradient of operand #0: relative error
func.func @row_reduce(%x: tensor<2x3x5xf32>) -> (tensor<2x3x1xf32>, tensor<2x3x1xf32>) {
  %a = hadal.row_reduce add %x : tensor<2x3x5xf32> -> tensor<2x3x1xf32>
  %m = hadal.row_reduce maximum %x : tensor<2x3x5xf32> -> tensor<2x3x1xf32>
  return %a, %m : tensor<2x3x1xf32>, tensor<2x3x1xf32>
}

// CHECK: hadal.expand gradient of operand #0: relative error
func.func @expand(%column: tensor<2x3x1xf32>) -> tensor<2x3x5xf32> {
  %a = hadal.expand %column : tensor<2x3x1xf32> -> tensor<2x3x5xf32>
  return %a : tensor<2x3x5xf32>
}

// With YaRN: the factor on cosine and sine is part of the gradient.
// CHECK-COUNT-3: hadal.rope gradient of operand #0: relative error
func.func @rope(%x: tensor<2x3x10xf32>) -> (tensor<2x3x10xf32>, tensor<2x3x10xf32>) {
  %a = hadal.rope %x {heads = 2 : i64, rope = #hadal.rope<theta = 100.0, dim = 4>} : tensor<2x3x10xf32>
  %b = hadal.rope %x {heads = 1 : i64, rope = #hadal.rope<theta = 100.0, dim = 8, layout = half, yarn = <factor = 4.0,
       original_length = 64, mscale = 1.0, mscale_all_dim = 0.5>>} : tensor<2x3x10xf32>
  %c = hadal.rope %a {heads = 2 : i64, rope = #hadal.rope<theta = 100.0, dim = 4>, inverse} : tensor<2x3x10xf32>
  return %b, %c : tensor<2x3x10xf32>, tensor<2x3x10xf32>
}

// CHECK: hadal.attention gradient of operand #0: relative error
// CHECK: hadal.attention gradient of operand #1: relative error
// CHECK: hadal.attention gradient of operand #2: relative error
func.func @attention(%q: tensor<2x5x15xf32>, %kv: tensor<2x5x21xf32>, %k: tensor<2x5x2xf32>) -> tensor<2x5x12xf32> {
  %o, %l = hadal.attention %q, %kv, %k {heads = 3 : i64, nope = 3 : i64, value = 4 : i64, scale = 0.7 : f64}
           : (tensor<2x5x15xf32>, tensor<2x5x21xf32>, tensor<2x5x2xf32>) -> (tensor<2x5x12xf32>, tensor<2x3x5xf32>)
  return %o : tensor<2x5x12xf32>
}

// Positions and key lengths have no gradient. Two queries stand at one position, one is no token's, and one sample has
// fewer keys than its queries could see.
// CHECK-COUNT-2: hadal.rope gradient of operand #0: relative error
// CHECK: hadal.attention gradient of operand #0: relative error
// CHECK: hadal.attention gradient of operand #1: relative error
// CHECK: hadal.attention gradient of operand #2: relative error
func.func @positions(%x: tensor<2x3x15xf32>, %kv: tensor<2x5x21xf32>, %k: tensor<2x5x2xf32>,
                     %p: tensor<2x3xi32> {hadal.value = dense<[[3, 7, 3], [4, 0, 1]]> : tensor<2x3xi32>},
                     %s: tensor<2x3xi32> {hadal.value = dense<[[3, 7, 3], [4, -1, 1]]> : tensor<2x3xi32>},
                     %n: tensor<2xi32> {hadal.value = dense<[9, 3]> : tensor<2xi32>})
    -> (tensor<2x3x12xf32>, tensor<2x3x15xf32>) {
  %q = hadal.rope %x positions(%p : tensor<2x3xi32>) {heads = 3 : i64, position_limit = 8,
       rope = #hadal.rope<theta = 100.0, dim = 2>} : tensor<2x3x15xf32>
  %r = hadal.rope %q positions(%p : tensor<2x3xi32>) {heads = 3 : i64, position_limit = 8, inverse,
       rope = #hadal.rope<theta = 100.0, dim = 2>} : tensor<2x3x15xf32>
  %o, %l = hadal.attention %q, %kv, %k positions(%s) key_lengths(%n) {heads = 3 : i64, nope = 3 : i64, value = 4 : i64, scale = 0.7 : f64}
           : (tensor<2x3x15xf32>, tensor<2x5x21xf32>, tensor<2x5x2xf32>, tensor<2x3xi32>, tensor<2xi32>) -> (tensor<2x3x12xf32>, tensor<2x3x3xf32>)
  return %o, %r : tensor<2x3x12xf32>, tensor<2x3x15xf32>
}

// CHECK-COUNT-3: hadal.router gradient of operand #0: relative error
func.func @router(%z: tensor<2x5x8xf32>, %bias: tensor<8xf32>) -> (tensor<2x5x3xf32>, tensor<2x5x3xf32>, tensor<2x5x2xf32>) {
  %i, %w, %load = hadal.router sigmoid %z weights(%bias : tensor<8xf32>) {top_k = 3 : i64, groups = 4 : i64,
                  top_groups = 2 : i64, normalize, scale = 2.5 : f64}
                  : tensor<2x5x8xf32> -> tensor<2x5x3xi32>, tensor<2x5x3xf32>, tensor<8xf32>
  %i2, %w2, %load2 = hadal.router softmax %z {top_k = 3 : i64, normalize, scale = 1.5 : f64}
                  : tensor<2x5x8xf32> -> tensor<2x5x3xi32>, tensor<2x5x3xf32>, tensor<8xf32>
  %i3, %w3, %load3 = hadal.router softmax %z {top_k = 2 : i64}
                  : tensor<2x5x8xf32> -> tensor<2x5x2xi32>, tensor<2x5x2xf32>, tensor<8xf32>
  return %w, %w2, %w3 : tensor<2x5x3xf32>, tensor<2x5x3xf32>, tensor<2x5x2xf32>
}

// CHECK-COUNT-2: hadal.sequence_balance_loss gradient of operand #0: relative error
// CHECK-COUNT-2: hadal.variance_balance_loss gradient of operand #0: relative error
func.func @balance(%z: tensor<2x5x7xf32>) -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %a = hadal.sequence_balance_loss sigmoid %z {top_k = 3 : i64} : tensor<2x5x7xf32>
  %b = hadal.sequence_balance_loss softmax %z {top_k = 3 : i64} : tensor<2x5x7xf32>
  %c = hadal.variance_balance_loss sigmoid %z : tensor<2x5x7xf32>
  %d = hadal.variance_balance_loss softmax %z : tensor<2x5x7xf32>
  return %a, %b, %c, %d : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

// Six experts for ten choices: some have no rows.
// CHECK: hadal.gather_rows gradient of operand #0: relative error
// CHECK: hadal.grouped_matmul gradient of operand #0: relative error
// CHECK: hadal.grouped_matmul gradient of operand #1: relative error
// CHECK: hadal.grouped_matmul gradient of operand #0: relative error
// CHECK: hadal.grouped_matmul gradient of operand #1: relative error
// CHECK: hadal.combine_rows gradient of operand #0: relative error
// CHECK: hadal.combine_rows gradient of operand #3: relative error
// CHECK: hadal.combine_rows gradient of operand #0: relative error
func.func @experts(%x: tensor<1x5x3xf32>, %i: tensor<1x5x2xi32> {hadal.range = [0, 6]}, %w: tensor<1x5x2xf32>,
                   %up: tensor<6x4x3xf32>, %down: tensor<6x4x3xf32>) -> (tensor<1x5x3xf32>, tensor<1x5x3xf32>) {
  %p, %rows, %o = hadal.dispatch %i : tensor<1x5x2xi32> -> tensor<10xi32>, tensor<1x5x2xi32>, tensor<7xi32>
  %g = hadal.gather_rows %x, %p, %rows
       : (tensor<1x5x3xf32>, tensor<10xi32>, tensor<1x5x2xi32>) -> tensor<10x3xf32>
  %h = hadal.grouped_matmul %g, %up, %o {transpose_rhs}
       : (tensor<10x3xf32>, tensor<6x4x3xf32>, tensor<7xi32>) -> tensor<10x4xf32>
  %d = hadal.grouped_matmul %h, %down, %o : (tensor<10x4xf32>, tensor<6x4x3xf32>, tensor<7xi32>) -> tensor<10x3xf32>
  %y = hadal.combine_rows %d, %rows, %p weighted(%w)
       : (tensor<10x3xf32>, tensor<1x5x2xi32>, tensor<10xi32>, tensor<1x5x2xf32>) -> tensor<1x5x3xf32>
  %z = hadal.combine_rows %g, %rows, %p : (tensor<10x3xf32>, tensor<1x5x2xi32>, tensor<10xi32>) -> tensor<1x5x3xf32>
  return %y, %z : tensor<1x5x3xf32>, tensor<1x5x3xf32>
}

// CHECK: hadal.cross_entropy gradient of operand #0: relative error
// CHECK: hadal.cross_entropy gradient of operand #2: relative error
func.func @cross_entropy(%h: tensor<2x3x4xf32>, %t: tensor<2x3xi32> {hadal.range = [0, 7]}, %w: tensor<7x4xf32>) -> tensor<f32> {
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<7x4xf32>) {vocabulary = 7 : i64} : tensor<2x3x4xf32>, tensor<2x3xi32>
  return %l : tensor<f32>
}
