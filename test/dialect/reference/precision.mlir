// bf16 in the evaluator: conversions round to nearest even, results of that type are rounded once after the sum was formed
// exactly, and random arguments of that type are numbers of it.
// RUN: hadal-opt %s --hadal-evaluate="digits=9" -o /dev/null | FileCheck %s

// The numbers lie a quarter, a half (both ways to the even neighbour) and three quarters of the way between neighbours.
// CHECK: @round: tensor<5xbf16> [1, 1, 1.015625, 1.0078125, -1.015625]
func.func @round() -> tensor<5xbf16> {
  %x = arith.constant dense<[1.001953125, 1.00390625, 1.01171875, 1.005859375, -1.01171875]> : tensor<5xf32>
  %y = arith.truncf %x : tensor<5xf32> to tensor<5xbf16>
  return %y : tensor<5xbf16>
}

// 1 + 2^-8 + 2^-16: with the last term the sum lies above the middle between 1 and 1 + 2^-7.
// CHECK: @sum#0: tensor<1x1xbf16> {{.*}}1.0078125
// CHECK: @sum#1: tensor<1x1xf32> {{.*}}1.00392151
func.func @sum() -> (tensor<1x1xbf16>, tensor<1x1xf32>) {
  %x = arith.constant dense<[[1.0, 0.0625, 0.00390625]]> : tensor<1x3xbf16>
  %y = hadal.linear %x weights(%x : tensor<1x3xbf16>) : tensor<1x3xbf16> -> tensor<1x1xbf16>
  %z = hadal.linear %x weights(%x : tensor<1x3xbf16>) : tensor<1x3xbf16> -> tensor<1x1xf32>
  return %y, %z : tensor<1x1xbf16>, tensor<1x1xf32>
}

// CHECK: @widen: tensor<3xf32> [0, 0, 0]
func.func @widen(%x: tensor<3xbf16>) -> tensor<3xf32> {
  %y = arith.extf %x : tensor<3xbf16> to tensor<3xf32>
  %z = arith.truncf %y : tensor<3xf32> to tensor<3xbf16>
  %w = arith.extf %z : tensor<3xbf16> to tensor<3xf32>
  %d = arith.subf %y, %w : tensor<3xf32>
  return %d : tensor<3xf32>
}
