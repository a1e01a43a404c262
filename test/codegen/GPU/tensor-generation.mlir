// What a program that generates multiplies beside attention, in bf16 on tensor cores, against the reference evaluator: factors
// that begin within their tensors, products of as many rows as a number tells (none, a part of a tile, several tiles, pairs of
// blocks that share B), and a head that keeps its logits.
// RUN: hadal-check-kernels %s --target=sm_90a --print-config | FileCheck %s
// RUN: hadal-check-kernels %s --target=sm_90a --multiprocessors=2 --print-config | FileCheck %s --check-prefix=FEW

// CHECK-COUNT-5: wgmma_warp_specialized
// CHECK-COUNT-2: wgmma_token_chunks
// CHECK: 7 of 7 kernels pass on sm_90a (emulated)
// FEW: @counted_alone (contraction): wgmma_warp_specialized {rows = 128, columns = {{[0-9]+}}, stages = {{[0-9]+}}, cluster = 2
// FEW: 7 of 7 kernels pass

hadal.kernel contraction @to_latents(%x: tensor<5x1x144xbf16>, %w: tensor<120x64xbf16>) -> tensor<5x1x192xbf16> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 8, count = 24} : (tensor<5x1x144xbf16>, tensor<120x64xbf16>) -> tensor<5x1x192xbf16>
  hadal.yield %0 : tensor<5x1x192xbf16>
}
hadal.kernel contraction @from_latents(%x: tensor<2x40x192xbf16>, %w: tensor<120x64xbf16>) -> tensor<2x40x48xf32> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 24, count = 16, transpose_rhs} : (tensor<2x40x192xbf16>, tensor<120x64xbf16>) -> tensor<2x40x48xf32>
  hadal.yield %0 : tensor<2x40x48xf32>
}

hadal.kernel contraction @counted(%x: tensor<4x150x64xbf16>, %w: tensor<72x64xbf16>, %n: tensor<4xi32> {hadal.value = dense<[129, 0, 15, 150]> : tensor<4xi32>}) -> tensor<4x150x72xbf16> {
  %0 = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<4x150x64xbf16>, tensor<72x64xbf16>, tensor<4xi32>) -> tensor<4x150x72xbf16>
  hadal.yield %0 : tensor<4x150x72xbf16>
}
hadal.kernel contraction @counted_alone(%x: tensor<1x400x64xbf16>, %w: tensor<64x256xbf16>, %n: tensor<1xi32> {hadal.value = dense<130> : tensor<1xi32>}) -> tensor<1x400x256xf32> {
  %0 = hadal.counted_matmul %x, %w, %n : (tensor<1x400x64xbf16>, tensor<64x256xbf16>, tensor<1xi32>) -> tensor<1x400x256xf32>
  hadal.yield %0 : tensor<1x400x256xf32>
}
hadal.kernel contraction @counted_to_none(%x: tensor<1x400x64xbf16>, %w: tensor<64x256xbf16>, %n: tensor<1xi32> {hadal.value = dense<0> : tensor<1xi32>}) -> tensor<1x400x256xf32> {
  %0 = hadal.counted_matmul %x, %w, %n : (tensor<1x400x64xbf16>, tensor<64x256xbf16>, tensor<1xi32>) -> tensor<1x400x256xf32>
  hadal.yield %0 : tensor<1x400x256xf32>
}

hadal.kernel head @logits(%h: tensor<1x5x64xbf16>, %w: tensor<328x64xbf16>) -> (tensor<1x5x328xf32>, tensor<1x5x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<1x5x64xbf16>, tensor<328x64xbf16>) -> (tensor<1x5x328xf32>, tensor<1x5x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x5x328xf32>, tensor<1x5x2xf32>
}
hadal.kernel head @logits_of_many(%h: tensor<1x150x40xbf16>, %w: tensor<72x40xbf16>) -> (tensor<1x150x72xf32>, tensor<1x150x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<1x150x40xbf16>, tensor<72x40xbf16>) -> (tensor<1x150x72xf32>, tensor<1x150x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x150x72xf32>, tensor<1x150x2xf32>
}
