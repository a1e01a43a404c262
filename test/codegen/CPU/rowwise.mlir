// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3
// RUN: hadal-check-kernels %s --cpu=x86-64-v2
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s

// Kernels along rows, with row lengths that are and are not multiples of a vector.

// CHECK: @rms_norm (rowwise): rows_in_vectors {items = 1} stages [rows: 21 / 1] workspace 0 B scratch 0 B
hadal.kernel rowwise @rms_norm(%x: tensor<3x7x37xf32>, %w: tensor<37xf32>) -> tensor<3x7x37xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<37xf32>) {eps = 1.0e-6} : tensor<3x7x37xf32>
  hadal.yield %0 : tensor<3x7x37xf32>
}

// The residual sum is stored in the same pass as its norm.
// CHECK: @add_norm (rowwise): rows_in_vectors {items = 2} stages [rows: 64 / 1]
hadal.kernel rowwise @add_norm(%x: tensor<2x64x256xf32>, %y: tensor<2x64x256xf32>, %w: tensor<256xf32>)
    -> (tensor<2x64x256xf32>, tensor<2x64x256xf32>) {
  %s = arith.addf %x, %y : tensor<2x64x256xf32>
  %0 = hadal.rms_norm %s weights(%w : tensor<256xf32>) {eps = 1.0e-6} : tensor<2x64x256xf32>
  hadal.yield %s, %0 : tensor<2x64x256xf32>, tensor<2x64x256xf32>
}

// CHECK: @rms_norm_gradient (rowwise): rows_in_vectors {items = 1}
hadal.kernel rowwise @rms_norm_gradient(%x: tensor<2x5x83xf32>, %w: tensor<83xf32>, %g: tensor<2x5x83xf32>, %r: tensor<2x5x83xf32>)
    -> tensor<2x5x83xf32> {
  %0 = hadal.rms_norm_gradient %x, %w, %g {eps = 1.0e-6} : tensor<2x5x83xf32>, tensor<83xf32>
  %1 = arith.addf %r, %0 : tensor<2x5x83xf32>
  hadal.yield %1 : tensor<2x5x83xf32>
}

hadal.kernel rowwise @swiglu(%x: tensor<11x29xf32> {hadal.range = [-100.0, 100.0]}, %y: tensor<11x29xf32>) -> tensor<11x29xf32> {
  %0 = hadal.swiglu %x, %y : tensor<11x29xf32>
  hadal.yield %0 : tensor<11x29xf32>
}

// Where the exponential overflows or vanishes.
hadal.kernel rowwise @swiglu_extreme(
    %x: tensor<1x4xf32> {hadal.value = dense<[[-3.0e38, 3.0e38, -90.0, 0.0]]> : tensor<1x4xf32>},
    %y: tensor<1x4xf32> {hadal.value = dense<1.0> : tensor<1x4xf32>}) -> tensor<1x4xf32> {
  %0 = hadal.swiglu %x, %y : tensor<1x4xf32>
  hadal.yield %0 : tensor<1x4xf32>
}

hadal.kernel rowwise @swiglu_gradient(%x: tensor<2x3x45xf32> {hadal.range = [-20.0, 20.0]}, %y: tensor<2x3x45xf32>, %g: tensor<2x3x45xf32>)
    -> (tensor<2x3x45xf32>, tensor<2x3x45xf32>) {
  %0, %1 = hadal.swiglu_gradient %x, %y, %g : tensor<2x3x45xf32>
  hadal.yield %0, %1 : tensor<2x3x45xf32>, tensor<2x3x45xf32>
}

// Softmax: two reductions, three passes.
// CHECK: @softmax (rowwise): rows_in_vectors {items = 1}
hadal.kernel rowwise @softmax(%x: tensor<9x50xf32> {hadal.range = [-30.0, 30.0]}) -> (tensor<9x50xf32>, tensor<9x1xf32>) {
  %m = hadal.row_reduce maximum %x : tensor<9x50xf32> -> tensor<9x1xf32>
  %b = hadal.expand %m : tensor<9x1xf32> -> tensor<9x50xf32>
  %d = arith.subf %x, %b : tensor<9x50xf32>
  %e = math.exp %d : tensor<9x50xf32>
  %s = hadal.row_reduce add %e : tensor<9x50xf32> -> tensor<9x1xf32>
  %t = hadal.expand %s : tensor<9x1xf32> -> tensor<9x50xf32>
  %r = arith.divf %e, %t : tensor<9x50xf32>
  %l = math.log %s : tensor<9x1xf32>
  %z = arith.addf %l, %m : tensor<9x1xf32>
  hadal.yield %r, %z : tensor<9x50xf32>, tensor<9x1xf32>
}

