hadal.kernel contraction @product(%x: tensor<16x32xbf16>, %w: tensor<16x32xbf16>, %s: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %y = hadal.linear %x weights(%w : tensor<16x32xbf16>) : tensor<16x32xbf16> -> tensor<16x16xf32>
  %z = arith.addf %y, %s : tensor<16x16xf32>
  hadal.yield %z : tensor<16x16xf32>
}
func.func @evaluate(%x: tensor<16x32xbf16> {hadal.state = "x"}, %w: tensor<16x32xbf16> {hadal.state = "w"}, %s: tensor<16x16xf32> {hadal.state = "s"})
    -> (tensor<16x16xf32> {hadal.tied = 2 : index}) {
  %y = hadal.launch @product(%x, %w, %s) {tied = array<i64: 2>} : (tensor<16x32xbf16>, tensor<16x32xbf16>, tensor<16x16xf32>) -> tensor<16x16xf32>
  return %y : tensor<16x16xf32>
}
