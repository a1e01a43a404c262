// A row's bits depend on that row alone: kernels with few rows, and with many that begin with the same ones, in pairs of
// equal bodies. Every family of kernels whose results have rows; those on tensor cores: alone-tensor.mlir. A GPU with a
// single multiprocessor has to agree with one that has four, where other threads are chosen.
// RUN: hadal-check-kernels %s --target=sm_90a --alone=random --multiprocessors=4 --other-multiprocessors=1 --print-config | FileCheck %s
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --alone=random %if avx512 %{ --other-cpu=x86-64-v4 %}
// CHECK: @norm_512_alone (rowwise): rows_by_threads {lanes = 4, threads_per_row = 32,
// CHECK: @norm_512_among (rowwise): rows_by_threads {lanes = 4, threads_per_row = 64,
// CHECK: @norm_2048_among (rowwise): rows_by_threads {lanes = 4, threads_per_row = 256,
// CHECK: @product_alone (contraction): thread_tiles {{.*}}splits_depth = true}
// CHECK: @product_among (contraction): thread_tiles {{.*}}splits_depth = false}
// CHECK: @norm_512_among (rowwise): rows_by_threads {lanes = 4, threads_per_row = 32,
// CHECK: @norm_2048_among (rowwise): rows_by_threads {lanes = 4, threads_per_row = 128,
// CHECK: {{^}}15 of 15 pairs of kernels pass on sm_90a (emulated)

// A warp to a row, or two.
hadal.kernel rowwise @norm_512_alone(%x: tensor<1x1x512xf32>, %w: tensor<512xf32>) -> tensor<1x1x512xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<512xf32>) {eps = 1.0e-6} : tensor<1x1x512xf32>
  hadal.yield %0 : tensor<1x1x512xf32>
}
hadal.kernel rowwise @norm_512_among(%x: tensor<1x60x512xf32>, %w: tensor<512xf32>) -> tensor<1x60x512xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<512xf32>) {eps = 1.0e-6} : tensor<1x60x512xf32>
  hadal.yield %0 : tensor<1x60x512xf32>
}

// Four warps, or eight.
hadal.kernel rowwise @norm_2048_alone(%x: tensor<1x1x2048xf32>, %w: tensor<2048xf32>) -> tensor<1x1x2048xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<2048xf32>) {eps = 1.0e-6} : tensor<1x1x2048xf32>
  hadal.yield %0 : tensor<1x1x2048xf32>
}
hadal.kernel rowwise @norm_2048_among(%x: tensor<1x16x2048xf32>, %w: tensor<2048xf32>) -> tensor<1x16x2048xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<2048xf32>) {eps = 1.0e-6} : tensor<1x16x2048xf32>
  hadal.yield %0 : tensor<1x16x2048xf32>
}

// Rows that no vector divides.
hadal.kernel rowwise @norm_odd_alone(%x: tensor<1x1x2051xf32>, %w: tensor<2051xf32>) -> tensor<1x1x2051xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<2051xf32>) {eps = 1.0e-6} : tensor<1x1x2051xf32>
  hadal.yield %0 : tensor<1x1x2051xf32>
}
hadal.kernel rowwise @norm_odd_among(%x: tensor<1x3x2051xf32>, %w: tensor<2051xf32>) -> tensor<1x3x2051xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<2051xf32>) {eps = 1.0e-6} : tensor<1x3x2051xf32>
  hadal.yield %0 : tensor<1x3x2051xf32>
}

// Vectors of eight, or of four.
hadal.kernel rowwise @norm_bf16_alone(%x: tensor<1x1x7168xbf16>, %g: tensor<7168xf32>) -> tensor<1x1x7168xbf16> {
  %w = arith.extf %x : tensor<1x1x7168xbf16> to tensor<1x1x7168xf32>
  %0 = hadal.rms_norm %w weights(%g : tensor<7168xf32>) {eps = 1.0e-6} : tensor<1x1x7168xf32>
  %r = arith.truncf %0 : tensor<1x1x7168xf32> to tensor<1x1x7168xbf16>
  hadal.yield %r : tensor<1x1x7168xbf16>
}
hadal.kernel rowwise @norm_bf16_among(%x: tensor<1x3x7168xbf16>, %g: tensor<7168xf32>) -> tensor<1x3x7168xbf16> {
  %w = arith.extf %x : tensor<1x3x7168xbf16> to tensor<1x3x7168xf32>
  %0 = hadal.rms_norm %w weights(%g : tensor<7168xf32>) {eps = 1.0e-6} : tensor<1x3x7168xf32>
  %r = arith.truncf %0 : tensor<1x3x7168xf32> to tensor<1x3x7168xbf16>
  hadal.yield %r : tensor<1x3x7168xbf16>
}

