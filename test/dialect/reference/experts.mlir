// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// Dispatch, grouped products and combination; expected values computed with NumPy.

// Expert 1 has no rows; pairs of one expert keep their order.
// CHECK: @dispatch#0: tensor<6xi32> [1, 2, 0, 3, 4, 5]
// CHECK-NEXT{LITERAL}: @dispatch#1: tensor<1x3x2xi32> [[[2, 0], [1, 3], [4, 5]]]
// CHECK-NEXT: @dispatch#2: tensor<5xi32> [0, 2, 2, 5, 6]
func.func @dispatch() -> (tensor<6xi32>, tensor<1x3x2xi32>, tensor<5xi32>) {
  %i = arith.constant dense<[[[2, 0], [0, 2], [2, 3]]]> : tensor<1x3x2xi32>
  %p, %rows, %o = hadal.dispatch %i : tensor<1x3x2xi32> -> tensor<6xi32>, tensor<1x3x2xi32>, tensor<5xi32>
  return %p, %rows, %o : tensor<6xi32>, tensor<1x3x2xi32>, tensor<5xi32>
}

// CHECK{LITERAL}: @gather_rows: tensor<6x2xf32> [[0.54, -0.86], [-0.05, -0.93], [0.54, -0.86], [-0.05, -0.93], [-0.37, -0.38], [-0.37, -0.38]]
func.func @gather_rows() -> tensor<6x2xf32> {
  %i = arith.constant dense<[[[2, 0], [0, 2], [2, 3]]]> : tensor<1x3x2xi32>
  %x = arith.constant dense<[[[0.54, -0.86], [-0.05, -0.93], [-0.37, -0.38]]]> : tensor<1x3x2xf32>
  %p, %rows, %o = hadal.dispatch %i : tensor<1x3x2xi32> -> tensor<6xi32>, tensor<1x3x2xi32>, tensor<5xi32>
  %y = hadal.gather_rows %x, %p, %rows : (tensor<1x3x2xf32>, tensor<6xi32>, tensor<1x3x2xi32>) -> tensor<6x2xf32>
  return %y : tensor<6x2xf32>
}

// CHECK{LITERAL}: @combine_rows#0: tensor<1x3x2xf32> [[[-0.871, -0.564], [-0.6255, 0.7191], [0.0303, 0.4759]]]
// CHECK-NEXT{LITERAL}: @combine_rows#1: tensor<1x3x2xf32> [[[1.22, 0.74], [-1.4, 0.78], [-1.48, -0.74]]]
func.func @combine_rows() -> (tensor<1x3x2xf32>, tensor<1x3x2xf32>) {
  %i = arith.constant dense<[[[2, 0], [0, 2], [2, 3]]]> : tensor<1x3x2xi32>
  %x = arith.constant dense<[[0.44, -0.09], [-0.89, 0.99], [0.78, 0.83], [-0.51, -0.21], [-0.55, -0.75], [-0.93, 0.01]]> : tensor<6x2xf32>
  %w = arith.constant dense<[[[-0.75, -0.65], [0.72, -0.03], [-0.63, 0.34]]]> : tensor<1x3x2xf32>
  %p, %rows, %o = hadal.dispatch %i : tensor<1x3x2xi32> -> tensor<6xi32>, tensor<1x3x2xi32>, tensor<5xi32>
  %y = hadal.combine_rows %x, %rows, %p weighted(%w) :
         (tensor<6x2xf32>, tensor<1x3x2xi32>, tensor<6xi32>, tensor<1x3x2xf32>) -> tensor<1x3x2xf32>
  %u = hadal.combine_rows %x, %rows, %p : (tensor<6x2xf32>, tensor<1x3x2xi32>, tensor<6xi32>) -> tensor<1x3x2xf32>
  return %y, %u : tensor<1x3x2xf32>, tensor<1x3x2xf32>
}

// Expected: numerical differentiation.
// CHECK{LITERAL}: @combine_rows_gradient#0: tensor<6x2xf32> [[0.3055, -0.0325], [-0.3096, 0.0216], [0.3525, -0.0375], [0.0129, -0.0009], [-0.1638, -0.0441], [0.0884, 0.0238]]
// CHECK-NEXT{LITERAL}: @combine_rows_gradient#1: tensor<1x3x2xf32> [[[-0.3251, -0.2113], [0.4124, 0.213], [-0.1955, -0.2411]]]
func.func @combine_rows_gradient() -> (tensor<6x2xf32>, tensor<1x3x2xf32>) {
  %i = arith.constant dense<[[[2, 0], [0, 2], [2, 3]]]> : tensor<1x3x2xi32>
  %x = arith.constant dense<[[0.44, -0.09], [-0.89, 0.99], [0.78, 0.83], [-0.51, -0.21], [-0.55, -0.75], [-0.93, 0.01]]> : tensor<6x2xf32>
  %w = arith.constant dense<[[[-0.75, -0.65], [0.72, -0.03], [-0.63, 0.34]]]> : tensor<1x3x2xf32>
  %g = arith.constant dense<[[[-0.47, 0.05], [-0.43, 0.03], [0.26, 0.07]]]> : tensor<1x3x2xf32>
  %p, %rows, %o = hadal.dispatch %i : tensor<1x3x2xi32> -> tensor<6xi32>, tensor<1x3x2xi32>, tensor<5xi32>
  %dx, %dw = hadal.combine_rows_gradient %x, %p, %w, %g : (tensor<6x2xf32>, tensor<6xi32>, tensor<1x3x2xf32>,
         tensor<1x3x2xf32>) -> (tensor<6x2xf32>, tensor<1x3x2xf32>)
  return %dx, %dw : tensor<6x2xf32>, tensor<1x3x2xf32>
}

