// The program that scores tokens: the loss of tokens yields their log-probabilities, and what only further losses need is gone,
// parameters included. The window stays as long as it was.
// RUN: hadal-opt %s --hadal-build-evaluation | FileCheck %s

// CHECK: module attributes {hadal.unread_parameters = ["mtp.{e}.weight", "copy"]}
// CHECK-NEXT: hadal.parameter @w normal
// CHECK-NEXT: hadal.parameter @head normal
// CHECK-NOT: hadal.parameter
// CHECK: func.func @evaluate(%[[WINDOW:.*]]: tensor<2x5xi32> {hadal.input = "tokens"}, %[[W:.*]]: tensor<8x4xf32> {hadal.parameter = @w}, %[[HEAD:.*]]: tensor<8x4xf32> {hadal.parameter = @head})
// CHECK-SAME: -> (tensor<f32> {hadal.result = "loss.main"}, tensor<2x3xf32> {hadal.result = "log_probabilities"}) {
// CHECK-NEXT: %[[T:.*]] = hadal.tokens %[[WINDOW]] ahead 0
// CHECK-NEXT: %[[N:.*]] = hadal.tokens %[[WINDOW]] ahead 1
// CHECK-NEXT: %[[X:.*]] = hadal.embedding %[[T]] weights(%[[W]]
// CHECK-NEXT: %[[LOSS:.*]], %[[SCORES:.*]] = hadal.log_probabilities %[[X]], %[[N]], %[[HEAD]] {hadal.rounded_results = array<i64>}
// CHECK-NEXT: %[[TWICE:.*]] = arith.addf %[[LOSS]], %[[LOSS]]
// CHECK-NEXT: return %[[TWICE]], %[[SCORES]]
hadal.parameter @w normal {std = 0.1} : tensor<8x4xf32>
hadal.parameter @head normal {std = 0.1} : tensor<8x4xf32>
hadal.parameter @"mtp.{e}.weight" normal {std = 0.1, aliases = ["copy"]} : tensor<8x4xf32>
func.func @forward(%window: tensor<2x5xi32> {hadal.input = "tokens"}, %w: tensor<8x4xf32> {hadal.parameter = @w},
                   %mtp: tensor<8x4xf32> {hadal.parameter = @"mtp.{e}.weight"}, %head: tensor<8x4xf32> {hadal.parameter = @head})
    -> (tensor<f32> {hadal.result = "loss.main"}, tensor<f32> {hadal.result = "loss.mtp"}) {
  %t = hadal.tokens %window ahead 0 : tensor<2x5xi32> -> tensor<2x3xi32>
  %n = hadal.tokens %window ahead 1 : tensor<2x5xi32> -> tensor<2x3xi32>
  %m = hadal.tokens %window ahead 2 : tensor<2x5xi32> -> tensor<2x3xi32>
  %x = hadal.embedding %t weights(%w : tensor<8x4xf32>) {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  %loss = hadal.cross_entropy %x, %n weights(%head : tensor<8x4xf32>) {vocabulary = 8, hadal.rounded_results = array<i64>} : tensor<2x3x4xf32>, tensor<2x3xi32>
  %twice = arith.addf %loss, %loss : tensor<f32>
  %further = hadal.cross_entropy %x, %m weights(%mtp : tensor<8x4xf32>) {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  return %twice, %further : tensor<f32>, tensor<f32>
}
