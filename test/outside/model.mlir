// Operations of a library take part in everything: parsing, evaluation, differentiation, fusion, kernels of both targets
// and training.
// RUN: hadal-opt %outside %s --verify-roundtrip -o /dev/null
// RUN: hadal-opt %outside %s --hadal-count-parameters -o /dev/null | FileCheck %s --check-prefix=PARAMETERS
// PARAMETERS: @mixture: 9.22K parameters

// The program means what the model means, and its gradients are those of differences of the loss.
// RUN: hadal-opt %outside %s --hadal-evaluate="batch=2 positions=6 digits=9" -o /dev/null > %t.losses
// RUN: hadal-opt %outside %s --hadal-model-to-program="micro-batch-size=2 seq-length=5" \
// RUN:   -o %t.program.mlir
// RUN: hadal-opt %outside %t.program.mlir --hadal-evaluate="digits=9" -o /dev/null >> %t.losses
// RUN: FileCheck %s --check-prefix=LOSS < %t.losses
// LOSS: @mixture: tensor<f32> [[MAIN:[0-9.]+]]
// LOSS: @accumulate#0: tensor<f32> [[MAIN]]
// RUN: hadal-opt %outside %t.program.mlir --hadal-check-training-step -o /dev/null | FileCheck %s --check-prefix=STEP
// STEP: @accumulate gradient of 'model.layers.0.mix.weight': relative error
// STEP: @accumulate gradient of 'model.layers.0.choose.weight': relative error

// Elementwise arithmetic and products beside it are fused with it, also where it is computed again.
// RUN: hadal-opt %outside %t.program.mlir --hadal-fuse -o %t.kernels.mlir
// RUN: FileCheck %s --check-prefix=FUSED < %t.kernels.mlir
// FUSED: hadal.kernel rowwise @{{.*}}softmax
// FUSED: outside.softmax %{{.*}} {{.*}}temperature = 0.69999999999999996
// FUSED: arith.mulf
// FUSED: outside.softmax_gradient

// So it is with products: what is added to the rows of a layer, and what its gradients are added to, joins its kernel.
// RUN: FileCheck %s --check-prefix=PRODUCTS < %t.kernels.mlir
// PRODUCTS: hadal.kernel contraction @block_linear_{{[0-9]}}
// PRODUCTS: hadal.kernel contraction @block_linear_addf_
// PRODUCTS: hadal.kernel contraction @block_matmul_
// PRODUCTS: hadal.kernel contraction @block_outer_product_accumulate_

// Kernels agree with the evaluator, which knows the operations by their interfaces, on both targets.
// RUN: hadal-check-kernels %outside %t.program.mlir | FileCheck %s --check-prefix=KERNELS
// RUN: hadal-check-kernels %outside %t.program.mlir --target=sm_90a | FileCheck %s --check-prefix=KERNELS
// KERNELS-NOT: FAIL
// KERNELS: [[NUMBER:[0-9]+]] of [[NUMBER]] kernels pass

// Both programs train. At the weights that one has trained, both have the same gradients, which agree with differences of
// the evaluator's loss.
// RUN: rm -rf %t && mkdir %t && %python %S/../integration/Inputs/make_text.py %t/text.txt
// DEFINE: %{compile} = hadalc %outside %s --micro-batch-size=2 --seq-length=16
// DEFINE: %{options} = --data %t/text.txt --steps 3 --lr 0.01
// RUN: %{compile} -o %t/cpu && %t/cpu %{options} --save %t/saved 2>&1 | FileCheck %s --check-prefix=TRAIN
// RUN: %{compile} --target=sm_90a --emulate -o %t/gpu
// DEFINE: %{continue} = %{options} --load %t/saved/step-3
// RUN: %t/cpu %{continue} --save-gradients %t/gradients-cpu
// RUN: %t/gpu %{continue} --save-gradients %t/gradients-gpu 2>&1 | FileCheck %s --check-prefix=TRAIN
// TRAIN: step 3/3 | loss
// RUN: %python %S/../integration/Inputs/compare_gradients.py %t/gradients-gpu %t/gradients-cpu 1e-5
// RUN: %python %S/Inputs/check_differences.py %t/saved/step-3/model.safetensors %t/gradients-cpu %t/text.txt 2 16 1e-5 \
// RUN:   hadal-opt %outside %s | FileCheck %s --check-prefix=DIFFERENCES
// DIFFERENCES: model.layers.0.mix.weight: off by

// So it does in bf16, as far as that goes.
// RUN: %{compile} --precision=bf16 -o %t/bf16 && %t/bf16 %{continue} --save-gradients %t/gradients-bf16
// RUN: %python %S/../integration/Inputs/compare_gradients.py %t/gradients-bf16 %t/gradients-cpu 3e-2

!hidden = tensor<?x?x16xf32>

// Heads mix what a row holds, of their own slice each: 4 heads of 4 numbers to 5, then 2 heads of 10 to 8.
func.func private @mixture_of_views(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "norm.weight" {eps = 1.0e-6} : !hidden
  %wide = outside.block_linear %n "mix.weight" {heads = 4} : !hidden -> tensor<?x?x20xf32>
  %unmixed = outside.block_linear %wide "unmix.weight" {heads = 2} : tensor<?x?x20xf32> -> !hidden
  %mixed = arith.addf %n, %unmixed : !hidden
  %scores = hadal.linear %mixed "choose.weight" : !hidden -> !hidden
  %weights = outside.softmax %scores {temperature = 0.7} : !hidden
  %chosen = arith.mulf %weights, %mixed : !hidden
  %r = arith.addf %x, %chosen : !hidden
  return %r : !hidden
}

hadal.model @mixture(%window: tensor<?x?xi32>) attributes {initializer_std = 0.5} {
  %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 256} : tensor<?x?xi32> -> !hidden
  %h = hadal.layers %x "model.layers" 0 to 2 {@mixture_of_views} : !hidden
  %loss = hadal.cross_entropy %h, %next "lm_head.weight" {vocabulary = 256} : !hidden, tensor<?x?xi32>
  hadal.losses main(%loss)
}
