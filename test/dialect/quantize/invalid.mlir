// What the verifiers of the FP8 family turn away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @invalid(%x: tensor<2x3x300xf32>) {
  // expected-error @below {{expects the scales to have shape 6x3 (one per block), got 6x2}}
  %c, %s = hadal.quantize %x <1x128> : tensor<2x3x300xf32> -> tensor<2x3x300xf8E4M3FN>, tensor<6x2xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x300xf32>) {
  // expected-error @below {{a scale block needs positive sides, got 0x128}}
  %c, %s = hadal.quantize %x <0x128> : tensor<2x3x300xf32> -> tensor<2x3x300xf8E4M3FN>, tensor<6x3xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x300xf8E4M3FN>, %s: tensor<6x3xf32>, %w: tensor<130x300xf8E4M3FN>, %t: tensor<2x5xf32>) {
  // expected-error @below {{expects blocks of the same number of summed channels, got 128 in the input and 64 in the weight}}
  %y = hadal.scaled_linear %x, %s <1x128>, %w, %t <128x64> : (tensor<2x3x300xf8E4M3FN>, tensor<6x3xf32>, tensor<130x300xf8E4M3FN>, tensor<2x5xf32>) -> tensor<2x3x130xf32>
  return
}

// -----

func.func @invalid(%w: tensor<50x70xf32>) {
  // expected-error @below {{expects codes of the type tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>> for a weight of tensor<50x70xf32> in int8, got tensor<50x70xi8>}}
  %c, %s = hadal.quantize_weight int8 %w : (tensor<50x70xf32>) -> (tensor<50x70xi8>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  return
}

// -----

func.func @invalid(%w: tensor<50x70xf32>) {
  // expected-error @below {{expects scales of the type tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>> for a weight of tensor<50x70xf32> in int8, got tensor<50x2xbf16,}}
  %c, %s = hadal.quantize_weight int8 %w : (tensor<50x70xf32>) -> (tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x2xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  return
}

// -----

func.func @invalid(%w: tensor<?x70xf32>) {
  // expected-error @below {{expects a weight of closed shape whose last two dimensions are columns × depth}}
  %c, %s = hadal.quantize_weight int8 %w : (tensor<?x70xf32>) -> (tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  return
}

// -----

func.func @invalid(%w: tensor<50x70xf32>, %g: tensor<50x3xf32>) {
  // expected-error @below {{takes scales for fp8 alone: those of int8 follow from the weight}}
  %c, %s = hadal.quantize_weight int8 %w given(%g) : (tensor<50x70xf32>, tensor<50x3xf32>) -> (tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
  return
}

// -----

func.func @invalid(%w: tensor<50x70xf32>, %g: tensor<2x1xf32>) {
  // expected-error @below {{expects a scale for every block to be given}}
  %c, %s = hadal.quantize_weight fp8 %w given(%g) : (tensor<50x70xf32>, tensor<2x1xf32>) -> (tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>)
  return
}

// -----

func.func @invalid(%c: tensor<50x35xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) {
  // expected-error @below {{for a weight of tensor<50x70xf32> in int4, got tensor<50x35xi8,}}
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<50x35xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<50x70xf32>
  return
}
