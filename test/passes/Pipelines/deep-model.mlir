// The depth and shapes of DeepSeek-V3 (61 layers, 256 experts, one prediction depth): every layer is written out and
// differentiated, and weights are only ever named.
// RUN: hadal-opt %s --hadal-model-to-program="micro-batch-size=1 seq-length=4096" | FileCheck %s

// CHECK: hadal.tokens_ahead = 2
// CHECK: hadal.parameter @model.embed_tokens.weight normal {aliases = ["model.layers.61.embed_tokens.weight"]
// CHECK: hadal.parameter @"model.layers.61.mlp.experts.{e}.down_proj.weight" normal {{.*}} : tensor<256x7168x2048xf32>
// CHECK-COUNT-59: hadal.state
// CHECK-NOT: hadal.state
// CHECK: func.func @accumulate
// CHECK-COUNT-62: hadal.attention_gradient
// CHECK-NOT: hadal.attention_gradient
// CHECK: func.func @update
// CHECK-COUNT-59: hadal.router_bias_update
// CHECK: func.func @evaluate
// CHECK-COUNT-61: hadal.attention
// CHECK-NOT: hadal.attention

!hidden = tensor<?x?x7168xf32>
#rope = #hadal.rope<theta = 1.0e4, dim = 64, yarn = <factor = 40.0, original_length = 4096>>

func.func private @attention(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %a = hadal.linear %n "self_attn.q_a_proj.weight" : !hidden -> tensor<?x?x1536xf32>
  %an = hadal.rms_norm %a "self_attn.q_a_layernorm.weight" {eps = 1.0e-6} : tensor<?x?x1536xf32>
  %q = hadal.linear %an "self_attn.q_b_proj.weight" : tensor<?x?x1536xf32> -> tensor<?x?x24576xf32>
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> tensor<?x?x576xf32>
  %o = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight" {heads = 128, nope = 128, value = 128, rope = #rope, eps = 1.0e-6} : tensor<?x?x24576xf32>, tensor<?x?x576xf32> -> tensor<?x?x16384xf32>
  %y = hadal.linear %o "self_attn.o_proj.weight" : tensor<?x?x16384xf32> -> !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}
func.func private @dense(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.gated_mlp %n "mlp" {width = 18432} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}
func.func private @experts(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %g = hadal.linear %n "mlp.gate.weight" : !hidden -> tensor<?x?x256xf32>
  %i, %w, %l = hadal.router sigmoid %g "mlp.gate.e_score_correction_bias" {top_k = 8, groups = 8, top_groups = 4, normalize, scale = 2.5} : tensor<?x?x256xf32> -> tensor<?x?x8xi32>, tensor<?x?x8xf32>, tensor<256xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 256, width = 2048} : !hidden, tensor<?x?x8xi32>, tensor<?x?x8xf32>
  %s = hadal.gated_mlp %n "mlp.shared_experts" {width = 2048} : !hidden
  %b = hadal.sequence_balance_loss sigmoid %g {top_k = 8} : tensor<?x?x256xf32>
  %y = arith.addf %e, %s : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r, %b : !hidden, tensor<f32>
}
hadal.model @deepseek_v3(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "model.embed_tokens.weight" {vocabulary = 129280} : tensor<?x?xi32> -> !hidden
  %d = hadal.layers %x "model.layers" 0 to 3 {@attention, @dense} : !hidden
  %h, %b = hadal.layers %d "model.layers" 3 to 61 {@attention, @experts} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %l = hadal.cross_entropy %n, %y "lm_head.weight" {vocabulary = 129280} : !hidden, tensor<?x?xi32>
  %m, %mb = hadal.mtp %h, %window "model.layers" 61 to 62 {@attention, @experts} embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight" {vocabulary = 129280, eps = 1.0e-6} : !hidden, tensor<?x?xi32> -> tensor<f32>, tensor<f32>
  hadal.losses main(%l) mtp(%m) balance(%b, %mb)
}
