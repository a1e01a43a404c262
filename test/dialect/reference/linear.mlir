// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// Embeddings, linear layers and views; expected values computed with NumPy.

// CHECK{LITERAL}: @embedding: tensor<1x3x2xf32> [[[-0.4, 0.75], [0.25, 0.79], [-0.4, 0.75]]]
func.func @embedding() -> tensor<1x3x2xf32> {
  %tokens = arith.constant dense<[[2, 0, 2]]> : tensor<1x3xi32>
  %table = arith.constant dense<[[0.25, 0.79], [0.55, -0.55], [-0.4, 0.75]]> : tensor<3x2xf32>
  %y = hadal.embedding %tokens weights(%table : tensor<3x2xf32>) {vocabulary = 3 : i64} : tensor<1x3xi32> -> tensor<1x3x2xf32>
  return %y : tensor<1x3x2xf32>
}

// Row 1 is no token's: its gradient is zero.
// CHECK{LITERAL}: @embedding_gradient: tensor<3x2xf32> [[0.59, -0.06], [0, 0], [-1.38, 0.2]]
func.func @embedding_gradient() -> tensor<3x2xf32> {
  %tokens = arith.constant dense<[[2, 0, 2]]> : tensor<1x3xi32>
  %gradient = arith.constant dense<[[[-0.99, 0.64], [0.59, -0.06], [-0.39, -0.44]]]> : tensor<1x3x2xf32>
  %y = hadal.embedding_gradient %tokens, %gradient : (tensor<1x3xi32>, tensor<1x3x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// CHECK{LITERAL}: @linear: tensor<2x1x2xf32> [[[-0.2311, 0.2988]], [[0.6603, -0.384]]]
func.func @linear() -> tensor<2x1x2xf32> {
  %x = arith.constant dense<[[[-0.49, -0.11, 0.01]], [[0.11, 0.99, 0.59]]]> : tensor<2x1x3xf32>
  %w = arith.constant dense<[[0.24, 0.98, -0.57], [-0.68, 0.23, -0.91]]> : tensor<2x3xf32>
  %y = hadal.linear %x weights(%w : tensor<2x3xf32>) : tensor<2x1x3xf32> -> tensor<2x1x2xf32>
  return %y : tensor<2x1x2xf32>
}

// CHECK{LITERAL}: @matmul: tensor<2x2x2xf32> [[[0.2938, 0.8468], [-0.058, -0.9783]], [[0.1234, -0.3899], [0.688, -0.1044]]]
func.func @matmul() -> tensor<2x2x2xf32> {
  %a = arith.constant dense<[[[-0.93, 0.03, -0.07], [0.83, 0.26, 0.03]], [[-0.01, -0.5, -0.98], [-0.62, 0.38, -0.6]]]> : tensor<2x2x3xf32>
  %b = arith.constant dense<[[-0.26, -0.99], [0.66, -0.69], [-0.46, 0.76]]> : tensor<3x2xf32>
  %y = hadal.matmul %a, %b : (tensor<2x2x3xf32>, tensor<3x2xf32>) -> tensor<2x2x2xf32>
  return %y : tensor<2x2x2xf32>
}

// CHECK{LITERAL}: @matmul_transpose_rhs: tensor<2x2x2xf32> [[[0.328, 0.2431], [-0.2068, -0.2946]], [[0.7652, 0.8632], [0.7776, 0.4234]]]
func.func @matmul_transpose_rhs() -> tensor<2x2x2xf32> {
  %a = arith.constant dense<[[[-0.93, 0.03, -0.07], [0.83, 0.26, 0.03]], [[-0.01, -0.5, -0.98], [-0.62, 0.38, -0.6]]]> : tensor<2x2x3xf32>
  %b = arith.constant dense<[[-0.28, 0.2, -0.88], [-0.22, -0.35, -0.7]]> : tensor<2x3xf32>
  %y = hadal.matmul %a, %b {transpose_rhs} : (tensor<2x2x3xf32>, tensor<2x3xf32>) -> tensor<2x2x2xf32>
  return %y : tensor<2x2x2xf32>
}

// The weight gradient of a linear layer: leading dimensions are summed over.
// CHECK{LITERAL}: @matmul_transpose_lhs: tensor<3x2xf32> [[0.2096, -0.7029], [0.491, 0.3867], [0.7986, -0.5563]]
func.func @matmul_transpose_lhs() -> tensor<3x2xf32> {
  %a = arith.constant dense<[[[-0.93, 0.03, -0.07], [0.83, 0.26, 0.03]], [[-0.01, -0.5, -0.98], [-0.62, 0.38, -0.6]]]> : tensor<2x2x3xf32>
  %b = arith.constant dense<[[[0.02, 0.69], [0.28, 0.48]], [[-0.82, 0.08], [0.02, 0.74]]]> : tensor<2x2x2xf32>
  %y = hadal.matmul %a, %b {transpose_lhs} : (tensor<2x2x3xf32>, tensor<2x2x2xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// CHECK{LITERAL}: @swiglu: tensor<1x3xf32> [[0.297503, -0.0495018, 0.760481]]
func.func @swiglu() -> tensor<1x3xf32> {
  %gate = arith.constant dense<[[1.9, -0.72, 2.87]]> : tensor<1x3xf32>
  %up = arith.constant dense<[[0.18, 0.21, 0.28]]> : tensor<1x3xf32>
  %y = hadal.swiglu %gate, %up : tensor<1x3xf32>
  return %y : tensor<1x3xf32>
}

// CHECK{LITERAL}: @swiglu_gradient#0: tensor<1x3xf32> [[0.0683508, -0.0248201, -0.0366937]]
// CHECK-NEXT{LITERAL}: @swiglu_gradient#1: tensor<1x3xf32> [[0.578478, 0.165006, -0.325921]]
func.func @swiglu_gradient() -> (tensor<1x3xf32>, tensor<1x3xf32>) {
  %gate = arith.constant dense<[[1.9, -0.72, 2.87]]> : tensor<1x3xf32>
  %up = arith.constant dense<[[0.18, 0.21, 0.28]]> : tensor<1x3xf32>
  %gradient = arith.constant dense<[[0.35, -0.7, -0.12]]> : tensor<1x3xf32>
  %g, %u = hadal.swiglu_gradient %gate, %up, %gradient : tensor<1x3xf32>
  return %g, %u : tensor<1x3xf32>, tensor<1x3xf32>
}

// CHECK{LITERAL}: @gated_mlp: tensor<1x2x2xf32> [[[-0.057178, -0.0569529], [0.0869251, 0.00355307]]]
func.func @gated_mlp() -> tensor<1x2x2xf32> {
  %x = arith.constant dense<[[[-0.52, -0.2], [-0.81, 0.94]]]> : tensor<1x2x2xf32>
  %gate = arith.constant dense<[[-0.57, 0.34], [-0.4, 0.75], [0.32, -0.74]]> : tensor<3x2xf32>
  %up = arith.constant dense<[[0.69, 0.89], [0.81, 0.14], [-0.71, -0.62]]> : tensor<3x2xf32>
  %down = arith.constant dense<[[0.86, 0.1, -0.64], [0.77, 0.28, 0.14]]> : tensor<2x3xf32>
  %y = hadal.gated_mlp %x weights(%gate, %up, %down : tensor<3x2xf32>, tensor<3x2xf32>, tensor<2x3xf32>)
         {width = 3 : i64} : tensor<1x2x2xf32>
  return %y : tensor<1x2x2xf32>
}

// CHECK{LITERAL}: @split_and_concat#0: tensor<2x1xf32> [[0], [3]]
// CHECK-NEXT{LITERAL}: @split_and_concat#1: tensor<2x2xf32> [[1, 2], [4, 5]]
// CHECK-NEXT{LITERAL}: @split_and_concat#2: tensor<2x3xf32> [[1, 2, 0], [4, 5, 3]]
func.func @split_and_concat() -> (tensor<2x1xf32>, tensor<2x2xf32>, tensor<2x3xf32>) {
  %x = arith.constant dense<[[0.0, 1.0, 2.0], [3.0, 4.0, 5.0]]> : tensor<2x3xf32>
  %a, %b = hadal.split %x : tensor<2x3xf32> -> tensor<2x1xf32>, tensor<2x2xf32>
  %y = hadal.concat %b, %a : tensor<2x2xf32>, tensor<2x1xf32> -> tensor<2x3xf32>
  return %a, %b, %y : tensor<2x1xf32>, tensor<2x2xf32>, tensor<2x3xf32>
}
