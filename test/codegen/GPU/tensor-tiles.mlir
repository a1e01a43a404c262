// Products on tensor cores in large tiles: two consuming warp groups, pairs of blocks that share B, and blocks that take several
// tiles in turn. A GPU of two multiprocessors chooses them for small matrices.
// RUN: hadal-check-kernels %s --target=sm_90a --multiprocessors=2 --print-config --assemble 2>&1 | FileCheck %s
// RUN: hadal-check-kernels %s --target=sm_90a --multiprocessors=2 --routing=skewed --seed=3
// RUN: hadal-check-kernels %s --target=sm_90a --multiprocessors=2 --routing=last --seed=4
// One multiprocessor has no pair of blocks.
// RUN: hadal-check-kernels %s --target=sm_90a --multiprocessors=1 --kernel=pairs --print-config | FileCheck %s --check-prefix=ONE
// ONE: @pairs (contraction): {{.*}}cluster = 1, {{.*}}} stages [product: 1 ×
// ONE: 2 of 2 kernels pass

// CHECK: @pairs (contraction): wgmma_warp_specialized {rows = 128, {{.*}}} stages [product: 2 × {{.*}}clusters of 2
// CHECK: @pairs_transposed (contraction): wgmma_warp_specialized {rows = 128, columns = 256, {{.*}}cluster = 2
// CHECK: @experts (contraction): wgmma_warp_specialized {rows = 128,
// CHECK: @experts_gathered (contraction): wgmma_warp_specialized {rows = 128,
// CHECK: @experts_gradient (contraction): wgmma_warp_specialized {rows = 128,
// CHECK: @experts_gradient_gathered (contraction): wgmma_warp_specialized {rows = 128,
// CHECK: @head (head): wgmma_token_chunks {logits = {rows = 128, columns = 192, {{.*}}cluster = 2, {{.*}}hidden_gradient = {rows = 128, {{.*}}weight_gradient = {rows = 128
// CHECK-NOT: C75
// CHECK: 7 of 7 kernels pass on sm_90a (emulated)

hadal.kernel contraction @pairs(%x: tensor<400x72xbf16>, %w: tensor<376x72xbf16>) -> tensor<400x376xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<376x72xbf16>) : tensor<400x72xbf16> -> tensor<400x376xbf16>
  hadal.yield %0 : tensor<400x376xbf16>
}
hadal.kernel contraction @pairs_transposed(%a: tensor<136x400xbf16>, %b: tensor<136x256xbf16>) -> tensor<400x256xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<136x400xbf16>, tensor<136x256xbf16>) -> tensor<400x256xf32>
  hadal.yield %0 : tensor<400x256xf32>
}

hadal.kernel contraction @experts(%x: tensor<600x72xbf16>, %w: tensor<3x264x72xbf16>, %o: tensor<4xi32>) -> tensor<600x264xbf16> {
  %0 = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<600x72xbf16>, tensor<3x264x72xbf16>, tensor<4xi32>) -> tensor<600x264xbf16>
  hadal.yield %0 : tensor<600x264xbf16>
}
hadal.kernel contraction @experts_gathered(%x: tensor<2x150x72xbf16>, %p: tensor<600xi32>, %r: tensor<2x150x2xi32>, %w: tensor<3x264x72xbf16>, %o: tensor<4xi32>) -> tensor<600x264xbf16> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<2x150x72xbf16>, tensor<600xi32>, tensor<2x150x2xi32>) -> tensor<600x72xbf16>
  %0 = hadal.grouped_matmul %rows, %w, %o {transpose_rhs} : (tensor<600x72xbf16>, tensor<3x264x72xbf16>, tensor<4xi32>) -> tensor<600x264xbf16>
  hadal.yield %0 : tensor<600x264xbf16>
}
hadal.kernel contraction @experts_gradient(%d: tensor<600x200xbf16>, %x: tensor<600x136xbf16>, %o: tensor<4xi32>) -> tensor<3x200x136xf32> {
  %0 = hadal.grouped_outer_product %d, %x, %o : (tensor<600x200xbf16>, tensor<600x136xbf16>, tensor<4xi32>) -> tensor<3x200x136xf32>
  hadal.yield %0 : tensor<3x200x136xf32>
}
hadal.kernel contraction @experts_gradient_gathered(%d: tensor<600x200xbf16>, %x: tensor<2x150x136xbf16>, %p: tensor<600xi32>, %r: tensor<2x150x2xi32>, %o: tensor<4xi32>) -> tensor<3x200x136xf32> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<2x150x136xbf16>, tensor<600xi32>, tensor<2x150x2xi32>) -> tensor<600x136xbf16>
  %0 = hadal.grouped_outer_product %d, %rows, %o : (tensor<600x200xbf16>, tensor<600x136xbf16>, tensor<4xi32>) -> tensor<3x200x136xf32>
  hadal.yield %0 : tensor<3x200x136xf32>
}

// Rows that end in the second tile.
hadal.kernel head @head(%hidden: tensor<2x125x136xbf16>, %targets: tensor<2x125xi32>, %w: tensor<520x136xbf16>, %g: tensor<f32>) -> (tensor<f32>, tensor<2x125x136xbf16>, tensor<520x136xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<2x125x136xbf16>, tensor<2x125xi32>, tensor<520x136xbf16>, tensor<f32>) -> (tensor<f32>, tensor<2x125x136xbf16>, tensor<520x136xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<f32>, tensor<2x125x136xbf16>, tensor<520x136xf32>
}
