// A row's bits depend on that row alone, on tensor cores: see alone.mlir. Here other tiles and clusters are chosen.
// RUN: hadal-check-kernels %s --target=sm_90a --alone=random --multiprocessors=4 --other-multiprocessors=1 --print-config | FileCheck %s
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --alone=random %if avx512 %{ --other-cpu=x86-64-v4 %}
// CHECK: @product_bf16_among (contraction): wgmma_warp_specialized {rows = 64, {{.*}}cluster = 2
// CHECK: @attention_bf16_alone (attention): wgmma_online_softmax {owned = 64,
// CHECK: @attention_bf16_among (attention): wgmma_online_softmax {owned = 128,
// CHECK: @head_bf16_alone (head): wgmma_token_chunks {logits = {rows = 64, columns = 128,
// CHECK: @product_bf16_among (contraction): wgmma_warp_specialized {rows = 128, {{.*}}cluster = 1
// CHECK: @head_bf16_among (head): wgmma_token_chunks {logits = {rows = 128, columns = 192,
// CHECK: {{^}}9 of 9 pairs of kernels pass on sm_90a (emulated)

// Tiles of 64 rows and of 128.
hadal.kernel contraction @product_bf16_alone(%x: tensor<3x200xbf16>, %w: tensor<136x200xbf16>) -> tensor<3x136xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<136x200xbf16>) : tensor<3x200xbf16> -> tensor<3x136xbf16>
  hadal.yield %0 : tensor<3x136xbf16>
}
hadal.kernel contraction @product_bf16_among(%x: tensor<140x200xbf16>, %w: tensor<136x200xbf16>) -> tensor<140x136xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<136x200xbf16>) : tensor<140x200xbf16> -> tensor<140x136xbf16>
  hadal.yield %0 : tensor<140x136xbf16>
}

// The same on tensor cores.
hadal.kernel contraction @grouped_bf16_alone(%x: tensor<40x304xbf16>, %w: tensor<5x40x304xbf16>, %offsets: tensor<6xi32>) -> tensor<40x40xbf16> {
  %0 = hadal.grouped_matmul %x, %w, %offsets {transpose_rhs} : (tensor<40x304xbf16>, tensor<5x40x304xbf16>, tensor<6xi32>) -> tensor<40x40xbf16>
  hadal.yield %0 : tensor<40x40xbf16>
}
hadal.kernel contraction @grouped_bf16_among(%x: tensor<100x304xbf16>, %w: tensor<5x40x304xbf16>, %offsets: tensor<6xi32>) -> tensor<100x40xbf16> {
  %0 = hadal.grouped_matmul %x, %w, %offsets {transpose_rhs} : (tensor<100x304xbf16>, tensor<5x40x304xbf16>, tensor<6xi32>) -> tensor<100x40xbf16>
  hadal.yield %0 : tensor<100x40xbf16>
}

// The same on tensor cores: one warp group, and two.
hadal.kernel attention @attention_bf16_alone(%q: tensor<1x50x96xbf16>, %kv: tensor<1x50x128xbf16>, %r: tensor<1x50x16xbf16>) -> (tensor<1x50x64xbf16>, tensor<1x2x50xf32>) {
  %0, %1 = hadal.attention %q, %kv, %r {heads = 2, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<1x50x96xbf16>, tensor<1x50x128xbf16>, tensor<1x50x16xbf16>) -> (tensor<1x50x64xbf16>, tensor<1x2x50xf32>)
  hadal.yield %0, %1 : tensor<1x50x64xbf16>, tensor<1x2x50xf32>
}
hadal.kernel attention @attention_bf16_among(%q: tensor<1x140x96xbf16>, %kv: tensor<1x140x128xbf16>, %r: tensor<1x140x16xbf16>) -> (tensor<1x140x64xbf16>, tensor<1x2x140xf32>) {
  %0, %1 = hadal.attention %q, %kv, %r {heads = 2, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<1x140x96xbf16>, tensor<1x140x128xbf16>, tensor<1x140x16xbf16>) -> (tensor<1x140x64xbf16>, tensor<1x2x140xf32>)
  hadal.yield %0, %1 : tensor<1x140x64xbf16>, tensor<1x2x140xf32>
}

