// Tensors in layouts on CPUs, against the reference evaluator: movements into every kind of layout and back, with padding in every
// dimension, and products whose right-hand side lies in the panels of their register tiles.
// RUN: split-file %s %t
// RUN: hadal-check-kernels %t/pack.mlir --cpu=host
// RUN: hadal-check-kernels %t/v3.mlir --cpu=x86-64-v3 --routing=skewed
// RUN: hadal-check-kernels %t/few.mlir --cpu=host --print-config | FileCheck %s --check-prefix=FEW
// RUN: hadal-check-kernels %t/few.mlir --cpu=x86-64-v3 --routing=skewed
// FEW: @rows_of_f32{{.*}} row_block = 1{{[0-9]}},
// FEW: @rows_of_bf16{{.*}} row_block = {{9|1[0-9]|2[0-9]}},
// RUN: %if avx512 %{ hadal-check-kernels %t/v4.mlir --cpu=x86-64-v4 --routing=last %}
// RUN: not hadal-check-kernels %t/v4.mlir --cpu=x86-64-v3 2>&1 | FileCheck %s --check-prefix=V3
// V3: 'hadal.linear' has panels of 32 columns, for which this CPU has no register tile
// RUN: not hadal-opt %t/v3.mlir --hadal-select-strategies=target=sm_90a 2>&1 | FileCheck %s --check-prefix=GPU
// GPU: no strategy for sm_90a serves the kernel 'linear'
// GPU: 'hadal.linear' is not for tensor cores: {{.*}}B lies in panels, and TMA reads rows
// GPU: 'hadal.linear' reads a right-hand side in panels, which are a CPU's: unpack it (hadal.unpack)
// RUN: not hadal-opt %t/pack.mlir --hadal-select-strategies=target=sm_90a 2>&1 | FileCheck %s --check-prefix=PACK
// PACK: no strategy for sm_90a serves the kernel 'pairs' of kind packing
// RUN: hadal-opt %t/refused.mlir --split-input-file --hadal-select-strategies=cpu=x86-64-v3 --verify-diagnostics

//--- pack.mlir

!pairs = tensor<37x21xbf16, #hadal.encoding<layout = <outer = [1, 0], inner = [1], tiles = [2]>>>
hadal.kernel packing @pairs(%w: tensor<37x21xbf16>) -> !pairs {
  %0 = hadal.pack %w : tensor<37x21xbf16> -> !pairs
  hadal.yield %0 : !pairs
}

!amx = tensor<37x45xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
hadal.kernel packing @amx(%w: tensor<37x45xbf16>) -> !amx {
  %0 = hadal.pack %w : tensor<37x45xbf16> -> !amx
  hadal.yield %0 : !amx
}
hadal.kernel packing @from_amx(%w: !amx) -> tensor<37x45xbf16> {
  %0 = hadal.unpack %w : !amx -> tensor<37x45xbf16>
  hadal.yield %0 : tensor<37x45xbf16>
}

!even_amx = tensor<2x64x45xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [16, 16, 2]>>>
hadal.kernel packing @even_amx(%w: tensor<2x64x45xbf16>) -> !even_amx {
  %0 = hadal.pack %w : tensor<2x64x45xbf16> -> !even_amx
  hadal.yield %0 : !even_amx
}
!across_amx = tensor<45x96xbf16, #hadal.encoding<layout = <outer = [1, 0], inner = [0, 1, 0], tiles = [16, 16, 2]>>>
hadal.kernel packing @across_amx(%w: tensor<45x96xbf16>) -> !across_amx {
  %0 = hadal.pack %w : tensor<45x96xbf16> -> !across_amx
  hadal.yield %0 : !across_amx
}
!across = tensor<512x37xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0, 1], tiles = [256, 16]>>>
hadal.kernel packing @across(%w: tensor<512x37xf32>) -> !across {
  %0 = hadal.pack %w : tensor<512x37xf32> -> !across
  hadal.yield %0 : !across
}

