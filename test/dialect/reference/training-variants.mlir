// What the fixture of transformers.mlir lacks, in a smaller model: uncompressed queries, YaRN, the half layout, softmax
// scores with a group limit, the variance balance loss, two MTP depths fed before the norm. The program has the model's
// losses, and its gradients agree with differences of its loss.
// RUN: hadal-opt %s --hadal-evaluate="batch=2 positions=8 digits=12" -o /dev/null > %t.txt
// RUN: hadal-opt %s --hadal-model-to-program="micro-batch-size=2 seq-length=5" -o %t.mlir
// RUN: hadal-opt %t.mlir --hadal-evaluate="digits=12" -o /dev/null >> %t.txt
// RUN: FileCheck %s < %t.txt
// RUN: hadal-opt %t.mlir --hadal-check-training-step -o /dev/null | FileCheck %s --check-prefix=GRADIENTS

// CHECK: @variants#0: tensor<f32> [[MAIN:[0-9.]+]]
// CHECK: @variants#1: tensor<f32> [[MTP:[0-9.]+]]
// CHECK: @accumulate#0: tensor<f32> [[MAIN]]
// CHECK: @accumulate#1: tensor<f32> [[MTP]]
// CHECK: @evaluate: tensor<f32> [[MAIN]]

// GRADIENTS-DAG: @accumulate gradient of 'model.layers.0.mlp.gate.weight': relative error
// GRADIENTS-DAG: @accumulate gradient of 'model.layers.2.hnorm.weight': relative error

!hidden = tensor<?x?x6xf32>
!tokens = tensor<?x?xi32>

func.func private @attention(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-5 : f64} : !hidden
  %q = hadal.linear %n "self_attn.q_proj.weight" : !hidden -> tensor<?x?x14xf32>
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> tensor<?x?x7xf32>
  %o = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight" {heads = 2 : i64,
       nope = 3 : i64, value = 2 : i64, eps = 1.0e-5 : f64, rope = #hadal.rope<theta = 100.0, dim = 4, layout = half,
       yarn = <factor = 4.0, original_length = 16, mscale = 1.0, mscale_all_dim = 0.5>>}
       : tensor<?x?x14xf32>, tensor<?x?x7xf32> -> tensor<?x?x4xf32>
  %y = hadal.linear %o "self_attn.o_proj.weight" : tensor<?x?x4xf32> -> !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

func.func private @moe_ffn(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-5 : f64} : !hidden
  %g = hadal.linear %n "mlp.gate.weight" : !hidden -> tensor<?x?x8xf32>
  %i, %w, %load = hadal.router softmax %g {top_k = 3 : i64, groups = 4 : i64, top_groups = 2 : i64,
                  group_score = #hadal.group_score<max>, scale = 4.0 : f64}
                  : tensor<?x?x8xf32> -> tensor<?x?x3xi32>, tensor<?x?x3xf32>, tensor<8xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 8 : i64, width = 3 : i64}
       : !hidden, tensor<?x?x3xi32>, tensor<?x?x3xf32>
  %balance = hadal.variance_balance_loss softmax %g : tensor<?x?x8xf32>
  %r = arith.addf %x, %e : !hidden
  return %r, %balance : !hidden, tensor<f32>
}

hadal.model @variants(%window: !tokens) {
  %t = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %x = hadal.embedding %t "model.embed_tokens.weight" {vocabulary = 11 : i64} : !tokens -> !hidden
  %h, %balance = hadal.layers %x "model.layers" 0 to 2 {@attention, @moe_ffn} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-5 : f64} : !hidden
  %target = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %main = hadal.cross_entropy %n, %target "lm_head.weight" {vocabulary = 11 : i64} : !hidden, !tokens
  %mtp, %mtp_balance = hadal.mtp %h, %window "model.layers" 2 to 4 {@attention, @moe_ffn}
       embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight"
       {vocabulary = 11 : i64, eps = 1.0e-5 : f64, hidden_state = #hadal.mtp_hidden_state<pre_norm>} : !hidden, !tokens -> tensor<f32>, tensor<f32>
  hadal.losses main(%main) mtp(%mtp) balance(%balance, %mtp_balance)
}
