// Models that cannot draft as many tokens as they are asked for, or none. Without being asked they are built without drafts.
// RUN: hadal-opt %s --hadal-build-generation="max-sequence=128 max-batch=1 speculate=2" --split-input-file --verify-diagnostics
// RUN: hadal-opt %s --hadal-build-generation="max-sequence=128 max-batch=1" --split-input-file | FileCheck %s --implicit-check-not=@draft.3
// CHECK-LABEL: hadal.model = "none"
// CHECK-NOT: @draft
// CHECK-LABEL: hadal.model = "heads"
// CHECK-NOT: @draft
// CHECK-LABEL: hadal.model = "once"
// CHECK: func.func @draft.1.decode.1
// CHECK-NOT: "hidden"}, tensor
// CHECK-LABEL: hadal.model = "two"
// CHECK: func.func @draft.2.decode.1

// expected-error @below {{predicts no token behind the next one (hadal.mtp does), so it drafts none: leave --speculate out, or compile with --speculate=0}}
hadal.model @none(%window: tensor<?x?xi32>) attributes {initializer_std = 0.02} {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %tokens "embed" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %loss = hadal.cross_entropy %x, %next "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%loss)
}

// -----

// Two heads over the same hidden state: the second one would need the token that the first one predicts, and reads none.
hadal.model @heads(%window: tensor<?x?xi32>) attributes {initializer_std = 0.02} {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %tokens "embed" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %loss = hadal.cross_entropy %x, %next "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  %y = hadal.linear %x "further.weight" : tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %z = hadal.linear %x "furthest.weight" : tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %one = hadal.cross_entropy %y, %next "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  // expected-error @below {{predicts from more of the model than one hidden state of the prediction before it, so it drafts no tokens: compile with --speculate=0}}
  %two = hadal.cross_entropy %z, %next "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  %both = arith.addf %one, %two : tensor<f32>
  hadal.losses main(%loss) mtp(%both)
}

// -----

// What the block reads lies a norm before the main loss's hidden state, and no norm stands before its own loss.
// expected-error @below {{drafts at most 1 token at a time, one with each of its prediction depths: --speculate is 0 to 1, not 2}}
hadal.model @once(%window: tensor<?x?xi32>) attributes {initializer_std = 0.02} {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %tokens "embed" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %n = hadal.rms_norm %x "norm" {eps = 1.0e-6} : tensor<?x?x4xf32>
  %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %loss = hadal.cross_entropy %n, %next "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  %e = hadal.embedding %next "embed" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %m = arith.addf %x, %e : tensor<?x?x4xf32>
  %y = hadal.linear %m "further.weight" : tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  %one = hadal.cross_entropy %y, %next "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%loss) mtp(%one)
}

// -----

func.func private @block(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  %y = hadal.linear %x "o.weight" : tensor<?x?x4xf32> -> tensor<?x?x4xf32>
  return %y : tensor<?x?x4xf32>
}

// As many drafts as it has blocks.
hadal.model @two(%window: tensor<?x?xi32>) attributes {initializer_std = 0.02} {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %tokens "embed" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %n = hadal.rms_norm %x "norm" {eps = 1.0e-6} : tensor<?x?x4xf32>
  %loss = hadal.cross_entropy %n, %next "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  %mtp = hadal.mtp %x, %window "mtp" 1 to 3 {@block} embedding "embed" norm "norm" head "head" {vocabulary = 8, eps = 1.0e-6} : tensor<?x?x4xf32>, tensor<?x?xi32> -> tensor<f32>
  hadal.losses main(%loss) mtp(%mtp)
}
