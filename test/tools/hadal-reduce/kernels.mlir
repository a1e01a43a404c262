// Of a program: kernels go with their launches; what is left loses arguments, results, attributes and operations.
// RUN: hadal-reduce %s --test=%S/Inputs/holds.sh --test-arg=hadal.launch --test-arg=mulf -o %t.mlir 2> /dev/null
// RUN: hadal-opt %t.mlir | FileCheck %s --implicit-check-not=@sum --implicit-check-not=hadal.target

// CHECK: hadal.kernel rowwise @product() {
// CHECK-NEXT: %[[X:.*]] = arith.constant
// CHECK-NEXT: arith.mulf %[[X]], %[[X]]
// CHECK-NEXT: hadal.yield{{$}}
// CHECK: func.func @accumulate() {
// CHECK-NEXT: hadal.launch @product() : () -> ()
// CHECK-NEXT: return{{$}}

module attributes {hadal.target = "cpu"} {
hadal.kernel rowwise @sum(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %z = arith.addf %x, %y : tensor<4x8xf32>
  hadal.yield %z : tensor<4x8xf32>
}

hadal.kernel rowwise @product(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>, %z: tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>) {
  %u = arith.addf %x, %z : tensor<4x8xf32>
  %v = arith.mulf %x, %y : tensor<4x8xf32>
  hadal.yield %u, %v : tensor<4x8xf32>, tensor<4x8xf32>
}

func.func @accumulate(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %a = hadal.launch @sum(%x, %y) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  %b:2 = hadal.launch @product(%a, %x, %y) {tied = array<i64: 0, -1>} : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>) -> (tensor<4x8xf32>, tensor<4x8xf32>)
  %c = hadal.launch @sum(%b#0, %b#1) : (tensor<4x8xf32>, tensor<4x8xf32>) -> tensor<4x8xf32>
  return %c : tensor<4x8xf32>
}
}
