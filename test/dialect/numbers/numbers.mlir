// Real numbers in attributes print with the fewest digits and read back to the same value, at the ends of their range
// too.
// RUN: hadal-opt %s | FileCheck %s
// RUN: hadal-opt %s -o %t && hadal-opt %t | diff - %t
// RUN: hadal-opt %s --mlir-print-op-generic | hadal-opt | diff - %t

// CHECK: #hadal.rope<theta = 1.0e+30, dim = 4>
// CHECK: #hadal.rope<theta = 1.0000000000000002, dim = 4, yarn = <factor = 1.0e+6, original_length = 9223372036854775807, beta_fast = 1.0e+30, beta_slow = 1.0e-30, mscale = 0.0, mscale_all_dim = 1.0e+6>>
func.func @rope(%x: tensor<2x3x8xf32>) {
  %0 = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e30, dim = 4>} : tensor<2x3x8xf32>
  %1 = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0000000000000002, dim = 4,
                      yarn = <factor = 1.0e6, original_length = 9223372036854775807, beta_fast = 1.0e30,
                              beta_slow = 1.0e-30, mscale = 0.0, mscale_all_dim = 1.0e6>>} : tensor<2x3x8xf32>
  return
}

// CHECK: eps = 1.000000e-30 : f64
// CHECK: eps = 1.000000e+30 : f64
// CHECK: eps = 0.10000000000000002 : f64
func.func @norms(%x: tensor<2x8xf32>, %w: tensor<8xf32>) {
  %0 = hadal.rms_norm %x weights(%w : tensor<8xf32>) {eps = 1.0e-30} : tensor<2x8xf32>
  %1 = hadal.rms_norm %x weights(%w : tensor<8xf32>) {eps = 1.0e30} : tensor<2x8xf32>
  %2 = hadal.rms_norm %x weights(%w : tensor<8xf32>) {eps = 0.10000000000000002} : tensor<2x8xf32>
  return
}

// CHECK: std = 1.000000e+30 : f64
hadal.parameter @w normal {std = 1.0e30} : tensor<8xf32>
