// The attention core and its gradient on CPUs against the reference evaluator, for every width of vectors: sequences of one
// position, below, at and across the blocks, and heads that fill no vector or several.
// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3
// RUN: hadal-check-kernels %s --cpu=x86-64-v2

hadal.kernel attention @one_position(%q: tensor<1x1x27xf32>, %kv: tensor<1x1x36xf32>, %rotary: tensor<1x1x2xf32>) -> (tensor<1x1x15xf32>, tensor<1x3x1xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 3, nope = 7, value = 5, scale = 0.333 : f64} : (tensor<1x1x27xf32>, tensor<1x1x36xf32>, tensor<1x1x2xf32>) -> (tensor<1x1x15xf32>, tensor<1x3x1xf32>)
  hadal.yield %0, %1 : tensor<1x1x15xf32>, tensor<1x3x1xf32>
}
hadal.kernel attention @one_position_gradient(%q: tensor<1x1x27xf32>, %kv: tensor<1x1x36xf32>, %rotary: tensor<1x1x2xf32>, %o: tensor<1x1x15xf32>, %l: tensor<1x3x1xf32>, %g: tensor<1x1x15xf32>) -> (tensor<1x1x27xf32>, tensor<1x1x36xf32>, tensor<1x1x2xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 3, nope = 7, value = 5, scale = 0.333 : f64} : (tensor<1x1x27xf32>, tensor<1x1x36xf32>, tensor<1x1x2xf32>, tensor<1x1x15xf32>, tensor<1x3x1xf32>, tensor<1x1x15xf32>) -> (tensor<1x1x27xf32>, tensor<1x1x36xf32>, tensor<1x1x2xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x1x27xf32>, tensor<1x1x36xf32>, tensor<1x1x2xf32>
}

hadal.kernel attention @seven(%q: tensor<2x7x48xf32>, %kv: tensor<2x7x64xf32>, %rotary: tensor<2x7x8xf32>) -> (tensor<2x7x32xf32>, tensor<2x2x7xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 2, nope = 16, value = 16, scale = 0.204 : f64} : (tensor<2x7x48xf32>, tensor<2x7x64xf32>, tensor<2x7x8xf32>) -> (tensor<2x7x32xf32>, tensor<2x2x7xf32>)
  hadal.yield %0, %1 : tensor<2x7x32xf32>, tensor<2x2x7xf32>
}
hadal.kernel attention @seven_gradient(%q: tensor<2x7x48xf32>, %kv: tensor<2x7x64xf32>, %rotary: tensor<2x7x8xf32>, %o: tensor<2x7x32xf32>, %l: tensor<2x2x7xf32>, %g: tensor<2x7x32xf32>) -> (tensor<2x7x48xf32>, tensor<2x7x64xf32>, tensor<2x7x8xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 2, nope = 16, value = 16, scale = 0.204 : f64} : (tensor<2x7x48xf32>, tensor<2x7x64xf32>, tensor<2x7x8xf32>, tensor<2x7x32xf32>, tensor<2x2x7xf32>, tensor<2x7x32xf32>) -> (tensor<2x7x48xf32>, tensor<2x7x64xf32>, tensor<2x7x8xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<2x7x48xf32>, tensor<2x7x64xf32>, tensor<2x7x8xf32>
}

hadal.kernel attention @sixty_four(%q: tensor<2x64x96xf32>, %kv: tensor<2x64x96xf32>, %rotary: tensor<2x64x16xf32>) -> (tensor<2x64x48xf32>, tensor<2x3x64xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 3, nope = 16, value = 16, scale = 0.177 : f64} : (tensor<2x64x96xf32>, tensor<2x64x96xf32>, tensor<2x64x16xf32>) -> (tensor<2x64x48xf32>, tensor<2x3x64xf32>)
  hadal.yield %0, %1 : tensor<2x64x48xf32>, tensor<2x3x64xf32>
}
hadal.kernel attention @sixty_four_gradient(%q: tensor<2x64x96xf32>, %kv: tensor<2x64x96xf32>, %rotary: tensor<2x64x16xf32>, %o: tensor<2x64x48xf32>, %l: tensor<2x3x64xf32>, %g: tensor<2x64x48xf32>) -> (tensor<2x64x96xf32>, tensor<2x64x96xf32>, tensor<2x64x16xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 3, nope = 16, value = 16, scale = 0.177 : f64} : (tensor<2x64x96xf32>, tensor<2x64x96xf32>, tensor<2x64x16xf32>, tensor<2x64x48xf32>, tensor<2x3x64xf32>, tensor<2x64x48xf32>) -> (tensor<2x64x96xf32>, tensor<2x64x96xf32>, tensor<2x64x16xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<2x64x96xf32>, tensor<2x64x96xf32>, tensor<2x64x16xf32>
}

