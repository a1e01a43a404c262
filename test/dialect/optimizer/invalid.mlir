// What the verifiers of the optimizer family turn away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @invalid(%p: tensor<4x8xf32>, %q: tensor<4x7xf32>, %s0: tensor<f32>, %s1: tensor<f32>, %s2: tensor<f32>, %s3: tensor<f32>, %s4: tensor<f32>, %s5: tensor<f32>, %s6: tensor<f32>, %s7: tensor<f32>) {
  // expected-error @below {{expects the gradient to have shape 4x8 (the shape of the parameter), got 4x7}}
  %n:3 = hadal.adamw %p, %q, %p, %p scalars(%s0, %s1, %s2, %s3, %s4, %s5, %s6, %s7) : tensor<4x8xf32>, tensor<4x7xf32>, tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
  return
}

// -----

func.func @invalid(%p: tensor<4x8xf32>, %s0: tensor<f32>, %s1: tensor<f32>, %s2: tensor<f32>, %s3: tensor<f32>, %s4: tensor<f32>, %s5: tensor<f32>, %s6: tensor<f32>, %s7: tensor<f32>) {
  // expected-error @below {{expects each result to have the type of its operand}}
  %n:3 = hadal.adamw %p, %p, %p, %p scalars(%s0, %s1, %s2, %s3, %s4, %s5, %s6, %s7) : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xbf16>
  return
}

// -----

func.func @invalid(%b: tensor<8x1xf32>, %l: tensor<8x1xf32>, %r: tensor<f32>) {
  // expected-error @below {{expects the bias to have 1 dimensions (experts), got 8x1}}
  %n, %c = hadal.router_bias_update %b, %l rate %r : tensor<8x1xf32>
  return
}

// -----

// expected-note @below {{prior use here}}
func.func @invalid(%sum: tensor<4x8xf32>, %term: tensor<4x7xf32>, %adds: tensor<f32>) {
  // expected-error @below {{expects different type than prior uses: 'tensor<4x7xf32>' vs 'tensor<4x8xf32>'}}
  %n = hadal.accumulate %sum, %term if %adds : tensor<4x7xf32>
  return
}

// -----

func.func @invalid(%sum: tensor<4x8xf32>, %term: tensor<4x8xf32>, %adds: tensor<1xf32>) {
  // expected-error @below {{'hadal.accumulate' op operand #2 must be tensor<f32>, but got 'tensor<1xf32>'}}
  %n = "hadal.accumulate"(%sum, %term, %adds) : (tensor<4x8xf32>, tensor<4x8xf32>, tensor<1xf32>) -> tensor<4x8xf32>
  return
}
