// What the evaluator cannot run is said at the operation that is to blame.
// RUN: hadal-opt %s --hadal-evaluate --split-input-file --verify-diagnostics

func.func @token_out_of_range() -> tensor<1x2x2xf32> {
  %t = arith.constant dense<[[1, 3]]> : tensor<1x2xi32>
  %w = arith.constant dense<1.0> : tensor<3x2xf32>
  // expected-error @below {{reads token 3, but it must lie in [0, 3)}}
  %y = hadal.embedding %t weights(%w : tensor<3x2xf32>) {vocabulary = 3 : i64} : tensor<1x2xi32> -> tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}

// -----

func.func @no_evaluation(%x: tensor<2xf32>) -> tensor<2xf32> {
  // expected-error @below {{has no reference evaluation}}
  %y = tensor.cast %x : tensor<2xf32> to tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// expected-error @below {{recursion cannot be evaluated}}
func.func @recursion(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = call @recursion(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// -----

// expected-error @below {{must have a body of one block}}
func.func @branches(%x: tensor<2xf32>) -> tensor<2xf32> {
  cf.br ^next
^next:
  return %x : tensor<2xf32>
}

// -----

// expected-error @below {{only tensors can be given a value}}
func.func @number(%x: f32) -> f32 {
  return %x : f32
}

// -----

// expected-error @below {{expected two numbers [low, high] with low < high}}
func.func @range(%x: tensor<2xf32> {hadal.range = [1, 1]}) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}

// -----

// expected-error @below {{argument #0 is 3, but its type is 'tensor<2xf32>'}}
func.func @value(%x: tensor<2xf32> {hadal.value = dense<1.0> : tensor<3xf32>}) -> tensor<2xf32> {
  return %x : tensor<2xf32>
}

// -----

func.func @open_dimensions(%x: tensor<?x2xf32> {hadal.value = dense<1.0> : tensor<1x2xf32>},
                           %y: tensor<?x2xf32> {hadal.value = dense<1.0> : tensor<2x2xf32>}) -> tensor<?x2xf32> {
  // expected-error @below {{has operands whose dimension 0 is 1 and 2 long; they must agree}}
  %z = hadal.swiglu %x, %y : tensor<?x2xf32>
  return %z : tensor<?x2xf32>
}

// -----

hadal.model @large(%window: tensor<?x?xi32>) {
  %t = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  // expected-error @below {{the reference evaluator runs models with parameters of at most}}
  %x = hadal.embedding %t "embed.weight" {vocabulary = 129280 : i64} : tensor<?x?xi32> -> tensor<?x?x7168xf32>
  %main = hadal.cross_entropy %x, %t "head.weight" {vocabulary = 129280 : i64} : tensor<?x?x7168xf32>, tensor<?x?xi32>
  hadal.losses main(%main)
}

// -----

// Arithmetic of other dialects knows no encodings.
!turned = tensor<2x2xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
func.func @encoded(%x: tensor<2x2xf32>) -> !turned {
  %0 = hadal.pack %x : tensor<2x2xf32> -> !turned
  // expected-error @below {{'arith.addf' op takes no encoded tensor as operand 0}}
  %1 = arith.addf %0, %0 : !turned
  return %1 : !turned
}
