// Products of matrices by threads of a GPU, emulated, against the reference evaluator: the kernels that CPUs are checked with (every
// layout, ragged shapes, epilogues, gathered rows, experts without rows), and what only these kernels have: tiles that
// are whole, the depth cut into parts, more experts than a warp has lanes.
// RUN: hadal-check-kernels %S/../CPU/contraction.mlir --target=sm_90a
// RUN: hadal-check-kernels %S/../CPU/contraction.mlir --target=sm_90a --routing=last
// RUN: hadal-check-kernels %s --target=sm_90a
// RUN: hadal-check-kernels %s --target=sm_90a --routing=skewed

hadal.kernel contraction @whole_tiles(%x: tensor<256x64xf32>, %w: tensor<256x64xf32>) -> tensor<256x256xf32> {
  %0 = hadal.linear %x weights(%w : tensor<256x64xf32>) : tensor<256x64xf32> -> tensor<256x256xf32>
  hadal.yield %0 : tensor<256x256xf32>
}

hadal.kernel contraction @whole_tiles_transposed(%a: tensor<64x256xf32>, %b: tensor<64x128xf32>) -> tensor<256x128xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<64x256xf32>, tensor<64x128xf32>) -> tensor<256x128xf32>
  hadal.yield %0 : tensor<256x128xf32>
}

// Vectors in some layouts, single numbers in others.
hadal.kernel contraction @vectors_on_one_side(%a: tensor<70x50xf32>, %b: tensor<50x36xf32>) -> tensor<70x36xf32> {
  %0 = hadal.matmul %a, %b : (tensor<70x50xf32>, tensor<50x36xf32>) -> tensor<70x36xf32>
  hadal.yield %0 : tensor<70x36xf32>
}

// One row of blocks and a depth that is worth cutting; the parts are whole, ragged, and one more than needed.
hadal.kernel contraction @deep(%x: tensor<16x4096xf32>, %w: tensor<32x4096xf32>) -> tensor<16x32xf32> {
  %0 = hadal.linear %x weights(%w : tensor<32x4096xf32>) : tensor<16x4096xf32> -> tensor<16x32xf32>
  hadal.yield %0 : tensor<16x32xf32>
}
hadal.kernel contraction @deep_ragged(%sum: tensor<7x13xf32>, %a: tensor<3001x7xf32>, %b: tensor<3001x13xf32>) -> tensor<7x13xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<3001x7xf32>, tensor<3001x13xf32>) -> tensor<7x13xf32>
  %1 = arith.addf %sum, %0 : tensor<7x13xf32>
  hadal.yield %1 : tensor<7x13xf32>
}
hadal.kernel contraction @deep_empty_part(%x: tensor<4x1040xf32>, %w: tensor<8x1040xf32>) -> tensor<4x8xf32> {
  %0 = hadal.linear %x weights(%w : tensor<8x1040xf32>) : tensor<4x1040xf32> -> tensor<4x8xf32>
  hadal.yield %0 : tensor<4x8xf32>
}

hadal.kernel contraction @more_experts_than_lanes(%x: tensor<1x60x24xf32>, %pairs: tensor<180xi32>, %rows: tensor<1x60x3xi32>, %w: tensor<70x20x24xf32>, %offsets: tensor<71xi32>) -> tensor<180x20xf32> {
  %0 = hadal.gather_rows %x, %pairs, %rows : (tensor<1x60x24xf32>, tensor<180xi32>, tensor<1x60x3xi32>) -> tensor<180x24xf32>
  %1 = hadal.grouped_matmul %0, %w, %offsets {transpose_rhs} : (tensor<180x24xf32>, tensor<70x20x24xf32>, tensor<71xi32>) -> tensor<180x20xf32>
  hadal.yield %1 : tensor<180x20xf32>
}

hadal.kernel contraction @outer_more_experts_than_lanes(%a: tensor<1x60x20xf32>, %b: tensor<180x24xf32>, %pairs: tensor<180xi32>, %rows: tensor<1x60x3xi32>, %offsets: tensor<41xi32>) -> tensor<40x20x24xf32> {
  %l = hadal.gather_rows %a, %pairs, %rows : (tensor<1x60x20xf32>, tensor<180xi32>, tensor<1x60x3xi32>) -> tensor<180x20xf32>
  %0 = hadal.grouped_outer_product %l, %b, %offsets : (tensor<180x20xf32>, tensor<180x24xf32>, tensor<41xi32>) -> tensor<40x20x24xf32>
  hadal.yield %0 : tensor<40x20x24xf32>
}
