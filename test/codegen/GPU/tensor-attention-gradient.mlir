// The gradient of the attention core on tensor cores against the reference evaluator: the same sequences and heads as in
// tensor-attention.mlir, as far as a thread's registers hold both sums.
// RUN: hadal-check-kernels %s --target=sm_90a --print-config | FileCheck %s

// CHECK-COUNT-6: wgmma_two_pass_gradient
// CHECK: 6 of 6 kernels pass on sm_90a (emulated)

hadal.kernel attention @one_position(%q: tensor<1x1x64xbf16>, %kv: tensor<1x1x64xbf16>, %rotary: tensor<1x1x16xbf16>, %o: tensor<1x1x32xbf16>, %l: tensor<1x2x1xf32>, %g: tensor<1x1x32xbf16>) -> (tensor<1x1x64xbf16>, tensor<1x1x64xbf16>, tensor<1x1x16xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 2, nope = 16, value = 16, scale = 0.177 : f64} : (tensor<1x1x64xbf16>, tensor<1x1x64xbf16>, tensor<1x1x16xbf16>, tensor<1x1x32xbf16>, tensor<1x2x1xf32>, tensor<1x1x32xbf16>) -> (tensor<1x1x64xbf16>, tensor<1x1x64xbf16>, tensor<1x1x16xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x1x64xbf16>, tensor<1x1x64xbf16>, tensor<1x1x16xbf16>
}

hadal.kernel attention @short(%q: tensor<1x30x96xbf16>, %kv: tensor<1x30x96xbf16>, %rotary: tensor<1x30x16xbf16>, %o: tensor<1x30x32xbf16>, %l: tensor<1x2x30xf32>, %g: tensor<1x30x32xbf16>) -> (tensor<1x30x96xbf16>, tensor<1x30x96xbf16>, tensor<1x30x16xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 2, nope = 32, value = 16, scale = 0.144 : f64} : (tensor<1x30x96xbf16>, tensor<1x30x96xbf16>, tensor<1x30x16xbf16>, tensor<1x30x32xbf16>, tensor<1x2x30xf32>, tensor<1x30x32xbf16>) -> (tensor<1x30x96xbf16>, tensor<1x30x96xbf16>, tensor<1x30x16xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x30x96xbf16>, tensor<1x30x96xbf16>, tensor<1x30x16xbf16>
}

hadal.kernel attention @tiny(%q: tensor<2x100x144xbf16>, %kv: tensor<2x100x192xbf16>, %rotary: tensor<2x100x16xbf16>, %o: tensor<2x100x96xbf16>, %l: tensor<2x3x100xf32>, %g: tensor<2x100x96xbf16>) -> (tensor<2x100x144xbf16>, tensor<2x100x192xbf16>, tensor<2x100x16xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 3, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<2x100x144xbf16>, tensor<2x100x192xbf16>, tensor<2x100x16xbf16>, tensor<2x100x96xbf16>, tensor<2x3x100xf32>, tensor<2x100x96xbf16>) -> (tensor<2x100x144xbf16>, tensor<2x100x192xbf16>, tensor<2x100x16xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<2x100x144xbf16>, tensor<2x100x192xbf16>, tensor<2x100x16xbf16>
}

hadal.kernel attention @whole_tile(%q: tensor<1x128x96xbf16>, %kv: tensor<1x128x128xbf16>, %rotary: tensor<1x128x32xbf16>, %o: tensor<1x128x64xbf16>, %l: tensor<1x1x128xf32>, %g: tensor<1x128x64xbf16>) -> (tensor<1x128x96xbf16>, tensor<1x128x128xbf16>, tensor<1x128x32xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 1, nope = 64, value = 64, scale = 0.102 : f64} : (tensor<1x128x96xbf16>, tensor<1x128x128xbf16>, tensor<1x128x32xbf16>, tensor<1x128x64xbf16>, tensor<1x1x128xf32>, tensor<1x128x64xbf16>) -> (tensor<1x128x96xbf16>, tensor<1x128x128xbf16>, tensor<1x128x32xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x128x96xbf16>, tensor<1x128x128xbf16>, tensor<1x128x32xbf16>
}

hadal.kernel attention @behind_a_tile(%q: tensor<1x129x128xbf16>, %kv: tensor<1x129x192xbf16>, %rotary: tensor<1x129x16xbf16>, %o: tensor<1x129x96xbf16>, %l: tensor<1x2x129xf32>, %g: tensor<1x129x96xbf16>) -> (tensor<1x129x128xbf16>, tensor<1x129x192xbf16>, tensor<1x129x16xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 2, nope = 48, value = 48, scale = 0.125 : f64} : (tensor<1x129x128xbf16>, tensor<1x129x192xbf16>, tensor<1x129x16xbf16>, tensor<1x129x96xbf16>, tensor<1x2x129xf32>, tensor<1x129x96xbf16>) -> (tensor<1x129x128xbf16>, tensor<1x129x192xbf16>, tensor<1x129x16xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x129x128xbf16>, tensor<1x129x192xbf16>, tensor<1x129x16xbf16>
}

hadal.kernel attention @v3_heads(%q: tensor<1x300x192xbf16>, %kv: tensor<1x300x256xbf16>, %rotary: tensor<1x300x64xbf16>, %o: tensor<1x300x128xbf16>, %l: tensor<1x1x300xf32>, %g: tensor<1x300x128xbf16>) -> (tensor<1x300x192xbf16>, tensor<1x300x256xbf16>, tensor<1x300x64xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 1, nope = 128, value = 128, scale = 0.072 : f64} : (tensor<1x300x192xbf16>, tensor<1x300x256xbf16>, tensor<1x300x64xbf16>, tensor<1x300x128xbf16>, tensor<1x1x300xf32>, tensor<1x300x128xbf16>) -> (tensor<1x300x192xbf16>, tensor<1x300x256xbf16>, tensor<1x300x64xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x300x192xbf16>, tensor<1x300x256xbf16>, tensor<1x300x64xbf16>
}
