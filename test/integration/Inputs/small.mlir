// The model of the tests of whole programs: every feature of models/tiny.mlir at sizes that compile in seconds. Tokens
// are bytes; one dense layer, two with eight experts in four groups, one MTP block.

!tokens     = tensor<?x?xi32>
!hidden     = tensor<?x?x32xf32>
!query_rank = tensor<?x?x16xf32>
!queries    = tensor<?x?x48xf32>           // 2 heads × (16 nope | 8 rope)
!latent     = tensor<?x?x24xf32>           // compressed keys and values 16 | rotary key 8
!values     = tensor<?x?x32xf32>           // 2 heads × 16
!scores     = tensor<?x?x8xf32>
!choices    = tensor<?x?x2xi32>
!shares     = tensor<?x?x2xf32>
#rope       = #hadal.rope<theta = 10000.0, dim = 8>

func.func private @attention(%x: !hidden) -> !hidden {
  %n  = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %a  = hadal.linear %n "self_attn.q_a_proj.weight" : !hidden -> !query_rank
  %an = hadal.rms_norm %a "self_attn.q_a_layernorm.weight" {eps = 1.0e-6} : !query_rank
  %q  = hadal.linear %an "self_attn.q_b_proj.weight" : !query_rank -> !queries
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> !latent
  %o  = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
         {heads = 2, nope = 16, value = 16, rope = #rope, eps = 1.0e-6} : !queries, !latent -> !values
  %y  = hadal.linear %o "self_attn.o_proj.weight" : !values -> !hidden
  %r  = arith.addf %x, %y : !hidden
  return %r : !hidden
}

func.func private @dense_ffn(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.gated_mlp %n "mlp" {width = 96} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

func.func private @moe_ffn(%x: !hidden) -> (!hidden, tensor<f32>) {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %s = hadal.linear %n "mlp.gate.weight" : !hidden -> !scores
  %i, %w, %load = hadal.router sigmoid %s "mlp.gate.e_score_correction_bias"
         {top_k = 2, groups = 4, top_groups = 2, normalize, scale = 2.0} : !scores -> !choices, !shares, tensor<8xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 8, width = 24} : !hidden, !choices, !shares
  %d = hadal.gated_mlp %n "mlp.shared_experts" {width = 24} : !hidden
  %y = arith.addf %e, %d : !hidden
  %r = arith.addf %x, %y : !hidden
  %b = hadal.sequence_balance_loss sigmoid %s {top_k = 2} : !scores
  return %r, %b : !hidden, tensor<f32>
}

hadal.model @small(%window: !tokens) attributes {initializer_std = 0.1, context_length = 64} {
  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %next   = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 256} : !tokens -> !hidden
  %d = hadal.layers %x "model.layers" 0 to 1 {@attention, @dense_ffn} : !hidden
  %h, %balance = hadal.layers %d "model.layers" 1 to 3 {@attention, @moe_ffn} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 256} : !hidden, !tokens
  %mtp, %mtp_balance = hadal.mtp %h, %window "model.layers" 3 to 4 {@attention, @moe_ffn}
         embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight"
         {vocabulary = 256, eps = 1.0e-6} : !hidden, !tokens -> tensor<f32>, tensor<f32>
  hadal.losses main(%main) mtp(%mtp) balance(%balance, %mtp_balance)
}
