// Each pass, run by itself on a level that is not its own, names what is missing and what makes it.
// RUN: split-file %s %t
// RUN: not hadal-opt %t/model.mlir --hadal-bind-parameters 2>&1 | FileCheck %s --check-prefix=LAYERS
// LAYERS: error: the layers are not written out: run hadal-expand-layers first
// RUN: not hadal-opt %t/model.mlir --hadal-decompose 2>&1 | FileCheck %s --check-prefix=BOUND
// BOUND: model.mlir:2:8: error: 'hadal.gated_mlp' op names parameters that are not bound yet: run hadal-bind-parameters first
// RUN: not hadal-opt %t/model.mlir --hadal-fuse 2>&1 | FileCheck %s --check-prefix=PROGRAM
// PROGRAM: model.mlir:6:1: error: is no program yet: run hadal-model-to-program before hadal-fuse
// RUN: not hadal-opt %t/model.mlir --hadal-differentiate 2>&1 | FileCheck %s --check-prefix=FORWARD
// FORWARD: holds no function @forward: run hadal-bind-parameters first
// RUN: not hadal-opt %t/open.mlir --hadal-decompose 2>&1 | FileCheck %s --check-prefix=OPEN
// OPEN: open.mlir:2:8: error: 'hadal.gated_mlp' op has a value of the open type 'tensor<?x?x8xf32>': run hadal-close-shapes first
// RUN: not hadal-opt %t/open.mlir --hadal-launch-kernels 2>&1 | FileCheck %s --check-prefix=KERNELS
// KERNELS: holds no kernel: run hadal-fuse on a program first
// RUN: not hadal-opt %t/kernels.mlir --hadal-build-host 2>&1 | FileCheck %s --check-prefix=CONFIGURATION
// CONFIGURATION: kernels.mlir:1:1: error: the kernel 'k' has no configuration: run hadal-select-strategies first
// RUN: not hadal-opt %t/kernels.mlir --hadal-select-strategies=cpu=x86-64-v3 --hadal-build-host=cpu=x86-64-v3 2>&1 | FileCheck %s --check-prefix=CODE
// CODE: kernels.mlir:1:1: error: there is no function @k.elements for a stage of the kernel 'k': run hadal-lower-kernels first
// RUN: not hadal-opt %t/forward.mlir --hadal-differentiate 2>&1 | FileCheck %s --check-prefix=LOSS
// LOSS: forward.mlir:1:1: error: @forward has no result 'loss.main': run hadal-bind-parameters on a model
// RUN: not hadal-opt %t/unknown.mlir --hadal-differentiate 2>&1 | FileCheck %s --check-prefix=PARAMETER
// PARAMETER: unknown.mlir:1:1: error: @forward has an argument #0 with hadal.parameter = @nope, but there is no hadal.parameter of that name

//--- model.mlir
func.func @ffn(%x: tensor<2x3x8xf32>) -> tensor<2x3x8xf32> {
  %y = hadal.gated_mlp %x "mlp" {width = 4} : tensor<2x3x8xf32>
  return %y : tensor<2x3x8xf32>
}

hadal.model @m(%window: tensor<2x4xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<2x4xi32> -> tensor<2x3xi32>
  %1 = hadal.embedding %0 "e" {vocabulary = 8} : tensor<2x3xi32> -> tensor<2x3x8xf32>
  %2 = hadal.layers %1 "layers" 0 to 1 {@ffn} : tensor<2x3x8xf32>
  %3 = hadal.cross_entropy %2, %0 "h" {vocabulary = 8} : tensor<2x3x8xf32>, tensor<2x3xi32>
  hadal.losses main(%3)
}
//--- open.mlir
func.func @ffn(%x: tensor<?x?x8xf32>, %g: tensor<4x8xf32>, %d: tensor<8x4xf32>) -> tensor<?x?x8xf32> {
  %y = hadal.gated_mlp %x weights(%g, %g, %d : tensor<4x8xf32>, tensor<4x8xf32>, tensor<8x4xf32>) {width = 4} : tensor<?x?x8xf32>
  return %y : tensor<?x?x8xf32>
}
//--- kernels.mlir
hadal.kernel rowwise @k(%x: tensor<2x8xf32>) -> tensor<2x8xf32> {
  %y = arith.addf %x, %x : tensor<2x8xf32>
  hadal.yield %y : tensor<2x8xf32>
}
func.func @evaluate(%x: tensor<2x8xf32> {hadal.state = "x"}) -> (tensor<2x8xf32> {hadal.tied = 0 : index}) {
  %y = hadal.launch @k(%x) {tied = array<i64: 0>} : (tensor<2x8xf32>) -> tensor<2x8xf32>
  return %y : tensor<2x8xf32>
}
//--- forward.mlir
func.func @forward(%x: tensor<2x8xf32>) -> (tensor<f32> {hadal.result = "norm"}) {
  %y = hadal.squared_norm %x : tensor<2x8xf32>
  return %y : tensor<f32>
}
//--- unknown.mlir
func.func @forward(%x: tensor<2x8xf32> {hadal.parameter = @nope}) -> (tensor<f32> {hadal.result = "loss.main"}) {
  %y = hadal.squared_norm %x : tensor<2x8xf32>
  return %y : tensor<f32>
}
