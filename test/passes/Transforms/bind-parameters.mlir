// Names become symbols and arguments: one for each name, whoever uses it.
// RUN: hadal-opt %s --hadal-bind-parameters | FileCheck %s

// CHECK: module attributes {hadal.model = "model", hadal.vocabulary = 8 : i64}
// CHECK-NEXT: hadal.parameter @shared normal {aliases = ["copy"], std = 2.000000e-02 : f64} : tensor<8x4xf32>
// CHECK-NEXT: hadal.parameter @norm.weight ones : tensor<4xf32>
// CHECK-NEXT: hadal.parameter @gate normal {std = 2.000000e-02 : f64} : tensor<6x4xf32>
// CHECK-NEXT: hadal.parameter @bias zeros {trainable = false} : tensor<6xf32>
// CHECK-NEXT: hadal.parameter @"experts.{e}.gate_proj.weight" normal {std = 2.000000e-02 : f64} : tensor<6x5x4xf32>
// CHECK-NEXT: hadal.parameter @"experts.{e}.up_proj.weight" normal {std = 2.000000e-02 : f64} : tensor<6x5x4xf32>
// CHECK-NEXT: hadal.parameter @"experts.{e}.down_proj.weight" normal {std = 2.000000e-02 : f64} : tensor<6x4x5xf32>
// CHECK-NEXT: func.func @forward(%[[WINDOW:.*]]: tensor<2x4xi32> {hadal.input = "tokens"}
// CHECK-SAME: %[[SHARED:[a-z0-9]+]]: tensor<8x4xf32> {hadal.parameter = @shared}
// CHECK-SAME: -> (tensor<f32> {hadal.result = "loss.main"}, tensor<f32> {hadal.result = "loss.balance"})
hadal.model @model(%window: tensor<2x4xi32>) attributes {initializer_std = 0.02} {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  // CHECK: hadal.embedding %{{.*}} weights(%[[SHARED]] :
  %1 = hadal.embedding %0 "shared" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  %2 = hadal.rms_norm %1 "norm.weight" {eps = 1.0e-6} : tensor<2x3x4xf32>
  %3 = hadal.linear %2 "gate" : tensor<2x3x4xf32> -> tensor<2x3x6xf32>
  %i, %w, %load = hadal.router sigmoid %3 "bias" {top_k = 2}
    : tensor<2x3x6xf32> -> tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<6xf32>
  %4 = hadal.experts %2, %i, %w "experts" {count = 6, width = 5}
    : tensor<2x3x4xf32>, tensor<2x3x2xi32>, tensor<2x3x2xf32>
  %b = hadal.variance_balance_loss sigmoid %3 : tensor<2x3x6xf32>
  %c = hadal.sequence_balance_loss sigmoid %3 {top_k = 2} : tensor<2x3x6xf32>
  %5 = hadal.tokens %window ahead 1 : tensor<2x4xi32> -> tensor<2x3xi32>
  // CHECK: %[[LOSS:.*]] = hadal.cross_entropy %{{.*}} weights(%[[SHARED]] : tensor<8x4xf32>) {vocabulary = 8 : i64}
  %6 = hadal.cross_entropy %4, %5 "shared" {vocabulary = 8, hadal.aliases = ["copy"]}
    : tensor<2x3x4xf32>, tensor<2x3xi32>
  // CHECK: %[[BALANCE:.*]] = arith.addf
  // CHECK: return %[[LOSS]], %[[BALANCE]]
  hadal.losses main(%6) balance(%b, %c)
}
