// RUN: hadal-opt %s --hadal-ptx-to-emulator | FileCheck %s
// RUN: hadal-opt %s --hadal-emulator-to-llvm | FileCheck %s --check-prefix=LLVM

// Kernels of a gpu.module become host functions whose instructions are calls and whose accesses are checked.

// CHECK: llvm.func @hadal_emulator_barrier(i32, i32, !llvm.ptr)
// CHECK: llvm.mlir.global private constant @emulator.location.k.main.{{[0-9]+}}("{{.*}}ptx-to-emulator.mlir:{{[0-9]+:[0-9]+}} in k.main, llvm.load #1\00")
// CHECK: llvm.func @k.main(%[[ARGUMENTS:.*]]: !llvm.ptr, %[[ITERATION:.*]]: i64, %[[MAPS:.*]]: !llvm.ptr) {
// CHECK-NOT: ptx.
// CHECK-NOT: !llvm.ptr<
// LLVM: llvm.func @k.main(
// LLVM-NOT: arith.
gpu.module @kernels {
  llvm.func @k.main(%x: !llvm.ptr, %y: !llvm.ptr, %iteration: i64,
                    %map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant})
      attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
    %zero = arith.constant 0 : i32
    %true = arith.constant true
    // CHECK: %[[THREAD:.*]] = llvm.call @hadal_emulator_thread_id() : () -> i32
    %thread = ptx.thread_id
    // CHECK: %[[BASE:.*]] = llvm.call @hadal_emulator_shared_memory() : () -> !llvm.ptr
    // CHECK: %[[SHARED:.*]] = llvm.getelementptr %[[BASE]][1024]
    %shared = ptx.shared_memory 1024
    %slot = llvm.getelementptr %shared[%thread] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, f32
    // CHECK: %[[SIZE:.*]] = arith.constant 16 : i32
    // CHECK: %[[ALIGNMENT:.*]] = arith.constant 4 : i32
    // CHECK: %[[SPACE:.*]] = arith.constant 0 : i32
    // CHECK: llvm.call @hadal_emulator_load(%{{.*}}, %[[SIZE]], %[[ALIGNMENT]], %[[SPACE]], %{{.*}})
    // CHECK-NEXT: llvm.load %{{.*}} {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
    %v = llvm.load %x {alignment = 4 : i64} : !llvm.ptr -> vector<4xf32>
    %e = vector.extract %v[0] : f32 from vector<4xf32>
    // CHECK: %[[SPACE:.*]] = arith.constant 3 : i32
    // CHECK: llvm.call @hadal_emulator_store(%{{.*}}, %{{.*}}, %{{.*}}, %[[SPACE]], %{{.*}})
    // CHECK: llvm.store
    llvm.store %e, %slot : f32, !llvm.ptr<3>
    // CHECK: llvm.call @hadal_emulator_barrier(%{{.*}}, %{{.*}}, %{{.*}}) : (i32, i32, !llvm.ptr) -> ()
    ptx.barrier %zero, 128
    // CHECK: %[[BITS:.*]] = arith.bitcast %{{.*}} : f32 to i32
    // CHECK: llvm.call @hadal_emulator_shuffle(%{{.*}}, %[[BITS]], %{{.*}}, %{{.*}})
    %f = ptx.shuffle <xor> %e, %zero : f32
    // CHECK: llvm.call @hadal_emulator_ballot
    %g = ptx.ballot %true
    // CHECK: llvm.call @hadal_emulator_tma_load(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
    ptx.tma_load %shared, %map[%zero, %zero] on %shared
    // CHECK: %[[BYTE:.*]] = llvm.call @hadal_emulator_mbarrier_try_wait(%{{.*}}, %{{.*}}, %{{.*}}) : (!llvm.ptr, i32, !llvm.ptr) -> i8
    // CHECK: arith.trunci %[[BYTE]] : i8 to i1
    %done = ptx.mbarrier_try_wait %shared, %zero
    // CHECK: arith.constant 4611686293305360384 : i64
    %a = ptx.matrix_descriptor %shared {leading = 16 : i64, stride = 1024 : i64, swizzle = #ptx.swizzle<b128>}
    %acc = arith.constant dense<0.0> : vector<4xf32>
    ptx.wgmma_fence
    // CHECK: llvm.store %{{.*}}, %[[VARIABLE:.*]] : vector<4xf32>
    // CHECK: llvm.call @hadal_emulator_wgmma(%[[VARIABLE]],
    // CHECK: llvm.load %[[VARIABLE]]
    %d = ptx.wgmma %a, %a, %acc, %true : i64, vector<4xf32>
    ptx.wgmma_commit
    // CHECK: llvm.call @hadal_emulator_wgmma_wait
    // CHECK: llvm.call @hadal_emulator_wgmma_result
    %r = ptx.wgmma_wait 0, %d : vector<4xf32>
    %mask = arith.constant dense<[true, true, false, false]> : vector<4xi1>
    // CHECK: llvm.call @hadal_emulator_masked_store
    // CHECK: llvm.intr.masked.store
    llvm.intr.masked.store %r, %y, %mask {alignment = 4 : i32} : vector<4xf32>, vector<4xi1> into !llvm.ptr
    llvm.return
  }
}