hadal.kernel rowwise @split(%x: tensor<4x5x80xf32>) -> (tensor<4x5x64xf32>, tensor<4x5x16xf32>) {
  %a, %b = hadal.split %x : tensor<4x5x80xf32> -> tensor<4x5x64xf32>, tensor<4x5x16xf32>
  hadal.yield %a, %b : tensor<4x5x64xf32>, tensor<4x5x16xf32>
}

hadal.kernel rowwise @concat(%x: tensor<4x5x13xf32>, %y: tensor<4x5x40xf32>, %z: tensor<4x5x1xf32>) -> tensor<4x5x54xf32> {
  %a = hadal.concat %x, %y, %z : tensor<4x5x13xf32>, tensor<4x5x40xf32>, tensor<4x5x1xf32> -> tensor<4x5x54xf32>
  %b = arith.addf %a, %a : tensor<4x5x54xf32>
  hadal.yield %b : tensor<4x5x54xf32>
}

// The latent: split, norm of one part, rotation of the other, all in one kernel.
hadal.kernel rowwise @latent(%x: tensor<2x7x80xf32>, %w: tensor<64xf32>) -> (tensor<2x7x64xf32>, tensor<2x7x16xf32>) {
  %a, %b = hadal.split %x : tensor<2x7x80xf32> -> tensor<2x7x64xf32>, tensor<2x7x16xf32>
  %n = hadal.rms_norm %a weights(%w : tensor<64xf32>) {eps = 1.0e-6} : tensor<2x7x64xf32>
  %r = hadal.rope %b {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 16>} : tensor<2x7x16xf32>
  hadal.yield %n, %r : tensor<2x7x64xf32>, tensor<2x7x16xf32>
}

// And back: the gradients joined.
hadal.kernel rowwise @latent_gradient(%x: tensor<2x7x80xf32>, %w: tensor<64xf32>, %g: tensor<2x7x64xf32>, %k: tensor<2x7x16xf32>)
    -> tensor<2x7x80xf32> {
  %a, %b = hadal.split %x : tensor<2x7x80xf32> -> tensor<2x7x64xf32>, tensor<2x7x16xf32>
  %n = hadal.rms_norm_gradient %a, %w, %g {eps = 1.0e-6} : tensor<2x7x64xf32>, tensor<64xf32>
  %r = hadal.rope %k {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 16>, inverse} : tensor<2x7x16xf32>
  %c = hadal.concat %n, %r : tensor<2x7x64xf32>, tensor<2x7x16xf32> -> tensor<2x7x80xf32>
  hadal.yield %c : tensor<2x7x80xf32>
}

// Parts of one column are numbers per row: a latent of one channel, and both halves of an input of two.
hadal.kernel rowwise @latent_of_one(%x: tensor<2x7x5xf32>, %w: tensor<1xf32>) -> (tensor<2x7x1xf32>, tensor<2x7x4xf32>) {
  %a, %b = hadal.split %x : tensor<2x7x5xf32> -> tensor<2x7x1xf32>, tensor<2x7x4xf32>
  %n = hadal.rms_norm %a weights(%w : tensor<1xf32>) {eps = 1.0e-1} : tensor<2x7x1xf32>
  %r = hadal.rope %b {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 4>} : tensor<2x7x4xf32>
  hadal.yield %n, %r : tensor<2x7x1xf32>, tensor<2x7x4xf32>
}

hadal.kernel rowwise @latent_of_one_gradient(%x: tensor<2x7x5xf32>, %w: tensor<1xf32>, %g: tensor<2x7x1xf32>, %k: tensor<2x7x4xf32>)
    -> tensor<2x7x5xf32> {
  %a, %b = hadal.split %x : tensor<2x7x5xf32> -> tensor<2x7x1xf32>, tensor<2x7x4xf32>
  %n = hadal.rms_norm_gradient %a, %w, %g {eps = 1.0e-1} : tensor<2x7x1xf32>, tensor<1xf32>
  %r = hadal.rope %k {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 4>, inverse} : tensor<2x7x4xf32>
  %c = hadal.concat %n, %r : tensor<2x7x1xf32>, tensor<2x7x4xf32> -> tensor<2x7x5xf32>
  hadal.yield %c : tensor<2x7x5xf32>
}

