// Every operation of the ptx dialect and the PTX that it becomes. ptxas assembles all of it for Hopper, without spills and
// without remarks on serialized products.
// RUN: hadal-opt %s --hadal-gpu-to-nvvm --hadal-emit-ptx -o /dev/null | FileCheck %s
// RUN: hadal-opt %s --hadal-gpu-to-nvvm --hadal-assemble-kernels=print-usage -o /dev/null 2>&1 | FileCheck %s --check-prefix=USAGE

// CHECK: .target sm_90a
// CHECK-NOT: .extern .func
// CHECK: .extern .shared .align 1024 .b8 hadal_shared_memory[]
// CHECK-NOT: .extern .func

// USAGE-DAG: @registers$stage: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @threads: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @warp_groups: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @clusters: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @transfers: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @products: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @short_product: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @products_of_8_bits: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @matrices: {{[0-9]+}} registers, 0 bytes spilled
// USAGE-DAG: @conversions: {{[0-9]+}} registers, 0 bytes spilled
gpu.module @kernels {

// Dots in names become $, which PTX has.
// CHECK: .visible .entry registers$stage(
// CHECK: .reqntid 128
llvm.func @"registers.stage"(%out: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
  // CHECK-DAG: %tid.x
  %thread = ptx.thread_id
  // CHECK-DAG: %ctaid.x
  %block = ptx.block_id
  // CHECK-DAG: %nctaid.x
  %blocks = ptx.block_count
  // CHECK-DAG: %cluster_ctarank
  %rank = ptx.cluster_rank
  %a = arith.addi %thread, %block : i32
  %b = arith.addi %blocks, %rank : i32
  %c = arith.muli %a, %b : i32
  llvm.store %c, %out : i32, !llvm.ptr
  llvm.return
}

// CHECK: .visible .entry threads(
llvm.func @threads(%out: !llvm.ptr, %id: i32, %number: f32)
    attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 256>} {
  // CHECK: bar.sync %r{{[0-9]+}}, 128;
  ptx.barrier %id, 128
  // CHECK: bar.arrive %r{{[0-9]+}}, 256;
  ptx.barrier_arrive %id, 256
  // CHECK: bar.warp.sync -1;
  ptx.sync_warp
  %thread = ptx.thread_id
  %one = arith.constant 1 : i32
  // CHECK: shfl.sync.bfly.b32 %r{{[0-9]+}}, %r{{[0-9]+}}, 1, 31, -1;
  %a = ptx.shuffle <xor> %number, %one : f32
  // CHECK: shfl.sync.up.b32 %r{{[0-9]+}}, %r{{[0-9]+}}, 1, 0, -1;
  %b = ptx.shuffle <up> %a, %one : f32
  // CHECK: shfl.sync.down.b32 %r{{[0-9]+}}, %r{{[0-9]+}}, 1, 31, -1;
  %c = ptx.shuffle <down> %b, %one : f32
  // CHECK: shfl.sync.idx.b32 %r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}, 31, -1;
  %d = ptx.shuffle <index> %id, %thread : i32
  %negative = arith.cmpi slt, %d, %one : i32
  // CHECK: vote.sync.ballot.b32 %r{{[0-9]+}}, %p{{[0-9]+}}, -1;
  %e = ptx.ballot %negative
  // CHECK: elect.sync %r{{[0-9]+}}|%p{{[0-9]+}}, -1;
  %leader = ptx.elect
  %scratch = ptx.shared_memory 0
  // CHECK: setp.gt.f32 huge, %r{{[0-9]+}}, 0f7F000000; @huge st.volatile.shared.f32 [%r{{[0-9]+}}], %r{{[0-9]+}};
  ptx.pin %c, %scratch
  scf.if %leader {
    llvm.store %c, %out : f32, !llvm.ptr
    %next = llvm.getelementptr %out[1] : (!llvm.ptr) -> !llvm.ptr, f32
    llvm.store %e, %next : i32, !llvm.ptr
  }
  llvm.return
}

