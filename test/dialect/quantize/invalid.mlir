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