hadal.kernel attention @across_blocks(%q: tensor<1x130x68xf32>, %kv: tensor<1x130x114xf32>, %rotary: tensor<1x130x10xf32>) -> (tensor<1x130x66xf32>, tensor<1x2x130xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x130x68xf32>, tensor<1x130x114xf32>, tensor<1x130x10xf32>) -> (tensor<1x130x66xf32>, tensor<1x2x130xf32>)
  hadal.yield %0, %1 : tensor<1x130x66xf32>, tensor<1x2x130xf32>
}
hadal.kernel attention @across_blocks_gradient(%q: tensor<1x130x68xf32>, %kv: tensor<1x130x114xf32>, %rotary: tensor<1x130x10xf32>, %o: tensor<1x130x66xf32>, %l: tensor<1x2x130xf32>, %g: tensor<1x130x66xf32>) -> (tensor<1x130x68xf32>, tensor<1x130x114xf32>, tensor<1x130x10xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x130x68xf32>, tensor<1x130x114xf32>, tensor<1x130x10xf32>, tensor<1x130x66xf32>, tensor<1x2x130xf32>, tensor<1x130x66xf32>) -> (tensor<1x130x68xf32>, tensor<1x130x114xf32>, tensor<1x130x10xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x130x68xf32>, tensor<1x130x114xf32>, tensor<1x130x10xf32>
}

hadal.kernel attention @three_blocks(%q: tensor<1x300x192xf32>, %kv: tensor<1x300x256xf32>, %rotary: tensor<1x300x32xf32>) -> (tensor<1x300x128xf32>, tensor<1x2x300xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 2, nope = 64, value = 64, scale = 0.102 : f64} : (tensor<1x300x192xf32>, tensor<1x300x256xf32>, tensor<1x300x32xf32>) -> (tensor<1x300x128xf32>, tensor<1x2x300xf32>)
  hadal.yield %0, %1 : tensor<1x300x128xf32>, tensor<1x2x300xf32>
}
hadal.kernel attention @three_blocks_gradient(%q: tensor<1x300x192xf32>, %kv: tensor<1x300x256xf32>, %rotary: tensor<1x300x32xf32>, %o: tensor<1x300x128xf32>, %l: tensor<1x2x300xf32>, %g: tensor<1x300x128xf32>) -> (tensor<1x300x192xf32>, tensor<1x300x256xf32>, tensor<1x300x32xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 2, nope = 64, value = 64, scale = 0.102 : f64} : (tensor<1x300x192xf32>, tensor<1x300x256xf32>, tensor<1x300x32xf32>, tensor<1x300x128xf32>, tensor<1x2x300xf32>, tensor<1x300x128xf32>) -> (tensor<1x300x192xf32>, tensor<1x300x256xf32>, tensor<1x300x32xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x300x192xf32>, tensor<1x300x256xf32>, tensor<1x300x32xf32>
}

hadal.kernel attention @v3_heads(%q: tensor<1x150x192xf32>, %kv: tensor<1x150x256xf32>, %rotary: tensor<1x150x64xf32>) -> (tensor<1x150x128xf32>, tensor<1x1x150xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 1, nope = 128, value = 128, scale = 0.072 : f64} : (tensor<1x150x192xf32>, tensor<1x150x256xf32>, tensor<1x150x64xf32>) -> (tensor<1x150x128xf32>, tensor<1x1x150xf32>)
  hadal.yield %0, %1 : tensor<1x150x128xf32>, tensor<1x1x150xf32>
}
hadal.kernel attention @v3_heads_gradient(%q: tensor<1x150x192xf32>, %kv: tensor<1x150x256xf32>, %rotary: tensor<1x150x64xf32>, %o: tensor<1x150x128xf32>, %l: tensor<1x1x150xf32>, %g: tensor<1x150x128xf32>) -> (tensor<1x150x192xf32>, tensor<1x150x256xf32>, tensor<1x150x64xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 1, nope = 128, value = 128, scale = 0.072 : f64} : (tensor<1x150x192xf32>, tensor<1x150x256xf32>, tensor<1x150x64xf32>, tensor<1x150x128xf32>, tensor<1x1x150xf32>, tensor<1x150x128xf32>) -> (tensor<1x150x192xf32>, tensor<1x150x256xf32>, tensor<1x150x64xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x150x192xf32>, tensor<1x150x256xf32>, tensor<1x150x64xf32>
}

hadal.kernel attention @wide_values(%q: tensor<1x129x21xf32>, %kv: tensor<1x129x197xf32>, %rotary: tensor<1x129x16xf32>) -> (tensor<1x129x192xf32>, tensor<1x1x129xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 1, nope = 5, value = 192, scale = 0.218 : f64} : (tensor<1x129x21xf32>, tensor<1x129x197xf32>, tensor<1x129x16xf32>) -> (tensor<1x129x192xf32>, tensor<1x1x129xf32>)
  hadal.yield %0, %1 : tensor<1x129x192xf32>, tensor<1x1x129xf32>
}
hadal.kernel attention @wide_values_gradient(%q: tensor<1x129x21xf32>, %kv: tensor<1x129x197xf32>, %rotary: tensor<1x129x16xf32>, %o: tensor<1x129x192xf32>, %l: tensor<1x1x129xf32>, %g: tensor<1x129x192xf32>) -> (tensor<1x129x21xf32>, tensor<1x129x197xf32>, tensor<1x129x16xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 1, nope = 5, value = 192, scale = 0.218 : f64} : (tensor<1x129x21xf32>, tensor<1x129x197xf32>, tensor<1x129x16xf32>, tensor<1x129x192xf32>, tensor<1x1x129xf32>, tensor<1x129x192xf32>) -> (tensor<1x129x21xf32>, tensor<1x129x197xf32>, tensor<1x129x16xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x129x21xf32>, tensor<1x129x197xf32>, tensor<1x129x16xf32>
}
