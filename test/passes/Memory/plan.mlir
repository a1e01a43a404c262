// A buffer is reused when its last reader has run, in place where the kernel allows it; a workspace lives for one launch.
// RUN: hadal-opt %s --hadal-plan-memory=print-memory-plan=1 --hadal-verify-memory-plan 2> %t.report | FileCheck %s
// RUN: FileCheck %s --check-prefix=REPORT < %t.report
// On a GPU buffers begin at multiples of 256 bytes: the workspace of 100 takes 256, and what follows is moved up.
// RUN: hadal-opt %s --hadal-plan-memory=alignment=256 --hadal-verify-memory-plan | FileCheck %s --check-prefix=GPU
// RUN: not hadal-opt %s --hadal-plan-memory=alignment=48 -o /dev/null 2>&1 | FileCheck %s --check-prefix=ALIGNMENT
// GPU: module attributes {hadal.buffer_alignment = 256 : i64}
// GPU: workspace_placement = 1024 : i64}
// ALIGNMENT: error: buffers cannot be aligned to 48 bytes: give a power of two from 64 up

hadal.kernel contraction @product(%x: tensor<16x16xf32>, %w: tensor<16x16xf32>) -> tensor<16x16xf32> attributes {workspace = 100 : i64} {
  %0 = hadal.matmul %x, %w : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  hadal.yield %0 : tensor<16x16xf32>
}
hadal.kernel rowwise @square(%x: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %0 = arith.mulf %x, %x : tensor<16x16xf32>
  hadal.yield %0 : tensor<16x16xf32>
}
hadal.kernel rowwise @negate(%x: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %0 = arith.negf %x : tensor<16x16xf32>
  hadal.yield %0 : tensor<16x16xf32>
}
hadal.kernel update @norm(%x: tensor<16x16xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %x : tensor<16x16xf32>
  hadal.yield %0 : tensor<f32>
}

// CHECK-LABEL: func.func @entry
func.func @entry(%x: tensor<16x16xf32> {hadal.parameter = @p}) -> (tensor<f32> {hadal.result = "loss"}) {
  // CHECK: @product({{.*}}) {placement = array<i64: 0>, workspace = 100 : i64, workspace_placement = 1024 : i64}
  %0 = hadal.launch @product(%x, %x) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  // In place: the product dies here.
  // CHECK: @negate({{.*}}) {placement = array<i64: 0>, tied = array<i64: 0>}
  %1 = hadal.launch @negate(%0) : (tensor<16x16xf32>) -> tensor<16x16xf32>
  // Not in place: the operand is read twice, and again afterwards.
  // CHECK: @square({{.*}}) {placement = array<i64: 1024>}
  %2 = hadal.launch @square(%1) : (tensor<16x16xf32>) -> tensor<16x16xf32>
  // CHECK: @product({{.*}}) {placement = array<i64: 2048>, workspace = 100 : i64, workspace_placement = 3072 : i64}
  %3 = hadal.launch @product(%1, %2) : (tensor<16x16xf32>, tensor<16x16xf32>) -> tensor<16x16xf32>
  // The entry point's result lies outside the arena.
  // CHECK: @norm({{.*}}) {placement = array<i64: -1>}
  %4 = hadal.launch @norm(%3) : (tensor<16x16xf32>) -> tensor<f32>
  return %4 : tensor<f32>
}

// REPORT: memory plan of @entry: arena 0.00 MiB, 0.00 MiB live at the peak, 5 buffers, 5 launches
// REPORT: plan.mlir:{{[0-9]+}}:{{[0-9]+}}
// REPORT: persistent: parameters
