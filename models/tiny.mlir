// The demonstration: a byte-level model with every feature of DeepSeek-V3, small enough to train in minutes on two
// cores.
//
// Tokens are bytes. Five layers of hidden size 192: the first has a dense feed-forward block, the others a mixture of
// eight experts in four groups, two of them for each token, and one shared expert. One MTP block predicts the token
// after the next. Routing is balanced by the selection bias and, lightly, by the sequence-wise loss.

!tokens     = tensor<?x?xi32>              // batch × sequence
!hidden     = tensor<?x?x192xf32>          // batch × sequence × hidden
!query_rank = tensor<?x?x96xf32>           // compressed queries
!queries    = tensor<?x?x192xf32>          // 4 heads × (32 nope | 16 rope)
!latent     = tensor<?x?x80xf32>           // compressed keys and values 64 | rotary key 16
!values     = tensor<?x?x192xf32>          // 4 heads × 48
!scores     = tensor<?x?x8xf32>            // one per expert
!choices    = tensor<?x?x2xi32>            // the experts of a token
!shares     = tensor<?x?x2xf32>            // and their weights
#rope       = #hadal.rope<theta = 10000.0, dim = 16>

// Multi-head latent attention: queries compressed to 96, keys and values to 64 channels.
func.func private @attention(%x: !hidden) -> !hidden {
  %n  = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %a  = hadal.linear %n "self_attn.q_a_proj.weight" : !hidden -> !query_rank
  %an = hadal.rms_norm %a "self_attn.q_a_layernorm.weight" {eps = 1.0e-6} : !query_rank
  %q  = hadal.linear %an "self_attn.q_b_proj.weight" : !query_rank -> !queries
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> !latent
  %o  = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
         {heads = 4, nope = 32, value = 48, rope = #rope, eps = 1.0e-6} : !queries, !latent -> !values
  %y  = hadal.linear %o "self_attn.o_proj.weight" : !values -> !hidden
  %r  = arith.addf %x, %y : !hidden
  return %r : !hidden
}

// The feed-forward block of the dense layers.
func.func private @dense_ffn(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.gated_mlp %n "mlp" {width = 512} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

// The mixture: 2 of 8 experts of width 192 from the best 2 of 4 groups, 1 shared; the
// bias takes part in the selection only.
func.func private @moe_ffn(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %s = hadal.linear %n "mlp.gate.weight" : !hidden -> !scores
  %i, %w, %load = hadal.router sigmoid %s "mlp.gate.e_score_correction_bias"
         {top_k = 2, groups = 4, top_groups = 2, normalize, scale = 2.0} : !scores -> !choices, !shares, tensor<8xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 8, width = 192} : !hidden, !choices, !shares
  %d = hadal.gated_mlp %n "mlp.shared_experts" {width = 192} : !hidden
  %y = arith.addf %e, %d : !hidden
  %r = arith.addf %x, %y : !hidden
  %b = hadal.sequence_balance_loss sigmoid %s {top_k = 2} : !scores
  return %r, %b : !hidden, tensor<f32>
}

hadal.model @tiny(%window: !tokens) attributes {initializer_std = 0.02, context_length = 256} {
  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %next   = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 256} : !tokens -> !hidden
  %d = hadal.layers %x "model.layers" 0 to 1 {@attention, @dense_ffn} : !hidden
  %h, %balance = hadal.layers %d "model.layers" 1 to 5 {@attention, @moe_ffn} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 256} : !hidden, !tokens
  %mtp, %mtp_balance = hadal.mtp %h, %window "model.layers" 5 to 6 {@attention, @moe_ffn}
         embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight"
         {vocabulary = 256, eps = 1.0e-6} : !hidden, !tokens -> tensor<f32>, tensor<f32>
  hadal.losses main(%main) mtp(%mtp) balance(%balance, %mtp_balance)
}
