// A dense model of two layers. </script><!-- ends nothing here
!tokens = tensor<?x?xi32>
!hidden = tensor<?x?x16xf32>

func.func private @dense_ffn(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : !hidden
  %y = hadal.gated_mlp %n "mlp" {width = 24} : !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

hadal.model @dense(%window: !tokens) {
  %tokens = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %next = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 64} : !tokens -> !hidden
  %h = hadal.layers %x "model.layers" 0 to 2 {@dense_ffn} : !hidden
  %n = hadal.rms_norm %h "model.norm.weight" {eps = 1.0e-6} : !hidden
  %main = hadal.cross_entropy %n, %next "lm_head.weight" {vocabulary = 64} : !hidden, !tokens
  hadal.losses main(%main)
}
