// Every operation and type of the tile dialect, printed and read again.
// RUN: hadal-opt %s | hadal-opt | FileCheck %s

!a = !tile.matrix<128 by 64 of bf16, k, b128>
!b = !tile.matrix<256 by 64 of bf16, mn, b128>
!p = !tile.matrix<128 by 32 of bf16, k, b64>
!ring = !tile.ring<4>

// CHECK-LABEL: @tiles
func.func @tiles(%map: !llvm.ptr, %x: i32, %y: i32, %registers: vector<32xi32>) {
  %pointer = ptx.shared_memory 0
  // CHECK: tile.view %{{.*}} : <128 by 64 of bf16, k, b128>
  %a = tile.view %pointer : !a
  // CHECK: tile.element %{{.*}}[%{{.*}}, %{{.*}}] : <128 by 64 of bf16, k, b128>
  %element = tile.element %a[%x, %y] : !a
  // CHECK: tile.clear_rows %{{.*}} from %{{.*}} by %{{.*}} of 256 : <128 by 64 of bf16, k, b128>
  tile.clear_rows %a from %x by %y of 256 : !a
  // CHECK: tile.write %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] : vector<32xi32>, <128 by 64 of bf16, k, b128>
  tile.write %registers, %a[%x, %y] : vector<32xi32>, !a
  // CHECK: tile.write %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] transpose
  tile.write %registers, %a[%x, %y] transpose : vector<32xi32>, !a
  // CHECK: tile.store %{{.*}} to %{{.*}}[%{{.*}}, %{{.*}}] : <128 by 64 of bf16, k, b128>
  tile.store %a to %map[%x, %y] : !a
  return
}

// CHECK-LABEL: @rings
func.func @rings(%map: !llvm.ptr, %x: i32, %y: i32, %fill: i32, %mask: i16) {
  // CHECK: tile.ring 196608 : <4>
  %ring = tile.ring 196608 : !ring
  // CHECK: tile.ring_init %{{.*}} producers 1 consumers 8 : <4>
  tile.ring_init %ring producers 1 consumers 8 : !ring
  // CHECK: tile.ring_tile %{{.*}}[%{{.*}}] at 16384 stride 49152 : <4> -> <256 by 64 of bf16, mn, b128>
  %tile = tile.ring_tile %ring[%fill] at 16384 stride 49152 : !ring -> !b
  // CHECK: tile.ring_acquire
  tile.ring_acquire %ring[%fill] : !ring
  // CHECK: tile.ring_expect %{{.*}}[%{{.*}}] bytes 32768 : <4>
  tile.ring_expect %ring[%fill] bytes 32768 : !ring
  // CHECK: tile.load %{{.*}}[%{{.*}}, %{{.*}}] into %{{.*}} on %{{.*}}[%{{.*}}] : <256 by 64 of bf16, mn, b128>, <4>
  tile.load %map[%x, %y] into %tile on %ring[%fill] : !b, !ring
  // CHECK: tile.load %{{.*}} into %{{.*}} from row %{{.*}} on %{{.*}} multicast %{{.*}} {first_panel = 1 : i64, panels = 2 : i64}
  tile.load %map[%x, %y] into %tile from row %x on %ring[%fill] multicast %mask {first_panel = 1 : i64, panels = 2 : i64} : !b, !ring
  // CHECK: tile.ring_commit
  tile.ring_commit %ring[%fill] : !ring
  // CHECK: tile.ring_wait
  tile.ring_wait %ring[%fill] : !ring
  // CHECK: tile.ring_release %{{.*}}[%{{.*}}] {cluster = 2 : i32} : <4>
  tile.ring_release %ring[%fill] {cluster = 2 : i32} : !ring
  return
}

// CHECK-LABEL: @products
func.func @products(%row: i32, %sum: vector<64xf32>, %scores: vector<16xf32>, %yes: i1) {
  %pointer = ptx.shared_memory 0
  %a = tile.view %pointer : !a
  %b = tile.view %pointer : !b
  %p = tile.view %pointer : !p
  // CHECK: tile.product %{{.*}} row %{{.*}}, %{{.*}} column %{{.*}}, %{{.*}}, %{{.*}} : !tile.matrix<128 by 64 of bf16, k, b128>, <256 by 64 of bf16, mn, b128>, vector<64xf32>
  %0 = tile.product %a row %row, %b column %row, %sum, %yes : !a, !b, vector<64xf32>
  // CHECK: tile.pack %{{.*}} : vector<16xf32> -> vector<8xi32>
  %1 = tile.pack %scores : vector<16xf32> -> vector<8xi32>
  // CHECK: tile.pack %{{.*}} : vector<16xf32> -> vector<4xi32>
  %2 = tile.pack %scores : vector<16xf32> -> vector<4xi32>
  // CHECK: tile.product %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : vector<8xi32>
  %3 = tile.product %1, %p, %sum, %yes : vector<8xi32>, !p, vector<64xf32>
  return
}

// CHECK-LABEL: @roles
func.func @roles() {
  // CHECK: tile.specialize registers 40, 232 {
  // CHECK: } consumer {
  // CHECK-NEXT: ^bb0(%{{.*}}: i32):
  tile.specialize registers 40, 232 {
    ptx.sync_warp
  } consumer {
  ^bb0(%group: i32):
    ptx.sync_warp
  }
  // CHECK: tile.specialize {
  tile.specialize {
    ptx.sync_warp
  } consumer {
  ^bb0(%group: i32):
    ptx.sync_warp
  }
  return
}

// CHECK-LABEL: @eight_bits
func.func @eight_bits(%sum: vector<64xf32>, %yes: i1) {
  %pointer = ptx.shared_memory 0
  %a = tile.view %pointer : !tile.matrix<64 by 128 of e4m3, k, b128>
  %b = tile.view %pointer : !tile.matrix<128 by 128 of e5m2, k, b128>
  // CHECK: tile.product %{{.*}} : !tile.matrix<64 by 128 of e4m3, k, b128>, <128 by 128 of e5m2, k, b128>, vector<64xf32>
  %0 = tile.product %a, %b, %sum, %yes : !tile.matrix<64 by 128 of e4m3, k, b128>, !tile.matrix<128 by 128 of e5m2, k, b128>, vector<64xf32>
  return
}
