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

// -----

// An expert's tensor under the name of another parameter's.
hadal.model @model(%window: tensor<2x4xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  %g = hadal.linear %1 "gate" : tensor<2x3x4xf32> -> tensor<2x3x4xf32>
  %i, %w, %load = hadal.router sigmoid %g {top_k = 2}
    : tensor<2x3x4xf32> -> tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<4xf32>
  // expected-note @below {{first used here}}
  %2 = hadal.experts %1, %i, %w "mlp" {count = 4, width = 8} : tensor<2x3x4xf32>, tensor<2x3x2xi32>, tensor<2x3x2xf32>
  // expected-error @below {{parameter 'mlp.1.gate_proj.weight' is stored as the tensor 'mlp.1.gate_proj.weight', as 'mlp.{e}.gate_proj.weight' is: choose another name}}
  %3 = hadal.gated_mlp %2 "mlp.1" {width = 8} : tensor<2x3x4xf32>
  %4 = hadal.cross_entropy %3, %0 "head" {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  hadal.losses main(%4)
}

// -----

hadal.model @model(%window: tensor<2x4xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  // expected-error @below {{parameter 'loss.main' has the name of a loss: choose another}}
  %2 = hadal.rms_norm %1 "loss.main" {eps = 1.0e-6} : tensor<2x3x4xf32>
  %4 = hadal.cross_entropy %2, %0 "head" {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  hadal.losses main(%4)
}

// -----

hadal.model @model(%window: tensor<2x4xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  // expected-error @below {{parameter 'a.{e}.weight' holds '{e}', which stands for an expert's number: hadal.experts adds it to the prefix that it is given}}
  %1 = hadal.embedding %0 "a.{e}.weight" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  %4 = hadal.cross_entropy %1, %0 "head" {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  hadal.losses main(%4)
}

// -----

hadal.model @model(%window: tensor<2x4xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  // expected-error @below {{the name of a parameter is not valid UTF-8: "\FF.weight"}}
  %1 = hadal.embedding %0 "\FF.weight" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x4xf32>
  %4 = hadal.cross_entropy %1, %0 "head" {vocabulary = 8} : tensor<2x3x4xf32>, tensor<2x3xi32>
  hadal.losses main(%4)
}
