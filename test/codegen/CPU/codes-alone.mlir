// A row's bits depend on that row alone where a weight is in codes, too: one row, and many that begin with it.
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --alone=random %if avx512 %{ --other-cpu=x86-64-v4 %} | FileCheck %s --implicit-check-not=FAIL
// RUN: not hadal-opt %s --hadal-select-strategies=target=sm_90a 2>&1 | FileCheck %s --check-prefix=GPU
// RUN: hadal-opt %s --hadal-print-anatomy -o /dev/null 2>&1 | FileCheck %s --check-prefix=ANATOMY
// GPU: no strategy for sm_90a serves the kernel 'int8_f32_alone'
// GPU: reads a right-hand side in panels, which are a CPU's
// ANATOMY: @int8_f32_alone (contraction): prologue [hadal.dequantize_weight] anchor hadal.linear
// ANATOMY: product: 1 x 144 x 300; A = argument 0, rows of 300; B = argument 1, rows of 300, int8 with scales of argument 2
// CHECK: {{^}}6 of 6 pairs of kernels pass
hadal.kernel contraction @int8_f32_alone(%x: tensor<1x300xf32>, %c: tensor<144x300xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x144xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<144x300xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x300xf32>
  %y = hadal.linear %x weights(%w : tensor<144x300xf32>) : tensor<1x300xf32> -> tensor<1x144xf32>
  hadal.yield %y : tensor<1x144xf32>
}
hadal.kernel contraction @int8_f32_among(%x: tensor<45x300xf32>, %c: tensor<144x300xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<45x144xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<144x300xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x300xf32>
  %y = hadal.linear %x weights(%w : tensor<144x300xf32>) : tensor<45x300xf32> -> tensor<45x144xf32>
  hadal.yield %y : tensor<45x144xf32>
}
hadal.kernel contraction @int8_bf16_alone(%x: tensor<1x300xbf16>, %c: tensor<144x300xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x144xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<144x300xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x300xbf16>
  %y = hadal.linear %x weights(%w : tensor<144x300xbf16>) : tensor<1x300xbf16> -> tensor<1x144xf32>
  hadal.yield %y : tensor<1x144xf32>
}
hadal.kernel contraction @int8_bf16_among(%x: tensor<45x300xbf16>, %c: tensor<144x300xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<45x144xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<144x300xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x300xbf16>
  %y = hadal.linear %x weights(%w : tensor<144x300xbf16>) : tensor<45x300xbf16> -> tensor<45x144xf32>
  hadal.yield %y : tensor<45x144xf32>
}
hadal.kernel contraction @int4_f32_alone(%x: tensor<1x300xf32>, %c: tensor<144x150xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x144xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<144x150xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x300xf32>
  %y = hadal.linear %x weights(%w : tensor<144x300xf32>) : tensor<1x300xf32> -> tensor<1x144xf32>
  hadal.yield %y : tensor<1x144xf32>
}
hadal.kernel contraction @int4_f32_among(%x: tensor<45x300xf32>, %c: tensor<144x150xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<45x144xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<144x150xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x300xf32>
  %y = hadal.linear %x weights(%w : tensor<144x300xf32>) : tensor<45x300xf32> -> tensor<45x144xf32>
  hadal.yield %y : tensor<45x144xf32>
}
hadal.kernel contraction @int4_bf16_alone(%x: tensor<1x300xbf16>, %c: tensor<144x150xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x144xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<144x150xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x300xbf16>
  %y = hadal.linear %x weights(%w : tensor<144x300xbf16>) : tensor<1x300xbf16> -> tensor<1x144xf32>
  hadal.yield %y : tensor<1x144xf32>
}
hadal.kernel contraction @int4_bf16_among(%x: tensor<45x300xbf16>, %c: tensor<144x150xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<45x144xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<144x150xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<144x10xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x300xbf16>
  %y = hadal.linear %x weights(%w : tensor<144x300xbf16>) : tensor<45x300xbf16> -> tensor<45x144xf32>
  hadal.yield %y : tensor<45x144xf32>
}
hadal.kernel contraction @fp8_f32_alone(%x: tensor<1x300xf32>, %c: tensor<144x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<2x3xf32>) -> tensor<1x144xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<144x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x3xf32>) -> tensor<144x300xf32>
  %y = hadal.linear %x weights(%w : tensor<144x300xf32>) : tensor<1x300xf32> -> tensor<1x144xf32>
  hadal.yield %y : tensor<1x144xf32>
}
hadal.kernel contraction @fp8_f32_among(%x: tensor<45x300xf32>, %c: tensor<144x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<2x3xf32>) -> tensor<45x144xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<144x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x3xf32>) -> tensor<144x300xf32>
  %y = hadal.linear %x weights(%w : tensor<144x300xf32>) : tensor<45x300xf32> -> tensor<45x144xf32>
  hadal.yield %y : tensor<45x144xf32>
}
hadal.kernel contraction @fp8_bf16_alone(%x: tensor<1x300xbf16>, %c: tensor<144x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<2x3xf32>) -> tensor<1x144xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<144x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x3xf32>) -> tensor<144x300xbf16>
  %y = hadal.linear %x weights(%w : tensor<144x300xbf16>) : tensor<1x300xbf16> -> tensor<1x144xf32>
  hadal.yield %y : tensor<1x144xf32>
}
hadal.kernel contraction @fp8_bf16_among(%x: tensor<45x300xbf16>, %c: tensor<144x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<2x3xf32>) -> tensor<45x144xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<144x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x3xf32>) -> tensor<144x300xbf16>
  %y = hadal.linear %x weights(%w : tensor<144x300xbf16>) : tensor<45x300xbf16> -> tensor<45x144xf32>
  hadal.yield %y : tensor<45x144xf32>
}
