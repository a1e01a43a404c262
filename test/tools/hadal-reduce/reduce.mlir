// The reducer takes away what a failure does not need: here, everything but the router.
// RUN: hadal-reduce %s --reduction-tree="traversal-mode=0 test=%S/Inputs/has_router.sh" -o %t.mlir
// RUN: FileCheck %s --input-file=%t.mlir

// CHECK-NOT: @unrelated
// CHECK: func.func @failing
// CHECK: hadal.router
// CHECK-NOT: @unrelated

func.func @unrelated(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  %y = arith.addf %x, %x : tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

func.func @failing(%x: tensor<2x3x8xf32>) -> tensor<2x3x2xi32> {
  %i, %w, %load = hadal.router softmax %x {top_k = 2} : tensor<2x3x8xf32> -> tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<8xf32>
  return %i : tensor<2x3x2xi32>
}

func.func @unrelated_too(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  return %x : tensor<2x3x8xf32>
}
