// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --seed=2
// RUN: hadal-check-kernels %s --cpu=x86-64-v2 --seed=3
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s

// The choice of experts, and the balance losses.

// CHECK: @router_v3 (routing): repeated_largest {items = 16} stages [choose: 5 / 1, load: 1 / 1] workspace 480 B scratch 384 B
hadal.kernel routing @router_v3(%l: tensor<2x40x24xf32> {hadal.range = [-3.0, 3.0]}, %b: tensor<24xf32>)
    -> (tensor<2x40x5xi32>, tensor<2x40x5xf32>, tensor<24xf32>) {
  %i, %w, %n = hadal.router sigmoid %l weights(%b : tensor<24xf32>) {top_k = 5, groups = 4, top_groups = 2, normalize, scale = 2.5}
    : tensor<2x40x24xf32> -> tensor<2x40x5xi32>, tensor<2x40x5xf32>, tensor<24xf32>
  hadal.yield %i, %w, %n : tensor<2x40x5xi32>, tensor<2x40x5xf32>, tensor<24xf32>
}

// Excluded groups score 0, so experts with a negative biased score lose to them.
hadal.kernel routing @router_excluded_zero(%l: tensor<2x13x12xf32> {hadal.range = [-3.0, 3.0]}, %b: tensor<12xf32> {hadal.range = [-1.0, -0.3]})
    -> (tensor<2x13x4xi32>, tensor<2x13x4xf32>) {
  %i, %w, %n = hadal.router sigmoid %l weights(%b : tensor<12xf32>) {top_k = 4, groups = 3, top_groups = 1, excluded_groups = #hadal.excluded_groups<zero>, scale = 1.5}
    : tensor<2x13x12xf32> -> tensor<2x13x4xi32>, tensor<2x13x4xf32>, tensor<12xf32>
  hadal.yield %i, %w : tensor<2x13x4xi32>, tensor<2x13x4xf32>
}

hadal.kernel routing @router_v2(%l: tensor<1x21x16xf32> {hadal.range = [-3.0, 3.0]}) -> (tensor<1x21x6xi32>, tensor<1x21x6xf32>, tensor<16xf32>) {
  %i, %w, %n = hadal.router softmax %l {top_k = 6, groups = 2, top_groups = 1, group_score = #hadal.group_score<max>}
    : tensor<1x21x16xf32> -> tensor<1x21x6xi32>, tensor<1x21x6xf32>, tensor<16xf32>
  hadal.yield %i, %w, %n : tensor<1x21x6xi32>, tensor<1x21x6xf32>, tensor<16xf32>
}

// Equal scores: the lower index first. The load is added to what was counted before.
hadal.kernel routing @router_ties(%l: tensor<1x3x7xf32> {hadal.value = dense<0.5> : tensor<1x3x7xf32>}, %a: tensor<7xf32>)
    -> (tensor<1x3x3xi32>, tensor<1x3x3xf32>, tensor<7xf32>) {
  %i, %w, %n = hadal.router sigmoid %l {top_k = 3, normalize} : tensor<1x3x7xf32> -> tensor<1x3x3xi32>, tensor<1x3x3xf32>, tensor<7xf32>
  %s = arith.addf %a, %n : tensor<7xf32>
  hadal.yield %i, %w, %s : tensor<1x3x3xi32>, tensor<1x3x3xf32>, tensor<7xf32>
}

hadal.kernel routing @router_gradient(%l: tensor<2x17x19xf32>, %i: tensor<2x17x4xi32>, %g: tensor<2x17x4xf32>) -> tensor<2x17x19xf32> {
  %0 = hadal.router_gradient sigmoid %l, %i, %g {normalize, scale = 2.5} : tensor<2x17x19xf32>, tensor<2x17x4xi32>, tensor<2x17x4xf32>
  hadal.yield %0 : tensor<2x17x19xf32>
}

hadal.kernel routing @router_gradient_softmax(%l: tensor<2x17x19xf32>, %i: tensor<2x17x4xi32>, %g: tensor<2x17x4xf32>) -> tensor<2x17x19xf32> {
  %0 = hadal.router_gradient softmax %l, %i, %g : tensor<2x17x19xf32>, tensor<2x17x4xi32>, tensor<2x17x4xf32>
  hadal.yield %0 : tensor<2x17x19xf32>
}

// CHECK: @sequence_loss (reduction): sequence_statistics {} stages [statistics: 4 / 1, loss: 1 / 1]
hadal.kernel reduction @sequence_loss(%l: tensor<2x150x19xf32>) -> tensor<f32> {
  %0 = hadal.sequence_balance_loss sigmoid %l {top_k = 3} : tensor<2x150x19xf32>
  hadal.yield %0 : tensor<f32>
}

// CHECK: @sequence_loss_gradient (reduction): sequence_statistics {} stages [statistics: 4 / 1, coefficients: 2 / 1, gradient: 4 / 1]
hadal.kernel reduction @sequence_loss_gradient(%l: tensor<2x150x19xf32>, %g: tensor<f32>, %a: tensor<2x150x19xf32>) -> tensor<2x150x19xf32> {
  %0 = hadal.sequence_balance_loss_gradient sigmoid %l, %g {top_k = 3} : tensor<2x150x19xf32>
  %1 = arith.addf %a, %0 : tensor<2x150x19xf32>
  hadal.yield %1 : tensor<2x150x19xf32>
}

hadal.kernel reduction @sequence_loss_softmax_gradient(%l: tensor<2x9x16xf32>, %g: tensor<f32>) -> tensor<2x9x16xf32> {
  %0 = hadal.sequence_balance_loss_gradient softmax %l, %g {top_k = 3} : tensor<2x9x16xf32>
  hadal.yield %0 : tensor<2x9x16xf32>
}

hadal.kernel reduction @variance_loss(%l: tensor<3x31x21xf32>) -> tensor<f32> {
  %0 = hadal.variance_balance_loss softmax %l : tensor<3x31x21xf32>
  hadal.yield %0 : tensor<f32>
}

hadal.kernel reduction @variance_loss_gradient(%l: tensor<3x31x21xf32> {hadal.range = [-3.0, 3.0]}, %g: tensor<f32>) -> tensor<3x31x21xf32> {
  %0 = hadal.variance_balance_loss_gradient sigmoid %l, %g : tensor<3x31x21xf32>
  hadal.yield %0 : tensor<3x31x21xf32>
}
