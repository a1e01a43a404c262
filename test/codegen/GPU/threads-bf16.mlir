// Kernels of threads whose operands and results lie in memory as bf16: numbers in the emulator, and the PTX of accesses and
// conversions.
// RUN: hadal-check-kernels %s --target=sm_90a
// RUN: hadal-opt %s --hadal-select-strategies=target=sm_90a --hadal-lower-kernels=target=sm_90a --hadal-gpu-to-nvvm -o %t.mlir
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s
// RUN: hadal-opt %t.mlir --hadal-assemble-kernels=print-usage -o /dev/null 2>&1 | FileCheck %s --check-prefix=USAGE

// USAGE-COUNT-11: registers, 0 bytes spilled
// USAGE-NOT: spilled

// Rounding: a thread reads 16 bytes and writes 8.
// CHECK-LABEL: .entry round$elements
// CHECK: ld.global.v4.b32
// CHECK: cvt.rn.bf16x2.f32
// CHECK: st.global.v2.b32
hadal.kernel rowwise @round(%x: tensor<64x192xf32>) -> tensor<64x192xbf16> {
  %0 = arith.truncf %x : tensor<64x192xf32> to tensor<64x192xbf16>
  hadal.yield %0 : tensor<64x192xbf16>
}

// All of it bf16: 8 numbers, 16 bytes at a time.
// CHECK-LABEL: .entry swiglu$elements
// CHECK-COUNT-2: ld.global.v4.b32
// CHECK: cvt.rn.bf16x2.f32
// CHECK: st.global.v4.b32
hadal.kernel rowwise @swiglu(%g: tensor<30x192xbf16>, %u: tensor<30x192xbf16>) -> tensor<30x192xbf16> {
  %0 = arith.extf %g : tensor<30x192xbf16> to tensor<30x192xf32>
  %1 = arith.extf %u : tensor<30x192xbf16> to tensor<30x192xf32>
  %2 = hadal.swiglu %0, %1 : tensor<30x192xf32>
  %3 = arith.truncf %2 : tensor<30x192xf32> to tensor<30x192xbf16>
  hadal.yield %3 : tensor<30x192xbf16>
}
hadal.kernel rowwise @swiglu_7(%g: tensor<3x7xbf16>, %u: tensor<3x7xbf16>) -> tensor<3x7xbf16> {
  %0 = arith.extf %g : tensor<3x7xbf16> to tensor<3x7xf32>
  %1 = arith.extf %u : tensor<3x7xbf16> to tensor<3x7xf32>
  %2 = hadal.swiglu %0, %1 : tensor<3x7xf32>
  %3 = arith.truncf %2 : tensor<3x7xf32> to tensor<3x7xbf16>
  hadal.yield %3 : tensor<3x7xbf16>
}

// CHECK-LABEL: .entry norm$rows
hadal.kernel rowwise @norm(%x: tensor<2x9x1000xf32>, %w: tensor<1000xf32>) -> (tensor<2x9x1000xf32>, tensor<2x9x1000xbf16>) {
  %1 = hadal.rms_norm %x weights(%w : tensor<1000xf32>) {eps = 1.0e-6} : tensor<2x9x1000xf32>
  %2 = arith.truncf %1 : tensor<2x9x1000xf32> to tensor<2x9x1000xbf16>
  hadal.yield %1, %2 : tensor<2x9x1000xf32>, tensor<2x9x1000xbf16>
}
hadal.kernel rowwise @latent(%x: tensor<2x9x24xbf16>, %w: tensor<16xf32>) -> (tensor<2x9x16xbf16>, tensor<2x9x8xbf16>) {
  %0 = arith.extf %x : tensor<2x9x24xbf16> to tensor<2x9x24xf32>
  %1:2 = hadal.split %0 : tensor<2x9x24xf32> -> tensor<2x9x16xf32>, tensor<2x9x8xf32>
  %2 = hadal.rms_norm %1#0 weights(%w : tensor<16xf32>) {eps = 1.0e-6} : tensor<2x9x16xf32>
  %3 = hadal.rope %1#1 {heads = 1, rope = #hadal.rope<theta = 10000.0, dim = 8>} : tensor<2x9x8xf32>
  %4 = arith.truncf %2 : tensor<2x9x16xf32> to tensor<2x9x16xbf16>
  %5 = arith.truncf %3 : tensor<2x9x8xf32> to tensor<2x9x8xbf16>
  hadal.yield %4, %5 : tensor<2x9x16xbf16>, tensor<2x9x8xbf16>
}