!experts = tensor<3x37x45xf32, #hadal.encoding<layout = <outer = [0, 2, 1], inner = [2, 1], tiles = [48, 16]>>>
!turned = tensor<3x37x45xf32, #hadal.encoding<layout = <outer = [2, 0, 1]>>>
hadal.kernel packing @experts(%w: tensor<3x37x45xf32>) -> !experts {
  %0 = hadal.pack %w : tensor<3x37x45xf32> -> !experts
  hadal.yield %0 : !experts
}
hadal.kernel packing @from_one_to_the_other(%w: !turned) -> !experts {
  %0 = hadal.pack %w : !turned -> !experts
  hadal.yield %0 : !experts
}

!numbers = tensor<7xi32, #hadal.encoding<layout = <outer = [0], inner = [0], tiles = [4]>>>
hadal.kernel packing @numbers(%w: tensor<7xi32>) -> !numbers {
  %0 = hadal.pack %w : tensor<7xi32> -> !numbers
  hadal.yield %0 : !numbers
}

// A matrix that no core's cache holds is read once, whatever the number of rows.
//--- few.mlir

!panels = tensor<272x520xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [520, 16]>>>
hadal.kernel contraction @rows_of_f32(%x: tensor<2x5x520xf32>, %w: !panels, %r: tensor<2x5x272xf32>) -> tensor<2x5x272xf32> {
  %0 = hadal.linear %x weights(%w : !panels) : tensor<2x5x520xf32> -> tensor<2x5x272xf32>
  %1 = arith.addf %r, %0 : tensor<2x5x272xf32>
  hadal.yield %1 : tensor<2x5x272xf32>
}
!tiles = tensor<288x1070xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
hadal.kernel contraction @rows_of_bf16(%x: tensor<3x3x1070xbf16>, %w: !tiles) -> tensor<3x3x288xf32> {
  %0 = hadal.linear %x weights(%w : !tiles) : tensor<3x3x1070xbf16> -> tensor<3x3x288xf32>
  hadal.yield %0 : tensor<3x3x288xf32>
}

//--- v3.mlir

// AVX2 multiplies panels of 16 columns.
!whole = tensor<37x45xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [48, 16]>>>
hadal.kernel contraction @linear(%x: tensor<11x45xf32>, %w: !whole, %y: tensor<11x37xf32>) -> tensor<11x37xf32> {
  %0 = hadal.linear %x weights(%w : !whole) : tensor<11x45xf32> -> tensor<11x37xf32>
  %1 = arith.addf %0, %y : tensor<11x37xf32>
  hadal.yield %1 : tensor<11x37xf32>
}

!cut = tensor<130x512xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [256, 16]>>>
hadal.kernel contraction @deep(%x: tensor<2x5x512xf32>, %w: !cut) -> tensor<2x5x130xf32> {
  %0 = hadal.linear %x weights(%w : !cut) : tensor<2x5x512xf32> -> tensor<2x5x130xf32>
  hadal.yield %0 : tensor<2x5x130xf32>
}

!uneven = tensor<33x300xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [300, 16]>>>
hadal.kernel contraction @uneven(%x: tensor<7x300xf32>, %w: !uneven) -> tensor<7x33xf32> {
  %0 = hadal.linear %x weights(%w : !uneven) : tensor<7x300xf32> -> tensor<7x33xf32>
  hadal.yield %0 : tensor<7x33xf32>
}

!across = tensor<45x37xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0, 1], tiles = [48, 16]>>>
hadal.kernel contraction @matmul(%x: tensor<11x45xf32>, %w: !across) -> tensor<11x37xf32> {
  %0 = hadal.matmul %x, %w : (tensor<11x45xf32>, !across) -> tensor<11x37xf32>
  hadal.yield %0 : tensor<11x37xf32>
}

!experts = tensor<3x37x512xf32, #hadal.encoding<layout = <outer = [0, 2, 1], inner = [2, 1], tiles = [256, 16]>>>
hadal.kernel contraction @experts(%x: tensor<40x512xf32>, %w: !experts, %offsets: tensor<4xi32>) -> tensor<40x37xf32> {
  %0 = hadal.grouped_matmul %x, %w, %offsets {transpose_rhs} : (tensor<40x512xf32>, !experts, tensor<4xi32>) -> tensor<40x37xf32>
  hadal.yield %0 : tensor<40x37xf32>
}

