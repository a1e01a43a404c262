// What joins what: the sum into a gradient joins its product, SwiGLU and the loss scale join the contraction before them,
// gathered rows are read through, equal norms are the same kernel, and results are tied.
// RUN: hadal-opt %s --hadal-fuse=print-fusion=1 2> %t.report | FileCheck %s
// RUN: FileCheck %s --check-prefix=REPORT < %t.report

// CHECK-LABEL: func.func @accumulate
// CHECK: %[[NORM:.*]] = hadal.launch @rms_norm_16x16_{{[0-9a-f]+}}(%arg0, %arg2)
// CHECK: %[[GATE:.*]] = hadal.launch @linear_mulf_16x16x32_{{[0-9a-f]+}}(%[[NORM]], %arg1, %arg8)
// CHECK: %[[H:.*]] = hadal.launch @linear_swiglu_16x16x32_{{[0-9a-f]+}}(%arg0, %arg1, %[[GATE]])
// CHECK: %[[AGAIN:.*]] = hadal.launch @rms_norm_16x16_{{[0-9a-f]+}}(%arg0, %arg2)
// CHECK: %[[DW:.*]] = hadal.launch @matmul_transpose_lhs_accumulate_16x32x16_{{[0-9a-f]+}}(%[[H]], %[[AGAIN]], %arg5, %arg8) {tied = array<i64: 2>}
// CHECK: %[[DN:.*]] = hadal.launch @rms_norm_weight_gradient_accumulate_16x16x16_{{[0-9a-f]+}}(%arg0, %[[NORM]], %arg6, %arg8) {tied = array<i64: 2>}
// CHECK: %[[ROUTE:.*]]:3 = hadal.launch @dispatch_16x2x32_{{[0-9a-f]+}}(%arg4)
// CHECK: hadal.launch @grouped_matmul_transpose_rhs_32x16x32_{{[0-9a-f]+}}(%arg0, %[[ROUTE]]#0, %[[ROUTE]]#1, %arg3, %[[ROUTE]]#2)
// CHECK: %[[DE:.*]] = hadal.launch @grouped_outer_product_addf_32x32x16_{{[0-9a-f]+}}({{.*}}, %arg7) {tied = array<i64: 5>}
// CHECK: %[[LOSS:.*]] = hadal.launch @squared_norm_16x32_{{[0-9a-f]+}}(%[[H]])
// A value that is returned twice is made once.
// CHECK-NOT: hadal.launch
// CHECK: return %[[LOSS]], %[[LOSS]], %[[DW]], %[[DN]], %[[DE]]

// A kernel keeps what fusion knows of it.
// CHECK: hadal.kernel contraction @linear_mulf_16x16x32_{{[0-9a-f]+}}(
// CHECK-SAME: parts = #hadal.parts<anchor = 0, prologue = [], arguments = [anchor, anchor, number]>
// CHECK-NEXT: hadal.linear
// CHECK-NEXT: hadal.expand %{{.*}} : tensor<f32> -> tensor<2x8x32xf32>
// CHECK-NEXT: arith.mulf
// CHECK-NEXT: hadal.yield
// CHECK: hadal.kernel contraction @grouped_matmul_transpose_rhs_32x16x32_{{[0-9a-f]+}}(
// CHECK-SAME: parts = #hadal.parts<anchor = 1, prologue = [0], arguments = [gathered, anchor, anchor, anchor, anchor]>
// CHECK-NEXT: hadal.gather_rows
// CHECK-NEXT: hadal.grouped_matmul

