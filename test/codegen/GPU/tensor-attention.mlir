// The attention core on tensor cores against the reference evaluator: sequences of one position, below, at and behind a
// tile; heads of panels of 16, 32 and 64 channels; the sizes of the small models and of V3; queries at positions of their own over keys of
// which some are not there, which then are no numbers.
// RUN: hadal-check-kernels %s --target=sm_90a --print-config | FileCheck %s

// CHECK-COUNT-11: wgmma_online_softmax
// CHECK: 11 of 11 kernels pass on sm_90a (emulated)

hadal.kernel attention @one_position(%q: tensor<1x1x64xbf16>, %kv: tensor<1x1x64xbf16>, %rotary: tensor<1x1x16xbf16>) -> (tensor<1x1x32xbf16>, tensor<1x2x1xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 2, nope = 16, value = 16, scale = 0.177 : f64} : (tensor<1x1x64xbf16>, tensor<1x1x64xbf16>, tensor<1x1x16xbf16>) -> (tensor<1x1x32xbf16>, tensor<1x2x1xf32>)
  hadal.yield %0, %1 : tensor<1x1x32xbf16>, tensor<1x2x1xf32>
}

hadal.kernel attention @short(%q: tensor<1x30x96xbf16>, %kv: tensor<1x30x96xbf16>, %rotary: tensor<1x30x16xbf16>) -> (tensor<1x30x32xbf16>, tensor<1x2x30xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 2, nope = 32, value = 16, scale = 0.144 : f64} : (tensor<1x30x96xbf16>, tensor<1x30x96xbf16>, tensor<1x30x16xbf16>) -> (tensor<1x30x32xbf16>, tensor<1x2x30xf32>)
  hadal.yield %0, %1 : tensor<1x30x32xbf16>, tensor<1x2x30xf32>
}

hadal.kernel attention @tiny(%q: tensor<2x100x144xbf16>, %kv: tensor<2x100x192xbf16>, %rotary: tensor<2x100x16xbf16>) -> (tensor<2x100x96xbf16>, tensor<2x3x100xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 3, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<2x100x144xbf16>, tensor<2x100x192xbf16>, tensor<2x100x16xbf16>) -> (tensor<2x100x96xbf16>, tensor<2x3x100xf32>)
  hadal.yield %0, %1 : tensor<2x100x96xbf16>, tensor<2x3x100xf32>
}

hadal.kernel attention @whole_tile(%q: tensor<1x128x96xbf16>, %kv: tensor<1x128x128xbf16>, %rotary: tensor<1x128x32xbf16>) -> (tensor<1x128x64xbf16>, tensor<1x1x128xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 1, nope = 64, value = 64, scale = 0.102 : f64} : (tensor<1x128x96xbf16>, tensor<1x128x128xbf16>, tensor<1x128x32xbf16>) -> (tensor<1x128x64xbf16>, tensor<1x1x128xf32>)
  hadal.yield %0, %1 : tensor<1x128x64xbf16>, tensor<1x1x128xf32>
}

hadal.kernel attention @behind_a_tile(%q: tensor<1x129x128xbf16>, %kv: tensor<1x129x192xbf16>, %rotary: tensor<1x129x16xbf16>) -> (tensor<1x129x96xbf16>, tensor<1x2x129xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 2, nope = 48, value = 48, scale = 0.125 : f64} : (tensor<1x129x128xbf16>, tensor<1x129x192xbf16>, tensor<1x129x16xbf16>) -> (tensor<1x129x96xbf16>, tensor<1x2x129xf32>)
  hadal.yield %0, %1 : tensor<1x129x96xbf16>, tensor<1x2x129xf32>
}

hadal.kernel attention @v3_heads(%q: tensor<1x300x192xbf16>, %kv: tensor<1x300x256xbf16>, %rotary: tensor<1x300x64xbf16>) -> (tensor<1x300x128xbf16>, tensor<1x1x300xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 1, nope = 128, value = 128, scale = 0.072 : f64} : (tensor<1x300x192xbf16>, tensor<1x300x256xbf16>, tensor<1x300x64xbf16>) -> (tensor<1x300x128xbf16>, tensor<1x1x300xf32>)
  hadal.yield %0, %1 : tensor<1x300x128xbf16>, tensor<1x1x300xf32>
}

