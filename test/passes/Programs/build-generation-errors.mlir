// RUN: hadal-opt %s --hadal-build-generation="max-sequence=128 max-batch=2" --split-input-file --verify-diagnostics

// expected-error @below {{holds no hadal.model: a program is built from exactly one model}}
module {
}

// -----

hadal.model @bigram(%window: tensor<?x?xi32>) attributes {initializer_std = 0.02} {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  // expected-error @below {{'@decode.1' is the name of a function that a program gets: choose another}}
  %x = hadal.embedding %tokens "decode.1" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %loss = hadal.cross_entropy %x, %next "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%loss)
}