// Parts of the vocabulary.
hadal.kernel head @head_bf16_alone(%h: tensor<1x48x40xbf16>, %t: tensor<1x48xi32>, %w: tensor<328x40xbf16>, %g: tensor<f32> {hadal.value = dense<1.0> : tensor<f32>}) -> tensor<1x48x40xbf16> {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<1x48x40xbf16>, tensor<1x48xi32>, tensor<328x40xbf16>, tensor<f32>) -> (tensor<f32>, tensor<1x48x40xbf16>, tensor<328x40xf32>)
  hadal.yield %0#1 : tensor<1x48x40xbf16>
}
hadal.kernel head @head_bf16_among(%h: tensor<1x96x40xbf16>, %t: tensor<1x96xi32>, %w: tensor<328x40xbf16>, %g: tensor<f32> {hadal.value = dense<2.0> : tensor<f32>}) -> tensor<1x96x40xbf16> {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<1x96x40xbf16>, tensor<1x96xi32>, tensor<328x40xbf16>, tensor<f32>) -> (tensor<f32>, tensor<1x96x40xbf16>, tensor<328x40xf32>)
  hadal.yield %0#1 : tensor<1x96x40xbf16>
}

// Attention on latents: another tile of pairs, other rows and sequences, longer tables, pages elsewhere, a part that follows.
hadal.kernel attention @latent_bf16_alone(%a: tensor<1x1x64xbf16>, %q: tensor<1x1x96xbf16>, %c: tensor<5x64x32xbf16>, %k: tensor<5x64x16xbf16>, %t: tensor<1x3xi32> {hadal.value = dense<[[4, 0, 2]]> : tensor<1x3xi32>}, %p: tensor<1x1xi32> {hadal.value = dense<[[140]]> : tensor<1x1xi32>}, %n: tensor<1xi32> {hadal.value = dense<[141]> : tensor<1xi32>}) -> tensor<1x1x64xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 2, scale = 0.3 : f64} : (tensor<1x1x64xbf16>, tensor<1x1x96xbf16>, tensor<5x64x32xbf16>, tensor<5x64x16xbf16>, tensor<1x3xi32>, tensor<1x1xi32>, tensor<1xi32>) -> tensor<1x1x64xf32>
  hadal.yield %0 : tensor<1x1x64xf32>
}
hadal.kernel attention @latent_bf16_among(%a: tensor<2x2x64xbf16>, %q: tensor<2x2x96xbf16>, %c: tensor<9x64x32xbf16>, %k: tensor<9x64x16xbf16>, %t: tensor<2x10xi32> {hadal.value = dense<[[4, 0, 2, 5, 6, 7, 8, 5, 6, 7], [1, 3, 1, 3, 1, 3, 1, 3, 1, 3]]> : tensor<2x10xi32>}, %p: tensor<2x2xi32> {hadal.value = dense<[[140, 539], [-1, 500]]> : tensor<2x2xi32>}, %n: tensor<2xi32> {hadal.value = dense<[540, 501]> : tensor<2xi32>}) -> tensor<2x2x64xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 2, scale = 0.3 : f64} : (tensor<2x2x64xbf16>, tensor<2x2x96xbf16>, tensor<9x64x32xbf16>, tensor<9x64x16xbf16>, tensor<2x10xi32>, tensor<2x2xi32>, tensor<2xi32>) -> tensor<2x2x64xf32>
  hadal.yield %0 : tensor<2x2x64xf32>
}

// Rows that a number tells, and the heads' products.
hadal.kernel contraction @counted_bf16_alone(%x: tensor<1x20x200xbf16>, %w: tensor<40x200xbf16>, %n: tensor<1xi32> {hadal.value = dense<20> : tensor<1xi32>}) -> tensor<1x20x40xbf16> {
  %0 = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<1x20x200xbf16>, tensor<40x200xbf16>, tensor<1xi32>) -> tensor<1x20x40xbf16>
  hadal.yield %0 : tensor<1x20x40xbf16>
}
hadal.kernel contraction @counted_bf16_among(%x: tensor<2x150x200xbf16>, %w: tensor<40x200xbf16>, %n: tensor<2xi32> {hadal.value = dense<[90, 150]> : tensor<2xi32>}) -> tensor<2x150x40xbf16> {
  %0 = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<2x150x200xbf16>, tensor<40x200xbf16>, tensor<2xi32>) -> tensor<2x150x40xbf16>
  hadal.yield %0 : tensor<2x150x40xbf16>
}
hadal.kernel head @logits_bf16_alone(%h: tensor<1x3x40xbf16>, %w: tensor<328x40xbf16>) -> (tensor<1x3x328xf32>, tensor<1x3x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<1x3x40xbf16>, tensor<328x40xbf16>) -> (tensor<1x3x328xf32>, tensor<1x3x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x3x328xf32>, tensor<1x3x2xf32>
}
hadal.kernel head @logits_bf16_among(%h: tensor<1x96x40xbf16>, %w: tensor<328x40xbf16>) -> (tensor<1x96x328xf32>, tensor<1x96x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<1x96x40xbf16>, tensor<328x40xbf16>) -> (tensor<1x96x328xf32>, tensor<1x96x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x96x328xf32>, tensor<1x96x2xf32>
}

