// @accumulate takes the gradients gathered so far and returns them with its own added, or these alone; a parameter that is
// used twice gathers twice, the later use first.
// RUN: hadal-opt %s --hadal-differentiate | FileCheck %s

hadal.parameter @w normal {std = 0.02} : tensor<8x4xf32>
hadal.parameter @n ones : tensor<4xf32>
hadal.parameter @unused normal {std = 0.02} : tensor<3xf32>

// CHECK: func.func @forward
// CHECK: func.func @accumulate(%[[WINDOW:.*]]: tensor<2x5xi32> {hadal.input = "tokens"}, %[[W:.*]]: tensor<8x4xf32> {hadal.parameter = @w}, %[[N:.*]]: tensor<4xf32> {hadal.parameter = @n}, %{{.*}}: tensor<3xf32> {hadal.parameter = @unused}, %[[GW:.*]]: tensor<8x4xf32> {hadal.gradient = @w}, %[[GN:.*]]: tensor<4xf32> {hadal.gradient = @n}, %[[ADDS:.*]]: tensor<f32> {hadal.scalar = "adds_to_gradients"}, %[[SCALE:.*]]: tensor<f32> {hadal.scalar = "loss_scale"}, %[[LAMBDA:.*]]: tensor<f32> {hadal.scalar = "mtp_loss_weight"})
// CHECK-SAME: -> (tensor<f32> {hadal.result = "loss.main"}, tensor<f32> {hadal.result = "loss.mtp"}, tensor<f32> {hadal.result = "loss"}, tensor<8x4xf32> {hadal.tied = 4 : index}, tensor<4xf32> {hadal.tied = 5 : index})
func.func @forward(%window: tensor<2x5xi32> {hadal.input = "tokens"}, %w: tensor<8x4xf32> {hadal.parameter = @w},
                   %n: tensor<4xf32> {hadal.parameter = @n}, %unused: tensor<3xf32> {hadal.parameter = @unused})
    -> (tensor<f32> {hadal.result = "loss.main"}, tensor<f32> {hadal.result = "loss.mtp"}) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x5xi32> -> tensor<2x3xi32>
  // CHECK: %[[X:.*]] = hadal.embedding
  %1 = hadal.embedding %0 weights(%w : tensor<8x4xf32>) {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  // CHECK: %[[H:.*]] = hadal.rms_norm %[[X]]
  %2 = hadal.rms_norm %1 weights(%n : tensor<4xf32>) {eps = 1.0e-6} : tensor<2x3x4xf32>
  %3 = hadal.tokens %window ahead 1 : tensor<2x5xi32> -> tensor<2x3xi32>
  // CHECK: %[[MAIN:.*]] = hadal.cross_entropy
  %4 = hadal.cross_entropy %2, %3 weights(%w : tensor<8x4xf32>) {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  %5 = hadal.tokens %window ahead 2 : tensor<2x5xi32> -> tensor<2x3xi32>
  // CHECK: %[[MTP:.*]] = hadal.cross_entropy
  %6 = hadal.cross_entropy %2, %5 weights(%w : tensor<8x4xf32>) {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  // CHECK: %[[SEED:.*]] = arith.mulf %[[SCALE]], %[[LAMBDA]]
  // CHECK: %{{.*}}, %[[DH1:.*]], %[[DW1:.*]] = hadal.cross_entropy_gradient %[[H]], %{{.*}}, %[[W]], %[[SEED]]
  // CHECK: %[[GW1:.*]] = hadal.accumulate %[[GW]], %[[DW1]] if %[[ADDS]]
  // CHECK: %{{.*}}, %[[DH2:.*]], %[[DW2:.*]] = hadal.cross_entropy_gradient %[[H]], %{{.*}}, %[[W]], %[[SCALE]]
  // CHECK: %[[DH:.*]] = arith.addf %[[DH1]], %[[DH2]]
  // CHECK: %[[GW2:.*]] = arith.addf %[[GW1]], %[[DW2]]
  // CHECK: %[[DX:.*]] = hadal.rms_norm_gradient %[[X]], %[[N]], %[[DH]]
  // CHECK: %[[DN:.*]] = hadal.rms_norm_weight_gradient %[[X]], %[[DH]]
  // CHECK: %[[GN1:.*]] = hadal.accumulate %[[GN]], %[[DN]] if %[[ADDS]]
  // CHECK: %[[DE:.*]] = hadal.embedding_gradient %{{.*}}, %[[DX]]
  // CHECK: %[[GW3:.*]] = arith.addf %[[GW2]], %[[DE]]
  // CHECK: %[[WEIGHTED:.*]] = arith.mulf %[[LAMBDA]], %[[MTP]]
  // CHECK: %[[LOSS:.*]] = arith.addf %[[MAIN]], %[[WEIGHTED]]
  // CHECK: return %[[MAIN]], %[[MTP]], %[[LOSS]], %[[GW3]], %[[GN1]]
  return %4, %6 : tensor<f32>, tensor<f32>
}
