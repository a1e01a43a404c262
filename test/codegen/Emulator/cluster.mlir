// RUN: hadal-check-kernels --target=sm_90a --assemble %s | FileCheck %s
// RUN: sed 's/_init %%ready, 2/_init %%ready, 3/' %s > %t.mlir
// RUN: not hadal-check-kernels --target=sm_90a %t.mlir 2>&1 | FileCheck %s --check-prefix=READY
// RUN: sed 's/constant 3 : i16/constant 5 : i16/' %s > %t.mlir
// RUN: not hadal-check-kernels --target=sm_90a %t.mlir 2>&1 | FileCheck %s --check-prefix=MASK

// CHECK: pair$main: ok
// CHECK: @pair result 0: ok, error / tolerance 0.000
// CHECK: 1 of 1 kernels pass on sm_90a (emulated)
// READY: error: kernel 'pair.main' is deadlocked: block 0 thread 0 at {{.*}}, ptx.mbarrier_try_wait #1 wait for parity 0 of the mbarrier at shared memory offset 264 (phase 0 misses 1 of 3 arrivals and 0 bytes)
// MASK: ptx.tma_load #1: multicasts to blocks 0x5, but the cluster has 2

// y = x + x. Blocks 2i and 2i + 1 are a cluster; each computes one of its two rows. The even block loads both rows for
// both blocks by one multicast, after the odd one has told it (by a remote arrival) that its barrier expects them.
hadal.kernel rowwise @pair(%x: tensor<8x32xf32>) -> tensor<8x32xf32>
    attributes {configuration = {
      strategy = "by_hand", steps = array<i64: 0, 0>, workspace = 0 : i64,
      scratch = 0 : i64, stages = [{
        name = "main", tasks = 8 : i64, grain = 1 : i64, threads = 32 : i64, shared_memory = 272 : i64,
        cluster = 2 : i64, maps = [
          {argument = 0 : i64, offset = 0 : i64, element = f32, sizes = array<i64: 32, 8>,
           strides = array<i64: 128>, box = array<i64: 32, 2>, swizzle = "none"}]}]}} {
  %y = arith.addf %x, %x : tensor<8x32xf32>
  hadal.yield %y : tensor<8x32xf32>
}

gpu.module @kernels {
  llvm.func @pair.main(%x: !llvm.ptr, %y: !llvm.ptr, %iteration: i64,
      %map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant})
      attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 32>, nvvm.cluster_dim = array<i32: 2>} {
    %c0 = arith.constant 0 : i32
    %c1 = arith.constant 1 : i32
    %c2 = arith.constant 2 : i32
    %c32 = arith.constant 32 : i32
    %bytes = arith.constant 256 : i32
    %both = arith.constant 3 : i16
    %true = arith.constant true
    %thread = ptx.thread_id
    %block = ptx.block_id
    %rank = ptx.cluster_rank
    %rows = ptx.shared_memory 0
    %full = ptx.shared_memory 256
    %ready = ptx.shared_memory 264
    %is_first = arith.cmpi eq, %thread, %c0 : i32
    %is_even = arith.cmpi eq, %rank, %c0 : i32
    scf.if %is_first {
      ptx.mbarrier_init %full, 1
      ptx.mbarrier_init %ready, 2
      ptx.fence_mbarrier_init
    }
    ptx.cluster_arrive
    ptx.cluster_wait
    scf.if %is_first {
      ptx.mbarrier_arrive_expect %full, %bytes
      %ready_of_even = ptx.map_shared %ready, %c0
      ptx.mbarrier_arrive_remote %ready_of_even
      scf.if %is_even {
        scf.while : () -> () {
          %done = ptx.mbarrier_try_wait %ready, %c0
          %again = arith.xori %done, %true : i1
          scf.condition(%again)
        } do {
          scf.yield
        }
        ptx.tma_load %rows, %map[%c0, %block] on %full multicast %both
      }
    }
    scf.while : () -> () {
      %done = ptx.mbarrier_try_wait %full, %c0
      %again = arith.xori %done, %true : i1
      scf.condition(%again)
    } do {
      scf.yield
    }
    %row_in_pair = arith.muli %rank, %c32 : i32
    %at = arith.addi %row_in_pair, %thread : i32
    %from = llvm.getelementptr %rows[%at] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %number = llvm.load %from : !llvm.ptr<3> -> f32
    %twice = arith.addf %number, %number : f32
    %row = arith.muli %block, %c32 : i32
    %place = arith.addi %row, %thread : i32
    %to = llvm.getelementptr %y[%place] : (!llvm.ptr, i32) -> !llvm.ptr, f32
    llvm.store %twice, %to : f32, !llvm.ptr
    ptx.cluster_arrive
    ptx.cluster_wait
    llvm.return
  }
}