// A token, and many at other positions, over the same keys; positions that are told, and rows without being told.
hadal.kernel attention @decode_bf16_alone(%q: tensor<1x1x96xbf16>, %kv: tensor<1x300x128xbf16>, %k: tensor<1x300x16xbf16>, %p: tensor<1x1xi32> {hadal.value = dense<250> : tensor<1x1xi32>}, %n: tensor<1xi32> {hadal.value = dense<290> : tensor<1xi32>}) -> (tensor<1x1x64xbf16>, tensor<1x2x1xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<1x1x96xbf16>, tensor<1x300x128xbf16>, tensor<1x300x16xbf16>, tensor<1x1xi32>, tensor<1xi32>) -> (tensor<1x1x64xbf16>, tensor<1x2x1xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x1x64xbf16>, tensor<1x2x1xf32>
}
hadal.kernel attention @decode_bf16_among(%q: tensor<1x140x96xbf16>, %kv: tensor<1x300x128xbf16>, %k: tensor<1x300x16xbf16>, %p: tensor<1x140xi32> {hadal.value = dense<[[250, 0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84, 91, 98, 105, 112, 119, 126, 133, 140, 147, 154, 161, 168, 175, 182, 189, 196, 203, 210, 217, 224, 231, 238, 245, 252, 259, 266, 273, 280, 287, 4, 11, 18, 25, 32, 39, 46, 53, 60, 67, 74, 81, 88, 95, 102, 109, 116, 123, 130, 137, 144, 151, 158, 165, 172, 179, 186, 193, 200, 207, 214, 221, 228, 235, 242, 249, 256, 263, 270, 277, 284, 1, 8, 15, 22, 29, 36, 43, 50, 57, 64, 71, 78, 85, 92, 99, 106, 113, 120, 127, 134, 141, 148, 155, 162, 169, 176, 183, 190, 197, 204, 211, 218, 225, 232, 239, 246, 253, 260, 267, 274, 281, 288, 5, 12, 19, 26, 33, 40, 47, 54, 61, 68, 75, 82, 89, 96]]> : tensor<1x140xi32>}, %n: tensor<1xi32> {hadal.value = dense<290> : tensor<1xi32>}) -> (tensor<1x140x64xbf16>, tensor<1x2x140xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<1x140x96xbf16>, tensor<1x300x128xbf16>, tensor<1x300x16xbf16>, tensor<1x140xi32>, tensor<1xi32>) -> (tensor<1x140x64xbf16>, tensor<1x2x140xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x140x64xbf16>, tensor<1x2x140xf32>
}
hadal.kernel attention @told_bf16_alone(%q: tensor<1x139x96xbf16>, %kv: tensor<1x140x128xbf16>, %k: tensor<1x140x16xbf16>, %p: tensor<1x139xi32> {hadal.value = dense<[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138]]> : tensor<1x139xi32>}, %n: tensor<1xi32> {hadal.value = dense<139> : tensor<1xi32>}) -> (tensor<1x139x64xbf16>, tensor<1x2x139xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<1x139x96xbf16>, tensor<1x140x128xbf16>, tensor<1x140x16xbf16>, tensor<1x139xi32>, tensor<1xi32>) -> (tensor<1x139x64xbf16>, tensor<1x2x139xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x139x64xbf16>, tensor<1x2x139xf32>
}
hadal.kernel attention @told_bf16_among(%q: tensor<1x140x96xbf16>, %kv: tensor<1x140x128xbf16>, %k: tensor<1x140x16xbf16>) -> (tensor<1x140x64xbf16>, tensor<1x2x140xf32>) {
  %0:2 = hadal.attention %q, %kv, %k {heads = 2, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<1x140x96xbf16>, tensor<1x140x128xbf16>, tensor<1x140x16xbf16>) -> (tensor<1x140x64xbf16>, tensor<1x2x140xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x140x64xbf16>, tensor<1x2x140xf32>
}
