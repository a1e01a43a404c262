// The output head with its cross entropy, with and without gradients and by token, against the reference evaluator for every width of
// vectors: one token, chunks of unequal length, vocabularies and channels that fill no vector.
// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3
// RUN: hadal-check-kernels %s --cpu=x86-64-v2

hadal.kernel head @one_token(%hidden: tensor<1x1x3xf32>, %targets: tensor<1x1xi32>, %w: tensor<5x3xf32>) -> tensor<f32> {
  %0 = hadal.cross_entropy %hidden, %targets weights(%w : tensor<5x3xf32>) {vocabulary = 5} : tensor<1x1x3xf32>, tensor<1x1xi32>
  hadal.yield %0 : tensor<f32>
}
hadal.kernel head @one_token_gradient(%hidden: tensor<1x1x3xf32>, %targets: tensor<1x1xi32>, %w: tensor<5x3xf32>, %g: tensor<f32>) -> (tensor<f32>, tensor<1x1x3xf32>, tensor<5x3xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<1x1x3xf32>, tensor<1x1xi32>, tensor<5x3xf32>, tensor<f32>) -> (tensor<f32>, tensor<1x1x3xf32>, tensor<5x3xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<f32>, tensor<1x1x3xf32>, tensor<5x3xf32>
}

hadal.kernel head @ragged(%hidden: tensor<3x7x37xf32>, %targets: tensor<3x7xi32>, %w: tensor<101x37xf32>) -> tensor<f32> {
  %0 = hadal.cross_entropy %hidden, %targets weights(%w : tensor<101x37xf32>) {vocabulary = 101} : tensor<3x7x37xf32>, tensor<3x7xi32>
  hadal.yield %0 : tensor<f32>
}
hadal.kernel head @ragged_gradient(%hidden: tensor<3x7x37xf32>, %targets: tensor<3x7xi32>, %w: tensor<101x37xf32>, %g: tensor<f32>, %sum: tensor<101x37xf32>) -> (tensor<f32>, tensor<3x7x37xf32>, tensor<101x37xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<3x7x37xf32>, tensor<3x7xi32>, tensor<101x37xf32>, tensor<f32>) -> (tensor<f32>, tensor<3x7x37xf32>, tensor<101x37xf32>)
  %1 = arith.addf %sum, %0#2 : tensor<101x37xf32>
  hadal.yield %0#0, %0#1, %1 : tensor<f32>, tensor<3x7x37xf32>, tensor<101x37xf32>
}

hadal.kernel head @bytes(%hidden: tensor<2x50x64xf32>, %targets: tensor<2x50xi32>, %w: tensor<256x64xf32>) -> tensor<f32> {
  %0 = hadal.cross_entropy %hidden, %targets weights(%w : tensor<256x64xf32>) {vocabulary = 256} : tensor<2x50x64xf32>, tensor<2x50xi32>
  hadal.yield %0 : tensor<f32>
}
hadal.kernel head @bytes_gradient(%hidden: tensor<2x50x64xf32>, %targets: tensor<2x50xi32>, %w: tensor<256x64xf32>, %g: tensor<f32>, %sum: tensor<256x64xf32>) -> (tensor<f32>, tensor<2x50x64xf32>, tensor<256x64xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<2x50x64xf32>, tensor<2x50xi32>, tensor<256x64xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x50x64xf32>, tensor<256x64xf32>)
  %1 = arith.addf %sum, %0#2 : tensor<256x64xf32>
  hadal.yield %0#0, %0#1, %1 : tensor<f32>, tensor<2x50x64xf32>, tensor<256x64xf32>
}

hadal.kernel head @words(%hidden: tensor<1x33x70xf32>, %targets: tensor<1x33xi32>, %w: tensor<1031x70xf32>) -> tensor<f32> {
  %0 = hadal.cross_entropy %hidden, %targets weights(%w : tensor<1031x70xf32>) {vocabulary = 1031} : tensor<1x33x70xf32>, tensor<1x33xi32>
  hadal.yield %0 : tensor<f32>
}
hadal.kernel head @words_gradient(%hidden: tensor<1x33x70xf32>, %targets: tensor<1x33xi32>, %w: tensor<1031x70xf32>, %g: tensor<f32>) -> (tensor<f32>, tensor<1x33x70xf32>, tensor<1031x70xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<1x33x70xf32>, tensor<1x33xi32>, tensor<1031x70xf32>, tensor<f32>) -> (tensor<f32>, tensor<1x33x70xf32>, tensor<1031x70xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<f32>, tensor<1x33x70xf32>, tensor<1031x70xf32>
}

// The log-probability of every target, with their mean and alone.
hadal.kernel head @one_token_scores(%hidden: tensor<1x1x3xf32>, %targets: tensor<1x1xi32>, %w: tensor<5x3xf32>) -> (tensor<f32>, tensor<1x1xf32>) {
  %0:2 = hadal.log_probabilities %hidden, %targets, %w : (tensor<1x1x3xf32>, tensor<1x1xi32>, tensor<5x3xf32>) -> (tensor<f32>, tensor<1x1xf32>)
  hadal.yield %0#0, %0#1 : tensor<f32>, tensor<1x1xf32>
}
hadal.kernel head @ragged_scores(%hidden: tensor<3x7x37xf32>, %targets: tensor<3x7xi32>, %w: tensor<101x37xf32>) -> (tensor<f32>, tensor<3x7xf32>) {
  %0:2 = hadal.log_probabilities %hidden, %targets, %w : (tensor<3x7x37xf32>, tensor<3x7xi32>, tensor<101x37xf32>) -> (tensor<f32>, tensor<3x7xf32>)
  hadal.yield %0#0, %0#1 : tensor<f32>, tensor<3x7xf32>
}
hadal.kernel head @words_scores(%hidden: tensor<1x33x70xbf16>, %targets: tensor<1x33xi32>, %w: tensor<1031x70xbf16>) -> tensor<1x33xf32> {
  %0:2 = hadal.log_probabilities %hidden, %targets, %w : (tensor<1x33x70xbf16>, tensor<1x33xi32>, tensor<1031x70xbf16>) -> (tensor<f32>, tensor<1x33xf32>)
  hadal.yield %0#1 : tensor<1x33xf32>
}
