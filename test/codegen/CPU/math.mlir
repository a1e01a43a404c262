// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3
// RUN: hadal-check-kernels %s --cpu=x86-64-v2

// The elementary functions over their whole range, where results are neither subnormal nor infinite, and at its ends.

hadal.kernel rowwise @exp(%x: tensor<5x999xf32> {hadal.range = [-87.0, 88.0]}) -> tensor<5x999xf32> {
  // The tolerance knows the mean of a result: dividing by exp keeps it near 1 everywhere.
  %e = math.exp %x : tensor<5x999xf32>
  %n = arith.negf %x : tensor<5x999xf32>
  %f = math.exp %n : tensor<5x999xf32>
  %p = arith.mulf %e, %f : tensor<5x999xf32>
  hadal.yield %p : tensor<5x999xf32>
}

hadal.kernel rowwise @exp_near_zero(%x: tensor<5x999xf32>) -> tensor<5x999xf32> {
  %e = math.exp %x : tensor<5x999xf32>
  hadal.yield %e : tensor<5x999xf32>
}

hadal.kernel rowwise @exp_ends(%x: tensor<1x8xf32> {hadal.value = dense<[[0xFF800000, 0x7F800000, -120.0, 1.0, 0.0, -0.0, 0x7FC00000, -3.0e38]]> : tensor<1x8xf32>})
    -> tensor<1x8xf32> {
  %e = math.exp %x : tensor<1x8xf32>
  hadal.yield %e : tensor<1x8xf32>
}

hadal.kernel rowwise @log(%x: tensor<5x999xf32> {hadal.range = [1.0e-30, 3.0]}) -> tensor<5x999xf32> {
  %l = math.log %x : tensor<5x999xf32>
  hadal.yield %l : tensor<5x999xf32>
}

hadal.kernel rowwise @log_ends(%x: tensor<1x6xf32> {hadal.value = dense<[[0.0, 0x7F800000, -1.0, 1.0, 1.0e-40, 0x7FC00000]]> : tensor<1x6xf32>})
    -> tensor<1x6xf32> {
  %l = math.log %x : tensor<1x6xf32>
  hadal.yield %l : tensor<1x6xf32>
}

hadal.kernel rowwise @rsqrt(%x: tensor<5x999xf32> {hadal.range = [1.0e-6, 3.0]}) -> tensor<5x999xf32> {
  %r = math.rsqrt %x : tensor<5x999xf32>
  hadal.yield %r : tensor<5x999xf32>
}

hadal.kernel rowwise @tanh(%x: tensor<5x999xf32> {hadal.range = [-9.0, 9.0]}) -> tensor<5x999xf32> {
  %r = math.tanh %x : tensor<5x999xf32>
  hadal.yield %r : tensor<5x999xf32>
}
