// Movements that undo each other, or move nothing.
// RUN: hadal-opt %s --canonicalize | FileCheck %s

!panels = tensor<70x33xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [36, 32]>>>
!turned = tensor<70x33xf32, #hadal.encoding<layout = <outer = [1, 0]>>>

// CHECK-LABEL: @there_and_back(
// CHECK-SAME: %[[W:.*]]: tensor<70x33xf32>)
// CHECK-NEXT: return %[[W]]
func.func @there_and_back(%w: tensor<70x33xf32>) -> tensor<70x33xf32> {
  %0 = hadal.pack %w : tensor<70x33xf32> -> !panels
  %1 = hadal.unpack %0 : !panels -> tensor<70x33xf32>
  return %1 : tensor<70x33xf32>
}

// CHECK-LABEL: @back_and_there(
// CHECK-SAME: %[[P:.*]]: tensor<70x33xf32, #
// CHECK-NEXT: return %[[P]]
func.func @back_and_there(%p: !panels) -> !panels {
  %0 = hadal.unpack %p : !panels -> tensor<70x33xf32>
  %1 = hadal.pack %0 : tensor<70x33xf32> -> !panels
  return %1 : !panels
}

// CHECK-LABEL: @nowhere(
// CHECK-SAME: %[[P:.*]]: tensor<70x33xf32, #
// CHECK-NEXT: return %[[P]]
func.func @nowhere(%p: !panels) -> !panels {
  %0 = hadal.pack %p : !panels -> !panels
  return %0 : !panels
}

// Only the last of two counts.
// CHECK-LABEL: @twice(
// CHECK-SAME: %[[W:.*]]: tensor<70x33xf32>)
// CHECK-NEXT: %[[T:.*]] = hadal.pack %[[W]] : tensor<70x33xf32> -> tensor<70x33xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
// CHECK-NEXT: return %[[T]]
func.func @twice(%w: tensor<70x33xf32>) -> !turned {
  %0 = hadal.pack %w : tensor<70x33xf32> -> !panels
  %1 = hadal.pack %0 : !panels -> !turned
  return %1 : !turned
}

// CHECK-LABEL: @out_of_either(
// CHECK-SAME: %[[P:.*]]: tensor<70x33xf32, #
// CHECK-NEXT: %[[W:.*]] = hadal.unpack %[[P]]
// CHECK-NEXT: return %[[W]]
func.func @out_of_either(%p: !panels) -> tensor<70x33xf32> {
  %0 = hadal.pack %p : !panels -> !turned
  %1 = hadal.unpack %0 : !turned -> tensor<70x33xf32>
  return %1 : tensor<70x33xf32>
}
