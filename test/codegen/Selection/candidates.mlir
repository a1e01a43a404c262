// Every strategy of a kernel's kind is named, with what it would have taken or why it cannot.
// RUN: hadal-opt %s --hadal-select-strategies='target=sm_90a print-config' -o /dev/null 2>&1 | FileCheck %s --check-prefix=GPU
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not hadal-opt %s --hadal-select-strategies='print-config=yaml' -o /dev/null 2>&1 | FileCheck %s --check-prefix=FORM
// FORM: error: unknown form 'yaml' of print-config; known: text, json

// Tensor cores, whatever threads would need: the bits of a product do not follow from a time.
// GPU: @product (contraction): wgmma_warp_specialized {rows = 128, columns = 256, stages = 4, cluster = 2, group_rows = 18} stages
// GPU-NEXT: predicted {{[0-9.]+}} {{ms|µs}} (compute {{.*}}, memory {{.*}}, overhead {{.*}})
// GPU-NEXT: not thread_tiles: it adds products in another order than 'wgmma_warp_specialized', and bits must not follow from predicted times
// CPU: @product (contraction): packed_register_tiles {rows = 16, vectors = 2,
// CPU-NEXT: predicted {{[0-9.]+}} ms (compute {{.*}}, memory {{.*}}, overhead {{.*}})
// CPU-NOT: rather than
hadal.kernel contraction @product(%x: tensor<8192x4096xbf16>, %w: tensor<8192x4096xbf16>) -> tensor<8192x8192xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<8192x4096xbf16>) : tensor<8192x4096xbf16> -> tensor<8192x8192xbf16>
  hadal.yield %0 : tensor<8192x8192xbf16>
}

// One width is no multiple of 8, and the cost of it is plain to see.
// GPU: @odd (contraction): thread_tiles {tiles = {rows = {{[0-9]+}},
// GPU-NEXT: predicted
// GPU-NEXT: not wgmma_warp_specialized: 'hadal.linear' is not for tensor cores: A has rows of 4092 numbers, and TMA wants multiples of 8; B has
hadal.kernel contraction @odd(%x: tensor<8192x4092xbf16>, %w: tensor<8192x4092xbf16>) -> tensor<8192x8192xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<8192x4092xbf16>) : tensor<8192x4092xbf16> -> tensor<8192x8192xbf16>
  hadal.yield %0 : tensor<8192x8192xbf16>
}

// GPU: @head (head): thread_token_chunks
// GPU: not wgmma_token_chunks: 'hadal.cross_entropy' is not for tensor cores: it has 36 channels and a vocabulary of 264, and TMA wants multiples of 8
hadal.kernel head @head(%h: tensor<1x64x36xbf16>, %t: tensor<1x64xi32>, %w: tensor<264x36xbf16>) -> tensor<f32> {
  %0 = hadal.cross_entropy %h, %t weights(%w : tensor<264x36xbf16>) {vocabulary = 264} : tensor<1x64x36xbf16>, tensor<1x64xi32>
  hadal.yield %0 : tensor<f32>
}

// GPU: @attention (attention): thread_online_softmax {owned = {{[0-9]+}}, resident = true}
// GPU: not wgmma_online_softmax: 'hadal.attention' is not for tensor cores: its heads are too large, or 16 does not divide a part
hadal.kernel attention @attention(%q: tensor<1x64x48xbf16>, %kv: tensor<1x64x80xbf16>, %r: tensor<1x64x8xbf16>) -> (tensor<1x64x48xbf16>, tensor<1x2x64xf32>) {
  %0, %1 = hadal.attention %q, %kv, %r {heads = 2, nope = 16, value = 24, scale = 0.1 : f64} : (tensor<1x64x48xbf16>, tensor<1x64x80xbf16>, tensor<1x64x8xbf16>) -> (tensor<1x64x48xbf16>, tensor<1x2x64xf32>)
  hadal.yield %0, %1 : tensor<1x64x48xbf16>, tensor<1x2x64xf32>
}
