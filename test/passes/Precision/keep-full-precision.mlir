// The product behind a router, and behind a balance loss through arithmetic, is asked to be formed in f32; others are not,
// and what the model asks for stays.
// RUN: hadal-opt %s --hadal-keep-full-precision | FileCheck %s

// CHECK-LABEL: func.func @gates
// CHECK: hadal.linear %arg0 weights(%arg1 : {{.*}}) {compute = f32}
// CHECK: hadal.linear %arg0 weights(%arg1 : {{.*}}) {compute = f32}
// CHECK: hadal.linear %arg0 weights(%arg1 : {{.*}}) {compute = bf16}
// CHECK: hadal.linear %arg0 weights(%arg1 : tensor<4x8xf32>) :
func.func @gates(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>) -> (tensor<2x3x2xi32>, tensor<2x3x2xi32>, tensor<f32>, tensor<2x3x4xf32>) {
  %a = hadal.linear %x weights(%w : tensor<4x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  %i, %s, %load = hadal.router sigmoid %a {top_k = 2} : tensor<2x3x4xf32> -> tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<4xf32>
  %b = hadal.linear %x weights(%w : tensor<4x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  %twice = arith.addf %b, %b : tensor<2x3x4xf32>
  %loss = hadal.variance_balance_loss sigmoid %twice : tensor<2x3x4xf32>
  %c = hadal.linear %x weights(%w : tensor<4x8xf32>) {compute = bf16} : tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  %j, %t, %other = hadal.router sigmoid %c {top_k = 2} : tensor<2x3x4xf32> -> tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<4xf32>
  %d = hadal.linear %x weights(%w : tensor<4x8xf32>) : tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  return %i, %j, %loss, %d : tensor<2x3x2xi32>, tensor<2x3x2xi32>, tensor<f32>, tensor<2x3x4xf32>
}
