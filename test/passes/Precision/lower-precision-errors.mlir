// RUN: not hadal-opt %s --hadal-lower-precision=precision=bf16 2>&1 | FileCheck %s

// CHECK: lower-precision-errors.mlir:[[@LINE+2]]:8: error: asks for products in 'f16': they can be formed in f32 or bf16
func.func @unknown(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>) -> tensor<2x3x4xf32> {
  %y = hadal.linear %x weights(%w : tensor<4x8xf32>) {compute = f16} : tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}
