// What selection chooses for kernels of threads, at the sizes of large models: vectors, threads of a row, blocks.
// RUN: hadal-opt %s --hadal-select-strategies='target=sm_90a print-config' -o /dev/null 2>&1 | FileCheck %s

// A block per row, all of it in registers: 256 threads, 7 vectors each, none idle.
// CHECK: @norm_7168 (rowwise): rows_by_threads {lanes = 4, threads_per_row = 256, rows_per_block = 1, unroll = 7, in_registers = true} stages [rows: 4096 × 256 threads, 4 KiB shared] workspace 0 B
hadal.kernel rowwise @norm_7168(%x: tensor<1x4096x7168xf32>, %w: tensor<7168xf32>) -> tensor<1x4096x7168xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<7168xf32>) {eps = 1.0e-6} : tensor<1x4096x7168xf32>
  hadal.yield %0 : tensor<1x4096x7168xf32>
}

// A warp per row: no barrier.
// CHECK: @norm_512 (rowwise): rows_by_threads {lanes = 4, threads_per_row = 32, rows_per_block = 8, unroll = 4, in_registers = true} stages [rows: 512 × 256 threads, 0 B shared]
hadal.kernel rowwise @norm_512(%x: tensor<1x4096x512xf32>, %w: tensor<512xf32>) -> tensor<1x4096x512xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<512xf32>) {eps = 1.0e-6} : tensor<1x4096x512xf32>
  hadal.yield %0 : tensor<1x4096x512xf32>
}

// Too long for registers: read again in every pass.
// CHECK: @softmax_129280 (rowwise): rows_by_threads {lanes = 4, threads_per_row = {{[0-9]+}}, rows_per_block = 1, unroll = 4, in_registers = false}
hadal.kernel rowwise @softmax_129280(%x: tensor<64x129280xf32>) -> tensor<64x129280xf32> {
  %m = hadal.row_reduce maximum %x : tensor<64x129280xf32> -> tensor<64x1xf32>
  %b = hadal.expand %m : tensor<64x1xf32> -> tensor<64x129280xf32>
  %d = arith.subf %x, %b : tensor<64x129280xf32>
  %e = math.exp %d : tensor<64x129280xf32>
  %s = hadal.row_reduce add %e : tensor<64x129280xf32> -> tensor<64x1xf32>
  %t = hadal.expand %s : tensor<64x1xf32> -> tensor<64x129280xf32>
  %r = arith.divf %e, %t : tensor<64x129280xf32>
  hadal.yield %r : tensor<64x129280xf32>
}

// Elements without rows: spread over the grid, 4 vectors to a thread.
// CHECK: @swiglu (rowwise): rows_by_threads {items = 4} stages [elements: 2048 × 256 threads, 0 B shared]
hadal.kernel rowwise @swiglu(%x: tensor<4096x2048xf32>, %y: tensor<4096x2048xf32>) -> tensor<4096x2048xf32> {
  %0 = hadal.swiglu %x, %y : tensor<4096x2048xf32>
  hadal.yield %0 : tensor<4096x2048xf32>
}

// Rotations know rows, but no thread waits for another.
// CHECK: @rope (rowwise): rows_by_threads {lanes = 4, threads_per_row = 256, rows_per_block = 1, unroll = 4, in_registers = false} stages [rows: 4096 × 256 threads, 0 B shared]
hadal.kernel rowwise @rope(%x: tensor<1x4096x24576xf32>) -> tensor<1x4096x24576xf32> {
  %r = hadal.rope %x {heads = 128, rope = #hadal.rope<theta = 1.0e4, dim = 64>} : tensor<1x4096x24576xf32>
  hadal.yield %r : tensor<1x4096x24576xf32>
}

// CHECK: @norm_weight (reduction): row_blocks_then_columns {} stages [blocks: 128 × 256 threads, 4 KiB shared, columns: 224 × 256 threads, 1 KiB shared] workspace 3584 KiB
hadal.kernel reduction @norm_weight(%x: tensor<1x4096x7168xf32>, %g: tensor<1x4096x7168xf32>) -> tensor<7168xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<1x4096x7168xf32> -> tensor<7168xf32>
  hadal.yield %0 : tensor<7168xf32>
}

