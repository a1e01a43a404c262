// Sizes that are missing, and models that are open where they may not be.
// RUN: split-file %s %t
// RUN: not hadal-opt %t/model.mlir --hadal-close-shapes="seq-length=4" 2>&1 | FileCheck %s --check-prefix=BATCH
// RUN: not hadal-opt %t/model.mlir --hadal-close-shapes="micro-batch-size=1" 2>&1 | FileCheck %s --check-prefix=LENGTH
// RUN: not hadal-opt %t/open.mlir --hadal-close-shapes="micro-batch-size=1 seq-length=4" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=OPEN

// BATCH: model.mlir:1:1: error: needs a micro-batch size of at least 1: give --micro-batch-size
// LENGTH: model.mlir:1:1: error: needs a sequence length of at least 1: give --seq-length
// OPEN: open.mlir:1:{{[0-9]+}}: error: 'tensor<?x4xf32>' cannot be closed: exactly the two leading dimensions, batch and sequence, may be open

//--- model.mlir
hadal.model @model(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %2 = hadal.cross_entropy %1, %0 "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%2)
}

//--- open.mlir
func.func private @layer(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  return %x : tensor<?x4xf32>
}
hadal.model @model(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %2 = hadal.cross_entropy %1, %0 "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%2)
}
