// What the pipeline refuses before it starts.
// RUN: split-file %s %t
// RUN: not hadal-opt %t/none.mlir --hadal-check-model 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not hadal-opt %t/two.mlir --hadal-check-model 2>&1 | FileCheck %s --check-prefix=TWO
// RUN: not hadal-opt %t/one.mlir --hadal-check-model="program=infer" 2>&1 | FileCheck %s --check-prefix=PROGRAM
// RUN: not hadal-opt %t/one.mlir --hadal-check-model="precision=fp8" 2>&1 | FileCheck %s --check-prefix=PRECISION
// RUN: not hadal-opt %t/codes.mlir --hadal-check-model 2>&1 | FileCheck %s --check-prefix=CODES

// NONE: error: holds no hadal.model: a program is built from exactly one model
// TWO: two.mlir:8:1: error: second model @second: a program is built from exactly one model
// TWO: two.mlir:1:1: note: the first one is @first
// PROGRAM: one.mlir:1:1: error: unknown program 'infer'; known programs: train, evaluate, generate
// PRECISION: one.mlir:1:1: error: unknown precision 'fp8'; known precisions: f32, bf16
// CODES: codes.mlir:2:{{[0-9]+}}: error: 'hadal.quantize' yields FP8 codes, which no program can be compiled with yet: leave it out; the products of a model are chosen by --precision

//--- none.mlir
func.func private @layer(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  return %x : tensor<?x?x4xf32>
}

//--- one.mlir
hadal.model @first(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %2 = hadal.cross_entropy %1, %0 "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%2)
}

//--- codes.mlir
func.func private @layer(%x: tensor<?x?x32xf32>) -> tensor<?x?x32xf32> {
  %codes, %scales = hadal.quantize %x <1x32> : tensor<?x?x32xf32> -> tensor<?x?x32xf8E4M3FN>, tensor<?x1xf32>
  return %x : tensor<?x?x32xf32>
}
hadal.model @first(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x32xf32>
  %2 = hadal.layers %1 "layers" 0 to 1 {@layer} : tensor<?x?x32xf32>
  %3 = hadal.cross_entropy %2, %0 "head" {vocabulary = 8} : tensor<?x?x32xf32>, tensor<?x?xi32>
  hadal.losses main(%3)
}

//--- two.mlir
hadal.model @first(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %2 = hadal.cross_entropy %1, %0 "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%2)
}

hadal.model @second(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %2 = hadal.cross_entropy %1, %0 "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%2)
}