hadal.kernel attention @wide_values(%q: tensor<1x140x128xbf16>, %kv: tensor<1x140x320xbf16>, %rotary: tensor<1x140x64xbf16>) -> (tensor<1x140x256xbf16>, tensor<1x1x140xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 1, nope = 64, value = 256, scale = 0.088 : f64} : (tensor<1x140x128xbf16>, tensor<1x140x320xbf16>, tensor<1x140x64xbf16>) -> (tensor<1x140x256xbf16>, tensor<1x1x140xf32>)
  hadal.yield %0, %1 : tensor<1x140x256xbf16>, tensor<1x1x140xf32>
}

// A piece of a prompt in any order, of which some see no key; a token per sample, and one that sees none; a block of queries that see none.
hadal.kernel attention @piece(%q: tensor<2x140x64xbf16>, %kv: tensor<2x300x96xbf16>, %k: tensor<2x300x16xbf16>, %p: tensor<2x140xi32> {hadal.range = [-20, 310]}, %n: tensor<2xi32> {hadal.value = dense<[300, 131]> : tensor<2xi32>}) -> (tensor<2x140x64xbf16>, tensor<2x2x140xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 16, value = 32, scale = 0.144 : f64} : (tensor<2x140x64xbf16>, tensor<2x300x96xbf16>, tensor<2x300x16xbf16>, tensor<2x140xi32>, tensor<2xi32>) -> (tensor<2x140x64xbf16>, tensor<2x2x140xf32>)
  hadal.yield %0#0, %0#1 : tensor<2x140x64xbf16>, tensor<2x2x140xf32>
}

hadal.kernel attention @decode(%q: tensor<4x1x96xbf16>, %kv: tensor<4x300x96xbf16>, %k: tensor<4x300x16xbf16>, %p: tensor<4x1xi32> {hadal.value = dense<[[299], [5], [127], [400]]> : tensor<4x1xi32>}, %n: tensor<4xi32> {hadal.value = dense<[300, 0, 128, 300]> : tensor<4xi32>}) -> (tensor<4x1x32xbf16>, tensor<4x2x1xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 32, value = 16, scale = 0.144 : f64} : (tensor<4x1x96xbf16>, tensor<4x300x96xbf16>, tensor<4x300x16xbf16>, tensor<4x1xi32>, tensor<4xi32>) -> (tensor<4x1x32xbf16>, tensor<4x2x1xf32>)
  hadal.yield %0#0, %0#1 : tensor<4x1x32xbf16>, tensor<4x2x1xf32>
}

hadal.kernel attention @lengths(%q: tensor<3x140x64xbf16>, %kv: tensor<3x140x96xbf16>, %k: tensor<3x140x32xbf16>, %n: tensor<3xi32> {hadal.value = dense<[140, 0, 65]> : tensor<3xi32>}) -> (tensor<3x140x64xbf16>, tensor<3x1x140xf32>) {
  %0:2 = hadal.attention %q, %kv, %k key_lengths(%n) {heads = 1, nope = 32, value = 64, scale = 0.144 : f64} : (tensor<3x140x64xbf16>, tensor<3x140x96xbf16>, tensor<3x140x32xbf16>, tensor<3xi32>) -> (tensor<3x140x64xbf16>, tensor<3x1x140xf32>)
  hadal.yield %0#0, %0#1 : tensor<3x140x64xbf16>, tensor<3x1x140xf32>
}

hadal.kernel attention @v3_piece(%q: tensor<1x64x192xbf16>, %kv: tensor<1x400x256xbf16>, %k: tensor<1x400x64xbf16>, %p: tensor<1x64xi32> {hadal.range = [250, 330]}, %n: tensor<1xi32> {hadal.value = dense<320> : tensor<1xi32>}) -> (tensor<1x64x128xbf16>, tensor<1x1x64xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 1, nope = 128, value = 128, scale = 0.072 : f64} : (tensor<1x64x192xbf16>, tensor<1x400x256xbf16>, tensor<1x400x64xbf16>, tensor<1x64xi32>, tensor<1xi32>) -> (tensor<1x64x128xbf16>, tensor<1x1x64xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x64x128xbf16>, tensor<1x1x64xf32>
}