// A stretch of the rows of each head's matrix, which are columns of the product, and the same that are its depth.
!columns_of_heads = tensor<144x512xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [256, 16]>>>
hadal.kernel contraction @from_heads(%x: tensor<2x5x1536xf32>, %w: !columns_of_heads) -> tensor<2x5x96xf32> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 16, count = 32, transpose_rhs} : (tensor<2x5x1536xf32>, !columns_of_heads) -> tensor<2x5x96xf32>
  hadal.yield %0 : tensor<2x5x96xf32>
}
!depth_of_heads = tensor<144x45xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0, 1], tiles = [16, 16]>>>
hadal.kernel contraction @to_heads(%x: tensor<5x1x60xf32>, %w: !depth_of_heads) -> tensor<5x1x135xf32> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 32, count = 16} : (tensor<5x1x60xf32>, !depth_of_heads) -> tensor<5x1x135xf32>
  hadal.yield %0 : tensor<5x1x135xf32>
}
// As many rows as a number tells.
!counted = tensor<37x45xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [48, 16]>>>
hadal.kernel contraction @counted(%x: tensor<2x40x45xf32>, %w: !counted, %n: tensor<2xi32> {hadal.value = dense<[33, 2]> : tensor<2xi32>}) -> tensor<2x40x37xf32> {
  %0 = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<2x40x45xf32>, !counted, tensor<2xi32>) -> tensor<2x40x37xf32>
  hadal.yield %0 : tensor<2x40x37xf32>
}

//--- v4.mlir

!whole = tensor<70x45xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [48, 32]>>>
hadal.kernel contraction @linear(%x: tensor<33x45xf32>, %w: !whole) -> tensor<33x70xf32> {
  %0 = hadal.linear %x weights(%w : !whole) : tensor<33x45xf32> -> tensor<33x70xf32>
  hadal.yield %0 : tensor<33x70xf32>
}

!experts = tensor<3x70x512xf32, #hadal.encoding<layout = <outer = [0, 2, 1], inner = [2, 1], tiles = [256, 48]>>>
hadal.kernel contraction @experts(%x: tensor<40x512xf32>, %w: !experts, %offsets: tensor<4xi32>) -> tensor<40x70xf32> {
  %0 = hadal.grouped_matmul %x, %w, %offsets {transpose_rhs} : (tensor<40x512xf32>, !experts, tensor<4xi32>) -> tensor<40x70xf32>
  hadal.yield %0 : tensor<40x70xf32>
}

//--- refused.mlir

!left = tensor<11x45xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [48, 16]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'left_hand_side' of kind contraction}}
hadal.kernel contraction @left_hand_side(%x: !left, %w: tensor<37x45xf32>) -> tensor<11x37xf32> {
  // expected-note @below {{'hadal.linear' reads argument 0 in the layout #hadal.layout<outer = [1, 0], inner = [1, 0], tiles = [48, 16]>; products read rows, and a right-hand side in panels}}
  %0 = hadal.linear %x weights(%w : tensor<37x45xf32>) : !left -> tensor<11x37xf32>
  hadal.yield %0 : tensor<11x37xf32>
}

// -----

!other = tensor<37x45xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [48, 16]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'other_order' of kind contraction}}
hadal.kernel contraction @other_order(%x: tensor<11x45xf32>, %w: !other) -> tensor<11x37xf32> {
  // expected-note @below {{reads argument 1 in the layout}}
  %0 = hadal.linear %x weights(%w : !other) : tensor<11x45xf32> -> tensor<11x37xf32>
  hadal.yield %0 : tensor<11x37xf32>
}

// -----

!shallow = tensor<37x512xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [128, 16]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'shallow' of kind contraction}}
hadal.kernel contraction @shallow(%x: tensor<11x512xf32>, %w: !shallow) -> tensor<11x37xf32> {
  // expected-note @below {{has panels 128 deep, which are neither blocks of the depth (256) nor all of it}}
  %0 = hadal.linear %x weights(%w : !shallow) : tensor<11x512xf32> -> tensor<11x37xf32>
  hadal.yield %0 : tensor<11x37xf32>
}

// -----

