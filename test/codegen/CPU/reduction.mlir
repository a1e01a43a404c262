// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3
// RUN: hadal-check-kernels %s --cpu=x86-64-v2
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s

// Embedding and the gradients that add rows.

// CHECK: @embedding (reduction): gather_rows_of_table {items = 1} stages [gather: 22 / 1]
hadal.kernel reduction @embedding(%t: tensor<2x11xi32>, %w: tensor<31x37xf32>) -> tensor<2x11x37xf32> {
  %0 = hadal.embedding %t weights(%w : tensor<31x37xf32>) {vocabulary = 31} : tensor<2x11xi32> -> tensor<2x11x37xf32>
  hadal.yield %0 : tensor<2x11x37xf32>
}

// Most tokens occur, some of them often, some never.
// CHECK: @embedding_gradient (reduction): vocabulary_ranges {items = 2} stages [add: 86 / 1]
hadal.kernel reduction @embedding_gradient(%t: tensor<2x150xi32>, %g: tensor<2x150x37xf32>) -> tensor<171x37xf32> {
  %0 = hadal.embedding_gradient %t, %g : (tensor<2x150xi32>, tensor<2x150x37xf32>) -> tensor<171x37xf32>
  hadal.yield %0 : tensor<171x37xf32>
}

hadal.kernel reduction @embedding_gradient_accumulated(%a: tensor<171x16xf32>, %t: tensor<2x50xi32>, %g: tensor<2x50x16xf32>)
    -> tensor<171x16xf32> {
  %0 = hadal.embedding_gradient %t, %g : (tensor<2x50xi32>, tensor<2x50x16xf32>) -> tensor<171x16xf32>
  %1 = arith.addf %a, %0 : tensor<171x16xf32>
  hadal.yield %1 : tensor<171x16xf32>
}

// CHECK: @norm_weight_gradient (reduction): row_blocks_then_columns {} stages [blocks: 2 / 1, columns: 2 / 1] workspace 2408 B
hadal.kernel reduction @norm_weight_gradient(%x: tensor<2x37x301xf32>, %g: tensor<2x37x301xf32>) -> tensor<301xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<2x37x301xf32> -> tensor<301xf32>
  hadal.yield %0 : tensor<301xf32>
}

hadal.kernel reduction @norm_weight_gradient_accumulated(%a: tensor<13xf32>, %x: tensor<3x13xf32>, %g: tensor<3x13xf32>) -> tensor<13xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<3x13xf32> -> tensor<13xf32>
  %1 = arith.addf %a, %0 : tensor<13xf32>
  hadal.yield %1 : tensor<13xf32>
}
