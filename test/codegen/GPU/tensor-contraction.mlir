// Matrix products on tensor cores against the reference evaluator: every layout, ragged rows, columns and depths, epilogues,
// gathered rows, rows and depth grouped by expert, experts without rows, and one expert. Large tiles: tensor-tiles.mlir.
// RUN: hadal-check-kernels %s --target=sm_90a --print-config --assemble 2>&1 | FileCheck %s
// RUN: hadal-check-kernels %s --target=sm_90a --routing=skewed --seed=3
// RUN: hadal-check-kernels %s --target=sm_90a --routing=last --seed=4

// CHECK-COUNT-11: wgmma_warp_specialized
// CHECK-NOT: C75
// CHECK: 11 of 11 kernels pass on sm_90a (emulated)

// Tiles at the edges are cut in rows, columns and depth.
hadal.kernel contraction @linear(%x: tensor<300x200xbf16>, %w: tensor<72x200xbf16>) -> tensor<300x72xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<72x200xbf16>) : tensor<300x200xbf16> -> tensor<300x72xbf16>
  hadal.yield %0 : tensor<300x72xbf16>
}
hadal.kernel contraction @linear_short(%x: tensor<2x5x8xbf16>, %w: tensor<10x8xbf16>) -> tensor<2x5x10xf32> {
  %0 = hadal.linear %x weights(%w : tensor<10x8xbf16>) : tensor<2x5x8xbf16> -> tensor<2x5x10xf32>
  hadal.yield %0 : tensor<2x5x10xf32>
}
hadal.kernel contraction @residual(%x: tensor<2x70x64xbf16>, %w: tensor<264x64xbf16>, %r: tensor<2x70x264xf32>) -> tensor<2x70x264xf32> {
  %0 = hadal.linear %x weights(%w : tensor<264x64xbf16>) : tensor<2x70x64xbf16> -> tensor<2x70x264xf32>
  %1 = arith.addf %r, %0 : tensor<2x70x264xf32>
  hadal.yield %1 : tensor<2x70x264xf32>
}
hadal.kernel contraction @swiglu(%x: tensor<2x9x64xbf16>, %w: tensor<50x64xbf16>, %g: tensor<2x9x50xbf16>) -> tensor<2x9x50xbf16> {
  %gate = arith.extf %g : tensor<2x9x50xbf16> to tensor<2x9x50xf32>
  %0 = hadal.linear %x weights(%w : tensor<50x64xbf16>) : tensor<2x9x64xbf16> -> tensor<2x9x50xbf16>
  %up = arith.extf %0 : tensor<2x9x50xbf16> to tensor<2x9x50xf32>
  %1 = hadal.swiglu %gate, %up : tensor<2x9x50xf32>
  %2 = arith.truncf %1 : tensor<2x9x50xf32> to tensor<2x9x50xbf16>
  hadal.yield %2 : tensor<2x9x50xbf16>
}

// B's columns are contiguous, then A's rows are, too.
hadal.kernel contraction @input_gradient(%d: tensor<150x104xbf16>, %w: tensor<104x136xbf16>) -> tensor<150x136xbf16> {
  %0 = hadal.matmul %d, %w : (tensor<150x104xbf16>, tensor<104x136xbf16>) -> tensor<150x136xbf16>
  hadal.yield %0 : tensor<150x136xbf16>
}
hadal.kernel contraction @weight_gradient(%d: tensor<3x67x136xbf16>, %x: tensor<3x67x200xbf16>, %g: tensor<136x200xf32>) -> tensor<136x200xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<3x67x136xbf16>, tensor<3x67x200xbf16>) -> tensor<136x200xf32>
  %1 = arith.addf %g, %0 : tensor<136x200xf32>
  hadal.yield %1 : tensor<136x200xf32>
}

// 110 tokens to three of five experts each: an expert's rows fill blocks in part, whole, or not at all.
hadal.kernel contraction @experts_up(%x: tensor<2x55x72xbf16>, %p: tensor<330xi32>, %r: tensor<2x55x3xi32>, %w: tensor<5x136x72xbf16>, %o: tensor<6xi32>) -> tensor<330x136xbf16> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<2x55x72xbf16>, tensor<330xi32>, tensor<2x55x3xi32>) -> tensor<330x72xbf16>
  %0 = hadal.grouped_matmul %rows, %w, %o {transpose_rhs} : (tensor<330x72xbf16>, tensor<5x136x72xbf16>, tensor<6xi32>) -> tensor<330x136xbf16>
  hadal.yield %0 : tensor<330x136xbf16>
}
hadal.kernel contraction @experts_down(%x: tensor<330x136xbf16>, %w: tensor<5x136x72xbf16>, %o: tensor<6xi32>) -> tensor<330x72xf32> {
  %0 = hadal.grouped_matmul %x, %w, %o : (tensor<330x136xbf16>, tensor<5x136x72xbf16>, tensor<6xi32>) -> tensor<330x72xf32>
  hadal.yield %0 : tensor<330x72xf32>
}
hadal.kernel contraction @experts_gradient(%d: tensor<330x136xbf16>, %x: tensor<2x55x72xbf16>, %p: tensor<330xi32>, %r: tensor<2x55x3xi32>, %o: tensor<6xi32>, %g: tensor<5x136x72xf32>) -> tensor<5x136x72xf32> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<2x55x72xbf16>, tensor<330xi32>, tensor<2x55x3xi32>) -> tensor<330x72xbf16>
  %0 = hadal.grouped_outer_product %d, %rows, %o : (tensor<330x136xbf16>, tensor<330x72xbf16>, tensor<6xi32>) -> tensor<5x136x72xf32>
  %1 = arith.addf %g, %0 : tensor<5x136x72xf32>
  hadal.yield %1 : tensor<5x136x72xf32>
}
hadal.kernel contraction @experts_gradient_of_rows(%d: tensor<330x136xbf16>, %x: tensor<330x72xbf16>, %o: tensor<6xi32>) -> tensor<5x136x72xf32> {
  %0 = hadal.grouped_outer_product %d, %x, %o : (tensor<330x136xbf16>, tensor<330x72xbf16>, tensor<6xi32>) -> tensor<5x136x72xf32>
  hadal.yield %0 : tensor<5x136x72xf32>
}
hadal.kernel contraction @one_expert(%x: tensor<140x64xbf16>, %w: tensor<1x72x64xbf16>, %o: tensor<2xi32>) -> tensor<140x72xbf16> {
  %0 = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<140x64xbf16>, tensor<1x72x64xbf16>, tensor<2xi32>) -> tensor<140x72xbf16>
  hadal.yield %0 : tensor<140x72xbf16>
}
