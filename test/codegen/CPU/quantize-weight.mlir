// Weights brought into codes: to the last bit those that the reference evaluator says, with ragged edges, and with zeros where
// layouts hang over them.
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --other-cpu=x86-64 | FileCheck %s --implicit-check-not=FAIL
// RUN: %if avx512 %{ hadal-check-kernels %s --cpu=x86-64-v4 | FileCheck %s --implicit-check-not=FAIL %}
// CHECK: {{^}}16 of 16 kernels pass

hadal.kernel packing @int8_96x288(%w: tensor<96x288xf32>) -> (tensor<96x288xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int8 %w : (tensor<96x288xf32>) -> (tensor<96x288xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<96x288xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>
}
hadal.kernel packing @int8_50x70(%w: tensor<50x70xf32>) -> (tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int8 %w : (tensor<50x70xf32>) -> (tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>
}
hadal.kernel packing @int8_40x200(%w: tensor<3x40x200xf32>) -> (tensor<3x40x200xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<3x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int8 %w : (tensor<3x40x200xf32>) -> (tensor<3x40x200xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<3x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<3x40x200xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<3x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>
}
hadal.kernel packing @int8_130x20(%w: tensor<130x20xf32>) -> (tensor<130x20xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<130x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int8 %w : (tensor<130x20xf32>) -> (tensor<130x20xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<130x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<130x20xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<130x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>
}

hadal.kernel packing @int4_96x288(%w: tensor<96x288xf32>) -> (tensor<96x144xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int4 %w : (tensor<96x288xf32>) -> (tensor<96x144xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<96x144xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>
}
hadal.kernel packing @int4_50x70(%w: tensor<50x70xf32>) -> (tensor<50x35xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int4 %w : (tensor<50x70xf32>) -> (tensor<50x35xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<50x35xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>
}
hadal.kernel packing @int4_40x200(%w: tensor<3x40x200xf32>) -> (tensor<3x40x100xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [4, 16, 4]>>>, tensor<3x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int4 %w : (tensor<3x40x200xf32>) -> (tensor<3x40x100xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [4, 16, 4]>>>, tensor<3x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<3x40x100xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [4, 16, 4]>>>, tensor<3x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>
}
hadal.kernel packing @int4_130x20(%w: tensor<130x20xf32>) -> (tensor<130x10xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<130x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int4 %w : (tensor<130x20xf32>) -> (tensor<130x10xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<130x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<130x10xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<130x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>
}

hadal.kernel packing @fp8_96x288(%w: tensor<96x288xf32>) -> (tensor<96x288xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x3xf32>) {
  %c, %s = hadal.quantize_weight fp8 %w : (tensor<96x288xf32>) -> (tensor<96x288xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x3xf32>)
  hadal.yield %c, %s : tensor<96x288xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x3xf32>
}
hadal.kernel packing @fp8_50x70(%w: tensor<50x70xf32>) -> (tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>) {
  %c, %s = hadal.quantize_weight fp8 %w : (tensor<50x70xf32>) -> (tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>)
  hadal.yield %c, %s : tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>
}
hadal.kernel packing @fp8_40x200(%w: tensor<3x40x200xf32>) -> (tensor<3x40x200xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<3x1x2xf32>) {
  %c, %s = hadal.quantize_weight fp8 %w : (tensor<3x40x200xf32>) -> (tensor<3x40x200xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<3x1x2xf32>)
  hadal.yield %c, %s : tensor<3x40x200xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<3x1x2xf32>
}
hadal.kernel packing @fp8_130x20(%w: tensor<130x20xf32>) -> (tensor<130x20xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x1xf32>) {
  %c, %s = hadal.quantize_weight fp8 %w : (tensor<130x20xf32>) -> (tensor<130x20xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x1xf32>)
  hadal.yield %c, %s : tensor<130x20xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x1xf32>
}

// Scales that are given, but for a block without one.
hadal.kernel packing @fp8_given(%w: tensor<130x300xf32>, %g: tensor<2x3xf32> {hadal.value = dense<[[0.5, 0.0, 1.0e-3], [0.01, 0.02, 7.0]]> : tensor<2x3xf32>}) -> (tensor<130x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x3xf32>) {
  %c, %s = hadal.quantize_weight fp8 %w given(%g) : (tensor<130x300xf32>, tensor<2x3xf32>) -> (tensor<130x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x3xf32>)
  hadal.yield %c, %s : tensor<130x300xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x3xf32>
}

// Ties go to even; a row of zeros; numbers of which the largest is denormal.
hadal.kernel packing @int8_ties(%w: tensor<4x5xf32> {hadal.value = dense<[[127.0, 0.5, 1.5, 2.5, -1.5], [100.0, -50.0, 0.39, -0.39, 0.5], [0.0, 0.0, 0.0, -0.0, 0.0], [1.0e-40, 0.0, -1.0e-41, 0.0, 1.0e-42]]> : tensor<4x5xf32>}) -> (tensor<4x5xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<4x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int8 %w : (tensor<4x5xf32>) -> (tensor<4x5xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<4x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<4x5xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<4x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>
}
hadal.kernel packing @int4_ties(%w: tensor<1x5xf32> {hadal.value = dense<[[7.0, -1.4, 2.5, -3.5, 6.5]]> : tensor<1x5xf32>}) -> (tensor<1x3xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<1x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) {
  %c, %s = hadal.quantize_weight int4 %w : (tensor<1x5xf32>) -> (tensor<1x3xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<1x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  hadal.yield %c, %s : tensor<1x3xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<1x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>
}
// In all binades, half of the least number too, and what is nearer to the next binade.
hadal.kernel packing @fp8_ties(%w: tensor<2x8xf32> {hadal.value = dense<[[448.0, 17.0, -19.0, 0.001953125, 0.0009765625, 0.0029296875, -0.01513671875, 31.5], [0.0146484375, -0.01611328125, 0.0166015625, 432.0, -416.0, 1.0625, 1.1875, 3.9]]> : tensor<2x8xf32>}) -> (tensor<2x8xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>) {
  %c, %s = hadal.quantize_weight fp8 %w : (tensor<2x8xf32>) -> (tensor<2x8xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>)
  hadal.yield %c, %s : tensor<2x8xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>
}