hadal.kernel reduction @norm_weight(%x: tensor<2x40x192xbf16>, %d: tensor<2x40x192xbf16>, %g: tensor<192xf32>) -> tensor<192xf32> {
  %0 = arith.extf %x : tensor<2x40x192xbf16> to tensor<2x40x192xf32>
  %1 = arith.extf %d : tensor<2x40x192xbf16> to tensor<2x40x192xf32>
  %2 = hadal.rms_norm_weight_gradient %0, %1 {eps = 1.0e-6} : tensor<2x40x192xf32> -> tensor<192xf32>
  %3 = arith.addf %g, %2 : tensor<192xf32>
  hadal.yield %3 : tensor<192xf32>
}

hadal.kernel routing @combine(%x: tensor<90x80xbf16>, %r: tensor<2x15x3xi32>, %p: tensor<90xi32>, %w: tensor<2x15x3xf32>) -> tensor<2x15x80xf32> {
  %0 = arith.extf %x : tensor<90x80xbf16> to tensor<90x80xf32>
  %1 = hadal.combine_rows %0, %r, %p weighted(%w) : (tensor<90x80xf32>, tensor<2x15x3xi32>, tensor<90xi32>, tensor<2x15x3xf32>) -> tensor<2x15x80xf32>
  hadal.yield %1 : tensor<2x15x80xf32>
}
hadal.kernel routing @combine_gradient(%x: tensor<90x80xbf16>, %p: tensor<90xi32>, %w: tensor<2x15x3xf32>, %g: tensor<2x15x80xf32>) -> (tensor<90x80xbf16>, tensor<2x15x3xf32>) {
  %0 = arith.extf %x : tensor<90x80xbf16> to tensor<90x80xf32>
  %1, %2 = hadal.combine_rows_gradient %0, %p, %w, %g : (tensor<90x80xf32>, tensor<90xi32>, tensor<2x15x3xf32>, tensor<2x15x80xf32>) -> (tensor<90x80xf32>, tensor<2x15x3xf32>)
  %3 = arith.truncf %1 : tensor<90x80xf32> to tensor<90x80xbf16>
  hadal.yield %3, %2 : tensor<90x80xbf16>, tensor<2x15x3xf32>
}
// CHECK-LABEL: .entry gather$copy
// CHECK: ld.global.v4.b32
// CHECK: st.global.v4.b32
hadal.kernel routing @gather(%x: tensor<2x15x80xbf16>, %p: tensor<90xi32>, %r: tensor<2x15x3xi32>) -> tensor<90x80xbf16> {
  %0 = hadal.gather_rows %x, %p, %r : (tensor<2x15x80xbf16>, tensor<90xi32>, tensor<2x15x3xi32>) -> tensor<90x80xbf16>
  hadal.yield %0 : tensor<90x80xbf16>
}
hadal.kernel routing @gather_7(%x: tensor<2x15x7xbf16>, %p: tensor<90xi32>, %r: tensor<2x15x3xi32>) -> tensor<90x7xbf16> {
  %0 = hadal.gather_rows %x, %p, %r : (tensor<2x15x7xbf16>, tensor<90xi32>, tensor<2x15x3xi32>) -> tensor<90x7xbf16>
  hadal.yield %0 : tensor<90x7xbf16>
}
