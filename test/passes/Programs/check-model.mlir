// The choice of program and precision is recorded.
// RUN: hadal-opt %s --hadal-check-model="program=train precision=f32" | FileCheck %s

// CHECK: module attributes {hadal.precision = "f32", hadal.program = "train"}
hadal.model @model(%window: tensor<?x?xi32>) {
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %2 = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %3 = hadal.cross_entropy %1, %2 "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  hadal.losses main(%3)
}