// CHECK: .visible .entry loop(
llvm.func @loop(%out: !llvm.ptr, %count: i64) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 32>} {
  %zero = arith.constant 0 : i64
  %one = arith.constant 1 : i64
  // CHECK: $L__BB{{.*}}:
  // CHECK-NEXT: begin inline asm
  // CHECK-NEXT: .pragma "nounroll";
  scf.for %i = %zero to %count step %one : i64 {
    ptx.nounroll
    %address = llvm.getelementptr %out[%i] : (!llvm.ptr, i64) -> !llvm.ptr, i64
    llvm.store %i, %address : i64, !llvm.ptr
  }
  llvm.return
}

// CHECK: .visible .entry warp_groups(
// CHECK: .minnctapersm 1
llvm.func @warp_groups(%out: !llvm.ptr)
    attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 256>, nvvm.minctasm = 1 : i32} {
  %thread = ptx.thread_id
  %group_size = arith.constant 128 : i32
  %first = arith.cmpi ult, %thread, %group_size : i32
  scf.if %first {
    // CHECK-DAG: setmaxnreg.dec.sync.aligned.u32 40;
    ptx.set_max_registers <decrease> 40
  } else {
    // CHECK-DAG: setmaxnreg.inc.sync.aligned.u32 208;
    ptx.set_max_registers <increase> 208
    llvm.store %thread, %out : i32, !llvm.ptr
  }
  llvm.return
}

// CHECK: .visible .entry clusters(
// CHECK: .explicitcluster
// CHECK: .reqnctapercluster 2
llvm.func @clusters() attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128>, nvvm.cluster_dim = array<i32: 2>} {
  %barrier = ptx.shared_memory 0
  // CHECK: mbarrier.init.shared::cta.b64 [%r{{[0-9]+}}], %r{{[0-9]+}};
  ptx.mbarrier_init %barrier, 2
  // CHECK: fence.mbarrier_init.release.cluster;
  ptx.fence_mbarrier_init
  // CHECK: barrier.cluster.arrive.relaxed.aligned;
  ptx.cluster_arrive
  // CHECK: barrier.cluster.wait.acquire.aligned;
  ptx.cluster_wait
  %rank = ptx.cluster_rank
  %one = arith.constant 1 : i32
  %other = arith.xori %rank, %one : i32
  // CHECK: mapa.shared::cluster.u64 %rd{{[0-9]+}}, %rd{{[0-9]+}}, %r{{[0-9]+}};
  %remote = ptx.map_shared %barrier, %other
  // CHECK: mbarrier.arrive.release.cta.shared::cluster.b64 _, [%r{{[0-9]+}}];
  ptx.mbarrier_arrive_remote %remote
  llvm.return
}

