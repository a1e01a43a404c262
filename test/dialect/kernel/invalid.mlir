// What the verifiers of kernels and launches turn away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @f(%x: tensor<4x8xf32>, %z: tensor<4x7xf32>) {
  // expected-error @below {{launches @nowhere, but there is no hadal.kernel of that name}}
  %y = hadal.launch @nowhere(%x) : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

hadal.kernel rowwise @k(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = arith.addf %x, %x : tensor<4x8xf32>
  hadal.yield %y : tensor<4x8xf32>
}
func.func @f(%x: tensor<4x8xf32>, %z: tensor<4x7xf32>) {
  // expected-error @below {{passes 'tensor<4x7xf32>' to @k, which takes 'tensor<4x8xf32>'}}
  %y = hadal.launch @k(%z) : (tensor<4x7xf32>) -> tensor<4x8xf32>
  return
}

// -----

hadal.kernel rowwise @k(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = arith.addf %x, %x : tensor<4x8xf32>
  hadal.yield %y : tensor<4x8xf32>
}
func.func @f(%x: tensor<4x8xf32>, %z: tensor<4x7xf32>) {
  // expected-error @below {{expects 'tensor<4x7xf32>' from @k, which yields 'tensor<4x8xf32>'}}
  %y = hadal.launch @k(%x) : (tensor<4x8xf32>) -> tensor<4x7xf32>
  return
}

// -----

hadal.kernel rowwise @k(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = arith.addf %x, %x : tensor<4x8xf32>
  hadal.yield %y : tensor<4x8xf32>
}
func.func @f(%x: tensor<4x8xf32>, %z: tensor<4x7xf32>) {
  // expected-error @below {{expects `tied` to have one entry for each of its 1 results, got 2}}
  %y = hadal.launch @k(%x) {tied = array<i64: 0, 0>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

hadal.kernel rowwise @k(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %y = arith.addf %x, %x : tensor<4x8xf32>
  hadal.yield %y : tensor<4x8xf32>
}
func.func @f(%x: tensor<4x8xf32>, %z: tensor<4x7xf32>) {
  // expected-error @below {{has the entry 1 in `tied`, which is out of range}}
  %y = hadal.launch @k(%x) {tied = array<i64: 1>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
  return
}

// -----

// expected-error @below {{yields 'tensor<4x8xf32>', but its type says}}
hadal.kernel rowwise @k(%x: tensor<4x8xf32>) {
  hadal.yield %x : tensor<4x8xf32>
}

// -----

// expected-error @below {{expected a kind of kernel: contraction, attention, rowwise, head, reduction, routing or update}}
hadal.kernel gemm @k(%x: tensor<4x8xf32>) {
  hadal.yield
}