// REPORT: @rms_norm_16x16_{{[0-9a-f]+}} (rowwise): hadal.rms_norm; reads 1.1 KiB, writes 1.0 KiB, saves 0 B; {{.*}} (memory {{.*}}, arithmetic {{.*}}, launch 0.5 µs); 2 launches
// REPORT: @matmul_transpose_lhs_accumulate_16x32x16_{{[0-9a-f]+}} (contraction): hadal.matmul, hadal.accumulate; reads 5.0 KiB, writes 2.0 KiB, saves 4.0 KiB; {{.*}}; 1 launch
// REPORT: 9 kernels, 10 launches; {{.*}} saved by fusion; {{.*}} µs
// REPORT: not fused:
// REPORT: @linear_mulf_16x16x32_{{[0-9a-f]+}} -> @linear_swiglu_16x16x32_{{[0-9a-f]+}}: a kernel of the kind contraction reads it from memory
hadal.parameter @w1 normal {std = 0.02} : tensor<32x16xf32>
hadal.parameter @n1 ones : tensor<16xf32>
hadal.parameter @e ones : tensor<4x32x16xf32>
func.func @accumulate(%x: tensor<2x8x16xf32> {hadal.input = "tokens"}, %w: tensor<32x16xf32> {hadal.parameter = @w1}, %n: tensor<16xf32> {hadal.parameter = @n1},
   %e: tensor<4x32x16xf32> {hadal.parameter = @e}, %idx: tensor<2x8x2xi32>,
   %gw: tensor<32x16xf32> {hadal.gradient = @w1}, %gn: tensor<16xf32> {hadal.gradient = @n1}, %ge: tensor<4x32x16xf32> {hadal.gradient = @e}, %s: tensor<f32> {hadal.scalar = "loss_scale"})
   -> (tensor<f32> {hadal.result = "loss"}, tensor<f32> {hadal.result = "loss.main"}, tensor<32x16xf32> {hadal.tied = 5 : index}, tensor<16xf32> {hadal.tied = 6 : index}, tensor<4x32x16xf32> {hadal.tied = 7 : index}) {
  %y = hadal.rms_norm %x weights(%n : tensor<16xf32>) {eps = 1.0e-6} : tensor<2x8x16xf32>
  %z = hadal.linear %y weights(%w : tensor<32x16xf32>) : tensor<2x8x16xf32> -> tensor<2x8x32xf32>
  %b = hadal.expand %s : tensor<f32> -> tensor<2x8x32xf32>
  %zz = arith.mulf %z, %b : tensor<2x8x32xf32>
  %z2 = hadal.linear %x weights(%w : tensor<32x16xf32>) : tensor<2x8x16xf32> -> tensor<2x8x32xf32>
  %h = hadal.swiglu %zz, %z2 : tensor<2x8x32xf32>
  %d = hadal.rms_norm %x weights(%n : tensor<16xf32>) {eps = 1.0e-6} : tensor<2x8x16xf32>
  %dw = hadal.matmul %h, %d {transpose_lhs} : (tensor<2x8x32xf32>, tensor<2x8x16xf32>) -> tensor<32x16xf32>
  %gw1 = hadal.accumulate %gw, %dw if %s : tensor<32x16xf32>
  %dn = hadal.rms_norm_weight_gradient %x, %y {eps = 1.0e-6} : tensor<2x8x16xf32> -> tensor<16xf32>
  %gn1 = hadal.accumulate %gn, %dn if %s : tensor<16xf32>
  %pairs, %rows, %off = hadal.dispatch %idx : tensor<2x8x2xi32> -> tensor<32xi32>, tensor<2x8x2xi32>, tensor<5xi32>
  %g = hadal.gather_rows %x, %pairs, %rows : (tensor<2x8x16xf32>, tensor<32xi32>, tensor<2x8x2xi32>) -> tensor<32x16xf32>
  %m = hadal.grouped_matmul %g, %e, %off {transpose_rhs} : (tensor<32x16xf32>, tensor<4x32x16xf32>, tensor<5xi32>) -> tensor<32x32xf32>
  %de = hadal.grouped_outer_product %m, %g, %off : (tensor<32x32xf32>, tensor<32x16xf32>, tensor<5xi32>) -> tensor<4x32x16xf32>
  %ge1 = arith.addf %ge, %de : tensor<4x32x16xf32>
  %l = hadal.squared_norm %h : tensor<2x8x32xf32>
  return %l, %l, %gw1, %gn1, %ge1 : tensor<f32>, tensor<f32>, tensor<32x16xf32>, tensor<16xf32>, tensor<4x32x16xf32>
}
