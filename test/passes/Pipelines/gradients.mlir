// A whole model with everything in it (queries through a low-rank projection, a dense layer, experts with groups and a
// shared expert, both balance losses, two prediction depths): what @accumulate adds to the gradients agrees with
// differences of the loss, recomputed or not.
// RUN: hadal-opt %s --hadal-model-to-program="micro-batch-size=2 seq-length=5" --hadal-check-training-step -o /dev/null \
// RUN:   | FileCheck %s
// RUN: hadal-opt %s --hadal-model-to-program="micro-batch-size=1 seq-length=4" --hadal-fuse \
// RUN:   --hadal-rematerialize="memory-limit=84000 print-memory-plan=1" --hadal-check-training-step -o /dev/null 2> %t.plan \
// RUN:   | FileCheck %s
// RUN: FileCheck %s --check-prefix=PLAN < %t.plan
// PLAN: recomputed in @accumulate

// CHECK: @accumulate gradient of 'model.embed_tokens.weight': relative error
// CHECK: @accumulate gradient of 'model.layers.0.mlp.gate_proj.weight': relative error
// CHECK: @accumulate gradient of 'model.layers.1.mlp.experts.{e}.down_proj.weight': relative error
// CHECK: @accumulate gradient of 'lm_head.weight': relative error
// CHECK: @accumulate gradient of 'model.layers.3.shared_head.norm.weight': relative error

!hidden = tensor<?x?x8xf32>
#rope = #hadal.rope<theta = 1.0e4, dim = 2, yarn = <factor = 4.0, original_length = 16>>

func.func private @attention(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %a = hadal.linear %n "self_attn.q_a_proj.weight" : !hidden -> tensor<?x?x5xf32>
  %an = hadal.rms_norm %a "self_attn.q_a_layernorm.weight" {eps = 1.0e-6} : tensor<?x?x5xf32>
  %q = hadal.linear %an "self_attn.q_b_proj.weight" : tensor<?x?x5xf32> -> tensor<?x?x10xf32>
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> tensor<?x?x6xf32>
  %o = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
    {heads = 2, nope = 3, value = 4, rope = #rope, eps = 1.0e-6}
    : tensor<?x?x10xf32>, tensor<?x?x6xf32> -> !hidden
  %y = hadal.linear %o "self_attn.o_proj.weight" : !hidden -> !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}
func.func private @dense(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.gated_mlp %n "mlp" {width = 6} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}
func.func private @experts(%x: !hidden) -> (!hidden, tensor<f32>, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %g = hadal.linear %n "mlp.gate.weight" : !hidden -> tensor<?x?x8xf32>
  %i, %w, %l = hadal.router sigmoid %g "mlp.gate.e_score_correction_bias"
    {top_k = 3, groups = 4, top_groups = 2, normalize, scale = 2.5}
    : tensor<?x?x8xf32> -> tensor<?x?x3xi32>, tensor<?x?x3xf32>, tensor<8xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 8, width = 4}
    : !hidden, tensor<?x?x3xi32>, tensor<?x?x3xf32>
  %s = hadal.gated_mlp %n "mlp.shared_experts" {width = 4} : !hidden
  %b = hadal.sequence_balance_loss sigmoid %g {top_k = 3} : tensor<?x?x8xf32>
  %v = hadal.variance_balance_loss sigmoid %g : tensor<?x?x8xf32>
  %y = arith.addf %e, %s : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r, %b, %v : !hidden, tensor<f32>, tensor<f32>
}
hadal.model @everything(%window: tensor<?x?xi32>) attributes {initializer_std = 0.3} {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %t "model.embed_tokens.weight" {vocabulary = 16} : tensor<?x?xi32> -> !hidden
  %d = hadal.layers %x "model.layers" 0 to 1 {@attention, @dense} : !hidden
  %h, %b, %v = hadal.layers %d "model.layers" 1 to 2 {@attention, @experts} : !hidden, tensor<f32>, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %l = hadal.cross_entropy %n, %y "lm_head.weight" {vocabulary = 16} : !hidden, tensor<?x?xi32>
  %m, %mb, %mv = hadal.mtp %h, %window "model.layers" 2 to 4 {@attention, @experts} embedding "model.embed_tokens.weight"
    norm "model.norm.weight" head "lm_head.weight" {vocabulary = 16, eps = 1.0e-6}
    : !hidden, tensor<?x?xi32> -> tensor<f32>, tensor<f32>, tensor<f32>
  hadal.losses main(%l) mtp(%m) balance(%b, %v, %mb, %mv)
}
