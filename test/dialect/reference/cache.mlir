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

// CHECK{LITERAL}: @read: tensor<3x4x1xf32> [[[5], [6], [1], [0]], [[0], [0], [3], [4]], [[0], [0], [0], [0]]]
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
