// Model operations in program operations.
// RUN: hadal-opt %s --hadal-decompose | FileCheck %s

// CHECK-LABEL: func.func @attention
// CHECK-SAME: %[[Q:.*]]: tensor<2x3x12xf32>, %[[L:.*]]: tensor<2x3x7xf32>, %[[UP:.*]]: tensor<12x5xf32>, %[[W:.*]]: tensor<5xf32>
func.func @attention(%q: tensor<2x3x12xf32>, %l: tensor<2x3x7xf32>, %up: tensor<12x5xf32>, %w: tensor<5xf32>)
    -> tensor<2x3x4xf32> {
  // CHECK: %[[S:.*]]:2 = hadal.split %[[L]] : tensor<2x3x7xf32> -> tensor<2x3x5xf32>, tensor<2x3x2xf32>
  // CHECK: %[[N:.*]] = hadal.rms_norm %[[S]]#0 weights(%[[W]] : tensor<5xf32>)
  // CHECK: %[[KV:.*]] = hadal.linear %[[N]] weights(%[[UP]] : tensor<12x5xf32>)
  // CHECK: %[[RQ:.*]] = hadal.rope %[[Q]] {heads = 2
  // CHECK: %[[RK:.*]] = hadal.rope %[[S]]#1 {heads = 1
  // CHECK: hadal.attention %[[RQ]], %[[KV]], %[[RK]] {heads = 2 : i64, nope = 4 : i64, scale = 0.408{{[0-9]*}} : f64, value = 2 : i64}
  %0 = hadal.mla_attention %q, %l weights(%up, %w : tensor<12x5xf32>, tensor<5xf32>)
    {heads = 2, nope = 4, value = 2, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6}
    : tensor<2x3x12xf32>, tensor<2x3x7xf32> -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @gated_mlp
func.func @gated_mlp(%x: tensor<2x3x4xf32>, %g: tensor<6x4xf32>, %u: tensor<6x4xf32>, %d: tensor<4x6xf32>)
    -> tensor<2x3x4xf32> {
  // CHECK: %[[G:.*]] = hadal.linear %[[X:.*]] weights(%{{.*}} : tensor<6x4xf32>)
  // CHECK: %[[U:.*]] = hadal.linear %[[X]] weights(%{{.*}} : tensor<6x4xf32>)
  // CHECK: %[[A:.*]] = hadal.swiglu %[[G]], %[[U]]
  // CHECK: hadal.linear %[[A]]
  %0 = hadal.gated_mlp %x weights(%g, %u, %d : tensor<6x4xf32>, tensor<6x4xf32>, tensor<4x6xf32>) {width = 6}
    : tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @experts
func.func @experts(%x: tensor<2x3x4xf32>, %i: tensor<2x3x2xi32>, %w: tensor<2x3x2xf32>, %g: tensor<8x5x4xf32>,
                   %u: tensor<8x5x4xf32>, %d: tensor<8x4x5xf32>) -> tensor<2x3x4xf32> {
  // CHECK: %[[P:.*]], %[[R:.*]], %[[O:.*]] = hadal.dispatch %{{.*}} -> tensor<12xi32>, tensor<2x3x2xi32>, tensor<9xi32>
  // CHECK: %[[S:.*]] = hadal.gather_rows %{{.*}}, %[[P]], %[[R]]
  // CHECK: %[[G:.*]] = hadal.grouped_matmul %[[S]], %{{.*}}, %[[O]] {transpose_rhs}
  // CHECK: %[[U:.*]] = hadal.grouped_matmul %[[S]], %{{.*}}, %[[O]] {transpose_rhs}
  // CHECK: %[[A:.*]] = hadal.swiglu %[[G]], %[[U]]
  // CHECK: %[[D:.*]] = hadal.grouped_matmul %[[A]], %{{.*}}, %[[O]] {transpose_rhs}
  // CHECK: hadal.combine_rows %[[D]], %[[R]], %[[P]] weighted(%{{.*}})
  %0 = hadal.experts %x, %i, %w weights(%g, %u, %d : tensor<8x5x4xf32>, tensor<8x5x4xf32>, tensor<8x4x5xf32>)
    {count = 8, width = 5} : tensor<2x3x4xf32>, tensor<2x3x2xi32>, tensor<2x3x2xf32>
  return %0 : tensor<2x3x4xf32>
}

// CHECK-LABEL: func.func @mtp_merge
// CHECK-SAME: %[[H:.*]]: tensor<2x3x4xf32>, %[[E:.*]]: tensor<2x3x4xf32>
func.func @mtp_merge(%h: tensor<2x3x4xf32>, %e: tensor<2x3x4xf32>, %en: tensor<4xf32>, %hn: tensor<4xf32>,
                     %p: tensor<4x8xf32>) -> tensor<2x3x4xf32> {
  // CHECK: %[[NE:.*]] = hadal.rms_norm %[[E]]
  // CHECK: %[[NH:.*]] = hadal.rms_norm %[[H]]
  // CHECK: %[[C:.*]] = hadal.concat %[[NE]], %[[NH]]
  // CHECK: hadal.linear %[[C]]
  %0 = hadal.mtp_merge %h, %e weights(%en, %hn, %p : tensor<4xf32>, tensor<4xf32>, tensor<4x8xf32>) {eps = 1.0e-6}
    : tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}
