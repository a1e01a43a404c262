// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3
// RUN: hadal-check-kernels %s --cpu=x86-64-v2
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s

// The update of a parameter, with copies of what is new for the products that read it.

// Of stacked matrices, panels whose depth no vector divides, and of
// their transposes, with a last panel that is not full.
// CHECK: @adamw_experts (update): bands_and_copies {} stages [adamw: 6 / 1] workspace 0 B scratch 0 B
!adamw_experts_forward = tensor<3x40x260xf32, #hadal.encoding<layout = <outer = [0, 2, 1], inner = [2, 1], tiles = [260, 32]>>>
!adamw_experts_backward = tensor<3x40x260xf32, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1, 2], tiles = [40, 16]>>>
hadal.kernel update @adamw_experts(%p: tensor<3x40x260xf32>, %g: tensor<3x40x260xf32>, %m: tensor<3x40x260xf32>, %v: tensor<3x40x260xf32> {hadal.range = [0.0, 1.0]},
    %lr: tensor<f32> {hadal.range = [0.1, 0.2]}, %wd: tensor<f32> {hadal.range = [0.1, 0.2]},
    %b1: tensor<f32> {hadal.range = [0.9, 0.95]}, %b2: tensor<f32> {hadal.range = [0.9, 0.95]}, %e: tensor<f32> {hadal.range = [1.0e-8, 1.0e-7]},
    %c1: tensor<f32> {hadal.range = [0.1, 0.2]}, %c2: tensor<f32> {hadal.range = [0.1, 0.2]}, %s: tensor<f32> {hadal.range = [0.1, 1.0]})
    -> (tensor<3x40x260xf32>, tensor<3x40x260xf32>, tensor<3x40x260xf32>, !adamw_experts_forward, !adamw_experts_backward) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay}
    : tensor<3x40x260xf32>, tensor<3x40x260xf32>, tensor<3x40x260xf32>, tensor<3x40x260xf32> -> tensor<3x40x260xf32>, tensor<3x40x260xf32>, tensor<3x40x260xf32>
  %k0 = hadal.pack %0#0 : tensor<3x40x260xf32> -> !adamw_experts_forward
  %k1 = hadal.pack %0#0 : tensor<3x40x260xf32> -> !adamw_experts_backward
  hadal.yield %0#0, %0#1, %0#2, %k0, %k1
    : tensor<3x40x260xf32>, tensor<3x40x260xf32>, tensor<3x40x260xf32>, !adamw_experts_forward, !adamw_experts_backward
}

// A depth of two blocks, and a last band that fills half a panel.
!adamw_deep_forward = tensor<80x512xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [256, 32]>>>
!adamw_deep_narrow = tensor<80x512xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [256, 16]>>>
!adamw_deep_backward = tensor<80x512xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0, 1], tiles = [80, 32]>>>
hadal.kernel update @adamw_deep(%p: tensor<80x512xf32>, %g: tensor<80x512xf32>, %m: tensor<80x512xf32>, %v: tensor<80x512xf32> {hadal.range = [0.0, 1.0]},
    %lr: tensor<f32> {hadal.range = [0.1, 0.2]}, %wd: tensor<f32> {hadal.range = [0.1, 0.2]},
    %b1: tensor<f32> {hadal.range = [0.9, 0.95]}, %b2: tensor<f32> {hadal.range = [0.9, 0.95]}, %e: tensor<f32> {hadal.range = [1.0e-8, 1.0e-7]},
    %c1: tensor<f32> {hadal.range = [0.1, 0.2]}, %c2: tensor<f32> {hadal.range = [0.1, 0.2]}, %s: tensor<f32> {hadal.range = [0.1, 1.0]})
    -> (tensor<80x512xf32>, tensor<80x512xf32>, tensor<80x512xf32>, !adamw_deep_forward, !adamw_deep_narrow, !adamw_deep_backward) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay}
    : tensor<80x512xf32>, tensor<80x512xf32>, tensor<80x512xf32>, tensor<80x512xf32> -> tensor<80x512xf32>, tensor<80x512xf32>, tensor<80x512xf32>
  %k0 = hadal.pack %0#0 : tensor<80x512xf32> -> !adamw_deep_forward
  %k1 = hadal.pack %0#0 : tensor<80x512xf32> -> !adamw_deep_narrow
  %k2 = hadal.pack %0#0 : tensor<80x512xf32> -> !adamw_deep_backward
  hadal.yield %0#0, %0#1, %0#2, %k0, %k1, %k2
    : tensor<80x512xf32>, tensor<80x512xf32>, tensor<80x512xf32>, !adamw_deep_forward, !adamw_deep_narrow, !adamw_deep_backward
}

