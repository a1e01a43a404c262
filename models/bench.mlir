// The benchmark: DeepSeek-V3's architecture at a size whose step takes seconds on a CPU; run at batch 4 × 512.
//
// Eight layers of hidden size 512, the first dense; 16 experts in four groups, four from the best two groups for each
// token, one shared; one MTP block.

!tokens     = tensor<?x?xi32>              // batch × sequence
!hidden     = tensor<?x?x512xf32>          // batch × sequence × hidden
!query_rank = tensor<?x?x192xf32>          // compressed queries
!queries    = tensor<?x?x768xf32>          // 8 heads × (64 nope | 32 rope)
!latent     = tensor<?x?x160xf32>          // compressed keys and values 128 | rotary key 32
!values     = tensor<?x?x512xf32>          // 8 heads × 64
!scores     = tensor<?x?x16xf32>           // one per expert
!choices    = tensor<?x?x4xi32>            // the experts of a token
!shares     = tensor<?x?x4xf32>            // and their weights
#rope       = #hadal.rope<theta = 10000.0, dim = 32>

// Multi-head latent attention: queries compressed to 192, keys and values to 128 channels.
func.func private @attention(%x: !hidden) -> !hidden {
  %n  = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %a  = hadal.linear %n "self_attn.q_a_proj.weight" : !hidden -> !query_rank
  %an = hadal.rms_norm %a "self_attn.q_a_layernorm.weight" {eps = 1.0e-6} : !query_rank
  %q  = hadal.linear %an "self_attn.q_b_proj.weight" : !query_rank -> !queries
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> !latent
  %o  = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
         {heads = 8, nope = 64, value = 64, rope = #rope, eps = 1.0e-6} : !queries, !latent -> !values
  %y  = hadal.linear %o "self_attn.o_proj.weight" : !values -> !hidden
  %r  = arith.addf %x, %y : !hidden
  return %r : !hidden
}

// The feed-forward block of the dense layers.
func.func private @dense_ffn(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.gated_mlp %n "mlp" {width = 2048} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

// The mixture: 4 of 16 experts of width 512 from the best 2 of 4 groups, 1 shared; the
// bias takes part in the selection only.
func.func private @moe_ffn(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %s = hadal.linear %n "mlp.gate.weight" : !hidden -> !scores
  %i, %w, %load = hadal.router sigmoid %s "mlp.gate.e_score_correction_bias"
         {top_k = 4, groups = 4, top_groups = 2, normalize, scale = 2.5} : !scores -> !choices, !shares, tensor<16xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 16, width = 512} : !hidden, !choices, !shares
  %d = hadal.gated_mlp %n "mlp.shared_experts" {width = 512} : !hidden
  %y = arith.addf %e, %d : !hidden
  %r = arith.addf %x, %y : !hidden
  %b = hadal.sequence_balance_loss sigmoid %s {top_k = 4} : !scores
  return %r, %b : !hidden, tensor<f32>
}

hadal.model @bench(%window: !tokens) attributes {initializer_std = 0.02, context_length = 512} {
  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %next   = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 8192} : !tokens -> !hidden
  %d = hadal.layers %x "model.layers" 0 to 1 {@attention, @dense_ffn} : !hidden
  %h, %balance = hadal.layers %d "model.layers" 1 to 8 {@attention, @moe_ffn} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 8192} : !hidden, !tokens
  %mtp, %mtp_balance = hadal.mtp %h, %window "model.layers" 8 to 9 {@attention, @moe_ffn}
         embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight"
         {vocabulary = 8192, eps = 1.0e-6} : !hidden, !tokens -> tensor<f32>, tensor<f32>
  hadal.losses main(%main) mtp(%mtp) balance(%balance, %mtp_balance)
}
