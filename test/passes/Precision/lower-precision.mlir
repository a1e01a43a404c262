// Factors are rounded once each, results are rounded where they are read as activations and stay f32 where they join a sum, and a
// product that asks for f32 keeps it.
// RUN: hadal-opt %s --hadal-lower-precision=precision=bf16 | FileCheck %s
// RUN: hadal-opt %s --hadal-lower-precision=precision=f32 | FileCheck %s --check-prefix=F32
// RUN: not hadal-opt %s --hadal-lower-precision=precision=int8 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// UNKNOWN: error: unknown precision 'int8'; known precisions: f32, bf16
// F32-NOT: bf16
// F32-NOT: compute

// An activation between two products is bf16; a parameter is rounded before its first reader, once for forward and backward.
// CHECK-LABEL: func.func @products
// CHECK-NEXT: %[[X:.*]] = arith.truncf %arg0 : tensor<2x3x8xf32> to tensor<2x3x8xbf16>
// CHECK-NEXT: %[[W:.*]] = arith.truncf %arg1 : tensor<8x8xf32> to tensor<8x8xbf16>
// CHECK-NEXT: %[[Y:.*]] = hadal.linear %[[X]] weights(%[[W]] : tensor<8x8xbf16>) : tensor<2x3x8xbf16> -> tensor<2x3x8xbf16>
// CHECK-NEXT: %[[Z:.*]] = hadal.linear %[[Y]] weights(%[[W]] : tensor<8x8xbf16>) : tensor<2x3x8xbf16> -> tensor<2x3x8xf32>
// CHECK-NEXT: %[[SUM:.*]] = arith.addf %arg0, %[[Z]] : tensor<2x3x8xf32>
// CHECK-NEXT: %[[D:.*]] = arith.truncf %[[SUM]]
// CHECK-NEXT: %[[DW:.*]] = hadal.matmul %[[D]], %[[Y]] {transpose_lhs} : (tensor<2x3x8xbf16>, tensor<2x3x8xbf16>) -> tensor<8x8xf32>
// CHECK-NEXT: arith.addf %arg2, %[[DW]] : tensor<8x8xf32>
func.func @products(%x: tensor<2x3x8xf32>, %w: tensor<8x8xf32>, %g: tensor<8x8xf32>) -> (tensor<2x3x8xf32>, tensor<8x8xf32>) {
  %y = hadal.linear %x weights(%w : tensor<8x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %z = hadal.linear %y weights(%w : tensor<8x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %sum = arith.addf %x, %z : tensor<2x3x8xf32>
  %dw = hadal.matmul %sum, %y {transpose_lhs} : (tensor<2x3x8xf32>, tensor<2x3x8xf32>) -> tensor<8x8xf32>
  %new = arith.addf %g, %dw : tensor<8x8xf32>
  return %sum, %new : tensor<2x3x8xf32>, tensor<8x8xf32>
}

// What computes along rows reads a rounded result widened, and its own result is rounded for the next product.
// CHECK-LABEL: func.func @norm
// CHECK: %[[Y:.*]] = hadal.linear {{.*}} -> tensor<2x3x8xbf16>
// CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[Y]]
// CHECK-NEXT: %[[N:.*]] = hadal.rms_norm %[[WIDE]] {{.*}} : tensor<2x3x8xf32>
// CHECK-NEXT: %[[ROUNDED:.*]] = arith.truncf %[[N]]
// CHECK-NEXT: hadal.linear %[[ROUNDED]]
func.func @norm(%x: tensor<2x3x8xf32>, %w: tensor<8x8xf32>, %n: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %y = hadal.linear %x weights(%w : tensor<8x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %z = hadal.rms_norm %y weights(%n : tensor<8xf32>) {eps = 1.0e-6} : tensor<2x3x8xf32>
  %r = hadal.linear %z weights(%w : tensor<8x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  return %r : tensor<2x3x8xf32>
}

// CHECK-LABEL: func.func @gate
// CHECK-NEXT: hadal.linear %arg0 weights(%arg1 : tensor<4x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x4xf32>
func.func @gate(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>) -> tensor<2x3x4xf32> {
  %y = hadal.linear %x weights(%w : tensor<4x8xf32>) {compute = f32} : tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// Rows are rounded before they are gathered; combining widens them.
// CHECK-LABEL: func.func @experts
// CHECK-NEXT: %[[X:.*]] = arith.truncf %arg0 : tensor<1x6x8xf32> to tensor<1x6x8xbf16>
// CHECK-NEXT: %[[ROWS:.*]] = hadal.gather_rows %[[X]], {{.*}} -> tensor<12x8xbf16>
// CHECK-NEXT: %[[W:.*]] = arith.truncf %arg3
// CHECK-NEXT: %[[Y:.*]] = hadal.grouped_matmul %[[ROWS]], %[[W]], %arg4 {{.*}} -> tensor<12x8xbf16>
// CHECK-NEXT: %[[WIDE:.*]] = arith.extf %[[Y]]
// CHECK-NEXT: hadal.combine_rows %[[WIDE]]
func.func @experts(%x: tensor<1x6x8xf32>, %p: tensor<12xi32>, %r: tensor<1x6x2xi32>, %w: tensor<4x8x8xf32>, %o: tensor<5xi32>) -> tensor<1x6x8xf32> {
  %g = hadal.gather_rows %x, %p, %r : (tensor<1x6x8xf32>, tensor<12xi32>, tensor<1x6x2xi32>) -> tensor<12x8xf32>
  %y = hadal.grouped_matmul %g, %w, %o {transpose_rhs} : (tensor<12x8xf32>, tensor<4x8x8xf32>, tensor<5xi32>) -> tensor<12x8xf32>
  %c = hadal.combine_rows %y, %r, %p : (tensor<12x8xf32>, tensor<1x6x2xi32>, tensor<12xi32>) -> tensor<1x6x8xf32>
  return %c : tensor<1x6x8xf32>
}

// The statistics of attention stay f32.
// CHECK-LABEL: func.func @attention
// CHECK: hadal.attention {{.*}} : (tensor<2x3x12xbf16>, tensor<2x3x14xbf16>, tensor<2x3x2xbf16>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
func.func @attention(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>) {
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  return %y, %l : tensor<2x3x6xf32>, tensor<2x2x3xf32>
}

// CHECK-LABEL: func.func @head
// CHECK: hadal.cross_entropy_gradient {{.*}} -> (tensor<f32>, tensor<2x3x8xbf16>, tensor<5x8xf32>)
func.func @head(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>, %n: tensor<8xf32>, %s: tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>) {
  %l, %dh, %dw = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x8xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>)
  %d = hadal.rms_norm_gradient %h, %n, %dh {eps = 1.0e-6} : tensor<2x3x8xf32>, tensor<8xf32>
  return %l, %d, %dw : tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>
}