// The transpose has two blocks.
!adamw_high_forward = tensor<512x70xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [72, 32]>>>
!adamw_high_backward = tensor<512x70xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0, 1], tiles = [256, 32]>>>
hadal.kernel update @adamw_high(%p: tensor<512x70xf32>, %g: tensor<512x70xf32>, %m: tensor<512x70xf32>, %v: tensor<512x70xf32> {hadal.range = [0.0, 1.0]},
    %lr: tensor<f32> {hadal.range = [0.1, 0.2]}, %wd: tensor<f32> {hadal.range = [0.1, 0.2]},
    %b1: tensor<f32> {hadal.range = [0.9, 0.95]}, %b2: tensor<f32> {hadal.range = [0.9, 0.95]}, %e: tensor<f32> {hadal.range = [1.0e-8, 1.0e-7]},
    %c1: tensor<f32> {hadal.range = [0.1, 0.2]}, %c2: tensor<f32> {hadal.range = [0.1, 0.2]}, %s: tensor<f32> {hadal.range = [0.1, 1.0]})
    -> (tensor<512x70xf32>, tensor<512x70xf32>, tensor<512x70xf32>, !adamw_high_forward, !adamw_high_backward) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay}
    : tensor<512x70xf32>, tensor<512x70xf32>, tensor<512x70xf32>, tensor<512x70xf32> -> tensor<512x70xf32>, tensor<512x70xf32>, tensor<512x70xf32>
  %k0 = hadal.pack %0#0 : tensor<512x70xf32> -> !adamw_high_forward
  %k1 = hadal.pack %0#0 : tensor<512x70xf32> -> !adamw_high_backward
  hadal.yield %0#0, %0#1, %0#2, %k0, %k1
    : tensor<512x70xf32>, tensor<512x70xf32>, tensor<512x70xf32>, !adamw_high_forward, !adamw_high_backward
}

// Rounded, in rows and in tiles of AMX, whose last step of the depth is not full.
// CHECK: @adamw_rounded (update): bands_and_copies {} stages [adamw: 4 / 1] workspace 0 B scratch 16 KiB
!adamw_rounded_rows = tensor<2x64x72xbf16>
!adamw_rounded_tiles = tensor<2x64x72xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [16, 16, 2]>>>
hadal.kernel update @adamw_rounded(%p: tensor<2x64x72xf32>, %g: tensor<2x64x72xf32>, %m: tensor<2x64x72xf32>, %v: tensor<2x64x72xf32> {hadal.range = [0.0, 1.0]},
    %lr: tensor<f32> {hadal.range = [0.1, 0.2]}, %wd: tensor<f32> {hadal.range = [0.1, 0.2]},
    %b1: tensor<f32> {hadal.range = [0.9, 0.95]}, %b2: tensor<f32> {hadal.range = [0.9, 0.95]}, %e: tensor<f32> {hadal.range = [1.0e-8, 1.0e-7]},
    %c1: tensor<f32> {hadal.range = [0.1, 0.2]}, %c2: tensor<f32> {hadal.range = [0.1, 0.2]}, %s: tensor<f32> {hadal.range = [0.1, 1.0]})
    -> (tensor<2x64x72xf32>, tensor<2x64x72xf32>, tensor<2x64x72xf32>, !adamw_rounded_rows, !adamw_rounded_tiles) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay}
    : tensor<2x64x72xf32>, tensor<2x64x72xf32>, tensor<2x64x72xf32>, tensor<2x64x72xf32> -> tensor<2x64x72xf32>, tensor<2x64x72xf32>, tensor<2x64x72xf32>
  %k0 = arith.truncf %0#0 : tensor<2x64x72xf32> to !adamw_rounded_rows
  %r1 = arith.truncf %0#0 : tensor<2x64x72xf32> to tensor<2x64x72xbf16>
  %k1 = hadal.pack %r1 : tensor<2x64x72xbf16> -> !adamw_rounded_tiles
  hadal.yield %0#0, %0#1, %0#2, %k0, %k1
    : tensor<2x64x72xf32>, tensor<2x64x72xf32>, tensor<2x64x72xf32>, !adamw_rounded_rows, !adamw_rounded_tiles
}

