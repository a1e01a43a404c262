// The smallest model with attention, a mixture and an MTP block: what test/mutate makes phases and a program of.

!tokens  = tensor<?x?xi32>
!hidden  = tensor<?x?x8xf32>
!queries = tensor<?x?x8xf32>               // 1 head × (4 nope | 4 rope)
!latent  = tensor<?x?x8xf32>               // compressed keys and values 4 | rotary key 4
!values  = tensor<?x?x4xf32>
#rope    = #hadal.rope<theta = 10000.0, dim = 4>

func.func private @attention(%x: !hidden) -> !hidden {
  %n  = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %q  = hadal.linear %n "self_attn.q_proj.weight" : !hidden -> !queries
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> !latent
  %o  = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
         {heads = 1, nope = 4, value = 4, rope = #rope, eps = 1.0e-6} : !queries, !latent -> !values
  %y  = hadal.linear %o "self_attn.o_proj.weight" : !values -> !hidden
  %r  = arith.addf %x, %y : !hidden
  return %r : !hidden
}

func.func private @mixture(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %s = hadal.linear %n "mlp.gate.weight" : !hidden -> tensor<?x?x4xf32>
  %i, %w, %load = hadal.router sigmoid %s "mlp.gate.e_score_correction_bias" {top_k = 2, groups = 2, top_groups = 1, normalize}
      : tensor<?x?x4xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<4xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 4, width = 8} : !hidden, tensor<?x?x2xi32>, tensor<?x?x2xf32>
  %y = arith.addf %x, %e : !hidden
  %b = hadal.sequence_balance_loss sigmoid %s {top_k = 2} : tensor<?x?x4xf32>
  return %y, %b : !hidden, tensor<f32>
}

hadal.model @mixture_model(%window: !tokens) attributes {initializer_std = 0.1, context_length = 64} {
  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %next   = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 256} : !tokens -> !hidden
  %h, %balance = hadal.layers %x "model.layers" 0 to 2 {@attention, @mixture} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 256} : !hidden, !tokens
  %mtp, %mtp_balance = hadal.mtp %h, %window "model.layers" 2 to 3 {@attention, @mixture}
         embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight"
         {vocabulary = 256, eps = 1.0e-6} : !hidden, !tokens -> tensor<f32>, tensor<f32>
  hadal.losses main(%main) mtp(%mtp) balance(%balance, %mtp_balance)
}
