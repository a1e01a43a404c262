// Tiles, rings, products and roles as single instructions.
// RUN: hadal-opt %s --hadal-lower-tiles --canonicalize --cse | FileCheck %s

!a = !tile.matrix<128 by 64 of bf16, k, b128>
!b = !tile.matrix<256 by 64 of bf16, mn, b128>
!ring = !tile.ring<4>

// Element (row, column): panel, row and byte within, then bits 4-6 are exchanged with bits 7-9.
// CHECK-LABEL: @element
// CHECK-SAME: %[[ROW:[^:]*]]: i32, %[[COLUMN:[^:]*]]: i32
func.func @element(%row: i32, %column: i32) -> !llvm.ptr<3> {
  // CHECK: %[[BASE:.*]] = ptx.shared_memory 1024
  // CHECK: %[[PANEL:.*]] = arith.divui %[[COLUMN]], %c64
  // CHECK: %[[INSIDE:.*]] = arith.remui %[[COLUMN]], %c64
  // CHECK: arith.muli %[[INSIDE]], %c2
  // CHECK: arith.muli %[[PANEL]], %c16384
  // CHECK: arith.muli %[[ROW]], %c128
  // CHECK: %[[LINE:.*]] = arith.divui %[[OFFSET:.*]], %c128
  // CHECK: %[[BITS:.*]] = arith.andi %[[LINE]], %c7
  // CHECK: %[[CHUNK:.*]] = arith.muli %[[BITS]], %c16
  // CHECK: %[[PLACE:.*]] = arith.xori %[[OFFSET]], %[[CHUNK]]
  // CHECK: llvm.getelementptr %[[BASE]][%[[PLACE]]]
  %pointer = ptx.shared_memory 1024
  %tile = tile.view %pointer : !a
  %element = tile.element %tile[%row, %column] : !a
  return %element : !llvm.ptr<3>
}

// Four panels of 64 columns, a box each; the coordinate of the contiguous dimension advances.
// CHECK-LABEL: @load
// CHECK-SAME: %[[MAP:[^:]*]]: !llvm.ptr, %[[X:[^:]*]]: i32, %[[Y:[^:]*]]: i32, %[[FILL:[^:]*]]: i32
func.func @load(%map: !llvm.ptr, %x: i32, %y: i32, %fill: i32) {
  %ring = tile.ring 196608 : !ring
  %tile = tile.ring_tile %ring[%fill] at 16384 stride 49152 : !ring -> !b
  // CHECK: %[[TILE:.*]] = llvm.getelementptr %{{.*}}[%{{.*}}] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, i8
  // CHECK: %[[FULL:.*]] = llvm.getelementptr
  // CHECK: ptx.tma_load %[[TILE]], %[[MAP]][%[[X]], %[[Y]]] on %[[FULL]]
  // CHECK: %[[SECOND:.*]] = llvm.getelementptr %[[TILE]][8192]
  // CHECK: %[[X1:.*]] = arith.addi %[[X]], %c64
  // CHECK: ptx.tma_load %[[SECOND]], %[[MAP]][%[[X1]], %[[Y]]] on %[[FULL]]
  // CHECK-COUNT-2: ptx.tma_load
  // CHECK-NOT: ptx.tma_load
  tile.load %map[%x, %y] into %tile on %ring[%fill] : !b, !ring
  return
}

// A consumer waits for phase fill / stages, a producer for the one before: parity flipped.
// CHECK-LABEL: @phases
// CHECK-SAME: %[[FILL:[^:]*]]: i32
func.func @phases(%fill: i32) {
  %ring = tile.ring 0 : !ring
  // CHECK: %[[STAGE:.*]] = arith.remui %[[FILL]], %c4
  // CHECK: %[[BYTES:.*]] = arith.muli %[[STAGE]], %c8
  // CHECK: %[[FULL:.*]] = llvm.getelementptr %{{.*}}[%[[BYTES]]]
  // CHECK: %[[ROUND:.*]] = arith.divui %[[FILL]], %c4
  // CHECK: %[[PARITY:.*]] = arith.andi %[[ROUND]], %c1
  // CHECK: scf.while
  // CHECK: ptx.mbarrier_try_wait %[[FULL]], %[[PARITY]]
  tile.ring_wait %ring[%fill] : !ring
  // CHECK: %[[AFTER:.*]] = arith.addi %[[BYTES]], %c32
  // CHECK: %[[EMPTY:.*]] = llvm.getelementptr %{{.*}}[%[[AFTER]]]
  // CHECK: %[[OTHER:.*]] = arith.xori %[[PARITY]], %c1
  // CHECK: scf.while
  // CHECK: ptx.mbarrier_try_wait %[[EMPTY]], %[[OTHER]]
  tile.ring_acquire %ring[%fill] : !ring
  // CHECK: ptx.mbarrier_arrive_expect %[[FULL]], %c49152
  tile.ring_expect %ring[%fill] bytes 49152 : !ring
  // CHECK: ptx.fence_proxy_async
  // CHECK-NEXT: ptx.mbarrier_arrive %[[FULL]]
  tile.ring_commit %ring[%fill] : !ring
  // CHECK: ptx.mbarrier_arrive %[[EMPTY]]
  tile.ring_release %ring[%fill] : !ring
  // CHECK: ptx.map_shared %[[EMPTY]], %c0
  // CHECK-NEXT: ptx.mbarrier_arrive_remote
  // CHECK: ptx.map_shared %[[EMPTY]], %c1
  // CHECK-NEXT: ptx.mbarrier_arrive_remote
  tile.ring_release %ring[%fill] {cluster = 2 : i32} : !ring
  return
}

