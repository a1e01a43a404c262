// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// Pages of two positions; expected values by hand.

// Sequence 0 has its positions 0, 1 in page 2 and 2, 3 in page 0, sequence 1 its positions 2, 3 in page 1. Of the rows, the second has an
// empty place, and the last one lies in a page that the table does not name.
// CHECK{LITERAL}: @write: tensor<3x2x1xf32> [[[0], [7]], [[9], [0]], [[6], [0]]]
func.func @write() -> tensor<3x2x1xf32> {
  %cache = arith.constant dense<0.0> : tensor<3x2x1xf32>
  %rows = arith.constant dense<[[[6.0], [5.0], [7.0]], [[8.0], [9.0], [4.0]]]> : tensor<2x3x1xf32>
  %pages = arith.constant dense<[[2, 0], [-1, 1]]> : tensor<2x2xi32>
  %positions = arith.constant dense<[[0, -1, 3], [2, 2, 1]]> : tensor<2x3xi32>
  %new = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<3x2x1xf32>, tensor<2x3x1xf32>, tensor<2x2xi32>, tensor<2x3xi32>) -> tensor<3x2x1xf32>
  return %new : tensor<3x2x1xf32>
}

// Rows that a sequence does not have are no numbers.
// CHECK{LITERAL}: @read: tensor<3x4x1xf32> [[[5], [6], [1], [nan]], [[0], [0], [3], [4]], [[nan], [nan], [nan], [nan]]]
func.func @read() -> tensor<3x4x1xf32> {
  %cache = arith.constant dense<[[[1.0], [2.0]], [[3.0], [4.0]], [[5.0], [6.0]]]> : tensor<3x2x1xf32>
  %pages = arith.constant dense<[[2, 0], [3, 1], [0, 1]]> : tensor<3x2xi32>
  %lengths = arith.constant dense<[3, 9, 0]> : tensor<3xi32>
  %rows = hadal.read_pages %cache, %pages, %lengths : (tensor<3x2x1xf32>, tensor<3x2xi32>, tensor<3xi32>) -> tensor<3x4x1xf32>
  return %rows : tensor<3x4x1xf32>
}

// CHECK{LITERAL}: @pick: tensor<2x2x1xf32> [[[2], [0]], [[4], [3]]]
func.func @pick() -> tensor<2x2x1xf32> {
  %x = arith.constant dense<[[[1.0], [2.0]], [[3.0], [4.0]]]> : tensor<2x2x1xf32>
  %i = arith.constant dense<[[1, -1], [1, 0]]> : tensor<2x2xi32>
  %y = hadal.pick_rows %x, %i : (tensor<2x2x1xf32>, tensor<2x2xi32>) -> tensor<2x2x1xf32>
  return %y : tensor<2x2x1xf32>
}

