// The PTX of the head on tensor cores, at the size of a large model: products of whole tiles shared by pairs of blocks, whose
// epilogue takes exponentials in registers and stores them as pairs of bf16; the weight's gradient reads its operands with
// the depth across. ptxas neither spills nor serializes a product.
// RUN: hadal-opt %s --hadal-select-strategies=target=sm_90a --hadal-lower-kernels=target=sm_90a --hadal-gpu-to-nvvm -o %t.mlir
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s --check-prefix=ROUNDING
// RUN: hadal-opt %t.mlir --hadal-assemble-kernels=print-usage -o /dev/null 2>&1 | FileCheck %s --check-prefix=USAGE

// ptxas fuses what does not name its rounding.
// ROUNDING-NOT: {{(add|sub|mul)[.](ftz[.])?f(32|64)}}
// USAGE-NOT: C75
// USAGE-COUNT-5: registers, 0 bytes spilled
// USAGE-NOT: C75

// CHECK-LABEL: .entry head$logits
// CHECK: .reqntid 384
// CHECK: .reqnctapercluster 2
// CHECK: setmaxnreg.dec.sync.aligned.u32 56
// CHECK: cp.async.bulk.tensor.2d.shared::cluster.global{{.*}}multicast::cluster
// CHECK: setmaxnreg.inc.sync.aligned.u32 224
// CHECK-COUNT-4: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16
// CHECK: wgmma.wait_group.sync.aligned 0
// CHECK: max.NaN.f32
// CHECK: shfl.sync.bfly.b32
// CHECK: ex2.approx{{(.ftz)?}}.f32
// CHECK: cvt.rn.bf16x2.f32
// CHECK: stmatrix.sync.aligned.m8n8.x4.shared.b16
// CHECK-LABEL: .entry head$softmax
// CHECK: ld.global.v4
// CHECK: st.global.v4
// CHECK-LABEL: .entry head$hidden_gradient
// CHECK: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16
// CHECK-LABEL: .entry head$weight_gradient
// CHECK: wgmma.mma_async.sync.aligned.m64n256k16.f32.bf16.bf16
// CHECK-LABEL: .entry head$loss
hadal.kernel head @head(%hidden: tensor<4x4096x2048xbf16>, %targets: tensor<4x4096xi32>, %w: tensor<102400x2048xbf16>, %g: tensor<f32>, %sum: tensor<102400x2048xf32>) -> (tensor<f32>, tensor<4x4096x2048xbf16>, tensor<102400x2048xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<4x4096x2048xbf16>, tensor<4x4096xi32>, tensor<102400x2048xbf16>, tensor<f32>) -> (tensor<f32>, tensor<4x4096x2048xbf16>, tensor<102400x2048xf32>)
  %1 = arith.addf %sum, %0#2 : tensor<102400x2048xf32>
  hadal.yield %0#0, %0#1, %1 : tensor<f32>, tensor<4x4096x2048xbf16>, tensor<102400x2048xf32>
}
