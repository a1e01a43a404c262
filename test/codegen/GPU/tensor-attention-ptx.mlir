// The PTX of the attention kernels at V3's head sizes: P and dS are A operands in registers, whole tiles come by TMA, the
// registers of a multiprocessor are shared out by role. ptxas neither spills nor serializes a product (it would say C75xx).
// RUN: hadal-opt %s --hadal-select-strategies=target=sm_90a --hadal-lower-kernels=target=sm_90a --hadal-gpu-to-nvvm -o %t.mlir
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s --check-prefix=ROUNDING
// RUN: hadal-opt %t.mlir --hadal-assemble-kernels=print-usage -o /dev/null 2>&1 | FileCheck %s --check-prefix=USAGE

// ptxas fuses what does not name its rounding.
// ROUNDING-NOT: {{(add|sub|mul)[.](ftz[.])?f(32|64)}}
// USAGE-NOT: C75
// USAGE-COUNT-6: registers, 0 bytes spilled
// USAGE-NOT: C75

// CHECK-LABEL: .entry v3$forward
// CHECK: .reqntid 384
// CHECK: setmaxnreg.dec.sync.aligned.u32 24
// CHECK: cp.async.bulk.tensor.3d.shared::cluster.global
// CHECK: setmaxnreg.inc.sync.aligned.u32 240
// CHECK: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK: ex2.approx.ftz.f32
// The second product's A is four registers.
// CHECK: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {{.*}}, {%r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}, %r{{[0-9]+}}}, %rd
// A step's exponentials stand between the waits for its scores and for the values' product, and are used there.
// CHECK: wgmma.wait_group.sync.aligned 1;
// CHECK-COUNT-64: ex2.approx.ftz.f32
// CHECK: @huge st.volatile.shared.f32
// CHECK: wgmma.wait_group.sync.aligned 0;
hadal.kernel attention @v3(%q: tensor<1x4096x3072xbf16>, %kv: tensor<1x4096x4096xbf16>, %rotary: tensor<1x4096x64xbf16>) -> (tensor<1x4096x2048xbf16>, tensor<1x16x4096xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 16, nope = 128, value = 128, scale = 0.072 : f64} : (tensor<1x4096x3072xbf16>, tensor<1x4096x4096xbf16>, tensor<1x4096x64xbf16>) -> (tensor<1x4096x2048xbf16>, tensor<1x16x4096xf32>)
  hadal.yield %0, %1 : tensor<1x4096x2048xbf16>, tensor<1x16x4096xf32>
}

// CHECK-LABEL: .entry v3_gradient$prepare
// CHECK: shfl.sync.bfly.b32
// CHECK-LABEL: .entry v3_gradient$keys
// CHECK: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16
// CHECK: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
// CHECK: wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16
// CHECK-LABEL: .entry v3_gradient$queries
// CHECK-COUNT-32: ex2.approx.ftz.f32
// CHECK: @huge st.volatile.shared.f32
// CHECK: wgmma.wait_group.sync.aligned 0;
// CHECK: wgmma.mma_async.sync.aligned.m64n192k16.f32.bf16.bf16
// CHECK: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16
// CHECK: wgmma.wait_group.sync.aligned 1;
// CHECK-LABEL: .entry v3_gradient$rotary
hadal.kernel attention @v3_gradient(%q: tensor<1x4096x3072xbf16>, %kv: tensor<1x4096x4096xbf16>, %rotary: tensor<1x4096x64xbf16>, %o: tensor<1x4096x2048xbf16>, %l: tensor<1x16x4096xf32>, %g: tensor<1x4096x2048xbf16>) -> (tensor<1x4096x3072xbf16>, tensor<1x4096x4096xbf16>, tensor<1x4096x64xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 16, nope = 128, value = 128, scale = 0.072 : f64} : (tensor<1x4096x3072xbf16>, tensor<1x4096x4096xbf16>, tensor<1x4096x64xbf16>, tensor<1x4096x2048xbf16>, tensor<1x16x4096xf32>, tensor<1x4096x2048xbf16>) -> (tensor<1x4096x3072xbf16>, tensor<1x4096x4096xbf16>, tensor<1x4096x64xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x4096x3072xbf16>, tensor<1x4096x4096xbf16>, tensor<1x4096x64xbf16>
}

// A chunk of a prompt over what the cache holds of it.
// CHECK-LABEL: .entry v3_chunk$forward
// CHECK: setmaxnreg.inc.sync.aligned.u32 240
// CHECK: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16
hadal.kernel attention @v3_chunk(%q: tensor<1x256x3072xbf16>, %kv: tensor<1x4096x4096xbf16>, %k: tensor<1x4096x64xbf16>, %p: tensor<1x256xi32>, %n: tensor<1xi32>) -> (tensor<1x256x2048xbf16>, tensor<1x16x256xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 16, nope = 128, value = 128, scale = 0.072 : f64} : (tensor<1x256x3072xbf16>, tensor<1x4096x4096xbf16>, tensor<1x4096x64xbf16>, tensor<1x256xi32>, tensor<1xi32>) -> (tensor<1x256x2048xbf16>, tensor<1x16x256xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x256x2048xbf16>, tensor<1x16x256xf32>
}
