// A module that is not valid is reduced, too: that it is refused may be the fault.
// RUN: hadal-reduce %s --test=%S/Inputs/refused.sh "--test-arg=names the layer function" 2> /dev/null | FileCheck %s

// CHECK: hadal.layers
// CHECK-SAME: @missing
// CHECK-NOT: @unrelated

func.func @unrelated(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  return %x : tensor<?x?x8xf32>
}

func.func @stack(%x: tensor<?x?x8xf32>) -> tensor<?x?x8xf32> {
  %n = hadal.rms_norm %x "norm.weight" {eps = 1.0e-6} : tensor<?x?x8xf32>
  %h = hadal.layers %n "model.layers" 0 to 9 {@missing} : tensor<?x?x8xf32>
  return %h : tensor<?x?x8xf32>
}
