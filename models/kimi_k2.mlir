// Kimi-K2: 1.026T parameters, 32.9B of them active for each token.
//
// DeepSeek-V3's architecture with half as many heads and half as many experts again: 61 layers of hidden size 7168, the
// first dense; 64 heads; eight of 384 experts without groups, one shared; no MTP. Rotary base 50000, YaRN extends the
// context 32 times, in one step between fast and slow pairs (beta_fast = beta_slow = 1). Source: released configuration.

!tokens     = tensor<?x?xi32>              // batch × sequence
!hidden     = tensor<?x?x7168xf32>         // batch × sequence × hidden
!query_rank = tensor<?x?x1536xf32>         // compressed queries
!queries    = tensor<?x?x12288xf32>        // 64 heads × (128 nope | 64 rope)
!latent     = tensor<?x?x576xf32>          // compressed keys and values 512 | rotary key 64
!values     = tensor<?x?x8192xf32>         // 64 heads × 128
!scores     = tensor<?x?x384xf32>          // one per expert
!choices    = tensor<?x?x8xi32>            // the experts of a token
!shares     = tensor<?x?x8xf32>            // and their weights
#rope       = #hadal.rope<theta = 50000.0, dim = 64,
                          yarn = <factor = 32.0, original_length = 4096, beta_fast = 1.0>>
#stored     = {activation_scheme = "dynamic", fmt = "e4m3", quant_method = "fp8", weight_block_size = [128, 128]}

// Multi-head latent attention: queries compressed to 1536, keys and values to 512 channels.
func.func private @attention(%x: !hidden) -> !hidden {
  %n  = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %a  = hadal.linear %n "self_attn.q_a_proj.weight" : !hidden -> !query_rank
  %an = hadal.rms_norm %a "self_attn.q_a_layernorm.weight" {eps = 1.0e-6} : !query_rank
  %q  = hadal.linear %an "self_attn.q_b_proj.weight" : !query_rank -> !queries
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> !latent
  %o  = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
         {heads = 64, nope = 128, value = 128, rope = #rope, eps = 1.0e-6} : !queries, !latent -> !values
  %y  = hadal.linear %o "self_attn.o_proj.weight" : !values -> !hidden
  %r  = arith.addf %x, %y : !hidden
  return %r : !hidden
}

// The feed-forward block of the dense layers.
func.func private @dense_ffn(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.gated_mlp %n "mlp" {width = 18432} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

// The mixture: 8 of 384 experts of width 2048, 1 shared; the
// bias takes part in the selection only.
func.func private @moe_ffn(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %s = hadal.linear %n "mlp.gate.weight" : !hidden -> !scores
  %i, %w, %load = hadal.router sigmoid %s "mlp.gate.e_score_correction_bias"
         {top_k = 8, normalize, scale = 2.827} : !scores -> !choices, !shares, tensor<384xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 384, width = 2048} : !hidden, !choices, !shares
  %d = hadal.gated_mlp %n "mlp.shared_experts" {width = 2048} : !hidden
  %y = arith.addf %e, %d : !hidden
  %r = arith.addf %x, %y : !hidden
  %b = hadal.sequence_balance_loss sigmoid %s {top_k = 8} : !scores
  return %r, %b : !hidden, tensor<f32>
}

hadal.model @kimi_k2(%window: !tokens) attributes {initializer_std = 0.006, context_length = 131072,
    token_ids = {bos = 163584, eos = 163585},
    stored_weights = #stored} {
  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %next   = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 163840} : !tokens -> !hidden
  %d = hadal.layers %x "model.layers" 0 to 1 {@attention, @dense_ffn} : !hidden
  %h, %balance = hadal.layers %d "model.layers" 1 to 61 {@attention, @moe_ffn} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 163840} : !hidden, !tokens
  hadal.losses main(%main) balance(%balance)
}