// CHECK: @embedding (reduction): gather_rows_of_table {items = 4} stages [gather: 7168 × 256 threads, 0 B shared]
hadal.kernel reduction @embedding(%t: tensor<1x4096xi32>, %w: tensor<129280x7168xf32>) -> tensor<1x4096x7168xf32> {
  %0 = hadal.embedding %t weights(%w : tensor<129280x7168xf32>) {vocabulary = 129280} : tensor<1x4096xi32> -> tensor<1x4096x7168xf32>
  hadal.yield %0 : tensor<1x4096x7168xf32>
}

// CHECK: @embedding_gradient (reduction): rank_then_add {} stages [start: 1056 × 256 threads, 0 B shared, rank: 128 × 256 threads, 3 KiB shared, add: 28672 × 256 threads, 0 B shared] workspace 32 KiB
hadal.kernel reduction @embedding_gradient(%t: tensor<1x4096xi32>, %g: tensor<1x4096x7168xf32>) -> tensor<129280x7168xf32> {
  %0 = hadal.embedding_gradient %t, %g : (tensor<1x4096xi32>, tensor<1x4096x7168xf32>) -> tensor<129280x7168xf32>
  hadal.yield %0 : tensor<129280x7168xf32>
}

// CHECK: @router (routing): warp_per_token {items = 1} stages [choose: 512 × 256 threads, 16640 B shared, load: 8 × 256 threads, 1 KiB shared] workspace 512 KiB
hadal.kernel routing @router(%l: tensor<1x4096x256xf32>, %b: tensor<256xf32>)
    -> (tensor<1x4096x8xi32>, tensor<1x4096x8xf32>, tensor<256xf32>) {
  %i, %w, %n = hadal.router sigmoid %l weights(%b : tensor<256xf32>) {top_k = 8, groups = 8, top_groups = 4, normalize, scale = 2.5}
    : tensor<1x4096x256xf32> -> tensor<1x4096x8xi32>, tensor<1x4096x8xf32>, tensor<256xf32>
  hadal.yield %i, %w, %n : tensor<1x4096x8xi32>, tensor<1x4096x8xf32>, tensor<256xf32>
}

// CHECK: @dispatch (routing): counting_sort {} stages [count: 128 × 256 threads, 1 KiB shared, scan: 32 × 256 threads, 0 B shared, offsets: 1 × 32 threads, 0 B shared, place: 128 × 256 threads, 0 B shared] workspace 258 KiB
hadal.kernel routing @dispatch(%i: tensor<1x4096x8xi32>) -> (tensor<32768xi32>, tensor<1x4096x8xi32>, tensor<257xi32>) {
  %p, %r, %o = hadal.dispatch %i : tensor<1x4096x8xi32> -> tensor<32768xi32>, tensor<1x4096x8xi32>, tensor<257xi32>
  hadal.yield %p, %r, %o : tensor<32768xi32>, tensor<1x4096x8xi32>, tensor<257xi32>
}

// A block per row for the dot product of long rows.
// CHECK: @combine_gradient (routing): scale_rows {} stages [rows: 32768 × 256 threads, 4 KiB shared]
hadal.kernel routing @combine_gradient(%x: tensor<32768x7168xf32>, %p: tensor<32768xi32>, %w: tensor<1x4096x8xf32>, %g: tensor<1x4096x7168xf32>)
    -> (tensor<32768x7168xf32>, tensor<1x4096x8xf32>) {
  %0, %1 = hadal.combine_rows_gradient %x, %p, %w, %g
    : (tensor<32768x7168xf32>, tensor<32768xi32>, tensor<1x4096x8xf32>, tensor<1x4096x7168xf32>) -> (tensor<32768x7168xf32>, tensor<1x4096x8xf32>)
  hadal.yield %0, %1 : tensor<32768x7168xf32>, tensor<1x4096x8xf32>
}

// CHECK: @squared_norm (update): blocks_then_sum {} stages [blocks: 896 × 256 threads, 4 KiB shared, sum: 1 × 1024 threads, 8 KiB shared] workspace 3584 B
hadal.kernel update @squared_norm(%x: tensor<2048x7168xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %x : tensor<2048x7168xf32>
  hadal.yield %0 : tensor<f32>
}