// CHECK{LITERAL}: @logits#0: tensor<1x1x3xf32> [[[3, 1, 2]]]
// CHECK{LITERAL}: @logits#1: tensor<1x1x2xf32> [[[3, 0.407606]]]
func.func @logits() -> (tensor<1x1x3xf32>, tensor<1x1x2xf32>) {
  %h = arith.constant dense<[[[1.0, 2.0]]]> : tensor<1x1x2xf32>
  %w = arith.constant dense<[[1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]> : tensor<3x2xf32>
  %z, %n = hadal.logits %h, %w : (tensor<1x1x2xf32>, tensor<3x2xf32>) -> (tensor<1x1x3xf32>, tensor<1x1x2xf32>)
  return %z, %n : tensor<1x1x3xf32>, tensor<1x1x2xf32>
}

// Attention on latents is attention on the keys and values that are formed of them: two sequences, of which one has an empty place
// and a page that is named nowhere; two heads of three nope channels and two values, a latent of four channels.
// CHECK: @absorbed#0: tensor<2x2x4xf32> [[RESULT:.*]]
// CHECK-NEXT: @absorbed#1: tensor<2x2x4xf32> [[RESULT]]
// CHECK-NEXT: @absorbed#2: tensor<2x6x10xf32> {{.*}}[nan, nan, nan, nan, nan, nan, nan, nan, nan, nan]]]
func.func @absorbed() -> (tensor<2x2x4xf32>, tensor<2x2x4xf32>, tensor<2x6x10xf32>) {
  %q = arith.constant dense<[[[-0.52, 0.09, -0.26, 0.21, 0.25, -0.87, -0.97, 0.67, -0.48, -0.53], [0.99, -0.06, 0.67, -0.05, 0.28, -0.70, 0.27, 0.74, 0.05, 0.48]], [[0.34, -0.87, 0.52, 0.18, -0.40, -0.94, 0.73, -0.05, 0.44, 0.76], [0.43, 0.84, -0.21, 0.60, -0.11, 0.87, 0.76, -0.81, -0.73, -0.57]]]> : tensor<2x2x10xf32>
  %w = arith.constant dense<[[0.93, -0.13, 0.25, -0.40], [0.01, -0.23, -0.30, 0.17], [0.17, 0.81, 0.36, 0.86], [0.71, 0.98, 0.34, -0.67], [0.72, 0.93, 0.81, 0.14], [0.43, -0.58, 0.66, 0.15], [-0.43, -0.87, 0.71, 0.98], [-0.82, 0.60, -0.18, -0.70], [-0.41, 0.54, 0.75, -0.91], [0.23, -0.91, 0.44, -0.34]]> : tensor<10x4xf32>
  %latents = arith.constant dense<[[[0.76, 0.96, 0.01, 1.00], [-0.38, -0.85, 0.20, -0.94]], [[-0.61, -0.18, 0.22, -0.69], [-0.92, 0.74, -0.37, 0.92]], [[0.79, -0.24, -0.08, 0.04], [0.29, 0.19, 0.12, 0.24]], [[0.88, 0.01, -0.14, 0.44], [-0.52, -0.40, 0.96, 0.04]], [[0.10, -0.98, -0.17, 0.16], [-0.96, 0.23, 0.26, -0.88]]]> : tensor<5x2x4xf32>
  %rotary = arith.constant dense<[[[0.25, -0.07], [0.36, -0.29]], [[0.41, 0.48], [-0.96, -0.88]], [[0.35, 0.93], [-0.50, -0.09]], [[0.19, -0.36], [-0.27, -0.37]], [[-0.26, 0.19], [-0.40, -0.25]]]> : tensor<5x2x2xf32>
  %pages = arith.constant dense<[[4, 0, 2], [1, 7, 3]]> : tensor<2x3xi32>
  %positions = arith.constant dense<[[2, 4], [-1, 3]]> : tensor<2x2xi32>
  %lengths = arith.constant dense<[5, 4]> : tensor<2xi32>
  %c = hadal.read_pages %latents, %pages, %lengths : (tensor<5x2x4xf32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x6x4xf32>
  %k = hadal.read_pages %rotary, %pages, %lengths : (tensor<5x2x2xf32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x6x2xf32>
  %kv = hadal.counted_matmul %c, %w, %lengths {transpose_rhs} : (tensor<2x6x4xf32>, tensor<10x4xf32>, tensor<2xi32>) -> tensor<2x6x10xf32>
  %plain, %l = hadal.attention %q, %kv, %k positions(%positions) key_lengths(%lengths) {heads = 2, nope = 3, value = 2, scale = 0.7 : f64}
    : (tensor<2x2x10xf32>, tensor<2x6x10xf32>, tensor<2x6x2xf32>, tensor<2x2xi32>, tensor<2xi32>) -> (tensor<2x2x4xf32>, tensor<2x2x2xf32>)
  %a = hadal.head_matmul %q, %w {heads = 2, first = 0, count = 3} : (tensor<2x2x10xf32>, tensor<10x4xf32>) -> tensor<2x2x8xf32>
  %o = hadal.latent_attention %a, %q, %latents, %rotary, %pages, %positions, %lengths {heads = 2, scale = 0.7 : f64}
    : (tensor<2x2x8xf32>, tensor<2x2x10xf32>, tensor<5x2x4xf32>, tensor<5x2x2xf32>, tensor<2x3xi32>, tensor<2x2xi32>, tensor<2xi32>) -> tensor<2x2x8xf32>
  %absorbed = hadal.head_matmul %o, %w {heads = 2, first = 3, count = 2, transpose_rhs} : (tensor<2x2x8xf32>, tensor<10x4xf32>) -> tensor<2x2x4xf32>
  return %plain, %absorbed, %kv : tensor<2x2x4xf32>, tensor<2x2x4xf32>, tensor<2x6x10xf32>
}