hadal.kernel rowwise @columns(%x: tensor<3x5x2xf32>, %y: tensor<3x5x1xf32>) -> (tensor<3x5x1xf32>, tensor<3x5x1xf32>) {
  %a, %b = hadal.split %x : tensor<3x5x2xf32> -> tensor<3x5x1xf32>, tensor<3x5x1xf32>
  %c = arith.mulf %b, %y : tensor<3x5x1xf32>
  hadal.yield %a, %c : tensor<3x5x1xf32>, tensor<3x5x1xf32>
}

hadal.kernel rowwise @middle_column(%x: tensor<6x20xf32>) -> (tensor<6x13xf32>, tensor<6x1xf32>) {
  %a, %b, %c = hadal.split %x : tensor<6x20xf32> -> tensor<6x13xf32>, tensor<6x1xf32>, tensor<6x6xf32>
  %d = arith.addf %b, %b : tensor<6x1xf32>
  hadal.yield %a, %d : tensor<6x13xf32>, tensor<6x1xf32>
}

#yarn = #hadal.rope<theta = 1.0e4, dim = 6, yarn = <factor = 40.0, original_length = 4096, mscale = 0.7>>
hadal.kernel rowwise @rope_heads(%x: tensor<2x9x57xf32>) -> tensor<2x9x57xf32> {
  %r = hadal.rope %x {heads = 3, rope = #yarn} : tensor<2x9x57xf32>
  hadal.yield %r : tensor<2x9x57xf32>
}

#half = #hadal.rope<theta = 5.0e4, dim = 10, layout = half>
hadal.kernel rowwise @rope_half(%x: tensor<2x9x51xf32>) -> tensor<2x9x51xf32> {
  %r = hadal.rope %x {heads = 3, rope = #half, inverse} : tensor<2x9x51xf32>
  hadal.yield %r : tensor<2x9x51xf32>
}

// Without rows to respect, the elements are cut into blocks.
// CHECK: @accumulate (rowwise): rows_in_vectors {items = 16384} stages [elements: 3 / 1]
hadal.kernel rowwise @accumulate(%x: tensor<40001xf32>, %y: tensor<40001xf32>) -> tensor<40001xf32> {
  %s = arith.addf %x, %y : tensor<40001xf32>
  hadal.yield %s : tensor<40001xf32>
}

hadal.kernel rowwise @scalars(%x: tensor<f32>, %y: tensor<f32>, %w: tensor<f32>) -> tensor<f32> {
  %p = arith.mulf %y, %w : tensor<f32>
  %s = arith.addf %x, %p : tensor<f32>
  hadal.yield %s : tensor<f32>
}

hadal.kernel rowwise @scale_by_number(%x: tensor<3x17xf32>, %s: tensor<f32>) -> tensor<3x17xf32> {
  %e = hadal.expand %s : tensor<f32> -> tensor<3x17xf32>
  %r = arith.mulf %x, %e : tensor<3x17xf32>
  hadal.yield %r : tensor<3x17xf32>
}

hadal.kernel rowwise @one_column(%x: tensor<2x3x1xf32>, %y: tensor<2x3x1xf32>) -> (tensor<2x3x1xf32>, tensor<2x3x1xf32>) {
  %s = arith.mulf %x, %y : tensor<2x3x1xf32>
  %q = arith.mulf %s, %s : tensor<2x3x1xf32>
  %e = math.rsqrt %q : tensor<2x3x1xf32>
  hadal.yield %e, %s : tensor<2x3x1xf32>, tensor<2x3x1xf32>
}

// Columns that are only moved, down to one of one.
hadal.kernel rowwise @joined_column(%x: tensor<9x1xf32>, %y: tensor<9x1xf32>) -> tensor<9x1xf32> {
  %j = hadal.concat %x : tensor<9x1xf32> -> tensor<9x1xf32>
  %s = arith.mulf %j, %y : tensor<9x1xf32>
  hadal.yield %s : tensor<9x1xf32>
}
