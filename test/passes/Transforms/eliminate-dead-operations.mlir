// A chain that nothing reads goes in one sweep; the rest keeps its order.
// RUN: hadal-opt %s --hadal-eliminate-dead-operations | FileCheck %s

// CHECK-LABEL: func.func @chain
func.func @chain(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: arith.addf
  // CHECK-NEXT: return
  %0 = arith.mulf %x, %x : tensor<4xf32>
  %1 = arith.addf %x, %x : tensor<4xf32>
  %2 = arith.mulf %0, %1 : tensor<4xf32>
  %3 = math.exp %2 : tensor<4xf32>
  return %1 : tensor<4xf32>
}
