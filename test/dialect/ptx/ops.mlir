// Every operation of the ptx dialect, printed and read again.
// RUN: hadal-opt %s | hadal-opt | FileCheck %s

// CHECK-LABEL: @threads
func.func @threads(%value: f32, %bits: i32, %predicate: i1) {
  // CHECK: ptx.thread_id
  %thread = ptx.thread_id
  // CHECK: ptx.block_id
  %block = ptx.block_id
  // CHECK: ptx.block_count
  %blocks = ptx.block_count
  // CHECK: ptx.cluster_rank
  %rank = ptx.cluster_rank
  // CHECK: ptx.barrier %{{.*}}, 128
  ptx.barrier %bits, 128
  // CHECK: ptx.barrier_arrive %{{.*}}, 256
  ptx.barrier_arrive %bits, 256
  // CHECK: ptx.sync_warp
  ptx.sync_warp
  // CHECK: ptx.shuffle <xor> %{{.*}}, %{{.*}} : f32
  %a = ptx.shuffle <xor> %value, %bits : f32
  // CHECK: ptx.shuffle <index> %{{.*}}, %{{.*}} : i32
  %b = ptx.shuffle <index> %bits, %thread : i32
  // CHECK: ptx.ballot
  %c = ptx.ballot %predicate
  // CHECK: ptx.elect
  %d = ptx.elect
  // CHECK: ptx.set_max_registers <increase> 232
  ptx.set_max_registers <increase> 232
  // CHECK: ptx.nounroll
  ptx.nounroll
  %scratch = ptx.shared_memory 0
  // CHECK: ptx.pin %{{.*}}, %{{.*}}
  ptx.pin %value, %scratch
  return
}

// CHECK-LABEL: @transfers
func.func @transfers(%map: !llvm.ptr, %x: i32, %y: i32, %mask: i16) {
  // CHECK: ptx.shared_memory 1024
  %tile = ptx.shared_memory 1024
  %barrier = ptx.shared_memory 0
  // CHECK: ptx.mbarrier_init %{{.*}}, 1
  ptx.mbarrier_init %barrier, 1
  // CHECK: ptx.fence_mbarrier_init
  ptx.fence_mbarrier_init
  // CHECK: ptx.prefetch_map
  ptx.prefetch_map %map
  // CHECK: ptx.mbarrier_arrive_expect
  ptx.mbarrier_arrive_expect %barrier, %x
  // CHECK: ptx.tma_load %{{.*}}, %{{.*}}[%{{.*}}, %{{.*}}] on %{{.*}}
  ptx.tma_load %tile, %map[%x, %y] on %barrier
  // CHECK: ptx.tma_load %{{.*}}, %{{.*}}[%{{.*}}] on %{{.*}} multicast
  ptx.tma_load %tile, %map[%x] on %barrier multicast %mask
  // CHECK: ptx.mbarrier_try_wait
  %done = ptx.mbarrier_try_wait %barrier, %x
  // CHECK: ptx.mbarrier_arrive %
  ptx.mbarrier_arrive %barrier
  // CHECK: ptx.map_shared
  %remote = ptx.map_shared %barrier, %x
  // CHECK: ptx.mbarrier_arrive_remote
  ptx.mbarrier_arrive_remote %remote
  // CHECK: ptx.cluster_arrive
  ptx.cluster_arrive
  // CHECK: ptx.cluster_wait
  ptx.cluster_wait
  // CHECK: ptx.fence_proxy_async
  ptx.fence_proxy_async
  // CHECK: ptx.tma_store
  ptx.tma_store %map[%x, %y], %tile
  // CHECK: ptx.tma_commit
  ptx.tma_commit
  // CHECK: ptx.tma_wait 0 read
  ptx.tma_wait 0 read
  return
}

// CHECK-LABEL: @matrices
func.func @matrices(%registers: vector<4xi32>, %accumulator: vector<64xf32>, %true: i1, %value: f32) {
  %tile = ptx.shared_memory 1024
  // CHECK: ptx.matrix_descriptor %{{.*}} {leading = 16 : i64, stride = 1024 : i64, swizzle = #ptx.swizzle<b128>}
  %a = ptx.matrix_descriptor %tile {leading = 16, stride = 1024, swizzle = #ptx.swizzle<b128>}
  // CHECK: ptx.wgmma_fence
  ptx.wgmma_fence
  // CHECK: ptx.wgmma %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} : i64, vector<64xf32>
  %r = ptx.wgmma %a, %a, %accumulator, %true : i64, vector<64xf32>
  // CHECK: ptx.wgmma {{.*}} {major_b = #ptx.major<mn>} : vector<4xi32>, vector<64xf32>
  %s = ptx.wgmma %registers, %a, %r, %true {major_b = #ptx.major<mn>} : vector<4xi32>, vector<64xf32>
  // CHECK: ptx.wgmma_commit
  ptx.wgmma_commit
  // CHECK: ptx.wgmma_wait 0, %{{.*}} : vector<64xf32>
  %t = ptx.wgmma_wait 0, %s : vector<64xf32>
  // CHECK: ptx.load_matrix %{{.*}} transpose : vector<4xi32>
  %m = ptx.load_matrix %tile transpose : vector<4xi32>
  // CHECK: ptx.store_matrix
  ptx.store_matrix %tile, %m : vector<4xi32>
  // CHECK: ptx.pack_bf16
  %p = ptx.pack_bf16 %value, %value
  // CHECK: ptx.pack_e4m3
  %q = ptx.pack_e4m3 %value, %value
  // CHECK: ptx.exp2
  %e = ptx.exp2 %value
  // CHECK: ptx.log2
  %l = ptx.log2 %value
  // CHECK: ptx.reciprocal
  %i = ptx.reciprocal %value
  // CHECK: ptx.rsqrt
  %u = ptx.rsqrt %value
  return
}
