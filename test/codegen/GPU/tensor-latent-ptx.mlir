// The PTX of attention on latents at V3's sizes, with all heads and with those of one of eight GPUs, on tensor cores and, in f32,
// by threads: a page comes by TMA with its number from the table, 64 keys in panels of 64 channels; both products read them from
// shared memory. ptxas neither spills nor serializes a product (it would say C75xx).
// RUN: hadal-opt %s --hadal-select-strategies=target=sm_90a --hadal-lower-kernels=target=sm_90a --hadal-gpu-to-nvvm -o %t.mlir
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s --check-prefix=ROUNDING
// RUN: hadal-opt %t.mlir --hadal-assemble-kernels=print-usage -o /dev/null 2>&1 | FileCheck %s --check-prefix=USAGE

// ptxas fuses what does not name its rounding.
// ROUNDING-NOT: {{(add|sub|mul)[.](ftz[.])?f(32|64)}}
// USAGE-NOT: C75
// USAGE-COUNT-6: registers, 0 bytes spilled
// USAGE-NOT: C75

// CHECK-LABEL: .entry all_heads$parts
// CHECK: .reqntid 384
// CHECK: setmaxnreg.dec.sync.aligned.u32 40
// CHECK: cp.async.bulk.tensor.3d.shared::cluster.global
// CHECK: setmaxnreg.inc.sync.aligned.u32 232
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16
// CHECK: ex2.approx.ftz.f32
// CHECK: stmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16
// CHECK-LABEL: .entry all_heads$join
// CHECK: ld.global.v4
hadal.kernel attention @all_heads(%a: tensor<128x1x65536xbf16>, %q: tensor<128x1x24576xbf16>, %c: tensor<8192x64x512xbf16>, %k: tensor<8192x64x64xbf16>, %t: tensor<128x64xi32>, %p: tensor<128x1xi32>, %n: tensor<128xi32>) -> tensor<128x1x65536xbf16> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 128, scale = 0.1352337788608801 : f64} : (tensor<128x1x65536xbf16>, tensor<128x1x24576xbf16>, tensor<8192x64x512xbf16>, tensor<8192x64x64xbf16>, tensor<128x64xi32>, tensor<128x1xi32>, tensor<128xi32>) -> tensor<128x1x65536xbf16>
  hadal.yield %0 : tensor<128x1x65536xbf16>
}

// CHECK-LABEL: .entry few_heads$parts
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n32k16.f32.bf16.bf16
hadal.kernel attention @few_heads(%a: tensor<128x1x8192xbf16>, %q: tensor<128x1x3072xbf16>, %c: tensor<8192x64x512xbf16>, %k: tensor<8192x64x64xbf16>, %t: tensor<128x64xi32>, %p: tensor<128x1xi32>, %n: tensor<128xi32>) -> tensor<128x1x8192xbf16> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 16, scale = 0.1352337788608801 : f64} : (tensor<128x1x8192xbf16>, tensor<128x1x3072xbf16>, tensor<8192x64x512xbf16>, tensor<8192x64x64xbf16>, tensor<128x64xi32>, tensor<128x1xi32>, tensor<128xi32>) -> tensor<128x1x8192xbf16>
  hadal.yield %0 : tensor<128x1x8192xbf16>
}

// CHECK-LABEL: .entry by_threads$parts
// CHECK: fma.rn
hadal.kernel attention @by_threads(%a: tensor<8x1x8192xf32>, %q: tensor<8x1x3072xf32>, %c: tensor<512x64x512xf32>, %k: tensor<512x64x64xf32>, %t: tensor<8x64xi32>, %p: tensor<8x1xi32>, %n: tensor<8xi32>) -> tensor<8x1x8192xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 16, scale = 0.1352337788608801 : f64} : (tensor<8x1x8192xf32>, tensor<8x1x3072xf32>, tensor<512x64x512xf32>, tensor<512x64x64xf32>, tensor<8x64xi32>, tensor<8x1xi32>, tensor<8xi32>) -> tensor<8x1x8192xf32>
  hadal.yield %0 : tensor<8x1x8192xf32>
}

