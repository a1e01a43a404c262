// A name that stands for two different parameters.
// RUN: hadal-opt %s --hadal-bind-parameters --split-input-file --verify-diagnostics

hadal.model @model(%window: tensor<2x4xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  // expected-note @below {{first used here}}
  %2 = hadal.linear %1 "weight" : tensor<2x3x4xf32> -> tensor<2x3x6xf32>
  // expected-error @below {{parameter 'weight' is 'tensor<4x6xf32>' here, but 'tensor<6x4xf32>' where it was used first}}
  %3 = hadal.linear %2 "weight" : tensor<2x3x6xf32> -> tensor<2x3x4xf32>
  %4 = hadal.cross_entropy %3, %0 "head" {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  hadal.losses main(%4)
}

// -----

hadal.model @model(%window: tensor<2x4xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  // expected-note @below {{first used here}}
  %2 = hadal.rms_norm %1 "both" {eps = 1.0e-6} : tensor<2x3x4xf32>
  // expected-error @below {{parameter 'both' is used both as a weight that is trained and as a router's selection bias, which is not}}
  %i, %w, %load = hadal.router sigmoid %2 "both" {top_k = 2}
    : tensor<2x3x4xf32> -> tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<4xf32>
  %3 = hadal.cross_entropy %2, %0 "head" {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  hadal.losses main(%3)
}