// Pieces that begin at columns 68 and 208.
hadal.kernel rowwise @softmax_of_parts_alone(%a: tensor<2x68xf32>, %b: tensor<2x140xf32>, %c: tensor<2x400xf32>) -> tensor<2x608xf32> {
  %x = hadal.concat %a, %b, %c : tensor<2x68xf32>, tensor<2x140xf32>, tensor<2x400xf32> -> tensor<2x608xf32>
  %m = hadal.row_reduce maximum %x : tensor<2x608xf32> -> tensor<2x1xf32>
  %t = hadal.expand %m : tensor<2x1xf32> -> tensor<2x608xf32>
  %d = arith.subf %x, %t : tensor<2x608xf32>
  %e = math.exp %d : tensor<2x608xf32>
  %s = hadal.row_reduce add %e : tensor<2x608xf32> -> tensor<2x1xf32>
  %u = hadal.expand %s : tensor<2x1xf32> -> tensor<2x608xf32>
  %r = arith.divf %e, %u : tensor<2x608xf32>
  hadal.yield %r : tensor<2x608xf32>
}
hadal.kernel rowwise @softmax_of_parts_among(%a: tensor<60x68xf32>, %b: tensor<60x140xf32>, %c: tensor<60x400xf32>) -> tensor<60x608xf32> {
  %x = hadal.concat %a, %b, %c : tensor<60x68xf32>, tensor<60x140xf32>, tensor<60x400xf32> -> tensor<60x608xf32>
  %m = hadal.row_reduce maximum %x : tensor<60x608xf32> -> tensor<60x1xf32>
  %t = hadal.expand %m : tensor<60x1xf32> -> tensor<60x608xf32>
  %d = arith.subf %x, %t : tensor<60x608xf32>
  %e = math.exp %d : tensor<60x608xf32>
  %s = hadal.row_reduce add %e : tensor<60x608xf32> -> tensor<60x1xf32>
  %u = hadal.expand %s : tensor<60x1xf32> -> tensor<60x608xf32>
  %r = arith.divf %e, %u : tensor<60x608xf32>
  hadal.yield %r : tensor<60x608xf32>
}

// Heads that are rotated, and summed.
hadal.kernel rowwise @rotated_alone(%x: tensor<1x3x384xf32>, %w: tensor<384xf32>) -> tensor<1x3x384xf32> {
  %r = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 64>} : tensor<1x3x384xf32>
  %0 = hadal.rms_norm %r weights(%w : tensor<384xf32>) {eps = 1.0e-6} : tensor<1x3x384xf32>
  hadal.yield %0 : tensor<1x3x384xf32>
}
hadal.kernel rowwise @rotated_among(%x: tensor<1x60x384xf32>, %w: tensor<384xf32>) -> tensor<1x60x384xf32> {
  %r = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 64>} : tensor<1x60x384xf32>
  %0 = hadal.rms_norm %r weights(%w : tensor<384xf32>) {eps = 1.0e-6} : tensor<1x60x384xf32>
  hadal.yield %0 : tensor<1x60x384xf32>
}

// Few rows share the depth, many do not.
hadal.kernel contraction @product_alone(%x: tensor<3x700xf32>, %w: tensor<40x700xf32>) -> tensor<3x40xf32> {
  %0 = hadal.linear %x weights(%w : tensor<40x700xf32>) : tensor<3x700xf32> -> tensor<3x40xf32>
  hadal.yield %0 : tensor<3x40xf32>
}
hadal.kernel contraction @product_among(%x: tensor<4100x700xf32>, %w: tensor<40x700xf32>) -> tensor<4100x40xf32> {
  %0 = hadal.linear %x weights(%w : tensor<40x700xf32>) : tensor<4100x700xf32> -> tensor<4100x40xf32>
  hadal.yield %0 : tensor<4100x40xf32>
}

// Rows of experts.
hadal.kernel contraction @grouped_alone(%x: tensor<40x300xf32>, %w: tensor<5x33x300xf32>, %offsets: tensor<6xi32>) -> tensor<40x33xf32> {
  %0 = hadal.grouped_matmul %x, %w, %offsets {transpose_rhs} : (tensor<40x300xf32>, tensor<5x33x300xf32>, tensor<6xi32>) -> tensor<40x33xf32>
  hadal.yield %0 : tensor<40x33xf32>
}
hadal.kernel contraction @grouped_among(%x: tensor<100x300xf32>, %w: tensor<5x33x300xf32>, %offsets: tensor<6xi32>) -> tensor<100x33xf32> {
  %0 = hadal.grouped_matmul %x, %w, %offsets {transpose_rhs} : (tensor<100x300xf32>, tensor<5x33x300xf32>, tensor<6xi32>) -> tensor<100x33xf32>
  hadal.yield %0 : tensor<100x33xf32>
}

