// A repetition to the shape that is there already is no repetition.
// RUN: hadal-opt %s --canonicalize | FileCheck %s

// CHECK-LABEL: @same_shape(
// CHECK-SAME: %[[X:.*]]: tensor<2x3x8xf32>)
// CHECK-NEXT: return %[[X]]
func.func @same_shape(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  %y = hadal.expand %x : tensor<2x3x8xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

// CHECK-LABEL: @larger_shape(
// CHECK: hadal.expand
func.func @larger_shape(%x: tensor<8xf32>) -> tensor<2x3x8xf32> {
  %y = hadal.expand %x : tensor<8xf32> -> tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}
