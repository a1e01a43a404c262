// What follows the gradients: expert loads, the update, and evaluation.
// RUN: hadal-opt %s --hadal-differentiate --hadal-build-training-step --hadal-share-losses --canonicalize | FileCheck %s

hadal.parameter @embedding normal {std = 0.02} : tensor<8x4xf32>
hadal.parameter @norm ones : tensor<4xf32>
hadal.parameter @bias zeros {trainable = false} : tensor<4xf32>
hadal.parameter @"experts.{e}.weight" normal {std = 0.02} : tensor<4x4x4xf32>
// CHECK: hadal.parameter @"experts.{e}.weight"
// CHECK-NEXT: hadal.state @bias.load : tensor<4xf32>

// CHECK: func.func @accumulate({{.*}} %[[STATE:[a-z0-9]+]]: tensor<4xf32> {hadal.state = @bias.load})
// CHECK-SAME: tensor<4xf32> {hadal.tied = [[# ]] : index})
// CHECK: %{{.*}}, %{{.*}}, %[[LOAD:.*]] = hadal.router
// CHECK: %[[SUM:.*]] = arith.addf %[[STATE]], %[[LOAD]]
// CHECK: %[[LOSS:.*]], %{{.*}}, %{{.*}} = hadal.cross_entropy_gradient
// CHECK-NOT: hadal.cross_entropy %
// CHECK: return %[[LOSS]], {{.*}}, %[[SUM]] :

// CHECK: func.func @gradient_norm(
// CHECK-SAME: {hadal.gradient = @embedding}, {{.*}} {hadal.gradient = @norm}, {{.*}} {hadal.gradient = @"experts.{e}.weight"}
// CHECK-SAME: %[[LIMIT:[a-z0-9]+]]: tensor<f32> {hadal.scalar = "clip_norm"})
// CHECK-SAME: -> (tensor<f32> {hadal.result = "gradient_norm"}, tensor<f32> {hadal.result = "gradient_scale"})
// CHECK: %[[S0:.*]] = hadal.squared_norm
// CHECK: %[[S1:.*]] = hadal.squared_norm
// CHECK: %[[S2:.*]] = hadal.squared_norm
// CHECK: %[[NORM:.*]], %[[SCALE:.*]] = hadal.gradient_norm %[[S0]], %[[S1]], %[[S2]] limit %[[LIMIT]]
// CHECK: return %[[NORM]], %[[SCALE]]

// CHECK: func.func @update(
// CHECK-SAME: {hadal.parameter = @embedding}
// CHECK-SAME: {hadal.gradient = @embedding}
// CHECK-SAME: {hadal.first_moment = @embedding}
// CHECK-SAME: {hadal.second_moment = @embedding}
// CHECK-SAME: {hadal.scalar = "learning_rate"}
// CHECK-SAME: %[[CLIP:[a-z0-9]+]]: tensor<f32> {hadal.scalar = "gradient_scale"}
// CHECK-SAME: %[[RATE:[a-z0-9]+]]: tensor<f32> {hadal.scalar = "router_bias_rate"}, %[[BIAS:[a-z0-9]+]]: tensor<4xf32> {hadal.parameter = @bias}, %[[BIASLOAD:[a-z0-9]+]]: tensor<4xf32> {hadal.state = @bias.load})
// CHECK-SAME: -> (tensor<8x4xf32> {hadal.tied = 0 : index}, tensor<8x4xf32> {hadal.tied = 6 : index}, tensor<8x4xf32> {hadal.tied = 9 : index}
// CHECK-NOT: hadal.squared_norm
// CHECK: hadal.adamw {{.*}}, %[[CLIP]]) {decay} : tensor<8x4xf32>
// CHECK: hadal.adamw {{.*}}, %[[CLIP]]) : tensor<4xf32>
// CHECK: hadal.adamw {{.*}}, %[[CLIP]]) {decay} : tensor<4x4x4xf32>
// CHECK: hadal.router_bias_update %[[BIAS]], %[[BIASLOAD]] rate %[[RATE]]
// CHECK: return

// CHECK: func.func @evaluate(
// CHECK-NOT: hadal.variance_balance_loss
// CHECK: return %{{.*}} : tensor<f32>
func.func @forward(%window: tensor<2x4xi32> {hadal.input = "tokens"},
                   %e: tensor<8x4xf32> {hadal.parameter = @embedding}, %n: tensor<4xf32> {hadal.parameter = @norm},
                   %b: tensor<4xf32> {hadal.parameter = @bias},
                   %w: tensor<4x4x4xf32> {hadal.parameter = @"experts.{e}.weight"})
    -> (tensor<f32> {hadal.result = "loss.main"}, tensor<f32> {hadal.result = "loss.balance"}) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  %1 = hadal.embedding %0 weights(%e : tensor<8x4xf32>) {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  %2 = hadal.rms_norm %1 weights(%n : tensor<4xf32>) {eps = 1.0e-6} : tensor<2x3x4xf32>
  %i, %g, %load = hadal.router sigmoid %2 weights(%b : tensor<4xf32>) {top_k = 2}
    : tensor<2x3x4xf32> -> tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<4xf32>
  %pairs, %rows, %offsets = hadal.dispatch %i : tensor<2x3x2xi32> -> tensor<12xi32>, tensor<2x3x2xi32>, tensor<5xi32>
  %3 = hadal.gather_rows %2, %pairs, %rows : (tensor<2x3x4xf32>, tensor<12xi32>, tensor<2x3x2xi32>) -> tensor<12x4xf32>
  %4 = hadal.grouped_matmul %3, %w, %offsets {transpose_rhs}
    : (tensor<12x4xf32>, tensor<4x4x4xf32>, tensor<5xi32>) -> tensor<12x4xf32>
  %5 = hadal.combine_rows %4, %rows, %pairs weighted(%g)
    : (tensor<12x4xf32>, tensor<2x3x2xi32>, tensor<12xi32>, tensor<2x3x2xf32>) -> tensor<2x3x4xf32>
  %balance = hadal.variance_balance_loss sigmoid %2 : tensor<2x3x4xf32>
  %6 = hadal.tokens %window ahead 1 : tensor<2x4xi32> -> tensor<2x3xi32>
  %7 = hadal.cross_entropy %5, %6 weights(%e : tensor<8x4xf32>) {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  return %7, %balance : tensor<f32>, tensor<f32>
}
