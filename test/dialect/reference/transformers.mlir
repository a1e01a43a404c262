// The evaluator against Hugging Face transformers, in float64 on both sides: the fixture v3_like has compressed queries,
// expert groups, sigmoid scores with a selection bias, a shared expert and one MTP block. The losses are those of its
// expected.json, whose balance is the sum of the last two.
// RUN: hadal-opt %s -o /dev/null --hadal-evaluate="batch=2 positions=18 stride=16 digits=13 \
// RUN:   weights=%S/../../fixtures/cases/v3_like/model.safetensors tokens=%S/../../fixtures/cases/v3_like/tokens.u16" \
// RUN:   | FileCheck %s
//
// The program that passes make of the model has the same losses, and its gradients agree with differences of its loss,
// whether activations are kept or computed again.
// RUN: hadal-opt %s -o %t.mlir --hadal-model-to-program="micro-batch-size=2 seq-length=16"
// RUN: hadal-opt %t.mlir -o /dev/null --hadal-evaluate="stride=16 digits=13 summary \
// RUN:   weights=%S/../../fixtures/cases/v3_like/model.safetensors tokens=%S/../../fixtures/cases/v3_like/tokens.u16" \
// RUN:   | FileCheck %s --check-prefix=PROGRAM
// RUN: hadal-opt %t.mlir -o /dev/null --hadal-check-training-step | FileCheck %s --check-prefix=GRADIENTS
// RUN: hadal-opt %s -o /dev/null --pass-pipeline="builtin.module(hadal-model-to-program{ \
// RUN:   micro-batch-size=2 seq-length=16},hadal-check-training-step)" \
// RUN:   | FileCheck %s --check-prefix=GRADIENTS

// CHECK: @v3_like#0: tensor<f32> 4.478546900336
// CHECK: @v3_like#1: tensor<f32> 4.240745483733
// CHECK: @v3_like#2: tensor<f32> 1.176016666696
// CHECK: @v3_like#3: tensor<f32> 1.168814313994

// PROGRAM: @accumulate#0: tensor<f32> sum 4.478546900336
// PROGRAM: @accumulate#1: tensor<f32> sum 4.240745483733
// PROGRAM: @accumulate#2: tensor<f32> sum 2.34483098069
// PROGRAM: @evaluate: tensor<f32> sum 4.478546900336

// GRADIENTS-DAG: @accumulate gradient of 'model.embed_tokens.weight': relative error
// GRADIENTS-DAG: @accumulate gradient of 'model.layers.1.mlp.experts.{e}.up_proj.weight': relative error
// GRADIENTS-DAG: @accumulate gradient of 'model.layers.2.eh_proj.weight': relative error
// GRADIENTS-DAG: @accumulate gradient of 'lm_head.weight': relative error

!hidden = tensor<?x?x32xf32>
!tokens = tensor<?x?xi32>

func.func private @attention(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6 : f64} : !hidden
  %a = hadal.linear %n "self_attn.q_a_proj.weight" : !hidden -> tensor<?x?x18xf32>
  %an = hadal.rms_norm %a "self_attn.q_a_layernorm.weight" {eps = 1.0e-6 : f64} : tensor<?x?x18xf32>
  %q = hadal.linear %an "self_attn.q_b_proj.weight" : tensor<?x?x18xf32> -> tensor<?x?x36xf32>
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> tensor<?x?x20xf32>
  %o = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight" {heads = 2 : i64,
       nope = 10 : i64, value = 6 : i64, rope = #hadal.rope<theta = 1.0e4, dim = 8>, eps = 1.0e-6 : f64}
       : tensor<?x?x36xf32>, tensor<?x?x20xf32> -> tensor<?x?x12xf32>
  %y = hadal.linear %o "self_attn.o_proj.weight" : tensor<?x?x12xf32> -> !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

func.func private @dense_ffn(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6 : f64} : !hidden
  %y = hadal.gated_mlp %n "mlp" {width = 28 : i64} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

func.func private @moe_ffn(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6 : f64} : !hidden
  %g = hadal.linear %n "mlp.gate.weight" : !hidden -> tensor<?x?x12xf32>
  %i, %w, %load = hadal.router sigmoid %g "mlp.gate.e_score_correction_bias" {top_k = 4 : i64, groups = 4 : i64,
                  top_groups = 2 : i64, normalize, scale = 2.5 : f64}
                  : tensor<?x?x12xf32> -> tensor<?x?x4xi32>, tensor<?x?x4xf32>, tensor<12xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 12 : i64, width = 5 : i64}
       : !hidden, tensor<?x?x4xi32>, tensor<?x?x4xf32>
  %s = hadal.gated_mlp %n "mlp.shared_experts" {width = 5 : i64} : !hidden
  %balance = hadal.sequence_balance_loss sigmoid %g {top_k = 4 : i64} : tensor<?x?x12xf32>
  %y = arith.addf %e, %s : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r, %balance : !hidden, tensor<f32>
}

hadal.model @v3_like(%window: !tokens) {
  %t = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %x = hadal.embedding %t "model.embed_tokens.weight" {vocabulary = 41 : i64} : !tokens -> !hidden
  %d = hadal.layers %x "model.layers" 0 to 1 {@attention, @dense_ffn} : !hidden
  %h, %balance = hadal.layers %d "model.layers" 1 to 2 {@attention, @moe_ffn} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6 : f64} : !hidden
  %target = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %main = hadal.cross_entropy %n, %target "lm_head.weight" {vocabulary = 41 : i64} : !hidden, !tokens
  %mtp, %mtp_balance = hadal.mtp %h, %window "model.layers" 2 to 3 {@attention, @moe_ffn}
       embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight"
       {vocabulary = 41 : i64, eps = 1.0e-6 : f64} : !hidden, !tokens -> tensor<f32>, tensor<f32>
  hadal.losses main(%main) mtp(%mtp) balance(%balance, %mtp_balance)
}
