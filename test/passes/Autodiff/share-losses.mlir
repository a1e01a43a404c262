// A cross entropy whose head has its gradient in the same block takes the loss from there.
// RUN: hadal-opt %s --hadal-share-losses --split-input-file --verify-diagnostics | FileCheck %s

// The sum that reads the loss moves behind the gradient.
// CHECK-LABEL: @same_head(
// CHECK-NOT: hadal.cross_entropy %
// CHECK: %[[LOSS:.*]], %{{.*}}, %{{.*}} = hadal.cross_entropy_gradient
// CHECK: %[[SUM:.*]] = arith.addf %[[LOSS]], %{{.*}} : tensor<f32>
// CHECK: return %[[SUM]],
func.func @same_head(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>, %g: tensor<f32>)
    -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>) {
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<5x8xf32>) {vocabulary = 5} : tensor<2x3x8xf32>, tensor<2x3xi32>
  %s = arith.addf %l, %g : tensor<f32>
  %m, %a, %b = hadal.cross_entropy_gradient %h, %t, %w, %g
    : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x8xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>)
  return %s, %a, %b : tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>
}

// -----

// CHECK-LABEL: @other_targets(
// CHECK: hadal.cross_entropy %
// CHECK: hadal.cross_entropy_gradient
func.func @other_targets(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %u: tensor<2x3xi32>, %w: tensor<5x8xf32>, %g: tensor<f32>)
    -> (tensor<f32>, tensor<2x3x8xf32>) {
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<5x8xf32>) {vocabulary = 5} : tensor<2x3x8xf32>, tensor<2x3xi32>
  %m, %a, %b = hadal.cross_entropy_gradient %h, %u, %w, %g
    : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x8xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>)
  return %l, %a : tensor<f32>, tensor<2x3x8xf32>
}

// -----

// The gradient's seed is made of the loss itself, which therefore cannot come from the gradient.
// CHECK-LABEL: @seed_reads_the_loss(
// CHECK: %[[LOSS:.*]] = hadal.cross_entropy %
// CHECK: hadal.cross_entropy_gradient
func.func @seed_reads_the_loss(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>)
    -> (tensor<f32>, tensor<2x3x8xf32>) {
  // expected-remark @below {{the logits of this head are formed twice: its loss is read before its gradient is made, by more than sums of single numbers}}
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<5x8xf32>) {vocabulary = 5} : tensor<2x3x8xf32>, tensor<2x3xi32>
  %s = arith.mulf %l, %l : tensor<f32>
  %m, %a, %b = hadal.cross_entropy_gradient %h, %t, %w, %s
    : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x8xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>)
  return %l, %a : tensor<f32>, tensor<2x3x8xf32>
}

// -----

// Any number of sums moves along, in their order.
// CHECK-LABEL: @sums(
// CHECK-NEXT: %[[LOSS:.*]], %{{.*}}, %{{.*}} = hadal.cross_entropy_gradient
// CHECK-NEXT: %[[A:.*]] = arith.mulf %[[LOSS]], %arg3
// CHECK-NEXT: %[[B:.*]] = arith.addf %[[A]], %[[LOSS]]
// CHECK-NEXT: return %[[B]]
func.func @sums(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>, %g: tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>) {
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<5x8xf32>) {vocabulary = 5} : tensor<2x3x8xf32>, tensor<2x3xi32>
  %s = arith.mulf %l, %g : tensor<f32>
  %u = arith.addf %s, %l : tensor<f32>
  %m, %a, %b = hadal.cross_entropy_gradient %h, %t, %w, %g
    : (tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<5x8xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x3x8xf32>, tensor<5x8xf32>)
  return %u, %a : tensor<f32>, tensor<2x3x8xf32>
}
