// The head with its cross entropy on tensor cores against the reference evaluator: the loss alone, by token and with its gradients, f32
// and bf16, added to what was there or not; two chunks, vocabularies and channels that fill no tile, one token.
// Large tiles: tensor-tiles.mlir.
// RUN: hadal-check-kernels %s --target=sm_90a --print-config --assemble 2>&1 | FileCheck %s
// RUN: hadal-check-kernels %s --target=sm_90a --seed=3

// CHECK: @one_token (head): wgmma_token_chunks {logits = {rows
// CHECK: @one_token_gradient (head): wgmma_token_chunks {logits = {rows
// CHECK: @ragged (head): wgmma_token_chunks {logits = {rows
// CHECK: @ragged_gradient (head): wgmma_token_chunks {logits = {rows
// CHECK: @words_gradient (head): wgmma_token_chunks {logits = {rows
// CHECK: @two_chunks (head): wgmma_token_chunks {{.*}}steps 9
// CHECK: @hidden_gradient (head): wgmma_token_chunks
// CHECK: @weight_gradient (head): wgmma_token_chunks
// CHECK: @scores (head): wgmma_token_chunks {logits = {rows
// CHECK-NOT: C75
// CHECK: 9 of 9 kernels pass on sm_90a (emulated)

hadal.kernel head @one_token(%hidden: tensor<1x1x8xbf16>, %targets: tensor<1x1xi32>, %w: tensor<8x8xbf16>) -> tensor<f32> {
  %0 = hadal.cross_entropy %hidden, %targets weights(%w : tensor<8x8xbf16>) {vocabulary = 8} : tensor<1x1x8xbf16>, tensor<1x1xi32>
  hadal.yield %0 : tensor<f32>
}
hadal.kernel head @one_token_gradient(%hidden: tensor<1x1x8xbf16>, %targets: tensor<1x1xi32>, %w: tensor<8x8xbf16>, %g: tensor<f32>) -> (tensor<f32>, tensor<1x1x8xf32>, tensor<8x8xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<1x1x8xbf16>, tensor<1x1xi32>, tensor<8x8xbf16>, tensor<f32>) -> (tensor<f32>, tensor<1x1x8xf32>, tensor<8x8xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<f32>, tensor<1x1x8xf32>, tensor<8x8xf32>
}

// The loss keeps no logits and takes all tokens at once.
hadal.kernel head @ragged(%hidden: tensor<3x7x40xbf16>, %targets: tensor<3x7xi32>, %w: tensor<104x40xbf16>) -> tensor<f32> {
  %0 = hadal.cross_entropy %hidden, %targets weights(%w : tensor<104x40xbf16>) {vocabulary = 104} : tensor<3x7x40xbf16>, tensor<3x7xi32>
  hadal.yield %0 : tensor<f32>
}
// Every result added to what was there.
hadal.kernel head @ragged_gradient(%hidden: tensor<3x7x40xbf16>, %targets: tensor<3x7xi32>, %w: tensor<104x40xbf16>, %g: tensor<f32>, %loss: tensor<f32>, %dh: tensor<3x7x40xf32>, %dw: tensor<104x40xf32>) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<3x7x40xbf16>, tensor<3x7xi32>, tensor<104x40xbf16>, tensor<f32>) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>)
  %1 = arith.addf %loss, %0#0 : tensor<f32>
  %2 = arith.addf %dh, %0#1 : tensor<3x7x40xf32>
  %3 = arith.addf %dw, %0#2 : tensor<104x40xf32>
  hadal.yield %1, %2, %3 : tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>
}

// Several tiles of columns in every row.
hadal.kernel head @words_gradient(%hidden: tensor<2x150x72xbf16>, %targets: tensor<2x150xi32>, %w: tensor<1032x72xbf16>, %g: tensor<f32>) -> (tensor<f32>, tensor<2x150x72xbf16>, tensor<1032x72xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<2x150x72xbf16>, tensor<2x150xi32>, tensor<1032x72xbf16>, tensor<f32>) -> (tensor<f32>, tensor<2x150x72xbf16>, tensor<1032x72xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<f32>, tensor<2x150x72xbf16>, tensor<1032x72xf32>
}

// Chunks of 4096 and 64 tokens.
hadal.kernel head @two_chunks(%hidden: tensor<1x4160x8xbf16>, %targets: tensor<1x4160xi32>, %w: tensor<24x8xbf16>, %g: tensor<f32>, %sum: tensor<24x8xf32>) -> (tensor<f32>, tensor<1x4160x8xbf16>, tensor<24x8xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<1x4160x8xbf16>, tensor<1x4160xi32>, tensor<24x8xbf16>, tensor<f32>) -> (tensor<f32>, tensor<1x4160x8xbf16>, tensor<24x8xf32>)
  %1 = arith.addf %sum, %0#2 : tensor<24x8xf32>
  hadal.yield %0#0, %0#1, %1 : tensor<f32>, tensor<1x4160x8xbf16>, tensor<24x8xf32>
}

// One gradient alone.
hadal.kernel head @hidden_gradient(%hidden: tensor<1x70x64xbf16>, %targets: tensor<1x70xi32>, %w: tensor<256x64xbf16>, %g: tensor<f32>) -> tensor<1x70x64xf32> {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<1x70x64xbf16>, tensor<1x70xi32>, tensor<256x64xbf16>, tensor<f32>) -> (tensor<f32>, tensor<1x70x64xf32>, tensor<256x64xf32>)
  hadal.yield %0#1 : tensor<1x70x64xf32>
}
hadal.kernel head @weight_gradient(%hidden: tensor<1x70x64xbf16>, %targets: tensor<1x70xi32>, %w: tensor<256x64xbf16>, %g: tensor<f32>, %sum: tensor<256x64xf32>) -> tensor<256x64xf32> {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<1x70x64xbf16>, tensor<1x70xi32>, tensor<256x64xbf16>, tensor<f32>) -> (tensor<f32>, tensor<1x70x64xf32>, tensor<256x64xf32>)
  %1 = arith.addf %sum, %0#2 : tensor<256x64xf32>
  hadal.yield %1 : tensor<256x64xf32>
}

hadal.kernel head @scores(%hidden: tensor<2x35x64xbf16>, %targets: tensor<2x35xi32>, %w: tensor<264x64xbf16>) -> (tensor<f32>, tensor<2x35xf32>) {
  %0:2 = hadal.log_probabilities %hidden, %targets, %w : (tensor<2x35x64xbf16>, tensor<2x35xi32>, tensor<264x64xbf16>) -> (tensor<f32>, tensor<2x35xf32>)
  hadal.yield %0#0, %0#1 : tensor<f32>, tensor<2x35xf32>
}
