// Functions, parameters and states of the names that a program gives to its functions; visibility means nothing.
// RUN: hadal-opt %s --split-input-file --hadal-model-to-program="micro-batch-size=1 seq-length=4" --verify-diagnostics | FileCheck %s

// A layer function may be public and have any name: it is no part of the program.
// CHECK-LABEL: func.func @accumulate
// CHECK: hadal.linear
// CHECK-LABEL: func.func @gradient_norm
// CHECK-LABEL: func.func @update
// CHECK-LABEL: func.func @evaluate
// CHECK-NOT: func.func
func.func @accumulate(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %y = hadal.linear %x "w" : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}
// Nor is one that nobody uses.
func.func @update(%x: memref<?xf32>) {
  return
}
hadal.model @evaluate(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "e" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %2 = hadal.layers %1 "layers" 0 to 1 {@accumulate} : tensor<?x?x8xf32>
  %3 = hadal.cross_entropy %2, %0 "h" {vocabulary = 8} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%3)
}

// -----

hadal.model @m(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "e" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{parameter 'gradient_norm' has the name of a function that a program gets: choose another}}
  %3 = hadal.cross_entropy %1, %0 "gradient_norm" {vocabulary = 8} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%3)
}

// -----

// expected-error @below {{'@update' is the name of a function that a program gets: choose another}}
hadal.state @update : tensor<4xf32>
hadal.model @m(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "e" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %3 = hadal.cross_entropy %1, %0 "h" {vocabulary = 8} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%3)
}

// -----

// expected-error @below {{'hadal.parameter' stands beside a model, whose parameters are not bound yet}}
hadal.parameter @h ones : tensor<4xf32>
hadal.model @m(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "e" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %3 = hadal.cross_entropy %1, %0 "h" {vocabulary = 8} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%3)
}

// -----

func.func private @f(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %c = arith.constant true
  // expected-error @below {{'scf.if' holds operations of its own; models and their functions are straight-line code}}
  %y = scf.if %c -> tensor<?x?x8xf32> {
    %z = hadal.linear %x "w" : tensor<?x?x8xf32> -> tensor<?x?x8xf32>
    scf.yield %z : tensor<?x?x8xf32>
  } else {
    scf.yield %x : tensor<?x?x8xf32>
  }
  return %y : tensor<?x?x8xf32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "e" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  %2 = hadal.layers %1 "layers" 0 to 1 {@f} : tensor<?x?x8xf32>
  %3 = hadal.cross_entropy %2, %0 "h" {vocabulary = 8} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%3)
}

// -----

func.func private @f(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  return %x : tensor<?x?x8xf32>
}
hadal.model @m(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "e" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x8xf32>
  // expected-error @below {{'func.call' cannot be compiled: write what it does into the model, or make layers of it}}
  %2 = func.call @f(%1) : (tensor<?x?x8xf32>) -> tensor<?x?x8xf32>
  %3 = hadal.cross_entropy %2, %0 "h" {vocabulary = 8} : tensor<?x?x8xf32>, tensor<?x?xi32>
  hadal.losses main(%3)
}