// CHECK{LITERAL}: @grouped_matmul#0: tensor<6x3xf32> [[-0.1446, 0.3876, -0.2519], [0.7611, -1.3011, -0.1126], [0.6811, -1.0247, -0.5661], [-0.1692, 0.5469, 0.0807], [-0.617, 0.7835, 0.5425], [0.4922, -0.7016, -0.6086]]
// CHECK-NEXT{LITERAL}: @grouped_matmul#1: tensor<6x2xf32> [[0.504953, -0.137969], [-1.05346, 1.36084], [0.822693, 1.43696], [-0.485316, -0.412998], [-0.60615, -1.27398], [-1.19576, -0.715758]]
func.func @grouped_matmul() -> (tensor<6x3xf32>, tensor<6x2xf32>) {
  %i = arith.constant dense<[[[2, 0], [0, 2], [2, 3]]]> : tensor<1x3x2xi32>
  %x = arith.constant dense<[[0.44, -0.09], [-0.89, 0.99], [0.78, 0.83], [-0.51, -0.21], [-0.55, -0.75], [-0.93, 0.01]]> : tensor<6x2xf32>
  %w = arith.constant dense<[[[-0.21, 0.58], [0.75, -0.64], [-0.73, -0.77]], [[0.96, 0.88], [-0.54, 0.94], [-0.58, 0.01]], [[-0.01, 0.83], [-0.92, -0.37], [0.2, -0.87]], [[-0.53, -0.07], [0.76, 0.52], [0.66, 0.52]]]> : tensor<4x3x2xf32>
  %p, %rows, %o = hadal.dispatch %i : tensor<1x3x2xi32> -> tensor<6xi32>, tensor<1x3x2xi32>, tensor<5xi32>
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<6x2xf32>, tensor<4x3x2xf32>, tensor<5xi32>) -> tensor<6x3xf32>
  %z = hadal.grouped_matmul %y, %w, %o : (tensor<6x3xf32>, tensor<4x3x2xf32>, tensor<5xi32>) -> tensor<6x2xf32>
  return %y, %z : tensor<6x3xf32>, tensor<6x2xf32>
}

// The expert without rows has a zero gradient.
// CHECK{LITERAL}: @grouped_outer_product: tensor<4x2x3xf32> [[[-0.2335, 0.664, 0.7458], [0.4275, -0.459, -0.6858]], [[0, 0, 0], [0, 0, 0]], [[0.6804, -0.3657, 0.6625], [0.9009, -0.5072, 1.1295]], [[-0.8649, -0.1395, -0.5673], [0.0093, 0.0015, 0.0061]]]
func.func @grouped_outer_product() -> tensor<4x2x3xf32> {
  %i = arith.constant dense<[[[2, 0], [0, 2], [2, 3]]]> : tensor<1x3x2xi32>
  %x = arith.constant dense<[[0.44, -0.09], [-0.89, 0.99], [0.78, 0.83], [-0.51, -0.21], [-0.55, -0.75], [-0.93, 0.01]]> : tensor<6x2xf32>
  %y = arith.constant dense<[[0.42, 0.7, 0.36], [0.47, -0.4, -0.66], [0.51, -0.67, 0.84], [0.19, -0.34, 0.87], [-0.69, 0.03, -0.82], [0.93, 0.15, 0.61]]> : tensor<6x3xf32>
  %p, %rows, %o = hadal.dispatch %i : tensor<1x3x2xi32> -> tensor<6xi32>, tensor<1x3x2xi32>, tensor<5xi32>
  %z = hadal.grouped_outer_product %x, %y, %o : (tensor<6x2xf32>, tensor<6x3xf32>, tensor<5xi32>) -> tensor<4x2x3xf32>
  return %z : tensor<4x2x3xf32>
}

// CHECK{LITERAL}: @experts: tensor<1x3x2xf32> [[[-0.0459402, 0.0990476], [0.0380412, -0.0358003], [-0.00907849, 0.000693253]]]
func.func @experts() -> tensor<1x3x2xf32> {
  %x = arith.constant dense<[[[0.54, -0.86], [-0.05, -0.93], [-0.37, -0.38]]]> : tensor<1x3x2xf32>
  %i = arith.constant dense<[[[2, 0], [0, 2], [2, 3]]]> : tensor<1x3x2xi32>
  %w = arith.constant dense<[[[-0.75, -0.65], [0.72, -0.03], [-0.63, 0.34]]]> : tensor<1x3x2xf32>
  %gate = arith.constant dense<[[[-0.44, 0.6]], [[0.41, 0.29]], [[0.9, -0.13]], [[-0.17, 0.38]]]> : tensor<4x1x2xf32>
  %up = arith.constant dense<[[[0.67, -0.33]], [[0.34, -0.58]], [[0.1, 0.54]], [[-0.87, 0.46]]]> : tensor<4x1x2xf32>
  %down = arith.constant dense<[[[-0.97], [0.92]], [[-0.06], [-0.18]], [[0.44], [0.05]], [[0.46], [-0.83]]]> : tensor<4x2x1xf32>
  %y = hadal.experts %x, %i, %w weights(%gate, %up, %down : tensor<4x1x2xf32>, tensor<4x1x2xf32>, tensor<4x2x1xf32>)
         {count = 4 : i64, width = 1 : i64} : tensor<1x3x2xf32>, tensor<1x3x2xi32>, tensor<1x3x2xf32>
  return %y : tensor<1x3x2xf32>
}
