// Bodies of rowwise kernels that no strategy knows how to read are refused, with the operation and the reason.
// RUN: hadal-opt %s --split-input-file --hadal-select-strategies=cpu=x86-64-v3 --verify-diagnostics
// RUN: hadal-opt %s --split-input-file --hadal-select-strategies=target=sm_90a --verify-diagnostics

// A number for all rows is no result of a kernel over rows: every row would store it, each in a place of its own.
// expected-error @below {{serves the kernel 'number_as_result' of kind rowwise}}
hadal.kernel rowwise @number_as_result(%x: tensor<9x4xf32>, %n: tensor<1xf32>) -> (tensor<9x4xf32>, tensor<1xf32>) {
  %y = arith.addf %x, %x : tensor<9x4xf32>
  %m = arith.mulf %n, %n : tensor<1xf32>
  // expected-note @below {{'hadal.yield' yields what all of the kernel's rows share}}
  hadal.yield %y, %m : tensor<9x4xf32>, tensor<1xf32>
}

// -----

// expected-error @below {{serves the kernel 'matrix_per_sample'}}
// expected-note @below {{'hadal.kernel' has 9 rows in a kernel over 18}}
hadal.kernel rowwise @matrix_per_sample(%x: tensor<2x9x4xf32>, %b: tensor<9x4xf32>) -> tensor<2x9x4xf32> {
  %e = hadal.expand %b : tensor<9x4xf32> -> tensor<2x9x4xf32>
  %s = arith.addf %x, %e : tensor<2x9x4xf32>
  hadal.yield %s : tensor<2x9x4xf32>
}

// -----

// Positions lie in memory, one for every row.
// expected-error @below {{serves the kernel 'constant_positions'}}
hadal.kernel rowwise @constant_positions(%x: tensor<1x9x4xf32>) -> tensor<1x9x4xf32> {
  %p = arith.constant dense<3> : tensor<1x9xi32>
  // expected-note @below {{'hadal.rope' takes the positions of rows from what is no operand of the kernel}}
  %a = hadal.rope %x positions(%p : tensor<1x9xi32>) {heads = 1, position_limit = 9, rope = #hadal.rope<theta = 1.0e4, dim = 4>} : tensor<1x9x4xf32>
  hadal.yield %a : tensor<1x9x4xf32>
}

// -----

// Positions are counted in the rotated tensor, not in another of as many rows.
// expected-error @below {{serves the kernel 'two_lengths'}}
hadal.kernel rowwise @two_lengths(%x: tensor<2x9x4xf32>, %y: tensor<3x6x4xf32>) -> (tensor<2x9x4xf32>, tensor<3x6x4xf32>) {
  %a = hadal.rope %x {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 4>} : tensor<2x9x4xf32>
  // expected-note @below {{'hadal.rope' counts positions in sequences of another length}}
  %b = hadal.rope %y {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 4>} : tensor<3x6x4xf32>
  hadal.yield %a, %b : tensor<2x9x4xf32>, tensor<3x6x4xf32>
}

// -----

// expected-error @below {{serves the kernel 'rotated_for_all'}}
hadal.kernel rowwise @rotated_for_all(%x: tensor<2x9x4xf32>, %y: tensor<1x1x4xf32>) -> tensor<2x9x4xf32> {
  // expected-note @below {{'hadal.rope' rotates rows of batch x sequence, and all rows of the kernel}}
  %a = hadal.rope %y {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 4>} : tensor<1x1x4xf32>
  %e = hadal.expand %a : tensor<1x1x4xf32> -> tensor<2x9x4xf32>
  %s = arith.addf %x, %e : tensor<2x9x4xf32>
  hadal.yield %s : tensor<2x9x4xf32>
}

// -----

// expected-error @below {{serves the kernel 'table'}}
hadal.kernel rowwise @table(%x: tensor<9x2xf32>) -> tensor<9x2xf32> {
  // expected-note @below {{'arith.constant' has no emitter along a row}}
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %e = hadal.expand %c : tensor<2xf32> -> tensor<9x2xf32>
  %s = arith.addf %x, %e : tensor<9x2xf32>
  hadal.yield %s : tensor<9x2xf32>
}

// -----

// expected-error @below {{serves the kernel 'bf16'}}
hadal.kernel rowwise @bf16(%x: tensor<9x2xbf16>) -> tensor<9x2xbf16> {
  // expected-note @below {{'arith.addf' computes in another type than f32 along rows}}
  %s = arith.addf %x, %x : tensor<9x2xbf16>
  hadal.yield %s : tensor<9x2xbf16>
}

// -----

// expected-error @below {{serves the kernel 'open'}}
// expected-note @below {{'hadal.kernel' has a value of type 'tensor<?x2xf32>', which is no tensor of known shape}}
hadal.kernel rowwise @open(%x: tensor<?x2xf32>) -> tensor<?x2xf32> {
  hadal.yield %x : tensor<?x2xf32>
}

// -----

// expected-error @below {{serves the kernel 'nothing'}}
// expected-note @below {{'hadal.kernel' has a value of type 'tensor<0x2xf32>' without elements}}
hadal.kernel rowwise @nothing(%x: tensor<0x2xf32>) -> tensor<0x2xf32> {
  hadal.yield %x : tensor<0x2xf32>
}

// -----

// expected-error @below {{serves the kernel 'truth'}}
// expected-note @below {{'hadal.kernel' has a value of type 'tensor<4x2xi1>': kernels work on f32, bf16 and i32}}
hadal.kernel rowwise @truth(%x: tensor<4x2xf32>) -> tensor<4x2xi1> {
  %y = arith.cmpf olt, %x, %x : tensor<4x2xf32>
  hadal.yield %y : tensor<4x2xi1>
}

// -----

// expected-error @below {{serves the kernel 'no_results'}}
// expected-note @below {{'hadal.kernel' has no result}}
hadal.kernel rowwise @no_results(%x: tensor<4x2xf32>) {
  hadal.yield
}

// -----

// expected-error @below {{serves the kernel 'branch'}}
hadal.kernel rowwise @branch(%x: tensor<4x2xf32>, %c: tensor<4x2xi32>) -> tensor<4x2xf32> {
  // expected-note @below {{'arith.constant' has a value of type 'i1', which is no tensor}}
  %t = arith.constant true
  %r = scf.if %t -> tensor<4x2xf32> {
    scf.yield %x : tensor<4x2xf32>
  } else {
    scf.yield %x : tensor<4x2xf32>
  }
  hadal.yield %r : tensor<4x2xf32>
}
