// RUN: hadal-opt %s --hadal-verify-memory-plan --split-input-file --verify-diagnostics

hadal.kernel rowwise @negate(%x: tensor<16xf32>) -> tensor<16xf32> {
  %0 = arith.negf %x : tensor<16xf32>
  hadal.yield %0 : tensor<16xf32>
}
hadal.kernel rowwise @add(%x: tensor<16xf32>, %y: tensor<16xf32>) -> tensor<16xf32> {
  %0 = arith.addf %x, %y : tensor<16xf32>
  hadal.yield %0 : tensor<16xf32>
}
func.func @overlap(%x: tensor<16xf32>) -> tensor<16xf32> {
  %0 = hadal.launch @negate(%x) {placement = array<i64: 0>} : (tensor<16xf32>) -> tensor<16xf32>
  // expected-error @+1 {{has a buffer at 0 of 64 bytes that overlaps another that is live}}
  %1 = hadal.launch @negate(%x) {placement = array<i64: 0>} : (tensor<16xf32>) -> tensor<16xf32>
  %2 = hadal.launch @add(%0, %1) {placement = array<i64: -1>} : (tensor<16xf32>, tensor<16xf32>) -> tensor<16xf32>
  return %2 : tensor<16xf32>
}

// -----

hadal.kernel rowwise @negate(%x: tensor<16xf32>) -> tensor<16xf32> {
  %0 = arith.negf %x : tensor<16xf32>
  hadal.yield %0 : tensor<16xf32>
}
func.func @unplanned(%x: tensor<16xf32>) -> tensor<16xf32> {
  // expected-error @+1 {{has a buffer without an aligned place in the arena: run hadal-plan-memory}}
  %0 = hadal.launch @negate(%x) : (tensor<16xf32>) -> tensor<16xf32>
  %1 = hadal.launch @negate(%0) : (tensor<16xf32>) -> tensor<16xf32>
  return %1 : tensor<16xf32>
}

// -----

func.func @not_fused(%x: tensor<16xf32>) -> tensor<16xf32> {
  // expected-error @+1 {{'arith.negf' op stands between launches: run hadal-fuse before the memory plan}}
  %0 = arith.negf %x : tensor<16xf32>
  return %0 : tensor<16xf32>
}
