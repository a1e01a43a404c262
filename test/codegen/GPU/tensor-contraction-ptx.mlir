// The PTX of matrix products on tensor cores: roles with their registers, tiles by TMA (for both blocks of a cluster at once
// where they share B), wgmma on whole tiles, rows of another expert cleared. ptxas neither spills nor serializes a product.
// RUN: hadal-opt %s --hadal-select-strategies=target=sm_90a --hadal-lower-kernels=target=sm_90a --hadal-gpu-to-nvvm -o %t.mlir
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s
// RUN: hadal-opt %t.mlir --hadal-assemble-kernels=print-usage -o /dev/null 2>&1 | FileCheck %s --check-prefix=USAGE

// USAGE-NOT: C75
// USAGE-COUNT-3: registers, 0 bytes spilled
// USAGE-NOT: C75

// CHECK-LABEL: .entry square$product
// CHECK: .reqntid 384
// CHECK: .reqnctapercluster 2
// CHECK: mbarrier.init.shared::cta.b64
// CHECK: barrier.cluster.arrive
// CHECK: setmaxnreg.dec.sync.aligned.u32 56
// CHECK: mbarrier.arrive.expect_tx
// CHECK: cp.async.bulk.tensor.2d.shared::cluster.global{{.*}}multicast::cluster
// CHECK: setmaxnreg.inc.sync.aligned.u32 224
// CHECK: wgmma.fence.sync.aligned
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16
// CHECK: wgmma.commit_group.sync.aligned
// CHECK: wgmma.wait_group.sync.aligned 1
// A panel of bf16 goes through shared memory and out in chunks of 16 bytes.
// CHECK: wgmma.wait_group.sync.aligned 0
// CHECK-COUNT-4: stmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK: bar.warp.sync
// CHECK: ld.shared.v4.b32
// CHECK: st.global.v4.b32
hadal.kernel contraction @square(%x: tensor<8192x8192xbf16>, %w: tensor<8192x8192xbf16>) -> tensor<8192x8192xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<8192x8192xbf16>) : tensor<8192x8192xbf16> -> tensor<8192x8192xbf16>
  hadal.yield %0 : tensor<8192x8192xbf16>
}

// The expert is a coordinate of B.
// CHECK-LABEL: .entry experts$product
// CHECK: cp.async.bulk.tensor.3d.shared::cluster.global
// CHECK: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16
hadal.kernel contraction @experts(%x: tensor<65536x1024xbf16>, %w: tensor<32x512x1024xbf16>, %o: tensor<33xi32>) -> tensor<65536x512xbf16> {
  %0 = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<65536x1024xbf16>, tensor<32x512x1024xbf16>, tensor<33xi32>) -> tensor<65536x512xbf16>
  hadal.yield %0 : tensor<65536x512xbf16>
}

// Rows of the next expert are cleared, which TMA's and wgmma's view of shared memory has to learn.
// CHECK-LABEL: .entry gradients$product
// CHECK: fence.proxy.async
// CHECK: wgmma.mma_async
hadal.kernel contraction @gradients(%d: tensor<65536x512xbf16>, %x: tensor<65536x1024xbf16>, %o: tensor<33xi32>) -> tensor<32x512x1024xf32> {
  %0 = hadal.grouped_outer_product %d, %x, %o : (tensor<65536x512xbf16>, tensor<65536x1024xbf16>, tensor<33xi32>) -> tensor<32x512x1024xf32>
  hadal.yield %0 : tensor<32x512x1024xf32>
}
