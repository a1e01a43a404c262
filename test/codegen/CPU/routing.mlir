// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=host --routing=skewed --seed=2
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --routing=last
// RUN: hadal-check-kernels %s --cpu=x86-64-v2
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s

// Moving tokens to experts and back.

hadal.kernel routing @tokens(%w: tensor<3x20xi32>) -> tensor<3x17xi32> {
  %0 = hadal.tokens %w ahead 2 : tensor<3x20xi32> -> tensor<3x17xi32>
  hadal.yield %0 : tensor<3x17xi32>
}

// CHECK: @dispatch (routing): counting_sort {} stages [sort: 1 / 1] workspace 0 B scratch 32 B
hadal.kernel routing @dispatch(%i: tensor<2x15x3xi32>) -> (tensor<90xi32>, tensor<2x15x3xi32>, tensor<8xi32>) {
  %p, %r, %o = hadal.dispatch %i : tensor<2x15x3xi32> -> tensor<90xi32>, tensor<2x15x3xi32>, tensor<8xi32>
  hadal.yield %p, %r, %o : tensor<90xi32>, tensor<2x15x3xi32>, tensor<8xi32>
}

hadal.kernel routing @gather_rows(%x: tensor<2x15x37xf32>, %p: tensor<90xi32>, %r: tensor<2x15x3xi32>) -> tensor<90x37xf32> {
  %0 = hadal.gather_rows %x, %p, %r : (tensor<2x15x37xf32>, tensor<90xi32>, tensor<2x15x3xi32>) -> tensor<90x37xf32>
  hadal.yield %0 : tensor<90x37xf32>
}

// CHECK: @combine_rows (routing): add_rows_in_order {items = 1} stages [add: 30 / 1]
hadal.kernel routing @combine_rows(%x: tensor<90x37xf32>, %r: tensor<2x15x3xi32>, %p: tensor<90xi32>, %w: tensor<2x15x3xf32>)
    -> tensor<2x15x37xf32> {
  %0 = hadal.combine_rows %x, %r, %p weighted(%w) : (tensor<90x37xf32>, tensor<2x15x3xi32>, tensor<90xi32>, tensor<2x15x3xf32>) -> tensor<2x15x37xf32>
  hadal.yield %0 : tensor<2x15x37xf32>
}

hadal.kernel routing @combine_rows_plain(%x: tensor<90x32xf32>, %r: tensor<2x15x3xi32>, %p: tensor<90xi32>) -> tensor<2x15x32xf32> {
  %0 = hadal.combine_rows %x, %r, %p : (tensor<90x32xf32>, tensor<2x15x3xi32>, tensor<90xi32>) -> tensor<2x15x32xf32>
  hadal.yield %0 : tensor<2x15x32xf32>
}

hadal.kernel routing @combine_rows_gradient(%x: tensor<90x37xf32>, %p: tensor<90xi32>, %w: tensor<2x15x3xf32>, %g: tensor<2x15x37xf32>)
    -> (tensor<90x37xf32>, tensor<2x15x3xf32>) {
  %0, %1 = hadal.combine_rows_gradient %x, %p, %w, %g : (tensor<90x37xf32>, tensor<90xi32>, tensor<2x15x3xf32>, tensor<2x15x37xf32>) -> (tensor<90x37xf32>, tensor<2x15x3xf32>)
  hadal.yield %0, %1 : tensor<90x37xf32>, tensor<2x15x3xf32>
}
