// Kernels and their launches.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK: hadal.kernel rowwise @k(%{{.*}}: tensor<4x8xf32>) -> tensor<4x8xf32> {
// CHECK: hadal.yield %{{.*}} : tensor<4x8xf32>
hadal.kernel rowwise @k(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = arith.addf %x, %x : tensor<4x8xf32>
  hadal.yield %y : tensor<4x8xf32>
}

// CHECK: hadal.launch @k(%{{.*}}) {placement = array<i64: 64>, tied = array<i64: -1>, workspace = 128 : i64, workspace_placement = 256 : i64}
func.func @f(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = hadal.launch @k(%x) {tied = array<i64: -1>, placement = array<i64: 64>, workspace = 128, workspace_placement = 256} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
