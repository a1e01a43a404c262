// Rowwise operations over equally many rows join each other, whether the reader comes at once or after other kernels; other
// numbers of rows do not.
// RUN: hadal-opt %s --hadal-fuse | FileCheck %s

// The rotated key and the norm share the kernel of the split that feeds them.
// CHECK-LABEL: func.func @latent
// CHECK-COUNT-1: hadal.launch @split_rms_norm_rope
// CHECK-NOT: hadal.launch
// CHECK: return
func.func @latent(%x: tensor<2x8x24xf32>, %w: tensor<16xf32>) -> (tensor<2x8x16xf32>, tensor<2x8x8xf32>) {
  %c, %k = hadal.split %x : tensor<2x8x24xf32> -> tensor<2x8x16xf32>, tensor<2x8x8xf32>
  %n = hadal.rms_norm %c weights(%w : tensor<16xf32>) {eps = 1.0e-6} : tensor<2x8x16xf32>
  %r = hadal.rope %k {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 8>} : tensor<2x8x8xf32>
  return %n, %r : tensor<2x8x16xf32>, tensor<2x8x8xf32>
}

// The scaling waits for the product that its only reader needs as well.
// CHECK-LABEL: func.func @delayed
// CHECK: %[[P:.*]] = hadal.launch @linear_4x8x8_{{[0-9a-f]+}}(
// CHECK: hadal.launch @mulf_addf{{.*}}_4x8_{{[0-9a-f]+}}(
// CHECK-NOT: hadal.launch
// CHECK: return
func.func @delayed(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %s = arith.mulf %x, %x : tensor<4x8xf32>
  %p = hadal.linear %x weights(%w : tensor<8x8xf32>) : tensor<4x8xf32> -> tensor<4x8xf32>
  %r = arith.addf %s, %p : tensor<4x8xf32>
  return %r, %p : tensor<4x8xf32>, tensor<4x8xf32>
}

// CHECK-LABEL: func.func @different_rows
// CHECK-COUNT-2: hadal.launch @mulf
// CHECK: return
func.func @different_rows(%x: tensor<4x8xf32>, %y: tensor<2x8xf32>) -> (tensor<4x8xf32>, tensor<2x8xf32>) {
  %a = arith.mulf %x, %x : tensor<4x8xf32>
  %b = arith.mulf %y, %y : tensor<2x8xf32>
  return %a, %b : tensor<4x8xf32>, tensor<2x8xf32>
}

// A weight that is used twice adds to its gradient twice, in place both times.
// CHECK-LABEL: func.func @used_twice
// CHECK: %[[ONE:.*]] = hadal.launch @embedding_gradient_addf{{.*}}(%arg0, %arg1, %arg3) {tied = array<i64: 2>}
// CHECK: hadal.launch @embedding_gradient_addf{{.*}}(%arg0, %arg2, %[[ONE]]) {tied = array<i64: 2>}
func.func @used_twice(%t: tensor<2x4xi32>, %a: tensor<2x4x8xf32>, %b: tensor<2x4x8xf32>, %g: tensor<16x8xf32>)
    -> (tensor<16x8xf32> {hadal.tied = 3 : index}) {
  %da = hadal.embedding_gradient %t, %a : (tensor<2x4xi32>, tensor<2x4x8xf32>) -> tensor<16x8xf32>
  %db = hadal.embedding_gradient %t, %b : (tensor<2x4xi32>, tensor<2x4x8xf32>) -> tensor<16x8xf32>
  %g1 = arith.addf %g, %da : tensor<16x8xf32>
  %g2 = arith.addf %g1, %db : tensor<16x8xf32>
  return %g2 : tensor<16x8xf32>
}

// Positions that rows are told are one more operand; with one token per sample they may be what the kernel itself computes.
// CHECK-LABEL: func.func @told
// CHECK: hadal.launch @split_rms_norm_rope{{.*}}(%arg0, %arg1, %arg2)
// CHECK: hadal.launch @rope{{.*}}(%arg2, %arg3)
func.func @told(%x: tensor<4x1x80xf32>, %w: tensor<64xf32>, %p: tensor<4x1xi32>, %q: tensor<4x1x16xf32>)
    -> (tensor<4x1x64xf32>, tensor<4x1x16xf32>, tensor<4x1x16xf32>) {
  %a, %b = hadal.split %x : tensor<4x1x80xf32> -> tensor<4x1x64xf32>, tensor<4x1x16xf32>
  %n = hadal.rms_norm %a weights(%w : tensor<64xf32>) {eps = 1.0e-6} : tensor<4x1x64xf32>
  %r = hadal.rope %b positions(%p : tensor<4x1xi32>) {heads = 1, position_limit = 100, rope = #hadal.rope<theta = 1.0e4, dim = 16>} : tensor<4x1x16xf32>
  %d = arith.addi %p, %p : tensor<4x1xi32>
  %s = hadal.rope %q positions(%d : tensor<4x1xi32>) {heads = 1, position_limit = 100, rope = #hadal.rope<theta = 1.0e4, dim = 16>} : tensor<4x1x16xf32>
  return %n, %r, %s : tensor<4x1x64xf32>, tensor<4x1x16xf32>, tensor<4x1x16xf32>
}
