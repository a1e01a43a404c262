// Router, balance losses, experts and what they are written in.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @router(
// CHECK: hadal.router
func.func @router(%s: tensor<?x?x8xf32>) {
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 2, groups = 4, top_groups = 2, normalize, scale = 2.5} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// CHECK-LABEL: @router_softmax(
// CHECK: hadal.router
func.func @router_softmax(%s: tensor<?x?x8xf32>) {
  %i, %w, %l = hadal.router softmax %s {top_k = 2, groups = 4, top_groups = 2, group_score = #hadal.group_score<max>, excluded_groups = #hadal.excluded_groups<zero>} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// CHECK-LABEL: @router_bound(
// CHECK: hadal.router
func.func @router_bound(%s: tensor<?x?x8xf32>, %b: tensor<8xf32>) {
  %i, %w, %l = hadal.router sigmoid %s weights(%b : tensor<8xf32>) {top_k = 2} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// CHECK-LABEL: @router_gradient(
// CHECK: hadal.router_gradient
func.func @router_gradient(%s: tensor<?x?x8xf32>, %i: tensor<?x?x2xi32>, %g: tensor<?x?x2xf32>) {
  %d = hadal.router_gradient sigmoid %s, %i, %g {normalize} : tensor<?x?x8xf32>, tensor<?x?x2xi32>, tensor<?x?x2xf32>
  return
}

// CHECK-LABEL: @sequence_balance_loss(
// CHECK: hadal.sequence_balance_loss
func.func @sequence_balance_loss(%s: tensor<?x?x8xf32>) {
  %l = hadal.sequence_balance_loss sigmoid %s {top_k = 2} : tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @sequence_balance_loss_gradient(
// CHECK: hadal.sequence_balance_loss_gradient
func.func @sequence_balance_loss_gradient(%s: tensor<?x?x8xf32>, %g: tensor<f32>) {
  %d = hadal.sequence_balance_loss_gradient sigmoid %s, %g {top_k = 2} : tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @variance_balance_loss(
// CHECK: hadal.variance_balance_loss
func.func @variance_balance_loss(%s: tensor<?x?x8xf32>) {
  %l = hadal.variance_balance_loss softmax %s : tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @variance_balance_loss_gradient(
// CHECK: hadal.variance_balance_loss_gradient
func.func @variance_balance_loss_gradient(%s: tensor<?x?x8xf32>, %g: tensor<f32>) {
  %d = hadal.variance_balance_loss_gradient softmax %s, %g : tensor<?x?x8xf32>
  return
}

// CHECK-LABEL: @experts(
// CHECK: hadal.experts
func.func @experts(%x: tensor<?x?x8xf32>, %i: tensor<?x?x2xi32>, %w: tensor<?x?x2xf32>) {
  %y = hadal.experts %x, %i, %w "mlp.experts" {count = 8, width = 5} : tensor<?x?x8xf32>, tensor<?x?x2xi32>, tensor<?x?x2xf32>
  return
}

// CHECK-LABEL: @dispatch(
// CHECK: hadal.dispatch
func.func @dispatch(%i: tensor<2x3x2xi32>) {
  %p, %r, %o = hadal.dispatch %i : tensor<2x3x2xi32> -> tensor<12xi32>, tensor<2x3x2xi32>, tensor<9xi32>
  return
}

// CHECK-LABEL: @gather_rows(
// CHECK: hadal.gather_rows
func.func @gather_rows(%x: tensor<2x3x8xf32>, %p: tensor<12xi32>, %r: tensor<2x3x2xi32>) {
  %y = hadal.gather_rows %x, %p, %r : (tensor<2x3x8xf32>, tensor<12xi32>, tensor<2x3x2xi32>) -> tensor<12x8xf32>
  return
}

// CHECK-LABEL: @combine_rows(
// CHECK: hadal.combine_rows
func.func @combine_rows(%x: tensor<12x8xf32>, %p: tensor<12xi32>, %r: tensor<2x3x2xi32>, %w: tensor<2x3x2xf32>) {
  %y = hadal.combine_rows %x, %r, %p weighted(%w) : (tensor<12x8xf32>, tensor<2x3x2xi32>, tensor<12xi32>, tensor<2x3x2xf32>) -> tensor<2x3x8xf32>
  return
}

// CHECK-LABEL: @combine_rows_gradient(
// CHECK: hadal.combine_rows_gradient
func.func @combine_rows_gradient(%x: tensor<12x8xf32>, %p: tensor<12xi32>, %w: tensor<2x3x2xf32>, %g: tensor<2x3x8xf32>) {
  %y, %d = hadal.combine_rows_gradient %x, %p, %w, %g : (tensor<12x8xf32>, tensor<12xi32>, tensor<2x3x2xf32>, tensor<2x3x8xf32>) -> (tensor<12x8xf32>, tensor<2x3x2xf32>)
  return
}

// CHECK-LABEL: @grouped_matmul(
// CHECK: hadal.grouped_matmul
func.func @grouped_matmul(%x: tensor<12x8xf32>, %w: tensor<4x5x8xf32>, %o: tensor<5xi32>) {
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<12x8xf32>, tensor<4x5x8xf32>, tensor<5xi32>) -> tensor<12x5xf32>
  return
}

// CHECK-LABEL: @grouped_outer_product(
// CHECK: hadal.grouped_outer_product
func.func @grouped_outer_product(%x: tensor<12x8xf32>, %g: tensor<12x5xf32>, %o: tensor<5xi32>) {
  %y = hadal.grouped_outer_product %x, %g, %o : (tensor<12x8xf32>, tensor<12x5xf32>, tensor<5xi32>) -> tensor<4x8x5xf32>
  return
}

// CHECK-LABEL: @bf16(
// CHECK: hadal.grouped_matmul %{{.*}} -> tensor<12x5xbf16>
// CHECK: hadal.grouped_outer_product %{{.*}} -> tensor<4x5x8xf32>
func.func @bf16(%x: tensor<12x8xbf16>, %w: tensor<4x5x8xbf16>, %o: tensor<5xi32>) {
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<12x8xbf16>, tensor<4x5x8xbf16>, tensor<5xi32>) -> tensor<12x5xbf16>
  %d = hadal.grouped_outer_product %y, %x, %o : (tensor<12x5xbf16>, tensor<12x8xbf16>, tensor<5xi32>) -> tensor<4x5x8xf32>
  return
}
