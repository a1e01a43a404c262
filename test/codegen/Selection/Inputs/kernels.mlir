// Two products of one body but for a width, a rowwise kernel, and one that has nothing to choose.
hadal.kernel contraction @product(%x: tensor<256x512xf32>, %w: tensor<512x512xf32>) -> tensor<256x512xf32> {
  %0 = hadal.linear %x weights(%w : tensor<512x512xf32>) : tensor<256x512xf32> -> tensor<256x512xf32>
  hadal.yield %0 : tensor<256x512xf32>
}
hadal.kernel contraction @gate(%x: tensor<256x512xf32>, %w: tensor<16x512xf32>) -> tensor<256x16xf32> {
  %0 = hadal.linear %x weights(%w : tensor<16x512xf32>) : tensor<256x512xf32> -> tensor<256x16xf32>
  hadal.yield %0 : tensor<256x16xf32>
}
hadal.kernel rowwise @norm(%x: tensor<64x512xf32>, %w: tensor<512xf32>) -> tensor<64x512xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<512xf32>) {eps = 1.0e-6} : tensor<64x512xf32>
  hadal.yield %0 : tensor<64x512xf32>
}
hadal.kernel head @head(%hidden: tensor<2x512x64xf32>, %targets: tensor<2x512xi32>, %w: tensor<96x64xf32>) -> tensor<f32> {
  %0 = hadal.cross_entropy %hidden, %targets weights(%w : tensor<96x64xf32>) {vocabulary = 96} : tensor<2x512x64xf32>, tensor<2x512xi32>
  hadal.yield %0 : tensor<f32>
}
hadal.kernel update @squared_norm(%x: tensor<65x300xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %x : tensor<65x300xf32>
  hadal.yield %0 : tensor<f32>
}
