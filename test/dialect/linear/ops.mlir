// Embedding, linear layers, products and views: open and closed shapes, names and bound weights.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @embedding(
// CHECK: hadal.embedding
func.func @embedding(%t: tensor<?x?xi32>) {
  %y = hadal.embedding %t "model.embed_tokens.weight" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @embedding_bound(
// CHECK: hadal.embedding
func.func @embedding_bound(%t: tensor<2x3xi32>, %w: tensor<5x8xf32>) {
  %y = hadal.embedding %t weights(%w : tensor<5x8xf32>) {vocabulary = 5} : tensor<2x3xi32> -> tensor<2x3x8xf32>
  return
}

// CHECK-LABEL: @embedding_gradient(
// CHECK: hadal.embedding_gradient
func.func @embedding_gradient(%t: tensor<2x3xi32>, %g: tensor<2x3x8xf32>) {
  %y = hadal.embedding_gradient %t, %g : (tensor<2x3xi32>, tensor<2x3x8xf32>) -> tensor<5x8xf32>
  return
}

// CHECK-LABEL: @linear(
// CHECK: hadal.linear
func.func @linear(%x: tensor<?x?x8xf32>) {
  %y = hadal.linear %x "mlp.gate.weight" : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  return
}

// CHECK-LABEL: @linear_bound(
// CHECK: hadal.linear
func.func @linear_bound(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>) {
  %y = hadal.linear %x weights(%w : tensor<4x8xf32>) {compute = bf16} : tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  return
}

// CHECK-LABEL: @matmul(
// CHECK: hadal.matmul
func.func @matmul(%x: tensor<2x3x8xf32>, %w: tensor<8x4xf32>) {
  %y = hadal.matmul %x, %w : (tensor<2x3x8xf32>, tensor<8x4xf32>) -> tensor<2x3x4xf32>
  return
}

// CHECK-LABEL: @matmul_weight_gradient(
// CHECK: hadal.matmul
func.func @matmul_weight_gradient(%g: tensor<2x3x4xf32>, %x: tensor<2x3x8xf32>) {
  %y = hadal.matmul %g, %x {transpose_lhs} : (tensor<2x3x4xf32>, tensor<2x3x8xf32>) -> tensor<4x8xf32>
  return
}

// CHECK-LABEL: @matmul_transposed(
// CHECK: hadal.matmul
func.func @matmul_transposed(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>) {
  %y = hadal.matmul %x, %w {transpose_rhs} : (tensor<2x3x8xf32>, tensor<4x8xf32>) -> tensor<2x3x4xf32>
  return
}

// CHECK-LABEL: @swiglu(
// CHECK: hadal.swiglu
func.func @swiglu(%a: tensor<?x?x8xf32>, %b: tensor<?x?x8xf32>) {
  %y = hadal.swiglu %a, %b : tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @swiglu_gradient(
// CHECK: hadal.swiglu_gradient
func.func @swiglu_gradient(%a: tensor<2x3x8xf32>, %b: tensor<2x3x8xf32>, %g: tensor<2x3x8xf32>) {
  %y:2 = hadal.swiglu_gradient %a, %b, %g : tensor<2x3x8xf32>
  return
}

// CHECK-LABEL: @gated_mlp(
// CHECK: hadal.gated_mlp
func.func @gated_mlp(%x: tensor<?x?x8xf32>) {
  %y = hadal.gated_mlp %x "mlp" {width = 16} : tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @gated_mlp_bound(
// CHECK: hadal.gated_mlp
func.func @gated_mlp_bound(%x: tensor<2x3x8xf32>, %g: tensor<16x8xf32>, %u: tensor<16x8xf32>, %d: tensor<8x16xf32>) {
  %y = hadal.gated_mlp %x weights(%g, %u, %d : tensor<16x8xf32>, tensor<16x8xf32>, tensor<8x16xf32>) {width = 16} : tensor<2x3x8xf32>
  return
}

// CHECK-LABEL: @split(
// CHECK: hadal.split
func.func @split(%x: tensor<?x?x8xf32>) {
  %a, %b = hadal.split %x : tensor<?x?x8xf32> -> tensor<?x?x3xf32>, tensor<?x?x5xf32>
  return
}

// CHECK-LABEL: @concat(
// CHECK: hadal.concat
func.func @concat(%a: tensor<2x3x3xf32>, %b: tensor<2x3x5xf32>) {
  %y = hadal.concat %a, %b : tensor<2x3x3xf32>, tensor<2x3x5xf32> -> tensor<2x3x8xf32>
  return
}

// Factors of bf16, sums in f32, results in either type.
// CHECK-LABEL: @bf16(
// CHECK: hadal.linear %{{.*}} -> tensor<2x3x4xbf16>
// CHECK: hadal.linear %{{.*}} -> tensor<2x3x4xf32>
// CHECK: hadal.matmul %{{.*}} -> tensor<4x8xf32>
func.func @bf16(%x: tensor<2x3x8xbf16>, %w: tensor<4x8xbf16>) {
  %y = hadal.linear %x weights(%w : tensor<4x8xbf16>) : tensor<2x3x8xbf16> -> tensor<2x3x4xbf16>
  %z = hadal.linear %x weights(%w : tensor<4x8xbf16>) : tensor<2x3x8xbf16> -> tensor<2x3x4xf32>
  %d = hadal.matmul %y, %x {transpose_lhs} : (tensor<2x3x4xbf16>, tensor<2x3x8xbf16>) -> tensor<4x8xf32>
  return
}

// Heads of six channels, of which the first four meet a stretch of the rows of each head's matrix, and back to two channels.
// CHECK-LABEL: @head_matmul(
// CHECK: hadal.head_matmul %{{.*}} {count = 4 : i64, first = 1 : i64, heads = 3 : i64} : (tensor<2x1x18xbf16>, tensor<21x5xbf16>) -> tensor<2x1x15xf32>
// CHECK: hadal.head_matmul %{{.*}} {compute = f32, count = 2 : i64, first = 5 : i64, heads = 3 : i64, transpose_rhs} : {{.*}} -> tensor<2x1x6xf32>
func.func @head_matmul(%x: tensor<2x1x18xbf16>, %w: tensor<21x5xbf16>, %u: tensor<21x5xf32>) {
  %y = hadal.head_matmul %x, %w {heads = 3, first = 1, count = 4} : (tensor<2x1x18xbf16>, tensor<21x5xbf16>) -> tensor<2x1x15xf32>
  %z = hadal.head_matmul %y, %u {heads = 3, first = 5, count = 2, transpose_rhs, compute = f32} : (tensor<2x1x15xf32>, tensor<21x5xf32>) -> tensor<2x1x6xf32>
  return
}

// CHECK-LABEL: @counted_matmul(
// CHECK: hadal.counted_matmul %{{.*}} {transpose_rhs} : (tensor<2x9x5xf32>, tensor<7x5xf32>, tensor<2xi32>) -> tensor<2x9x7xf32>
// CHECK: hadal.counted_matmul %{{.*}} : (tensor<2x9x7xf32>, tensor<7x5xf32>, tensor<2xi32>) -> tensor<2x9x5xf32>
func.func @counted_matmul(%x: tensor<2x9x5xf32>, %w: tensor<7x5xf32>, %n: tensor<2xi32>) {
  %y = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<2x9x5xf32>, tensor<7x5xf32>, tensor<2xi32>) -> tensor<2x9x7xf32>
  %z = hadal.counted_matmul %y, %w, %n : (tensor<2x9x7xf32>, tensor<7x5xf32>, tensor<2xi32>) -> tensor<2x9x5xf32>
  return
}
