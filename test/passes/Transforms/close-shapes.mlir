// Batch and sequence become numbers; the window alone is longer: two prediction depths look two tokens further.
// RUN: hadal-opt %s --hadal-close-shapes="micro-batch-size=2 seq-length=16" | FileCheck %s

// CHECK: hadal.tokens_ahead = 3 : i64

// CHECK: func.func private @layer(%{{.*}}: tensor<2x16x4xf32>) -> tensor<2x16x4xf32>
func.func private @layer(%x: tensor<?x?x4xf32>) -> tensor<?x?x4xf32> {
  // CHECK: hadal.rms_norm {{.*}} : tensor<2x16x4xf32>
  %0 = hadal.rms_norm %x "norm" {eps = 1.0e-6} : tensor<?x?x4xf32>
  return %0 : tensor<?x?x4xf32>
}

// CHECK: hadal.model @model(%[[WINDOW:.*]]: tensor<2x19xi32>)
hadal.model @model(%window: tensor<?x?xi32>) {
  // CHECK: hadal.tokens %[[WINDOW]] ahead 0 : tensor<2x19xi32> -> tensor<2x16xi32>
  %0 = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
  %1 = hadal.embedding %0 "embedding" {vocabulary = 8} : tensor<?x?xi32> -> tensor<?x?x4xf32>
  %2 = hadal.layers %1 "layers" 0 to 2 {@layer} : tensor<?x?x4xf32>
  %3 = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
  %4 = hadal.cross_entropy %2, %3 "head" {vocabulary = 8} : tensor<?x?x4xf32>, tensor<?x?xi32>
  // CHECK: hadal.mtp {{.*}} : tensor<2x16x4xf32>, tensor<2x19xi32>
  %5 = hadal.mtp %2, %window "layers" 2 to 4 {@layer} embedding "embedding" norm "norm" head "head"
    {vocabulary = 8, eps = 1.0e-6} : tensor<?x?x4xf32>, tensor<?x?xi32> -> tensor<f32>
  hadal.losses main(%4) mtp(%5)
}