!narrow = tensor<37x45xbf16, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [48, 16]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'narrow' of kind contraction}}
hadal.kernel contraction @narrow(%x: tensor<11x45xbf16>, %w: !narrow) -> tensor<11x37xf32> {
  // expected-note @below {{reads a right-hand side in panels of f32, and this one has others}}
  %0 = hadal.linear %x weights(%w : !narrow) : tensor<11x45xbf16> -> tensor<11x37xf32>
  hadal.yield %0 : tensor<11x37xf32>
}

// -----

!tiles = tensor<64x45xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'tiles' of kind contraction}}
hadal.kernel contraction @tiles(%x: tensor<11x45xf32>, %w: !tiles) -> tensor<11x64xf32> {
  // expected-note @below {{reads a right-hand side in tiles, which are for two factors of bf16}}
  %0 = hadal.linear %x weights(%w : !tiles) : tensor<11x45xf32> -> tensor<11x64xf32>
  hadal.yield %0 : tensor<11x64xf32>
}

// -----

!odd = tensor<40x45xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'odd_tiles' of kind contraction}}
hadal.kernel contraction @odd_tiles(%x: tensor<11x45xbf16>, %w: !odd) -> tensor<11x40xf32> {
  // expected-note @below {{products read rows, and a right-hand side in panels or, where its columns are a multiple of 16, in tiles}}
  %0 = hadal.linear %x weights(%w : !odd) : tensor<11x45xbf16> -> tensor<11x40xf32>
  hadal.yield %0 : tensor<11x40xf32>
}

// -----

!between = tensor<144x45xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0, 1], tiles = [16, 16]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'between_panels' of kind contraction}}
hadal.kernel contraction @between_panels(%x: tensor<5x1x60xf32>, %w: !between) -> tensor<5x1x135xf32> {
  // expected-note @below {{reads argument 1 in the layout}}
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 8, count = 16} : (tensor<5x1x60xf32>, !between) -> tensor<5x1x135xf32>
  hadal.yield %0 : tensor<5x1x135xf32>
}

// -----

!unfilled = tensor<180x45xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0, 1], tiles = [20, 16]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'unfilled' of kind contraction}}
hadal.kernel contraction @unfilled(%x: tensor<5x1x60xf32>, %w: !unfilled) -> tensor<5x1x135xf32> {
  // expected-note @below {{reads stretches of the depth in panels, and they do not fill what a register tile takes at a time}}
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 20, count = 18} : (tensor<5x1x60xf32>, !unfilled) -> tensor<5x1x135xf32>
  hadal.yield %0 : tensor<5x1x135xf32>
}

// -----

!unfilled_tiles = tensor<96x32xbf16, #hadal.encoding<layout = <outer = [1, 0], inner = [0, 1, 0], tiles = [16, 16, 2]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'unfilled_tiles' of kind contraction}}
hadal.kernel contraction @unfilled_tiles(%x: tensor<5x1x48xbf16>, %w: !unfilled_tiles) -> tensor<5x1x96xf32> {
  // expected-note @below {{reads stretches of the depth in tiles, and they do not fill the tiles}}
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 0, count = 16} : (tensor<5x1x48xbf16>, !unfilled_tiles) -> tensor<5x1x96xf32>
  hadal.yield %0 : tensor<5x1x96xf32>
}

// -----

!part = tensor<4x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [4, 0], axes = [["tp"], []]>>>
// expected-error @below {{no strategy for cpu serves the kernel 'part' of kind contraction}}
// expected-note @below {{kernels work on whole tensors, row by row or in a layout}}
hadal.kernel contraction @part(%x: tensor<11x8xf32>, %w: !part) -> tensor<11x4xf32> {
  %0 = hadal.linear %x weights(%w : !part) : tensor<11x8xf32> -> tensor<11x4xf32>
  hadal.yield %0 : tensor<11x4xf32>
}

// -----

!open = tensor<?x8xf32, #hadal.encoding<layout = <outer = [1, 0]>, bounds = [<"tokens", 16>]>>
// expected-error @below {{no strategy for cpu serves the kernel 'open' of kind packing}}
// expected-note @below {{whose length a number tells: kernels take closed lengths so far}}
hadal.kernel packing @open(%x: !open) -> !open {
  %0 = hadal.pack %x : !open -> !open
  hadal.yield %0 : !open
}