// Tensor maps are parameters of their own.
// CHECK: .visible .entry transfers(
// CHECK: .param .align 64 .b8 transfers_param_0[128]
// CHECK-NOT: .local
llvm.func @transfers(%map: !llvm.ptr {llvm.byval = !llvm.array<128 x i8>, llvm.align = 64 : i64, nvvm.grid_constant},
                     %x: i32, %y: i32, %mask: i16)
    attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 32>} {
  %barrier = ptx.shared_memory 0
  %tile = ptx.shared_memory 1024
  // CHECK: prefetch.tensormap [%rd{{[0-9]+}}];
  ptx.prefetch_map %map
  ptx.mbarrier_init %barrier, 2
  ptx.fence_mbarrier_init
  // CHECK: fence.proxy.async.shared::cta;
  ptx.fence_proxy_async
  %bytes = arith.constant 8192 : i32
  // CHECK: mbarrier.arrive.expect_tx.release.cta.shared::cta.b64 _, [%r{{[0-9]+}}], %r{{[0-9]+}};
  ptx.mbarrier_arrive_expect %barrier, %bytes
  // CHECK: cp.async.bulk.tensor.1d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [%r{{[0-9]+}}], [%rd{{[0-9]+}}, {%r{{[0-9]+}}}], [%r{{[0-9]+}}];
  ptx.tma_load %tile, %map[%x] on %barrier
  // CHECK: cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster [%r{{[0-9]+}}], [%rd{{[0-9]+}}, {%r{{[0-9]+}}, %r{{[0-9]+}}}], [%r{{[0-9]+}}], %rs{{[0-9]+}};
  ptx.tma_load %tile, %map[%x, %y] on %barrier multicast %mask
  // CHECK: cp.async.bulk.tensor.5d.shared::cluster.global.tile.mbarrier::complete_tx::bytes
  ptx.tma_load %tile, %map[%x, %y, %x, %y, %x] on %barrier
  // CHECK: mbarrier.arrive.release.cta.shared::cta.b64 _, [%r{{[0-9]+}}];
  ptx.mbarrier_arrive %barrier
  %zero = arith.constant 0 : i32
  // CHECK: mbarrier.try_wait.parity.acquire.cta.shared::cta.b64 %p{{[0-9]+}}, [%r{{[0-9]+}}], %r{{[0-9]+}};
  // CHECK: bra
  scf.while : () -> () {
    %complete = ptx.mbarrier_try_wait %barrier, %zero
    %true = arith.constant true
    %again = arith.xori %complete, %true : i1
    scf.condition(%again)
  } do {
    scf.yield
  }
  // CHECK: cp.async.bulk.tensor.3d.global.shared::cta.tile.bulk_group [%rd{{[0-9]+}}, {%r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}}], [%r{{[0-9]+}}];
  ptx.tma_store %map[%x, %y, %x], %tile
  // CHECK: cp.async.bulk.commit_group;
  ptx.tma_commit
  // CHECK: cp.async.bulk.wait_group.read 1;
  ptx.tma_wait 1 read
  // CHECK: cp.async.bulk.wait_group 0;
  ptx.tma_wait 0
  llvm.return
}

