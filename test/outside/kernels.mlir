// Products of heads, by what they state alone: odd widths on plain threads, which read all strides, and numbers of bf16 on
// tensor cores, where what a tile holds beyond a head's slice of the row is another head's and must not be multiplied.
// RUN: hadal-opt %outside %s --hadal-fuse --hadal-select-strategies="target=sm_90a print-config" -o /dev/null 2>&1 \
// RUN:   | FileCheck %s --check-prefix=CHOSEN
// CHOSEN: @block_linear_addf_{{.*}}: thread_tiles
// CHOSEN: @block_matmul_addf_{{.*}}: thread_tiles
// CHOSEN: @block_outer_product_addf_{{.*}}: thread_tiles
// CHOSEN: @block_linear_addf_{{.*}}: wgmma_warp_specialized
// CHOSEN: @block_matmul_addf_{{.*}}: wgmma_warp_specialized
// CHOSEN: @block_outer_product_addf_{{.*}}: wgmma_warp_specialized

// RUN: hadal-check-kernels %outside %s --plant-fault=rows,columns,scale | FileCheck %s
// RUN: hadal-check-kernels %outside %s --plant-fault=rows,columns,scale --target=sm_90a --assemble | FileCheck %s
// CHECK-NOT: FAIL
// CHECK-NOT: MISSED
// CHECK: 6 of 6 kernels pass and notice their faults

func.func @linear_f32(%x: tensor<2x9x21xf32>, %w: tensor<3x5x7xf32>, %r: tensor<2x9x15xf32>) -> tensor<2x9x15xf32> {
  %y = outside.block_linear %x weights(%w : tensor<3x5x7xf32>) {heads = 3} : tensor<2x9x21xf32> -> tensor<2x9x15xf32>
  %s = arith.addf %r, %y : tensor<2x9x15xf32>
  return %s : tensor<2x9x15xf32>
}

func.func @rows_f32(%g: tensor<2x9x15xf32>, %w: tensor<3x5x7xf32>, %r: tensor<2x9x21xf32>) -> tensor<2x9x21xf32> {
  %y = outside.block_matmul %g, %w : (tensor<2x9x15xf32>, tensor<3x5x7xf32>) -> tensor<2x9x21xf32>
  %s = arith.addf %r, %y : tensor<2x9x21xf32>
  return %s : tensor<2x9x21xf32>
}

func.func @weight_f32(%g: tensor<2x9x15xf32>, %x: tensor<2x9x21xf32>, %r: tensor<3x5x7xf32>) -> tensor<3x5x7xf32> {
  %y = outside.block_outer_product %g, %x : (tensor<2x9x15xf32>, tensor<2x9x21xf32>) -> tensor<3x5x7xf32>
  %s = arith.addf %r, %y : tensor<3x5x7xf32>
  return %s : tensor<3x5x7xf32>
}

func.func @linear_bf16(%x: tensor<2x37x48xbf16>, %w: tensor<2x16x24xbf16>, %r: tensor<2x37x32xf32>) -> tensor<2x37x32xf32> {
  %y = outside.block_linear %x weights(%w : tensor<2x16x24xbf16>) {heads = 2} : tensor<2x37x48xbf16> -> tensor<2x37x32xf32>
  %s = arith.addf %r, %y : tensor<2x37x32xf32>
  return %s : tensor<2x37x32xf32>
}

func.func @rows_bf16(%g: tensor<2x37x32xbf16>, %w: tensor<2x16x24xbf16>, %r: tensor<2x37x48xf32>) -> tensor<2x37x48xf32> {
  %y = outside.block_matmul %g, %w : (tensor<2x37x32xbf16>, tensor<2x16x24xbf16>) -> tensor<2x37x48xf32>
  %s = arith.addf %r, %y : tensor<2x37x48xf32>
  return %s : tensor<2x37x48xf32>
}

func.func @weight_bf16(%g: tensor<2x37x32xbf16>, %x: tensor<2x37x48xbf16>, %r: tensor<2x16x24xf32>) -> tensor<2x16x24xf32> {
  %y = outside.block_outer_product %g, %x : (tensor<2x37x32xbf16>, tensor<2x37x48xbf16>) -> tensor<2x16x24xf32>
  %s = arith.addf %r, %y : tensor<2x16x24xf32>
  return %s : tensor<2x16x24xf32>
}
