// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3
// RUN: hadal-check-kernels %s --cpu=x86-64-v2
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s

// Kernels of the update step.

// CHECK: @adamw (update): streamed_blocks {} stages [adamw: 2 / 1] workspace 0 B scratch 0 B
hadal.kernel update @adamw(%p: tensor<131x127xf32>, %g: tensor<131x127xf32>, %m: tensor<131x127xf32>,
    %v: tensor<131x127xf32> {hadal.range = [0.0, 1.0]}, %lr: tensor<f32> {hadal.range = [0.1, 0.2]}, %wd: tensor<f32> {hadal.range = [0.1, 0.2]},
    %b1: tensor<f32> {hadal.range = [0.9, 0.95]}, %b2: tensor<f32> {hadal.range = [0.9, 0.95]}, %e: tensor<f32> {hadal.range = [1.0e-8, 1.0e-7]},
    %c1: tensor<f32> {hadal.range = [0.1, 0.2]}, %c2: tensor<f32> {hadal.range = [0.1, 0.2]}, %s: tensor<f32> {hadal.range = [0.1, 1.0]})
    -> (tensor<131x127xf32>, tensor<131x127xf32>, tensor<131x127xf32>) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay}
    : tensor<131x127xf32>, tensor<131x127xf32>, tensor<131x127xf32>, tensor<131x127xf32>
    -> tensor<131x127xf32>, tensor<131x127xf32>, tensor<131x127xf32>
  hadal.yield %0#0, %0#1, %0#2 : tensor<131x127xf32>, tensor<131x127xf32>, tensor<131x127xf32>
}

// Without decay, of one element more than a vector.
hadal.kernel update @adamw_vector(%p: tensor<17xf32>, %g: tensor<17xf32>, %m: tensor<17xf32>,
    %v: tensor<17xf32> {hadal.range = [0.0, 1.0]}, %lr: tensor<f32> {hadal.range = [0.1, 0.2]}, %wd: tensor<f32> {hadal.range = [0.1, 0.2]},
    %b1: tensor<f32> {hadal.range = [0.9, 0.95]}, %b2: tensor<f32> {hadal.range = [0.9, 0.95]}, %e: tensor<f32> {hadal.range = [1.0e-8, 1.0e-7]},
    %c1: tensor<f32> {hadal.range = [0.1, 0.2]}, %c2: tensor<f32> {hadal.range = [0.1, 0.2]}, %s: tensor<f32> {hadal.range = [0.1, 1.0]})
    -> (tensor<17xf32>, tensor<17xf32>, tensor<17xf32>) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s)
    : tensor<17xf32>, tensor<17xf32>, tensor<17xf32>, tensor<17xf32> -> tensor<17xf32>, tensor<17xf32>, tensor<17xf32>
  hadal.yield %0#0, %0#1, %0#2 : tensor<17xf32>, tensor<17xf32>, tensor<17xf32>
}

// CHECK: @squared_norm (update): blocks_then_sum {} stages [blocks: 3 / 1, sum: 1 / 1] workspace 12 B
hadal.kernel update @squared_norm(%x: tensor<3x113x113xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %x : tensor<3x113x113xf32>
  hadal.yield %0 : tensor<f32>
}

hadal.kernel update @gradient_norm(%l: tensor<f32> {hadal.range = [0.5, 1.0]}, %a: tensor<f32> {hadal.range = [0.5, 1.0]},
    %b: tensor<f32> {hadal.range = [0.5, 1.0]}, %c: tensor<f32> {hadal.range = [0.5, 1.0]}) -> (tensor<f32>, tensor<f32>) {
  %n, %s = hadal.gradient_norm %a, %b, %c limit %l
  hadal.yield %n, %s : tensor<f32>, tensor<f32>
}

// A norm of zero, and no limit: nothing is clipped.
hadal.kernel update @gradient_norm_zero(%l: tensor<f32> {hadal.value = dense<0x7F800000> : tensor<f32>},
    %a: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> (tensor<f32>, tensor<f32>) {
  %n, %s = hadal.gradient_norm %a limit %l
  hadal.yield %n, %s : tensor<f32>, tensor<f32>
}

hadal.kernel update @router_bias_update(%b: tensor<19xf32>, %l: tensor<19xf32> {hadal.range = [0.0, 9.0]},
    %r: tensor<f32> {hadal.range = [0.1, 0.2]}) -> (tensor<19xf32>, tensor<19xf32>) {
  %nb, %nl = hadal.router_bias_update %b, %l rate %r : tensor<19xf32>
  hadal.yield %nb, %nl : tensor<19xf32>, tensor<19xf32>
}

// Loads that equal their mean leave the bias alone.
hadal.kernel update @router_bias_balanced(%b: tensor<5xf32>, %l: tensor<5xf32> {hadal.value = dense<[2.0, 4.0, 3.0, 3.0, 3.0]> : tensor<5xf32>},
    %r: tensor<f32> {hadal.range = [0.1, 0.2]}) -> (tensor<5xf32>, tensor<5xf32>) {
  %nb, %nl = hadal.router_bias_update %b, %l rate %r : tensor<5xf32>
  hadal.yield %nb, %nl : tensor<5xf32>, tensor<5xf32>
}
