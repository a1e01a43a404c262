// The attention core on tensor cores against the reference evaluator: sequences of one position, below, at and behind a
// tile; heads of panels of 16, 32 and 64 channels; the sizes of the small models and of V3.
// RUN: hadal-check-kernels %s --target=sm_90a --print-config | FileCheck %s

// CHECK-COUNT-7: wgmma_online_softmax
// CHECK: 7 of 7 kernels pass on sm_90a (emulated)

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
