// A row's bits depend on that row alone, on tensor cores: see alone.mlir. Here other tiles and clusters are chosen.
// RUN: hadal-check-kernels %s --target=sm_90a --alone=random --multiprocessors=4 --other-multiprocessors=1 --print-config | FileCheck %s
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --alone=random %if avx512 %{ --other-cpu=x86-64-v4 %}
// CHECK: @product_bf16_among (contraction): wgmma_warp_specialized {rows = 64, {{.*}}cluster = 2
// CHECK: @attention_bf16_alone (attention): wgmma_online_softmax {owned = 64,
// CHECK: @attention_bf16_among (attention): wgmma_online_softmax {owned = 128,
// CHECK: @head_bf16_alone (head): wgmma_token_chunks {logits = {rows = 64, columns = 128,
// CHECK: @product_bf16_among (contraction): wgmma_warp_specialized {rows = 128, {{.*}}cluster = 1
// CHECK: @head_bf16_among (head): wgmma_token_chunks {logits = {rows = 128, columns = 192,
// CHECK: {{^}}7 of 7 pairs of kernels pass on sm_90a (emulated)

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
