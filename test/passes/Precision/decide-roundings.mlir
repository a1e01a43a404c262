// Which results are rounded is decided on @forward with everything that reads them there: %y by a product only, %z by a sum as
// well. What a program adds or leaves out changes nothing: @forward with the sum gone, which hadal-lower-precision alone would
// round, keeps %z as it was decided.
// RUN: hadal-opt %s --hadal-decide-roundings=precision=bf16 | FileCheck %s
// RUN: hadal-opt %s --hadal-decide-roundings=precision=f32 | FileCheck %s --check-prefix=F32
// RUN: hadal-opt %s --hadal-decide-roundings=precision=bf16 | sed '/arith.addf/d; s/return %.*/return %2 : tensor<2x3x8xf32>/; s/-> (tensor<2x3x8xf32>, tensor<2x3x8xf32>)/-> tensor<2x3x8xf32>/' > %t.mlir
// RUN: hadal-opt %t.mlir --hadal-lower-precision=precision=bf16 | FileCheck %s --check-prefix=KEPT
// RUN: sed 's/hadal.rounded_results = array<i64>//' %t.mlir | hadal-opt --hadal-lower-precision=precision=bf16 | FileCheck %s --check-prefix=UNDECIDED
// RUN: not hadal-opt %s --hadal-decide-roundings=precision=int8 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: echo 'module {}' | not hadal-opt --hadal-decide-roundings 2>&1 | FileCheck %s --check-prefix=FORWARD

// UNKNOWN: error: unknown precision 'int8'; known precisions: f32, bf16
// FORWARD: error: holds no function @forward: run hadal-bind-parameters first

// CHECK-LABEL: func.func @forward
// CHECK: hadal.linear %arg0 {{.*}} {hadal.rounded_results = array<i64: 0>}
// CHECK: hadal.linear %0 {{.*}} {hadal.rounded_results = array<i64>}
// CHECK: hadal.linear %1 {{.*}} {hadal.rounded_results = array<i64>}
// F32-COUNT-3: hadal.rounded_results = array<i64>}
// KEPT: hadal.linear {{.*}} -> tensor<2x3x8xbf16>
// KEPT: hadal.linear {{.*}} -> tensor<2x3x8xf32>
// KEPT-NOT: hadal.rounded_results
// UNDECIDED: hadal.linear {{.*}} -> tensor<2x3x8xbf16>
// UNDECIDED: hadal.linear {{.*}} -> tensor<2x3x8xbf16>
func.func @forward(%x: tensor<2x3x8xf32>, %w: tensor<8x8xf32>) -> (tensor<2x3x8xf32>, tensor<2x3x8xf32>) {
  %y = hadal.linear %x weights(%w : tensor<8x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %z = hadal.linear %y weights(%w : tensor<8x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %a = hadal.linear %z weights(%w : tensor<8x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  %sum = arith.addf %x, %z : tensor<2x3x8xf32>
  return %sum, %a : tensor<2x3x8xf32>, tensor<2x3x8xf32>
}