// Longer than a piece.
!adamw_transposed_rows = tensor<40x1100xbf16>
hadal.kernel update @adamw_transposed(%p: tensor<40x1100xf32>, %g: tensor<40x1100xf32>, %m: tensor<40x1100xf32>, %v: tensor<40x1100xf32> {hadal.range = [0.0, 1.0]},
    %lr: tensor<f32> {hadal.range = [0.1, 0.2]}, %wd: tensor<f32> {hadal.range = [0.1, 0.2]},
    %b1: tensor<f32> {hadal.range = [0.9, 0.95]}, %b2: tensor<f32> {hadal.range = [0.9, 0.95]}, %e: tensor<f32> {hadal.range = [1.0e-8, 1.0e-7]},
    %c1: tensor<f32> {hadal.range = [0.1, 0.2]}, %c2: tensor<f32> {hadal.range = [0.1, 0.2]}, %s: tensor<f32> {hadal.range = [0.1, 1.0]})
    -> (tensor<40x1100xf32>, tensor<40x1100xf32>, tensor<40x1100xf32>, !adamw_transposed_rows) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay}
    : tensor<40x1100xf32>, tensor<40x1100xf32>, tensor<40x1100xf32>, tensor<40x1100xf32> -> tensor<40x1100xf32>, tensor<40x1100xf32>, tensor<40x1100xf32>
  %k0 = arith.truncf %0#0 : tensor<40x1100xf32> to !adamw_transposed_rows
  hadal.yield %0#0, %0#1, %0#2, %k0
    : tensor<40x1100xf32>, tensor<40x1100xf32>, tensor<40x1100xf32>, !adamw_transposed_rows
}

// Tiles of transposes.
!adamw_tiles_tiles = tensor<3x40x96xbf16, #hadal.encoding<layout = <outer = [0, 2, 1], inner = [1, 2, 1], tiles = [16, 16, 2]>>>
hadal.kernel update @adamw_tiles(%p: tensor<3x40x96xf32>, %g: tensor<3x40x96xf32>, %m: tensor<3x40x96xf32>, %v: tensor<3x40x96xf32> {hadal.range = [0.0, 1.0]},
    %lr: tensor<f32> {hadal.range = [0.1, 0.2]}, %wd: tensor<f32> {hadal.range = [0.1, 0.2]},
    %b1: tensor<f32> {hadal.range = [0.9, 0.95]}, %b2: tensor<f32> {hadal.range = [0.9, 0.95]}, %e: tensor<f32> {hadal.range = [1.0e-8, 1.0e-7]},
    %c1: tensor<f32> {hadal.range = [0.1, 0.2]}, %c2: tensor<f32> {hadal.range = [0.1, 0.2]}, %s: tensor<f32> {hadal.range = [0.1, 1.0]})
    -> (tensor<3x40x96xf32>, tensor<3x40x96xf32>, tensor<3x40x96xf32>, !adamw_tiles_tiles) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay}
    : tensor<3x40x96xf32>, tensor<3x40x96xf32>, tensor<3x40x96xf32>, tensor<3x40x96xf32> -> tensor<3x40x96xf32>, tensor<3x40x96xf32>, tensor<3x40x96xf32>
  %r0 = arith.truncf %0#0 : tensor<3x40x96xf32> to tensor<3x40x96xbf16>
  %k0 = hadal.pack %r0 : tensor<3x40x96xbf16> -> !adamw_tiles_tiles
  hadal.yield %0#0, %0#1, %0#2, %k0
    : tensor<3x40x96xf32>, tensor<3x40x96xf32>, tensor<3x40x96xf32>, !adamw_tiles_tiles
}