// Positions of a short sequence and of a long one.
hadal.kernel attention @attention_alone(%q: tensor<1x50x68xf32>, %kv: tensor<1x50x114xf32>, %r: tensor<1x50x10xf32>) -> (tensor<1x50x66xf32>, tensor<1x2x50xf32>) {
  %0, %1 = hadal.attention %q, %kv, %r {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x50x68xf32>, tensor<1x50x114xf32>, tensor<1x50x10xf32>) -> (tensor<1x50x66xf32>, tensor<1x2x50xf32>)
  hadal.yield %0, %1 : tensor<1x50x66xf32>, tensor<1x2x50xf32>
}
hadal.kernel attention @attention_among(%q: tensor<1x140x68xf32>, %kv: tensor<1x140x114xf32>, %r: tensor<1x140x10xf32>) -> (tensor<1x140x66xf32>, tensor<1x2x140xf32>) {
  %0, %1 = hadal.attention %q, %kv, %r {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x140x68xf32>, tensor<1x140x114xf32>, tensor<1x140x10xf32>) -> (tensor<1x140x66xf32>, tensor<1x2x140xf32>)
  hadal.yield %0, %1 : tensor<1x140x66xf32>, tensor<1x2x140xf32>
}

// A gradient twice as large for twice the tokens is the same for each.
hadal.kernel head @head_alone(%h: tensor<1x40x37xf32>, %t: tensor<1x40xi32>, %w: tensor<203x37xf32>, %g: tensor<f32> {hadal.value = dense<1.0> : tensor<f32>}) -> tensor<1x40x37xf32> {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<1x40x37xf32>, tensor<1x40xi32>, tensor<203x37xf32>, tensor<f32>) -> (tensor<f32>, tensor<1x40x37xf32>, tensor<203x37xf32>)
  hadal.yield %0#1 : tensor<1x40x37xf32>
}
hadal.kernel head @head_among(%h: tensor<1x80x37xf32>, %t: tensor<1x80xi32>, %w: tensor<203x37xf32>, %g: tensor<f32> {hadal.value = dense<2.0> : tensor<f32>}) -> tensor<1x80x37xf32> {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<1x80x37xf32>, tensor<1x80xi32>, tensor<203x37xf32>, tensor<f32>) -> (tensor<f32>, tensor<1x80x37xf32>, tensor<203x37xf32>)
  hadal.yield %0#1 : tensor<1x80x37xf32>
}

// Tokens choose alone.
hadal.kernel routing @router_alone(%l: tensor<1x3x80xf32>, %b: tensor<80xf32>) -> (tensor<1x3x6xi32>, tensor<1x3x6xf32>) {
  %i, %w, %c = hadal.router sigmoid %l weights(%b : tensor<80xf32>) {top_k = 6, groups = 5, top_groups = 3, normalize, scale = 2.5} : tensor<1x3x80xf32> -> tensor<1x3x6xi32>, tensor<1x3x6xf32>, tensor<80xf32>
  hadal.yield %i, %w : tensor<1x3x6xi32>, tensor<1x3x6xf32>
}
hadal.kernel routing @router_among(%l: tensor<1x90x80xf32>, %b: tensor<80xf32>) -> (tensor<1x90x6xi32>, tensor<1x90x6xf32>) {
  %i, %w, %c = hadal.router sigmoid %l weights(%b : tensor<80xf32>) {top_k = 6, groups = 5, top_groups = 3, normalize, scale = 2.5} : tensor<1x90x80xf32> -> tensor<1x90x6xi32>, tensor<1x90x6xf32>, tensor<80xf32>
  hadal.yield %i, %w : tensor<1x90x6xi32>, tensor<1x90x6xf32>
}

