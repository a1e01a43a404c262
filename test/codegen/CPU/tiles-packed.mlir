// Products of two bf16 factors on AMX, emulated, whose right-hand side lies in tiles: weights and transposes, whose depth no step
// divides, with several blocks of the depth; experts with rows and without; matrices of heads that are stretches of one, of its
// columns or of its depth.
// RUN: hadal-check-kernels %s --emulate-amx --routing=last --print-config | FileCheck %s
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --emulate-amx --routing=skewed --seed=3
// CHECK-COUNT-6: tile_registers {row_block = {{[0-9]+}}, column_block = {{[0-9]+}}} stages
// CHECK: 6 of 6 kernels pass
// Without AMX register tiles read the same, as pairs of the depth.
// RUN: hadal-check-kernels %s --cpu=host --routing=last --print-config | FileCheck %s --check-prefix=PAIRS
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --routing=skewed --seed=3
// PAIRS-COUNT-6: packed_register_tiles {rows = {{[0-9]+}}, vectors

!weight = tensor<96x1101xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
hadal.kernel contraction @linear(%x: tensor<2x50x1101xbf16>, %w: !weight) -> tensor<2x50x96xf32> {
  %0 = hadal.linear %x weights(%w : !weight) : tensor<2x50x1101xbf16> -> tensor<2x50x96xf32>
  hadal.yield %0 : tensor<2x50x96xf32>
}
!transpose = tensor<70x160xbf16, #hadal.encoding<layout = <outer = [1, 0], inner = [0, 1, 0], tiles = [16, 16, 2]>>>
hadal.kernel contraction @input_gradient(%x: tensor<3x11x70xbf16>, %w: !transpose, %r: tensor<3x11x160xf32>) -> tensor<3x11x160xf32> {
  %0 = hadal.matmul %x, %w : (tensor<3x11x70xbf16>, !transpose) -> tensor<3x11x160xf32>
  %1 = arith.addf %r, %0 : tensor<3x11x160xf32>
  hadal.yield %1 : tensor<3x11x160xf32>
}
!experts = tensor<5x64x40xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [16, 16, 2]>>>
hadal.kernel contraction @experts(%x: tensor<2x15x40xbf16>, %p: tensor<90xi32>, %r: tensor<2x15x3xi32>, %w: !experts, %o: tensor<6xi32>) -> tensor<90x64xbf16> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<2x15x40xbf16>, tensor<90xi32>, tensor<2x15x3xi32>) -> tensor<90x40xbf16>
  %0 = hadal.grouped_matmul %rows, %w, %o {transpose_rhs} : (tensor<90x40xbf16>, !experts, tensor<6xi32>) -> tensor<90x64xbf16>
  hadal.yield %0 : tensor<90x64xbf16>
}
!experts_across = tensor<5x40x64xbf16, #hadal.encoding<layout = <outer = [0, 2, 1], inner = [1, 2, 1], tiles = [16, 16, 2]>>>
hadal.kernel contraction @experts_across(%x: tensor<90x40xbf16>, %w: !experts_across, %o: tensor<6xi32>) -> tensor<90x64xbf16> {
  %0 = hadal.grouped_matmul %x, %w, %o : (tensor<90x40xbf16>, !experts_across, tensor<6xi32>) -> tensor<90x64xbf16>
  hadal.yield %0 : tensor<90x64xbf16>
}
// Heads: 96 columns from 32 on, and a depth of 64 from 32 on.
!heads = tensor<384x300xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
hadal.kernel contraction @columns_of_heads(%x: tensor<7x1x900xbf16>, %w: !heads) -> tensor<7x1x288xbf16> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 32, count = 96, transpose_rhs} : (tensor<7x1x900xbf16>, !heads) -> tensor<7x1x288xbf16>
  hadal.yield %0 : tensor<7x1x288xbf16>
}
!heads_across = tensor<384x96xbf16, #hadal.encoding<layout = <outer = [1, 0], inner = [0, 1, 0], tiles = [16, 16, 2]>>>
hadal.kernel contraction @depth_of_heads(%x: tensor<5x2x192xbf16>, %w: !heads_across) -> tensor<5x2x288xf32> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 32, count = 64} : (tensor<5x2x192xbf16>, !heads_across) -> tensor<5x2x288xf32>
  hadal.yield %0 : tensor<5x2x288xf32>
}
