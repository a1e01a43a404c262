// Every kernel becomes an entry point of its own; what called it before is gone.
// RUN: hadal-opt %s --hadal-launch-kernels | FileCheck %s
// RUN: echo "module {}" | not hadal-opt --hadal-launch-kernels 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: holds no kernel

// CHECK: module attributes {hadal.program = "kernels"}
// CHECK: hadal.kernel rowwise @square
// CHECK-NOT: func.func @entry
// CHECK: func.func @square_entry(%[[A:.*]]: tensor<4x8xf32> {hadal.state = "square.0"}, %[[B:.*]]: tensor<4x8xf32> {hadal.state = "square.1"}) {
// CHECK-NEXT: hadal.launch @square(%[[A]], %[[B]]) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
// CHECK-NEXT: return
hadal.kernel rowwise @square(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %0 = arith.mulf %x, %y : tensor<4x8xf32>
  hadal.yield %0 : tensor<4x8xf32>
}
func.func @entry(%x: tensor<4x8xf32> {hadal.state = @s}) -> (tensor<4x8xf32> {hadal.tied = 0 : i64}) {
  %0 = hadal.launch @square(%x, %x) {tied = array<i64: 0>} : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}
