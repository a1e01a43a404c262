// A head that keeps its logits has no kernel on a GPU yet, on threads or on tensor cores.
// RUN: not hadal-opt %s --hadal-select-strategies=target=sm_90a -o /dev/null 2>&1 | FileCheck %s
// CHECK: error: no strategy for sm_90a serves the kernel 'logits'
// CHECK: 'hadal.logits' keeps its logits, which no kernel of a GPU does yet: build for the target cpu
hadal.kernel head @logits(%h: tensor<1x5x64xbf16>, %w: tensor<104x64xbf16>) -> (tensor<1x5x104xf32>, tensor<1x5x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<1x5x64xbf16>, tensor<104x64xbf16>) -> (tensor<1x5x104xf32>, tensor<1x5x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x5x104xf32>, tensor<1x5x2xf32>
}
