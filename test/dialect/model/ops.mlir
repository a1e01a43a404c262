// The frame of a model and of a program.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK: hadal.parameter @"mlp.experts.{e}.up_proj.weight" normal {aliases = ["copy"], std = 6.000000e-03 : f64} : tensor<4x5x8xf32>
hadal.parameter @"mlp.experts.{e}.up_proj.weight" normal {std = 0.006, aliases = ["copy"]} : tensor<4x5x8xf32>
// CHECK: hadal.parameter @bias zeros {trainable = false} : tensor<8xf32>
hadal.parameter @bias zeros {trainable = false} : tensor<8xf32>
// CHECK: hadal.state @load : tensor<8xf32>
hadal.state @load : tensor<8xf32>

func.func private @f(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>) {
  %l = hadal.variance_balance_loss sigmoid %x : tensor<?x?x8xf32>
  return %x, %l : tensor<?x?x8xf32>, tensor<f32>
}

// CHECK-LABEL: hadal.model @whole(
// CHECK-SAME: attributes {context_length = 64 : i64, family = #hadal.family<glm4_moe_lite>, initializer_std = 6.000000e-03 : f64,
// CHECK-SAME: stored_weights = {quant_method = "fp8", weight_block_size = [128, 128]}, token_ids = {bos = 0 : i64, eos = [1, 2], pad}}
hadal.model @whole(%window: tensor<?x?xi32>) attributes {context_length = 64, family = #hadal.family<glm4_moe_lite>,
    token_ids = {bos = 0, eos = [1, 2], pad}, stored_weights = {quant_method = "fp8", weight_block_size = [128, 128]}} {
  // CHECK: hadal.tokens %{{.*}} ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "e" {vocabulary = 5} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // CHECK: hadal.layers %{{.*}} "model.layers" 0 to 4 {@f, @f} : tensor<?x?x8xf32>, tensor<f32>, tensor<f32>
  %h, %a, %b = hadal.layers %x "model.layers" 0 to 4 {@f, @f} : tensor<?x?x8xf32>, tensor<f32>, tensor<f32>
  // CHECK: hadal.mtp %{{.*}} "model.layers" 4 to 6 {@f} embedding "e" norm "n" head "w"
  %m, %c = hadal.mtp %h, %window "model.layers" 4 to 6 {@f} embedding "e" norm "n" head "w"
             {vocabulary = 5, eps = 1.0e-6, hidden_state = #hadal.mtp_hidden_state<pre_norm>} : tensor<?x?x8xf32>, tensor<?x?xi32> -> tensor<f32>, tensor<f32>
  %main = hadal.cross_entropy %h, %t "w" {vocabulary = 5} : tensor<?x?x8xf32>, tensor<?x?xi32>
  // CHECK: hadal.losses main(%{{.*}}) mtp(%{{.*}}) balance(%{{.*}}, %{{.*}}, %{{.*}})
  hadal.losses main(%main) mtp(%m) balance(%a, %b, %c)
}
