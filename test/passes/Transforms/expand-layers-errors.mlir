// A layer function that is not straight-line code.
// RUN: hadal-opt %s --hadal-expand-layers --verify-diagnostics

// expected-error @below {{layer function @layer branches; layers are straight-line code}}
func.func private @layer(%x: tensor<2x3x4xf32>) -> tensor<2x3x4xf32> {
  cf.br ^end
^end:
  return %x : tensor<2x3x4xf32>
}
hadal.model @model(%window: tensor<2x4xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  %2 = hadal.layers %1 "layers" 0 to 1 {@layer} : tensor<2x3x4xf32>
  %3 = hadal.cross_entropy %2, %0 "head" {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  hadal.losses main(%3)
}
