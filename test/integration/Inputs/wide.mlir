// Wide enough that every sum is cut: depths beyond 256 (and no multiple of it), rows of hidden states and a vocabulary
// that fill no vector, more than one block of the vocabulary, and sequences of more than one block of keys.

!tokens = tensor<?x?xi32>
!hidden = tensor<?x?x301xf32>
!queries = tensor<?x?x46xf32>              // 2 heads × (17 nope | 6 rope)
!latent = tensor<?x?x27xf32>               // compressed keys and values 21 | rotary key 6
!values = tensor<?x?x38xf32>               // 2 heads × 19
!scores = tensor<?x?x6xf32>
!choices = tensor<?x?x2xi32>
!shares = tensor<?x?x2xf32>
#rope = #hadal.rope<theta = 10000.0, dim = 6>

func.func private @attention(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : !hidden
  %q = hadal.linear %n "self_attn.q_proj.weight" : !hidden -> !queries
  %kv = hadal.linear %n "self_attn.kv_a_proj_with_mqa.weight" : !hidden -> !latent
  %o = hadal.mla_attention %q, %kv "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
         {heads = 2, nope = 17, value = 19, rope = #rope, eps = 1.0e-6} : !queries, !latent -> !values
  %y = hadal.linear %o "self_attn.o_proj.weight" : !values -> !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

func.func private @moe_ffn(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %s = hadal.linear %n "mlp.gate.weight" : !hidden -> !scores
  %i, %w, %load = hadal.router softmax %s {top_k = 2, scale = 2.0} : !scores -> !choices, !shares, tensor<6xf32>
  %e = hadal.experts %n, %i, %w "mlp.experts" {count = 6, width = 270} : !hidden, !choices, !shares
  %r = arith.addf %x, %e : !hidden
  return %r : !hidden
}

hadal.model @wide(%window: !tokens) attributes {initializer_std = 0.1, context_length = 256} {
  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %next = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 2093} : !tokens -> !hidden
  %h = hadal.layers %x "model.layers" 0 to 1 {@attention, @moe_ffn} : !hidden
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 2093} : !hidden, !tokens
  hadal.losses main(%main)
}
