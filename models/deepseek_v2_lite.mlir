// DeepSeek-V2-Lite: 15.71B parameters, 2.66B of them active for each token.
//
// 27 layers of hidden size 2048, the first dense. Latent attention with 16 heads and without compression of the
// queries; six of 64 experts by softmax scores that are not normalised again, two shared, no groups and no selection
// bias. YaRN extends the context forty times. Source: DeepSeek-V2 technical report, appendix B; released configuration.

!tokens     = tensor<?x?xi32>              // batch × sequence
!hidden     = tensor<?x?x2048xf32>         // batch × sequence × hidden
!queries    = tensor<?x?x3072xf32>         // 16 heads × (128 nope | 64 rope)
!latent     = tensor<?x?x576xf32>          // compressed keys and values 512 | rotary key 64
!values     = tensor<?x?x2048xf32>         // 16 heads × 128
!scores     = tensor<?x?x64xf32>           // one per expert
!choices    = tensor<?x?x6xi32>            // the experts of a token
!shares     = tensor<?x?x6xf32>            // and their weights
#rope       = #hadal.rope<theta = 10000.0, dim = 64,
                          yarn = <factor = 40.0, original_length = 4096, mscale = 0.707, mscale_all_dim = 0.707>>

// Multi-head latent attention: full queries, keys and values compressed to 512 channels.
func.func private @attention(%x: !hidden) -> !hidden {
  %n  = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %q  = hadal.linear %n "self_attn.q_proj.weight" : !hidden -> !queries
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> !latent
  %o  = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
         {heads = 16, nope = 128, value = 128, rope = #rope, eps = 1.0e-6} : !queries, !latent -> !values
  %y  = hadal.linear %o "self_attn.o_proj.weight" : !values -> !hidden
  %r  = arith.addf %x, %y : !hidden
  return %r : !hidden
}

// The feed-forward block of the dense layers.
func.func private @dense_ffn(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.gated_mlp %n "mlp" {width = 10944} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

// The mixture: 6 of 64 experts of width 1408, 2 shared.
func.func private @moe_ffn(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %s = hadal.linear %n "mlp.gate.weight" : !hidden -> !scores
  %i, %w, %load = hadal.router softmax %s
         {top_k = 6} : !scores -> !choices, !shares, tensor<64xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 64, width = 1408} : !hidden, !choices, !shares
  %d = hadal.gated_mlp %n "mlp.shared_experts" {width = 2816} : !hidden
  %y = arith.addf %e, %d : !hidden
  %r = arith.addf %x, %y : !hidden
  %b = hadal.sequence_balance_loss softmax %s {top_k = 6} : !scores
  return %r, %b : !hidden, tensor<f32>
}

hadal.model @deepseek_v2_lite(%window: !tokens) attributes {initializer_std = 0.006, context_length = 163840,
    token_ids = {bos = 100000, eos = 100001}} {
  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %next   = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 102400} : !tokens -> !hidden
  %d = hadal.layers %x "model.layers" 0 to 1 {@attention, @dense_ffn} : !hidden
  %h, %balance = hadal.layers %d "model.layers" 1 to 27 {@attention, @moe_ffn} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 102400} : !hidden, !tokens
  hadal.losses main(%main) balance(%balance)
}
