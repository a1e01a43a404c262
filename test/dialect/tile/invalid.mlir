// RUN: hadal-opt %s -split-input-file -verify-diagnostics

// expected-error @below {{a tile is swizzled: by b32, b64 or b128}}
func.func private @swizzle(!tile.matrix<128 by 64 of bf16, k, none>)

// -----

// expected-error @below {{the contiguous dimension (48) must be a multiple of the panel's 64 elements}}
func.func private @panel(!tile.matrix<128 by 48 of bf16, k, b128>)

// -----

// expected-error @below {{a panel has a multiple of 8 rows up to 256, not 300}}
func.func private @rows(!tile.matrix<300 by 64 of bf16, k, b128>)

// -----

// expected-error @below {{8-bit tiles have contiguous depth (major k)}}
func.func private @eight_bits(!tile.matrix<128 by 64 of e4m3, mn, b128>)

// -----

// expected-error @below {{a ring has 1 to 32 stages, not 33}}
func.func private @ring(!tile.ring<33>)

// -----

func.func @panels(%map: !llvm.ptr, %x: i32) {
  %ring = tile.ring 0 : !tile.ring<2>
  %tile = tile.ring_tile %ring[%x] at 0 stride 16384 : !tile.ring<2> -> !tile.matrix<128 by 64 of bf16, k, b128>
  // expected-error @below {{names panels that the tile, of 1, does not have}}
  tile.load %map[%x, %x] into %tile on %ring[%x] {first_panel = 1 : i64} : !tile.matrix<128 by 64 of bf16, k, b128>, !tile.ring<2>
  return
}

// -----

func.func @coordinates(%map: !llvm.ptr, %x: i32) {
  %pointer = ptx.shared_memory 0
  %tile = tile.view %pointer : !tile.matrix<128 by 64 of bf16, k, b128>
  // expected-error @below {{expects 2 to 5 coordinates, not 1}}
  tile.store %tile to %map[%x] : !tile.matrix<128 by 64 of bf16, k, b128>
  return
}

// -----

func.func @alignment(%x: i32) {
  %ring = tile.ring 0 : !tile.ring<2>
  // expected-error @below {{expects a tile's offset and stride to be multiples of 1024 bytes}}
  %tile = tile.ring_tile %ring[%x] at 64 stride 16384 : !tile.ring<2> -> !tile.matrix<128 by 64 of bf16, k, b128>
  return
}

// -----

func.func @registers(%x: i32, %registers: vector<6xi32>) {
  %pointer = ptx.shared_memory 0
  %tile = tile.view %pointer : !tile.matrix<128 by 64 of bf16, k, b128>
  // expected-error @below {{expects a multiple of 4 registers (64 × 16 numbers each), not 6}}
  tile.write %registers, %tile[%x, %x] : vector<6xi32>, !tile.matrix<128 by 64 of bf16, k, b128>
  return
}

// -----

!a = !tile.matrix<64 by 64 of bf16, k, b128>
!b = !tile.matrix<64 by 128 of bf16, k, b128>
func.func @depths(%sum: vector<32xf32>, %yes: i1) {
  %pointer = ptx.shared_memory 0
  %a = tile.view %pointer : !a
  %b = tile.view %pointer : !b
  // expected-error @below {{multiplies depths that differ: 64 and 128}}
  %0 = tile.product %a, %b, %sum, %yes : !a, !b, vector<32xf32>
  return
}

// -----

!a = !tile.matrix<64 by 64 of bf16, k, b128>
func.func @columns(%sum: vector<64xf32>, %yes: i1) {
  %pointer = ptx.shared_memory 0
  %a = tile.view %pointer : !a
  // expected-error @below {{multiplies 128 columns of a tile that has 64}}
  %0 = tile.product %a, %a, %sum, %yes : !a, !a, vector<64xf32>
  return
}

// -----

!a = !tile.matrix<64 by 64 of bf16, k, b128>
!b = !tile.matrix<64 by 64 of f16, k, b128>
func.func @types(%sum: vector<32xf32>, %yes: i1) {
  %pointer = ptx.shared_memory 0
  %a = tile.view %pointer : !a
  %b = tile.view %pointer : !b
  // expected-error @below {{multiplies bf16 with bf16, f16 with f16, or 8-bit operands with each other}}
  %0 = tile.product %a, %b, %sum, %yes : !a, !b, vector<32xf32>
  return
}

// -----

func.func @pack(%sum: vector<32xf32>) {
  // expected-error @below {{packs 2 bf16 or 4 e4m3 into a register: 32 numbers fill no 12}}
  %0 = tile.pack %sum : vector<32xf32> -> vector<12xi32>
  return
}

// -----

func.func @roles() {
  // expected-error @below {{expects one argument of the consumer, the i32 number of its warp group}}
  tile.specialize registers 40, 232 {
    ptx.sync_warp
  } consumer {
    ptx.sync_warp
  }
  return
}