// A product of 64 × 128 over a loop: the accumulators stay in their registers.
// CHECK: .visible .entry products(
// CHECK-NOT: .local
llvm.func @products(%out: !llvm.ptr, %count: i64) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
  %a_tile = ptx.shared_memory 0
  %b_tile = ptx.shared_memory 65536
  // Leading offset 16 bytes, stride 1024 bytes, swizzle of 128 bytes: 1 << 62 | 64 << 32 | 1 << 16.
  // CHECK-DAG: or.b64 %rd{{[0-9]+}}, %rd{{[0-9]+}}, 4611686293305360384;
  %b = ptx.matrix_descriptor %b_tile {leading = 16, stride = 1024, swizzle = #ptx.swizzle<b128>}
  %zero = arith.constant dense<0.0> : vector<64xf32>
  %c0 = arith.constant 0 : i64
  %c1 = arith.constant 1 : i64
  %result = scf.for %i = %c0 to %count step %c1 iter_args(%accumulator = %zero) -> (vector<64xf32>) : i64 {
    %offset = arith.muli %i, %c1 : i64
    %slot = llvm.getelementptr %a_tile[%offset] : (!llvm.ptr<3>, i64) -> !llvm.ptr<3>, !llvm.array<8192 x i8>
    %a = ptx.matrix_descriptor %slot {leading = 16, stride = 1024, swizzle = #ptx.swizzle<b128>}
    %accumulate = arith.cmpi ne, %i, %c0 : i64
    %true = arith.constant true
    // CHECK: wgmma.fence.sync.aligned;
    ptx.wgmma_fence
    // The first product starts from zero.
    // CHECK: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {%r[[#FIRST:]], {{.*}}}, %rd{{[0-9]+}}, %rd{{[0-9]+}}, %p{{[0-9]+}}, 1, 1, 0, 0;
    %first = ptx.wgmma %a, %b, %accumulator, %accumulate : i64, vector<64xf32>
    // CHECK: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {%r[[#FIRST]], {{.*}}}, %rd{{[0-9]+}}, %rd{{[0-9]+}}, 1, 1, 1, 1, 1;
    %second = ptx.wgmma %a, %b, %first, %true {major_a = #ptx.major<mn>, major_b = #ptx.major<mn>} : i64, vector<64xf32>
    // CHECK: wgmma.commit_group.sync.aligned;
    ptx.wgmma_commit
    // CHECK: wgmma.wait_group.sync.aligned 0;
    %done = ptx.wgmma_wait 0, %second : vector<64xf32>
    scf.yield %done : vector<64xf32>
  }
  %thread = ptx.thread_id
  %row = llvm.getelementptr %out[%thread] : (!llvm.ptr, i32) -> !llvm.ptr, !llvm.array<64 x f32>
  llvm.store %result, %row {alignment = 16 : i64} : vector<64xf32>, !llvm.ptr
  llvm.return
}

// What a product reads from registers is written before the fence: nothing stands between the two.
// CHECK: .visible .entry short_product(
llvm.func @short_product(%out: !llvm.ptr, %in: !llvm.ptr, %scale: i1)
    attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
  %tile = ptx.shared_memory 0
  %b = ptx.matrix_descriptor %tile {leading = 16, stride = 1024, swizzle = #ptx.swizzle<b128>}
  %zero = arith.constant dense<0.0> : vector<8xf32>
  %pair = llvm.load %in {alignment = 16 : i64} : !llvm.ptr -> vector<2xf32>
  %low = vector.extract %pair[0] : f32 from vector<2xf32>
  %high = vector.extract %pair[1] : f32 from vector<2xf32>
  %packed = ptx.pack_bf16 %low, %high
  %a = vector.broadcast %packed : i32 to vector<4xi32>
  // CHECK: cvt.rn.bf16x2.f32
  // CHECK: wgmma.fence.sync.aligned;
  // CHECK-NEXT: end inline asm
  // CHECK-NEXT: begin inline asm
  // CHECK-NEXT: wgmma.mma_async
  ptx.wgmma_fence
  %sum = ptx.wgmma %a, %b, %zero, %scale : vector<4xi32>, vector<8xf32>
  ptx.wgmma_commit
  %done = ptx.wgmma_wait 0, %sum : vector<8xf32>
  llvm.store %done, %out {alignment = 16 : i64} : vector<8xf32>, !llvm.ptr
  llvm.return
}

// A from registers, operands of 8 bits.
// CHECK: .visible .entry products_of_8_bits(
llvm.func @products_of_8_bits(%out: !llvm.ptr, %in: !llvm.ptr)
    attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 128>} {
  %tile = ptx.shared_memory 0
  %b = ptx.matrix_descriptor %tile {leading = 16, stride = 512, swizzle = #ptx.swizzle<b64>}
  %zero = arith.constant dense<0.0> : vector<8xf32>
  %false = arith.constant false
  %true = arith.constant true
  %a = llvm.load %in {alignment = 16 : i64} : !llvm.ptr -> vector<4xi32>
  ptx.wgmma_fence
  // CHECK: wgmma.mma_async.sync.aligned.m64n16k32.f32.e4m3.e5m2 {{{.*}}}, {%r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}}, %rd{{[0-9]+}}, 0, 1, 1;
  %first = ptx.wgmma %a, %b, %zero, %false {type_a = #ptx.operand<e4m3>, type_b = #ptx.operand<e5m2>} : vector<4xi32>, vector<8xf32>
  // CHECK: wgmma.mma_async.sync.aligned.m64n16k16.f32.f16.f16 {{{.*}}}, {%r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}}, %rd{{[0-9]+}}, 1, 1, 1, 1;
  %second = ptx.wgmma %a, %b, %first, %true {type_a = #ptx.operand<f16>, type_b = #ptx.operand<f16>, major_b = #ptx.major<mn>} : vector<4xi32>, vector<8xf32>
  ptx.wgmma_commit
  %done = ptx.wgmma_wait 0, %second : vector<8xf32>
  %thread = ptx.thread_id
  %row = llvm.getelementptr %out[%thread] : (!llvm.ptr, i32) -> !llvm.ptr, !llvm.array<8 x f32>
  llvm.store %done, %row {alignment = 16 : i64} : vector<8xf32>, !llvm.ptr
  llvm.return
}

// CHECK: .visible .entry matrices(
llvm.func @matrices() attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 32>} {
  %thread = ptx.thread_id
  %tile = ptx.shared_memory 0
  %row = llvm.getelementptr %tile[%thread] : (!llvm.ptr<3>, i32) -> !llvm.ptr<3>, !llvm.array<16 x i8>
  // CHECK: ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}}, [%r{{[0-9]+}}];
  %four = ptx.load_matrix %row : vector<4xi32>
  // CHECK: ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%r{{[0-9]+}}, %r{{[0-9]+}}}, [%r{{[0-9]+}}];
  %two = ptx.load_matrix %row transpose : vector<2xi32>
  // CHECK: ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%r{{[0-9]+}}}, [%r{{[0-9]+}}];
  %one = ptx.load_matrix %row : vector<1xi32>
  // CHECK: stmatrix.sync.aligned.m8n8.x4.trans.shared.b16 [%r{{[0-9]+}}], {%r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}};
  ptx.store_matrix %row, %four transpose : vector<4xi32>
  // CHECK: stmatrix.sync.aligned.m8n8.x2.shared.b16 [%r{{[0-9]+}}], {%r{{[0-9]+}}, %r{{[0-9]+}}};
  ptx.store_matrix %row, %two : vector<2xi32>
  // CHECK: stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r{{[0-9]+}}], {%r{{[0-9]+}}};
  ptx.store_matrix %row, %one : vector<1xi32>
  llvm.return
}

// CHECK: .visible .entry conversions(
llvm.func @conversions(%in: !llvm.ptr, %out: !llvm.ptr) attributes {gpu.kernel, nvvm.kernel, nvvm.reqntid = array<i32: 1>} {
  // CHECK: ld.global.v2.b32 {%r[[#LOW:]], %r[[#HIGH:]]}
  %pair = llvm.load %in {alignment = 8 : i64} : !llvm.ptr -> vector<2xf32>
  %low = vector.extract %pair[0] : f32 from vector<2xf32>
  %high = vector.extract %pair[1] : f32 from vector<2xf32>
  // CHECK-DAG: cvt.rn.bf16x2.f32 %r{{[0-9]+}}, %r[[#HIGH]], %r[[#LOW]];
  %bf16 = ptx.pack_bf16 %low, %high
  // CHECK-DAG: cvt.rn.satfinite.e4m3x2.f32 %rs{{[0-9]+}}, %r[[#HIGH]], %r[[#LOW]];
  %e4m3 = ptx.pack_e4m3 %low, %high
  // CHECK-DAG: ex2.approx.ftz.f32
  %a = ptx.exp2 %low
  // CHECK-DAG: lg2.approx.ftz.f32
  %b = ptx.log2 %low
  // CHECK-DAG: rcp.approx.ftz.f32
  %c = ptx.reciprocal %low
  // CHECK-DAG: rsqrt.approx.ftz.f32
  %d = ptx.rsqrt %low
  %four = vector.from_elements %a, %b, %c, %d : vector<4xf32>
  // CHECK-DAG: st.global.v4.b32
  llvm.store %four, %out {alignment = 16 : i64} : vector<4xf32>, !llvm.ptr
  %next = llvm.getelementptr %out[4] : (!llvm.ptr) -> !llvm.ptr, f32
  llvm.store %bf16, %next : i32, !llvm.ptr
  %last = llvm.getelementptr %out[5] : (!llvm.ptr) -> !llvm.ptr, f32
  llvm.store %e4m3, %last : i16, !llvm.ptr
  llvm.return
}

}