// K-major A steps by 32 bytes, MN-major B by 16 rows of 128 bytes (both divided by 16).
// CHECK-LABEL: @product
func.func @product(%row: i32, %sum: vector<128xf32>, %yes: i1) -> vector<128xf32> {
  %pointer = ptx.shared_memory 0
  %other = ptx.shared_memory 16384
  %a = tile.view %pointer : !a
  %b = tile.view %other : !b
  // CHECK-DAG: %[[B:.*]] = ptx.matrix_descriptor %{{.*}} {leading = 8192 : i64, stride = 1024 : i64, swizzle = #ptx.swizzle<b128>}
  // CHECK-DAG: %[[A:.*]] = ptx.matrix_descriptor %{{.*}} {leading = 16 : i64, stride = 1024 : i64, swizzle = #ptx.swizzle<b128>}
  // CHECK: ptx.wgmma_fence
  // CHECK: %[[S0:.*]] = ptx.wgmma %[[A]], %[[B]], %{{.*}}, %arg2 {major_b = #ptx.major<mn>} : i64, vector<128xf32>
  // CHECK: %[[A1:.*]] = arith.addi %[[A]], %c2_i64
  // CHECK: %[[B1:.*]] = arith.addi %[[B]], %c128_i64
  // CHECK: ptx.wgmma %[[A1]], %[[B1]], %[[S0]], %true
  // CHECK-COUNT-2: ptx.wgmma %
  // CHECK: ptx.wgmma_commit
  %0 = tile.product %a row %row, %b, %sum, %yes : !a, !b, vector<128xf32>
  return %0 : vector<128xf32>
}

// A depth of two panels: the third step of 32 bytes is in the second one.
// CHECK-LABEL: @narrow_panels
func.func @narrow_panels(%sum: vector<32xf32>, %yes: i1) -> vector<32xf32> {
  %pointer = ptx.shared_memory 0
  %a = tile.view %pointer : !tile.matrix<64 by 48 of bf16, k, b32>
  // CHECK: %[[A:.*]] = ptx.matrix_descriptor %{{.*}} {leading = 16 : i64, stride = 256 : i64, swizzle = #ptx.swizzle<b32>}
  // CHECK: arith.addi %[[A]], %c128_i64
  // CHECK: arith.addi %[[A]], %c256_i64
  %0 = tile.product %a, %a, %sum, %yes : !tile.matrix<64 by 48 of bf16, k, b32>, !tile.matrix<64 by 48 of bf16, k, b32>, vector<32xf32>
  return %0 : vector<32xf32>
}

// CHECK-LABEL: @registers
func.func @registers(%weights: vector<16xf32>, %sum: vector<64xf32>, %yes: i1) -> vector<64xf32> {
  %pointer = ptx.shared_memory 0
  %b = tile.view %pointer : !tile.matrix<128 by 32 of bf16, mn, b128>
  // CHECK-COUNT-8: ptx.pack_bf16
  // CHECK-NOT: ptx.pack_bf16
  %a = tile.pack %weights : vector<16xf32> -> vector<8xi32>
  // CHECK: ptx.wgmma %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {major_b = #ptx.major<mn>} : vector<4xi32>, vector<64xf32>
  %0 = tile.product %a, %b, %sum, %yes : vector<8xi32>, !tile.matrix<128 by 32 of bf16, mn, b128>, vector<64xf32>
  return %0 : vector<64xf32>
}

// CHECK-LABEL: @eight_bits
func.func @eight_bits(%numbers: vector<8xf32>) -> vector<2xi32> {
  // CHECK-COUNT-4: ptx.pack_e4m3
  %0 = tile.pack %numbers : vector<8xf32> -> vector<2xi32>
  return %0 : vector<2xi32>
}

// CHECK-LABEL: @roles
func.func @roles(%pointer: !llvm.ptr) {
  // CHECK: %[[THREAD:.*]] = ptx.thread_id
  // CHECK: %[[PRODUCES:.*]] = arith.cmpi slt, %[[THREAD]], %c128
  // CHECK: %[[GROUP:.*]] = ptx.shuffle <index> %{{.*}}, %c0
  // CHECK: scf.if %[[PRODUCES]] {
  // CHECK-NEXT: ptx.set_max_registers <decrease> 40
  // CHECK: } else {
  // CHECK-NEXT: ptx.set_max_registers <increase> 232
  // CHECK-NEXT: llvm.store %[[GROUP]], %{{.*}} : i32, !llvm.ptr
  tile.specialize registers 40, 232 {
    ptx.sync_warp
  } consumer {
  ^bb0(%group: i32):
    llvm.store %group, %pointer : i32, !llvm.ptr
  }
  return
}

// Every row of 128 bytes is eight chunks of 16.
// CHECK-LABEL: @clear
func.func @clear(%first: i32, %thread: i32) {
  %pointer = ptx.shared_memory 0
  %tile = tile.view %pointer : !tile.matrix<128 by 64 of bf16, mn, b128>
  // CHECK: scf.for %{{.*}} = %{{.*}} to %c512{{.*}} step %c256
  // CHECK: llvm.store %{{.*}}, %[[PLACE:.*]] {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<3>
  // CHECK: llvm.getelementptr %[[PLACE]][8192]
  // CHECK: llvm.store
  tile.clear_rows %tile from %first by %thread of 256 : !tile.matrix<128 by 64 of bf16, mn, b128>
  return
}
