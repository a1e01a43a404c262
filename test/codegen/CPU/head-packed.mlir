// The head that keeps its logits, of a weight in the layout of CPUs' products, against the reference evaluator; and no kernel of
// a GPU reads it.
// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --plant-fault=all
// RUN: hadal-check-kernels %s --cpu=x86-64-v2
// RUN: not hadal-opt %s --hadal-select-strategies=target=sm_90a -o /dev/null 2>&1 | FileCheck %s

// CHECK: error: no strategy for sm_90a serves the kernel 'logits_of_panels'
// CHECK: note: 'hadal.logits' reads its weight in panels, which are a CPU's: unpack it (hadal.unpack)

// Weights as they lie when they are packed while they are loaded: panels of f32, of which the last one is not full, and pairs of bf16.
!panels = tensor<101x512xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [256, 16]>>>
hadal.kernel head @logits_of_panels(%h: tensor<5x1x512xf32>, %w: !panels) -> (tensor<5x1x101xf32>, tensor<5x1x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<5x1x512xf32>, !panels) -> (tensor<5x1x101xf32>, tensor<5x1x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<5x1x101xf32>, tensor<5x1x2xf32>
}
!pairs = tensor<1040x70xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
hadal.kernel head @logits_of_pairs(%h: tensor<2x1x70xbf16>, %w: !pairs) -> (tensor<2x1x1040xf32>, tensor<2x1x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<2x1x70xbf16>, !pairs) -> (tensor<2x1x1040xf32>, tensor<2x1x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<2x1x1040xf32>, tensor<2x1x2xf32>
}
