hadal.kernel update @sum(%a: tensor<40xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %a : tensor<40xf32>
  hadal.yield %0 : tensor<f32>
}