// A token, and many at other positions, over the same keys: decode, and a piece of a prompt.
hadal.kernel attention @decode_alone(%q: tensor<1x1x68xf32>, %kv: tensor<1x300x114xf32>, %k: tensor<1x300x10xf32>, %p: tensor<1x1xi32> {hadal.range = [200, 300]}, %n: tensor<1xi32> {hadal.value = dense<[290]> : tensor<1xi32>}) -> (tensor<1x1x66xf32>, tensor<1x2x1xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x1x68xf32>, tensor<1x300x114xf32>, tensor<1x300x10xf32>, tensor<1x1xi32>, tensor<1xi32>) -> (tensor<1x1x66xf32>, tensor<1x2x1xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x1x66xf32>, tensor<1x2x1xf32>
}
hadal.kernel attention @decode_among(%q: tensor<1x60x68xf32>, %kv: tensor<1x300x114xf32>, %k: tensor<1x300x10xf32>, %p: tensor<1x60xi32> {hadal.range = [200, 300]}, %n: tensor<1xi32> {hadal.value = dense<[290]> : tensor<1xi32>}) -> (tensor<1x60x66xf32>, tensor<1x2x60xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x60x68xf32>, tensor<1x300x114xf32>, tensor<1x300x10xf32>, tensor<1x60xi32>, tensor<1xi32>) -> (tensor<1x60x66xf32>, tensor<1x2x60xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x60x66xf32>, tensor<1x2x60xf32>
}

// The first positions of a sequence, told, and its rows without being told.
hadal.kernel attention @told_alone(%q: tensor<1x139x68xf32>, %kv: tensor<1x140x114xf32>, %k: tensor<1x140x10xf32>, %p: tensor<1x139xi32> {hadal.value = dense<[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71, 72, 73, 74, 75, 76, 77, 78, 79, 80, 81, 82, 83, 84, 85, 86, 87, 88, 89, 90, 91, 92, 93, 94, 95, 96, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 115, 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138]]> : tensor<1x139xi32>}, %n: tensor<1xi32> {hadal.value = dense<[139]> : tensor<1xi32>}) -> (tensor<1x139x66xf32>, tensor<1x2x139xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x139x68xf32>, tensor<1x140x114xf32>, tensor<1x140x10xf32>, tensor<1x139xi32>, tensor<1xi32>) -> (tensor<1x139x66xf32>, tensor<1x2x139xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x139x66xf32>, tensor<1x2x139xf32>
}
hadal.kernel attention @told_among(%q: tensor<1x140x68xf32>, %kv: tensor<1x140x114xf32>, %k: tensor<1x140x10xf32>) -> (tensor<1x140x66xf32>, tensor<1x2x140xf32>) {
  %0:2 = hadal.attention %q, %kv, %k {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x140x68xf32>, tensor<1x140x114xf32>, tensor<1x140x10xf32>) -> (tensor<1x140x66xf32>, tensor<1x2x140xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x140x66xf32>, tensor<1x2x140xf32>
}

hadal.kernel rowwise @rotated_at_alone(%x: tensor<1x1x384xf32>, %w: tensor<384xf32>, %p: tensor<1x1xi32>) -> tensor<1x1x384xf32> {
  %r = hadal.rope %x positions(%p : tensor<1x1xi32>) {heads = 2, position_limit = 500, rope = #hadal.rope<theta = 1.0e4, dim = 64>} : tensor<1x1x384xf32>
  %0 = hadal.rms_norm %r weights(%w : tensor<384xf32>) {eps = 1.0e-6} : tensor<1x1x384xf32>
  hadal.yield %0 : tensor<1x1x384xf32>
}
hadal.kernel rowwise @rotated_at_among(%x: tensor<1x60x384xf32>, %w: tensor<384xf32>, %p: tensor<1x60xi32>) -> tensor<1x60x384xf32> {
  %r = hadal.rope %x positions(%p : tensor<1x60xi32>) {heads = 2, position_limit = 500, rope = #hadal.rope<theta = 1.0e4, dim = 64>} : tensor<1x60x384xf32>
  %0 = hadal.rms_norm %r weights(%w : tensor<384xf32>) {eps = 1.0e-6} : tensor<1x60x384xf32>
  hadal.yield %0 : tensor<1x60x384xf32>
}
hadal.kernel rowwise @rotation_told_alone(%x: tensor<1x70x384xf32>, %p: tensor<1x70xi32> {hadal.value = dense<[[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64, 65, 66, 67, 68, 69]]> : tensor<1x70xi32>}) -> tensor<1x70x384xf32> {
  %r = hadal.rope %x positions(%p : tensor<1x70xi32>) {heads = 2, position_limit = 500, rope = #hadal.rope<theta = 1.0e4, dim = 64>} : tensor<1x70x384xf32>
  hadal.yield %r : tensor<1x70x384xf32>
}
hadal.kernel rowwise @rotation_told_among(%x: tensor<1x90x384xf32>) -> tensor<1x90x384xf32> {
  %r = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 64>} : tensor<1x90x384xf32>
  hadal.yield %r : tensor<1x90x384xf32>
}
