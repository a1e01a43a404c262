// RUN: not hadal-check-kernels --target=sm_90a %s 2>&1 | FileCheck %s

// Warps whose lanes part, and shared memory that is read without a barrier.

// CHECK: error: kernel 'divergent.main', block 0, thread 31, {{.*}} ptx.ballot #1: the lanes of warp 0 are not together: lanes 0x7fffffff are at {{.*}}, ptx.shuffle #1
// CHECK: error: kernel 'absent.main' is deadlocked: block 0 threads 0-30 at {{.*}}, ptx.shuffle #1 wait for the other lanes of warp 0 (31 of 32 are there)
// CHECK: error: kernel 'race.main', block 0, thread {{[0-9]+}}, {{.*}}, llvm.load #2: reads shared memory offset {{[0-9]+}}, which thread {{[0-9]+}} wrote, without a barrier in between: a race
// CHECK: @ordered result 0: ok
// CHECK: 1 of 4 kernels pass on sm_90a (emulated)

#warp = {strategy = "by_hand", steps = array<i64: 0, 0>, workspace = 0 : i64,
  scratch = 0 : i64, stages = [{name = "main", tasks = 1 : i64, grain = 1 : i64, threads = 32 : i64,
  shared_memory = 128 : i64, cluster = 1 : i64, maps = []}]}

hadal.kernel rowwise @divergent(%x: tensor<32xf32>) -> tensor<32xf32> attributes {configuration = #warp} {
  hadal.yield %x : tensor<32xf32>
}
hadal.kernel rowwise @absent(%x: tensor<32xf32>) -> tensor<32xf32> attributes {configuration = #warp} {
  hadal.yield %x : tensor<32xf32>
}
hadal.kernel rowwise @race(%x: tensor<32xf32>) -> tensor<32xf32> attributes {configuration = #warp} {
  hadal.yield %x : tensor<32xf32>
}
hadal.kernel rowwise @ordered(%x: tensor<32xf32>) -> tensor<32xf32> attributes {configuration = #warp} {
  hadal.yield %x : tensor<32xf32>
}

gpu.module @kernels {
  llvm.func @divergent.main(%x: !llvm.ptr, %y: !llvm.ptr, %iteration: i64) attributes {gpu.kernel} {
    %c31 = arith.constant 31 : i32
    %true = arith.constant true
    %thread = ptx.thread_id
    %is_last = arith.cmpi eq, %thread, %c31 : i32
    scf.if %is_last {
      %votes = ptx.ballot %true
    } else {
      %other = ptx.shuffle <xor> %thread, %c31 : i32
    }
    llvm.return
  }
  llvm.func @absent.main(%x: !llvm.ptr, %y: !llvm.ptr, %iteration: i64) attributes {gpu.kernel} {
    %c31 = arith.constant 31 : i32
    %thread = ptx.thread_id
    %is_there = arith.cmpi ult, %thread, %c31 : i32
    scf.if %is_there {
      %other = ptx.shuffle <xor> %thread, %c31 : i32
    }
    llvm.return
  }
  // Through shared memory, from a thread's number to that of its mirror image and back: without and with ptx.sync_warp.
  llvm.func @race.main(%x: !llvm.ptr, %y: !llvm.ptr, %iteration: i64) attributes {gpu.kernel} {
    %c31 = arith.constant 31 : i32
    %thread = ptx.thread_id
    %mirror = arith.subi %c31, %thread : i32
    %shared = ptx.shared_memory 0
    %from = llvm.getelementptr %x[%thread] : (!llvm.ptr, i32) -> !llvm.ptr, f32
    %value = llvm.load %from : !llvm.ptr -> f32
    %slot = llvm.getelementptr %shared[%thread] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    llvm.store %value, %slot : f32, !llvm.ptr<3>
    %number = ptx.shuffle <xor> %thread, %c31 : i32
    %other = llvm.getelementptr %shared[%mirror] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %mirrored = llvm.load %other : !llvm.ptr<3> -> f32
    %to = llvm.getelementptr %y[%number] : (!llvm.ptr, i32) -> !llvm.ptr, f32
    llvm.store %mirrored, %to : f32, !llvm.ptr
    llvm.return
  }
  llvm.func @ordered.main(%x: !llvm.ptr, %y: !llvm.ptr, %iteration: i64) attributes {gpu.kernel} {
    %c31 = arith.constant 31 : i32
    %thread = ptx.thread_id
    %mirror = arith.subi %c31, %thread : i32
    %shared = ptx.shared_memory 0
    %from = llvm.getelementptr %x[%thread] : (!llvm.ptr, i32) -> !llvm.ptr, f32
    %value = llvm.load %from : !llvm.ptr -> f32
    %slot = llvm.getelementptr %shared[%thread] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    llvm.store %value, %slot : f32, !llvm.ptr<3>
    ptx.sync_warp
    %number = ptx.shuffle <xor> %thread, %c31 : i32
    %other = llvm.getelementptr %shared[%mirror] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    %mirrored = llvm.load %other : !llvm.ptr<3> -> f32
    %to = llvm.getelementptr %y[%number] : (!llvm.ptr, i32) -> !llvm.ptr, f32
    llvm.store %mirrored, %to : f32, !llvm.ptr
    llvm.return
  }
}
