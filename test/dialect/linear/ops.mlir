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
