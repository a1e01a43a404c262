// The head with its cross entropy, and the merge of multi-token prediction.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @cross_entropy(
// CHECK: hadal.cross_entropy
func.func @cross_entropy(%h: tensor<?x?x8xf32>, %t: tensor<?x?xi32>) {
  %l = hadal.cross_entropy %h, %t "lm_head.weight" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  return
}

// CHECK-LABEL: @cross_entropy_gradient(
// CHECK: hadal.cross_entropy_gradient
func.func @cross_entropy_gradient(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>, %g: tensor<f32>) {
  %l, %a, %b = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x8xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>)
  return
}

// CHECK-LABEL: @log_probabilities(
// CHECK: hadal.log_probabilities %{{.*}} -> (tensor<f32>, tensor<2x3xf32>)
func.func @log_probabilities(%h: tensor<2x3x8xbf16>, %t: tensor<2x3xi32>, %w: tensor<5x8xbf16>) {
  %l, %s = hadal.log_probabilities %h, %t, %w : (tensor<2x3x8xbf16>, tensor<2x3xi32>, tensor<5x8xbf16>) -> (tensor<f32>, tensor<2x3xf32>)
  return
}

// CHECK-LABEL: @logits(
// CHECK: hadal.logits %{{.*}} -> (tensor<2x3x5xf32>, tensor<2x3x2xf32>)
func.func @logits(%h: tensor<2x3x8xbf16>, %w: tensor<5x8xbf16>) {
  %z, %n = hadal.logits %h, %w : (tensor<2x3x8xbf16>, tensor<5x8xbf16>) -> (tensor<2x3x5xf32>, tensor<2x3x2xf32>)
  return
}

// CHECK-LABEL: @mtp_merge(
// CHECK: hadal.mtp_merge
func.func @mtp_merge(%h: tensor<?x?x8xf32>, %e: tensor<?x?x8xf32>) {
  %m = hadal.mtp_merge %h, %e "enorm.weight", "hnorm.weight", "eh_proj.weight" {eps = 1.0e-6} : tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @bf16(
// CHECK: hadal.cross_entropy_gradient %{{.*}} -> (tensor<f32>, tensor<2x3x8xbf16>, tensor<5x8xf32>)
func.func @bf16(%h: tensor<2x3x8xbf16>, %t: tensor<2x3xi32>, %w: tensor<5x8xbf16>, %g: tensor<f32>) {
  %l, %a, %b = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<2x3x8xbf16>, tensor<2x3xi32>, tensor<5x8xbf16>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xbf16>, tensor<5x8xf32>)
  return
}
