// The evaluator as a pass: constants, calls, launches, layers that scope parameters, multi-token prediction; what it
// prints and how it is told.
// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// RUN: hadal-opt %s --hadal-evaluate="digits=3" -o /dev/null | FileCheck %s --check-prefix=DIGITS
// RUN: hadal-opt %s --hadal-evaluate="summary" -o /dev/null | FileCheck %s --check-prefix=SUMMARY
// RUN: hadal-opt %s --hadal-evaluate="seed=1" -o /dev/null | FileCheck %s --check-prefix=SEED

func.func private @third(%x: tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<f32>) {
  %three = arith.constant dense<3.0> : tensor<2x2xf32>
  %loss = arith.constant dense<0.5> : tensor<f32>
  %y = arith.divf %x, %three : tensor<2x2xf32>
  return %y, %loss : tensor<2x2xf32>, tensor<f32>
}

// CHECK{LITERAL}: @call#0: tensor<2x2xf32> [[0.333333, 0.666667], [1, 0]]
// CHECK-NEXT: @call#1: tensor<f32> 0.5
// DIGITS{LITERAL}: @call#0: tensor<2x2xf32> [[0.333, 0.667], [1, 0]]
// SUMMARY: @call#0: tensor<2x2xf32> sum 2 root mean square 0.62361
func.func @call() -> (tensor<2x2xf32>, tensor<f32>) {
  %x = arith.constant dense<[[1.0, 2.0], [3.0, -0.0]]> : tensor<2x2xf32>
  %y:2 = call @third(%x) : (tensor<2x2xf32>) -> (tensor<2x2xf32>, tensor<f32>)
  return %y#0, %y#1 : tensor<2x2xf32>, tensor<f32>
}

hadal.kernel rowwise @square(%x: tensor<2xf32>) -> tensor<2xf32> {
  %y = arith.mulf %x, %x : tensor<2xf32>
  hadal.yield %y : tensor<2xf32>
}

// CHECK: @launch: tensor<2xf32> [4, 9]
func.func @launch(%x: tensor<2xf32> {hadal.value = dense<[2.0, -3.0]> : tensor<2xf32>}) -> tensor<2xf32> {
  %y = hadal.launch @square(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}

// CHECK: @elementwise#0: tensor<3xf32> [0, 1, 1]
// CHECK: @elementwise#1: tensor<3xbf16> [0.333984, 1, -2.5]
// CHECK: @elementwise#2: tensor<3xi32> [0, 2, -2]
func.func @elementwise() -> (tensor<3xf32>, tensor<3xbf16>, tensor<3xi32>) {
  %x = arith.constant dense<[0.33333334, 1.0009766, -2.5]> : tensor<3xf32>
  %zero = arith.constant dense<0.0> : tensor<3xf32>
  %one = arith.constant dense<1.0> : tensor<3xf32>
  %two = arith.constant dense<[0.9, 2.1, -2.9]> : tensor<3xf32>
  %c = arith.cmpf ogt, %x, %zero : tensor<3xf32>
  %d = arith.cmpf olt, %x, %one : tensor<3xf32>
  %a = arith.andi %c, %d : tensor<3xi1>
  %y = arith.select %a, %zero, %one : tensor<3xi1>, tensor<3xf32>
  %b = arith.truncf %x : tensor<3xf32> to tensor<3xbf16>
  %i = arith.fptosi %two : tensor<3xf32> to tensor<3xi32>
  return %y, %b, %i : tensor<3xf32>, tensor<3xbf16>, tensor<3xi32>
}

// Random arguments depend on the seed and on nothing else, and stay in their range.
// CHECK: @random#0: tensor<2xf32> [-0.345825, -0.0164373]
// SEED: @random#0: tensor<2xf32> [-0.28101, 0.0544375]
// SEED: @random#1: tensor<3xi32> [7, 7, 7]
func.func @random(%x: tensor<2xf32>, %i: tensor<3xi32> {hadal.range = [7, 8]}) -> (tensor<2xf32>, tensor<3xi32>) {
  return %x, %i : tensor<2xf32>, tensor<3xi32>
}

// A layout says where elements lie and not which they are.
// CHECK{LITERAL}: @layouts#0: tensor<1x3xf32> [[3, 7, 11]]
// CHECK{LITERAL}: @layouts#1: tensor<3x2xf32> [[1, 2], [3, 4], [5, 6]]
!panels = tensor<3x2xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [4, 16]>>>
func.func @layouts() -> (tensor<1x3xf32>, tensor<3x2xf32>) {
  %x = arith.constant dense<1.0> : tensor<1x2xf32>
  %w = arith.constant dense<[[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]> : tensor<3x2xf32>
  %p = hadal.pack %w : tensor<3x2xf32> -> !panels
  %y = hadal.linear %x weights(%p : !panels) : tensor<1x2xf32> -> tensor<1x3xf32>
  %u = hadal.unpack %p : !panels -> tensor<3x2xf32>
  return %y, %u : tensor<1x3xf32>, tensor<3x2xf32>
}
