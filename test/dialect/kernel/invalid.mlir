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

// expected-error @below {{expected a kind of kernel: contraction, attention, rowwise, head, reduction, routing, update or packing}}
hadal.kernel gemm @k(%x: tensor<4x8xf32>) {
  hadal.yield
}

// -----

// What the product reads is computed in front of it.
// expected-error @below {{is said to be made of #hadal.parts<anchor = 0, prologue = [], arguments = [anchor, anchor, element]>, but its body shows #hadal.parts<anchor = 1, prologue = [0], arguments = [anchor, anchor, element]>}}
hadal.kernel contraction @k(%x: tensor<4x8xf32>, %w: tensor<16x8xf32>, %y: tensor<4x16xf32>) -> tensor<4x16xf32> attributes {parts = #hadal.parts<anchor = 0, prologue = [], arguments = [anchor, anchor, element]>} {
  %n = arith.negf %x : tensor<4x8xf32>
  %p = hadal.linear %n weights(%w : tensor<16x8xf32>) : tensor<4x8xf32> -> tensor<4x16xf32>
  %s = arith.addf %p, %y : tensor<4x16xf32>
  hadal.yield %s : tensor<4x16xf32>
}

// -----

// expected-error @below {{but its body shows #hadal.parts<anchor = -1, prologue = [], arguments = [element, row]>}}
hadal.kernel rowwise @k(%x: tensor<4x8xf32>, %y: tensor<8xf32>) -> tensor<4x8xf32> attributes {parts = #hadal.parts<anchor = -1, prologue = [], arguments = [element, number]>} {
  %e = hadal.expand %y : tensor<8xf32> -> tensor<4x8xf32>
  %s = arith.addf %x, %e : tensor<4x8xf32>
  hadal.yield %s : tensor<4x8xf32>
}

// -----

// expected-error @below {{expected how an argument is read: anchor, gathered, element, row, number_per_row, number or none}}
hadal.kernel rowwise @k(%x: tensor<4x8xf32>) -> tensor<4x8xf32> attributes {parts = #hadal.parts<anchor = -1, prologue = [], arguments = [elements]>} {
  hadal.yield %x : tensor<4x8xf32>
}
