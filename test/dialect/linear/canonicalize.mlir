// Cutting and joining that undo each other, or do nothing.
// RUN: hadal-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @one_part(
// CHECK-SAME: %[[X:.*]]: tensor<?x?x8xf32>)
// CHECK-NEXT: return %[[X]], %[[X]]
func.func @one_part(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<?x?x8xf32>) {
  %a = hadal.split %x : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %b = hadal.concat %x : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return %a, %b : tensor<?x?x8xf32>, tensor<?x?x8xf32>
}

// CHECK-LABEL: @parts_of_joined(
// CHECK-SAME: %[[A:.*]]: tensor<2x3x3xf32>, %[[B:.*]]: tensor<2x3x5xf32>)
// CHECK-NEXT: return %[[B]]
func.func @parts_of_joined(%a: tensor<2x3x3xf32>, %b: tensor<2x3x5xf32>) -> tensor<2x3x5xf32> {
  %x = hadal.concat %a, %b : tensor<2x3x3xf32>, tensor<2x3x5xf32> -> tensor<2x3x8xf32>
  %c, %d = hadal.split %x : tensor<2x3x8xf32> -> tensor<2x3x3xf32>, tensor<2x3x5xf32>
  return %d : tensor<2x3x5xf32>
}

// CHECK-LABEL: @cut_elsewhere(
// CHECK: hadal.concat
// CHECK: hadal.split
func.func @cut_elsewhere(%a: tensor<2x3x3xf32>, %b: tensor<2x3x5xf32>) -> tensor<2x3x5xf32> {
  %x = hadal.concat %a, %b : tensor<2x3x3xf32>, tensor<2x3x5xf32> -> tensor<2x3x8xf32>
  %c, %d = hadal.split %x : tensor<2x3x8xf32> -> tensor<2x3x5xf32>, tensor<2x3x3xf32>
  return %c : tensor<2x3x5xf32>
}

// CHECK-LABEL: @joined_again(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x8xf32>)
// CHECK-NEXT: return %[[X]]
func.func @joined_again(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  %a, %b = hadal.split %x : tensor<2x3x8xf32> -> tensor<2x3x4xf32>, tensor<2x3x4xf32>
  %y = hadal.concat %a, %b : tensor<2x3x4xf32>, tensor<2x3x4xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// CHECK-LABEL: @joined_in_another_order(
// CHECK: hadal.concat
func.func @joined_in_another_order(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  %a, %b = hadal.split %x : tensor<2x3x8xf32> -> tensor<2x3x4xf32>, tensor<2x3x4xf32>
  %y = hadal.concat %b, %a : tensor<2x3x4xf32>, tensor<2x3x4xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}
