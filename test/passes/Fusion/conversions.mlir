// Roundings join the kernels that make what they round, widenings are done again by every kernel that reads through them, and
// only parameters are rounded by kernels of their own.
// RUN: hadal-opt %s --hadal-lower-precision=precision=bf16 --hadal-fuse | FileCheck %s

// CHECK-LABEL: func.func @block
// CHECK-NEXT: %[[Y:.*]] = hadal.launch @rms_norm_16x16_{{[0-9a-f]+}}(%arg0, %arg1) : {{.*}} -> tensor<2x8x16xbf16>
// CHECK-NEXT: %[[WG:.*]] = hadal.launch @truncf_32x16_{{[0-9a-f]+}}(%arg2)
// CHECK-NEXT: %[[G:.*]] = hadal.launch @linear_16x16x32_{{[0-9a-f]+}}(%[[Y]], %[[WG]]) : {{.*}} -> tensor<2x8x32xbf16>
// CHECK-NEXT: %[[WU:.*]] = hadal.launch @truncf_32x16_{{[0-9a-f]+}}(%arg3)
// CHECK-NEXT: %[[H:.*]] = hadal.launch @linear_extf_swiglu_truncf_16x16x32_{{[0-9a-f]+}}(%[[Y]], %[[WU]], %[[G]]) : {{.*}} -> tensor<2x8x32xbf16>
// CHECK-NEXT: %[[WD:.*]] = hadal.launch @truncf_16x32_{{[0-9a-f]+}}(%arg4)
// CHECK-NEXT: %[[R:.*]] = hadal.launch @linear_addf_16x32x16_{{[0-9a-f]+}}(%[[H]], %[[WD]], %arg0) : {{.*}} -> tensor<2x8x16xf32>
// CHECK-NEXT: return %[[R]]
func.func @block(%x: tensor<2x8x16xf32>, %n: tensor<16xf32>, %wg: tensor<32x16xf32>, %wu: tensor<32x16xf32>, %wd: tensor<16x32xf32>) -> tensor<2x8x16xf32> {
  %y = hadal.rms_norm %x weights(%n : tensor<16xf32>) {eps = 1.0e-6} : tensor<2x8x16xf32>
  %g = hadal.linear %y weights(%wg : tensor<32x16xf32>) : tensor<2x8x16xf32> -> tensor<2x8x32xf32>
  %u = hadal.linear %y weights(%wu : tensor<32x16xf32>) : tensor<2x8x16xf32> -> tensor<2x8x32xf32>
  %h = hadal.swiglu %g, %u : tensor<2x8x32xf32>
  %d = hadal.linear %h weights(%wd : tensor<16x32xf32>) : tensor<2x8x32xf32> -> tensor<2x8x16xf32>
  %r = arith.addf %x, %d : tensor<2x8x16xf32>
  return %r : tensor<2x8x16xf32>
}

// CHECK-LABEL: func.func @combine
// CHECK: %[[Y:.*]] = hadal.launch @grouped_matmul_transpose_rhs_12x8x8_{{[0-9a-f]+}}({{.*}} -> tensor<12x8xbf16>
// CHECK-NEXT: hadal.launch @extf_combine_rows_12x8x8_{{[0-9a-f]+}}(%[[Y]], %arg3, %arg4, %arg5) : {{.*}} -> tensor<1x6x8xf32>
// CHECK-NEXT: %[[D:.*]]:2 = hadal.launch @extf_combine_rows_gradient_truncf_12x8_{{[0-9a-f]+}}(%[[Y]], {{.*}} -> (tensor<1x6x2xf32>, tensor<12x8xbf16>)
// CHECK-NEXT: hadal.launch @grouped_matmul_12x8x8_{{[0-9a-f]+}}(%[[D]]#1, {{.*}} -> tensor<12x8xf32>
func.func @combine(%x: tensor<12x8xf32>, %w: tensor<4x8x8xf32>, %o: tensor<5xi32>, %r: tensor<1x6x2xi32>, %p: tensor<12xi32>, %s: tensor<1x6x2xf32>, %dy: tensor<1x6x8xf32>) -> (tensor<1x6x8xf32>, tensor<1x6x2xf32>, tensor<12x8xf32>) {
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<12x8xf32>, tensor<4x8x8xf32>, tensor<5xi32>) -> tensor<12x8xf32>
  %c = hadal.combine_rows %y, %r, %p weighted(%s) : (tensor<12x8xf32>, tensor<1x6x2xi32>, tensor<12xi32>, tensor<1x6x2xf32>) -> tensor<1x6x8xf32>
  %d, %ds = hadal.combine_rows_gradient %y, %p, %s, %dy : (tensor<12x8xf32>, tensor<12xi32>, tensor<1x6x2xf32>, tensor<1x6x8xf32>) -> (tensor<12x8xf32>, tensor<1x6x2xf32>)
  %dx = hadal.grouped_matmul %d, %w, %o : (tensor<12x8xf32>, tensor<4x8x8xf32>, tensor<5xi32>) -> tensor<12x8xf32>
  return %c, %ds, %dx : tensor<1x6x8xf32>, tensor<1x6x2xf32>, tensor<12x8xf32>
}
