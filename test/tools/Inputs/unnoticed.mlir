// A product whose last column is too small for bf16 to tell whether it is there.
hadal.kernel contraction @unnoticed(%x: tensor<2x4xbf16> {hadal.value = dense<[[1.0, 2.0, 3.0, 0.001], [4.0, 5.0, 6.0, 0.001]]> : tensor<2x4xbf16>}, %w: tensor<2x4xbf16> {hadal.value = dense<1.0> : tensor<2x4xbf16>}) -> tensor<2x2xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<2x4xbf16>) : tensor<2x4xbf16> -> tensor<2x2xbf16>
  hadal.yield %0 : tensor<2x2xbf16>
}
