// Two layers and two prediction depths written out: parameters are named absolutely, losses are summed over layers, and
// every operation says which layer it stands in.
// RUN: hadal-opt %s --hadal-expand-layers | FileCheck %s
// RUN: hadal-opt %s --hadal-expand-layers --mlir-print-debuginfo --mlir-print-local-scope \
// RUN:   | FileCheck %s --check-prefix=LOCATION

// CHECK-NOT: func.func
func.func private @layer(%x: tensor<2x3x4xf32>) -> (tensor<2x3x4xf32>, tensor<f32>) {
  // LOCATION: hadal.rms_norm {{.*}} loc(callsite("{{.*}}expand-layers.mlir":[[# @LINE + 1]]:8 at "model.layers.0"("{{.*}}expand-layers.mlir":
  %n = hadal.rms_norm %x "norm.weight" {eps = 1.0e-6} : tensor<2x3x4xf32>
  %b = hadal.variance_balance_loss sigmoid %n : tensor<2x3x4xf32>
  return %n, %b : tensor<2x3x4xf32>, tensor<f32>
}

// CHECK: hadal.model @model(%[[WINDOW:.*]]: tensor<2x6xi32>)
hadal.model @model(%window: tensor<2x6xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x6xi32> -> tensor<2x3xi32>
  // CHECK: %[[X:.*]] = hadal.embedding
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  // CHECK: %[[N0:.*]] = hadal.rms_norm %[[X]] "model.layers.0.norm.weight"
  // CHECK: %[[B0:.*]] = hadal.variance_balance_loss sigmoid %[[N0]]
  // CHECK: %[[N1:.*]] = hadal.rms_norm %[[N0]] "model.layers.1.norm.weight"
  // CHECK: %[[B1:.*]] = hadal.variance_balance_loss sigmoid %[[N1]]
  // CHECK: %[[BALANCE:.*]] = arith.addf %[[B0]], %[[B1]]
  %2, %b = hadal.layers %1 "model.layers" 0 to 2 {@layer} : tensor<2x3x4xf32>, tensor<f32>
  %3 = hadal.tokens %window ahead 1 : tensor<2x6xi32> -> tensor<2x3xi32>
  // CHECK: %[[MAIN:.*]] = hadal.cross_entropy
  %4 = hadal.cross_entropy %2, %3 "head" {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  // CHECK: %[[H:.*]] = hadal.rms_norm %[[N1]] "norm"
  // CHECK: %[[T1:.*]] = hadal.tokens %[[WINDOW]] ahead 1
  // CHECK: %[[E1:.*]] = hadal.embedding %[[T1]] "embedding" {hadal.aliases = ["model.layers.2.embed_tokens.weight"]
  // CHECK: %[[M1:.*]] = hadal.mtp_merge %[[H]], %[[E1]] "model.layers.2.enorm.weight", "model.layers.2.hnorm.weight", "model.layers.2.eh_proj.weight"
  // CHECK: %[[D1:.*]] = hadal.rms_norm %[[M1]] "model.layers.2.norm.weight"
  // CHECK: %[[F1:.*]] = hadal.rms_norm %[[D1]] "model.layers.2.shared_head.norm.weight"
  // CHECK: %[[Y1:.*]] = hadal.tokens %[[WINDOW]] ahead 2
  // CHECK: %[[L1:.*]] = hadal.cross_entropy %[[F1]], %[[Y1]] "head" {hadal.aliases = ["model.layers.2.shared_head.head.weight"]
  // CHECK: hadal.rms_norm %[[D1]] "model.layers.2.shared_head.norm.weight"
  // CHECK: hadal.tokens %[[WINDOW]] ahead 2
  // CHECK: hadal.tokens %[[WINDOW]] ahead 3
  // CHECK: %[[L2:.*]] = hadal.cross_entropy
  // CHECK: %[[SUM:.*]] = arith.addf %[[L1]], %[[L2]]
  // CHECK: %[[HALF:.*]] = arith.constant dense<5.000000e-01>
  // CHECK: %[[MTP:.*]] = arith.mulf %[[SUM]], %[[HALF]]
  %5, %c = hadal.mtp %2, %window "model.layers" 2 to 4 {@layer} embedding "embedding" norm "norm" head "head"
    {vocabulary = 8, eps = 1.0e-6} : tensor<2x3x4xf32>, tensor<2x6xi32> -> tensor<f32>, tensor<f32>
  // CHECK: hadal.losses main(%[[MAIN]]) mtp(%[[MTP]]) balance(%[[BALANCE]], %{{.*}})
  hadal.losses main(%4) mtp(%5) balance(%b, %c)
}
