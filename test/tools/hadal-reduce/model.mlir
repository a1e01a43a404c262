// Of a model: layer functions go together with their mention in the stacks of layers, stacks keep one layer, functions lose
// the parts that nothing needs and their losses, and the model what comes of them.
// RUN: hadal-reduce %s --test=%S/Inputs/holds.sh --test-arg=hadal.router --test-arg=hadal.layers -o %t.mlir 2>&1 | FileCheck %s --check-prefix=REPORT
// RUN: hadal-opt %t.mlir | FileCheck %s --implicit-check-not=hadal.mtp --implicit-check-not=func.func --implicit-check-not=_loss

// REPORT: reduced from 26 to 10 operations in {{[0-9]+}} runs of the script

// CHECK: func.func private @mixture(%[[X:.*]]: tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
// CHECK-NEXT: hadal.linear %[[X]]
// CHECK-NEXT: hadal.router
// CHECK-NEXT: return %[[X]]
// CHECK: hadal.model
// CHECK: hadal.layers {{.*}} 0 to 1 {@mixture} : tensor<?x?x8xf32>{{$}}
// CHECK: hadal.losses main(%{{[^)]*}}){{$}}

// Only the attention is left where the fault lies there.
// RUN: hadal-reduce %s --test=%S/Inputs/holds.sh --test-arg=mla_attention -o %t.mlir 2> /dev/null
// RUN: hadal-opt %t.mlir | FileCheck %s --check-prefix=ATTENTION --implicit-check-not=func.func --implicit-check-not=hadal.model
// ATTENTION: func.func private @attention
// ATTENTION-NOT: rms_norm
// ATTENTION: hadal.mla_attention

func.func private @attention(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %n = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : tensor<?x?x8xf32>
  %q = hadal.linear %n "self_attn.q_proj.weight" : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  %o = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
       {heads = 1, nope = 4, value = 4, rope = #hadal.rope<theta = 10000.0, dim = 4>, eps = 1.0e-6}
       : tensor<?x?x8xf32>, tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  %y = hadal.linear %o "self_attn.o_proj.weight" : tensor<?x?x4xf32> -> tensor<?x?x8xf32>
  %r = arith.addf %x, %y : tensor<?x?x8xf32>
  return %r : tensor<?x?x8xf32>
}

func.func private @mixture(%x: tensor<?x?x8xf32>) -> (tensor<?x?x8xf32>, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : tensor<?x?x8xf32>
  %s = hadal.linear %n "mlp.gate.weight" : tensor<?x?x8xf32> -> tensor<?x?x4xf32>
  %i, %w, %load = hadal.router sigmoid %s "mlp.gate.e_score_correction_bias" {top_k = 2}
      : tensor<?x?x4xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<4xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 4, width = 8} : tensor<?x?x8xf32>, tensor<?x?x2xi32>, tensor<?x?x2xf32>
  %y = arith.addf %x, %e : tensor<?x?x8xf32>
  %b = hadal.sequence_balance_loss sigmoid %s {top_k = 2} : tensor<?x?x4xf32>
  return %y, %b : tensor<?x?x8xf32>, tensor<f32>
}

hadal.model @model(%window: tensor<?x?xi32>) attributes {initializer_std = 0.1, context_length = 64} {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 64} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %h, %balance = hadal.layers %x "model.layers" 0 to 5 {@attention, @mixture} : tensor<?x?x8xf32>, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : tensor<?x?x8xf32>
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 64} : tensor<?x?x8xf32>, tensor<?x?xi32>
  %mtp, %mtp_balance = hadal.mtp %h, %window "model.layers" 5 to 6 {@attention, @mixture}
         embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight"
         {vocabulary = 64, eps = 1.0e-6} : tensor<?x?x8xf32>, tensor<?x?xi32> -> tensor<f32>, tensor<f32>
  hadal.losses main(%main) mtp(%mtp) balance(%balance, %mtp_balance)
}
