// RMSNorm, its gradients, row reductions and repetition.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @rms_norm(
// CHECK: hadal.rms_norm
func.func @rms_norm(%x: tensor<?x?x8xf32>) {
  %y = hadal.rms_norm %x "model.norm.weight" {eps = 1.0e-6} : tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @rms_norm_bound(
// CHECK: hadal.rms_norm
func.func @rms_norm_bound(%x: tensor<2x3x8xf32>, %w: tensor<8xf32>) {
  %y = hadal.rms_norm %x weights(%w : tensor<8xf32>) {eps = 1.0e-6} : tensor<2x3x8xf32>
  return
}

// CHECK-LABEL: @rms_norm_gradient(
// CHECK: hadal.rms_norm_gradient
func.func @rms_norm_gradient(%x: tensor<2x3x8xf32>, %w: tensor<8xf32>, %g: tensor<2x3x8xf32>) {
  %y = hadal.rms_norm_gradient %x, %w, %g {eps = 1.0e-6} : tensor<2x3x8xf32>, tensor<8xf32>
  return
}

// CHECK-LABEL: @rms_norm_weight_gradient(
// CHECK: hadal.rms_norm_weight_gradient
func.func @rms_norm_weight_gradient(%x: tensor<2x3x8xf32>, %g: tensor<2x3x8xf32>) {
  %y = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<2x3x8xf32> -> tensor<8xf32>
  return
}

// CHECK-LABEL: @row_reduce(
// CHECK: hadal.row_reduce
func.func @row_reduce(%x: tensor<2x3x8xf32>) {
  %y = hadal.row_reduce add %x : tensor<2x3x8xf32> -> tensor<2x3x1xf32>
  return
}

// CHECK-LABEL: @row_maximum(
// CHECK: hadal.row_reduce
func.func @row_maximum(%x: tensor<?x?x8xf32>) {
  %y = hadal.row_reduce maximum %x : tensor<?x?x8xf32> -> tensor<?x?x1xf32>
  return
}

// CHECK-LABEL: @expand(
// CHECK: hadal.expand
func.func @expand(%x: tensor<8xf32>) {
  %y = hadal.expand %x : tensor<8xf32> -> tensor<2x3x8xf32>
  return
}

// CHECK-LABEL: @expand_scalar(
// CHECK: hadal.expand
func.func @expand_scalar(%x: tensor<f32>) {
  %y = hadal.expand %x : tensor<f32> -> tensor<2x3x8xf32>
  return
}
