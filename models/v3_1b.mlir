// A V3 shape of a billion parameters: the training step that tools/gpu-check times against torch.compile.
//
// 16 layers of hidden size 1024, the first dense, heads as V3 has them; 32 experts in eight groups, four from the best
// four groups for each token, one shared; one MTP block.

!tokens     = tensor<?x?xi32>              // batch × sequence
!hidden     = tensor<?x?x1024xf32>         // batch × sequence × hidden
!query_rank = tensor<?x?x768xf32>          // compressed queries
!queries    = tensor<?x?x3072xf32>         // 16 heads × (128 nope | 64 rope)
!latent     = tensor<?x?x576xf32>          // compressed keys and values 512 | rotary key 64
!values     = tensor<?x?x2048xf32>         // 16 heads × 128
!scores     = tensor<?x?x32xf32>           // one per expert
!choices    = tensor<?x?x4xi32>            // the experts of a token
!shares     = tensor<?x?x4xf32>            // and their weights
#rope       = #hadal.rope<theta = 10000.0, dim = 64>

// Multi-head latent attention: queries compressed to 768, keys and values to 512 channels.
func.func private @attention(%x: !hidden) -> !hidden {
  %n  = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %a  = hadal.linear %n "self_attn.q_a_proj.weight" : !hidden -> !query_rank
  %an = hadal.rms_norm %a "self_attn.q_a_layernorm.weight" {eps = 1.0e-6} : !query_rank
  %q  = hadal.linear %an "self_attn.q_b_proj.weight" : !query_rank -> !queries
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
  %y = hadal.gated_mlp %n "mlp" {width = 4096} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

// The mixture: 4 of 32 experts of width 512 from the best 4 of 8 groups, 1 shared; the
// bias takes part in the selection only.
func.func private @moe_ffn(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %s = hadal.linear %n "mlp.gate.weight" : !hidden -> !scores
  %i, %w, %load = hadal.router sigmoid %s "mlp.gate.e_score_correction_bias"
         {top_k = 4, groups = 8, top_groups = 4, normalize, scale = 2.5} : !scores -> !choices, !shares, tensor<32xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 32, width = 512} : !hidden, !choices, !shares
  %d = hadal.gated_mlp %n "mlp.shared_experts" {width = 512} : !hidden
  %y = arith.addf %e, %d : !hidden
  %r = arith.addf %x, %y : !hidden
  %b = hadal.sequence_balance_loss sigmoid %s {top_k = 4} : !scores
  return %r, %b : !hidden, tensor<f32>
}

hadal.model @v3_1b(%window: !tokens) attributes {initializer_std = 0.02, context_length = 4096} {
  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %next   = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 32768} : !tokens -> !hidden
  %d = hadal.layers %x "model.layers" 0 to 1 {@attention, @dense_ffn} : !hidden
  %h, %balance = hadal.layers %d "model.layers" 1 to 16 {@attention, @moe_ffn} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 32768} : !hidden, !tokens
  %mtp, %mtp_balance = hadal.mtp %h, %window "model.layers" 16 to 17 {@attention, @moe_ffn}
         embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight"
         {vocabulary = 32768, eps = 1.0e-6} : !hidden, !tokens -> tensor<f32>, tensor<f32>
  hadal.losses main(%main) mtp(%mtp) balance(%balance, %mtp_balance)
}
