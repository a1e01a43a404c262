// Bodies of contraction kernels that no strategy knows how to read are refused, with the operation and the reason.
// RUN: hadal-opt %s --split-input-file --hadal-select-strategies=cpu=x86-64-v3 --verify-diagnostics
// RUN: hadal-opt %s --split-input-file --hadal-select-strategies=target=sm_90a --verify-diagnostics

// A matrix that repeats for every sample is neither a row, a column nor a number.
// expected-error @below {{serves the kernel 'matrix_per_sample' of kind contraction}}
hadal.kernel contraction @matrix_per_sample(%x: tensor<2x9x16xf32>, %w: tensor<35x16xf32>, %b: tensor<9x35xf32>) -> tensor<2x9x35xf32> {
  %y = hadal.linear %x weights(%w : tensor<35x16xf32>) : tensor<2x9x16xf32> -> tensor<2x9x35xf32>
  // expected-note @below {{'hadal.expand' has a value of type 'tensor<9x35xf32>' beside a product of type 'tensor<2x9x35xf32>'}}
  %e = hadal.expand %b : tensor<9x35xf32> -> tensor<2x9x35xf32>
  %s = arith.addf %y, %e : tensor<2x9x35xf32>
  hadal.yield %s : tensor<2x9x35xf32>
}

// -----

// As many elements as a row, and still no row.
// expected-error @below {{serves the kernel 'as_many_elements'}}
hadal.kernel contraction @as_many_elements(%x: tensor<2x5x16xf32>, %w: tensor<10x16xf32>, %b: tensor<2x5x1xf32>, %c: tensor<5x1xf32>) -> tensor<2x5x10xf32> {
  %y = hadal.linear %x weights(%w : tensor<10x16xf32>) : tensor<2x5x16xf32> -> tensor<2x5x10xf32>
  // expected-note @below {{'hadal.expand' has a value of type 'tensor<5x1xf32>'}}
  %e = hadal.expand %c : tensor<5x1xf32> -> tensor<2x5x10xf32>
  %s = arith.addf %y, %e : tensor<2x5x10xf32>
  hadal.yield %s : tensor<2x5x10xf32>
}

// -----

// expected-error @below {{serves the kernel 'reduced'}}
hadal.kernel contraction @reduced(%x: tensor<9x16xf32>, %w: tensor<35x16xf32>) -> tensor<9x1xf32> {
  %y = hadal.linear %x weights(%w : tensor<35x16xf32>) : tensor<9x16xf32> -> tensor<9x35xf32>
  // expected-note @below {{'hadal.row_reduce' cannot stand beside a product: it is not computed element by element}}
  %e = hadal.row_reduce add %y : tensor<9x35xf32> -> tensor<9x1xf32>
  hadal.yield %e : tensor<9x1xf32>
}

// -----

// A norm is a reduction once it is written out.
// expected-error @below {{serves the kernel 'normed'}}
hadal.kernel contraction @normed(%x: tensor<9x16xf32>, %w: tensor<35x16xf32>, %g: tensor<35xf32>) -> tensor<9x35xf32> {
  %y = hadal.linear %x weights(%w : tensor<35x16xf32>) : tensor<9x16xf32> -> tensor<9x35xf32>
  // expected-note @below {{'hadal.row_reduce' cannot stand beside a product}}
  %n = hadal.rms_norm %y weights(%g : tensor<35xf32>) {eps = 1.0e-6} : tensor<9x35xf32>
  hadal.yield %n : tensor<9x35xf32>
}

// -----

// expected-error @below {{serves the kernel 'rotated'}}
hadal.kernel contraction @rotated(%x: tensor<2x9x16xf32>, %w: tensor<8x16xf32>) -> tensor<2x9x8xf32> {
  %y = hadal.linear %x weights(%w : tensor<8x16xf32>) : tensor<2x9x16xf32> -> tensor<2x9x8xf32>
  // expected-note @below {{'hadal.rope' cannot stand beside a product}}
  %r = hadal.rope %y {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4>} : tensor<2x9x8xf32>
  hadal.yield %r : tensor<2x9x8xf32>
}

// -----

// expected-error @below {{serves the kernel 'cut'}}
hadal.kernel contraction @cut(%x: tensor<9x16xf32>, %w: tensor<8x16xf32>, %b: tensor<9x16xf32>) -> tensor<9x8xf32> {
  %y = hadal.linear %x weights(%w : tensor<8x16xf32>) : tensor<9x16xf32> -> tensor<9x8xf32>
  // expected-note @below {{'hadal.split' cannot stand beside a product}}
  %p:2 = hadal.split %b : tensor<9x16xf32> -> tensor<9x8xf32>, tensor<9x8xf32>
  %s = arith.addf %y, %p#1 : tensor<9x8xf32>
  hadal.yield %s : tensor<9x8xf32>
}

// -----

// expected-error @below {{serves the kernel 'two_products'}}
hadal.kernel contraction @two_products(%x: tensor<9x16xf32>, %w: tensor<8x16xf32>) -> tensor<9x8xf32> {
  %y = hadal.linear %x weights(%w : tensor<8x16xf32>) : tensor<9x16xf32> -> tensor<9x8xf32>
  // expected-note @below {{'hadal.linear' is a second product: a contraction kernel has one}}
  %z = hadal.linear %x weights(%w : tensor<8x16xf32>) : tensor<9x16xf32> -> tensor<9x8xf32>
  %s = arith.addf %y, %z : tensor<9x8xf32>
  hadal.yield %s : tensor<9x8xf32>
}

// -----

// expected-error @below {{serves the kernel 'computed_factor'}}
hadal.kernel contraction @computed_factor(%x: tensor<9x16xf32>, %w: tensor<8x16xf32>) -> tensor<9x8xf32> {
  %d = arith.addf %x, %x : tensor<9x16xf32>
  // expected-note @below {{'hadal.linear' reads what the kernel computes}}
  %y = hadal.linear %d weights(%w : tensor<8x16xf32>) : tensor<9x16xf32> -> tensor<9x8xf32>
  hadal.yield %y : tensor<9x8xf32>
}

// -----

// expected-error @below {{serves the kernel 'operand_again'}}
hadal.kernel contraction @operand_again(%x: tensor<9x16xf32>, %w: tensor<8x16xf32>) -> (tensor<9x8xf32>, tensor<9x16xf32>) {
  %y = hadal.linear %x weights(%w : tensor<8x16xf32>) : tensor<9x16xf32> -> tensor<9x8xf32>
  // expected-note @below {{'arith.mulf' has a value of type 'tensor<9x16xf32>' beside a product of type 'tensor<9x8xf32>'}}
  %s = arith.mulf %x, %x : tensor<9x16xf32>
  hadal.yield %y, %s : tensor<9x8xf32>, tensor<9x16xf32>
}

// -----

// expected-error @below {{serves the kernel 'row_as_result'}}
hadal.kernel contraction @row_as_result(%x: tensor<9x16xf32>, %w: tensor<8x16xf32>, %b: tensor<8xf32>) -> (tensor<9x8xf32>, tensor<8xf32>) {
  %y = hadal.linear %x weights(%w : tensor<8x16xf32>) : tensor<9x16xf32> -> tensor<9x8xf32>
  // expected-note @below {{'hadal.yield' has a result of another shape than the product}}
  hadal.yield %y, %b : tensor<9x8xf32>, tensor<8xf32>
}

// -----

// expected-error @below {{serves the kernel 'table'}}
hadal.kernel contraction @table(%x: tensor<9x16xf32>, %w: tensor<2x16xf32>) -> tensor<9x2xf32> {
  %y = hadal.linear %x weights(%w : tensor<2x16xf32>) : tensor<9x16xf32> -> tensor<9x2xf32>
  // expected-note @below {{'arith.constant' cannot stand beside a product}}
  %c = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %e = hadal.expand %c : tensor<2xf32> -> tensor<9x2xf32>
  %s = arith.addf %y, %e : tensor<9x2xf32>
  hadal.yield %s : tensor<9x2xf32>
}

// -----

// expected-error @below {{serves the kernel 'gathered_and_read'}}
hadal.kernel contraction @gathered_and_read(%x: tensor<4x8xf32>, %p: tensor<8xi32>, %r: tensor<4x2xi32>, %w: tensor<8x8xf32>) -> tensor<8x8xf32> {
  // expected-note @below {{'hadal.gather_rows' cannot stand beside a product}}
  %g = hadal.gather_rows %x, %p, %r : (tensor<4x8xf32>, tensor<8xi32>, tensor<4x2xi32>) -> tensor<8x8xf32>
  %y = hadal.linear %g weights(%w : tensor<8x8xf32>) : tensor<8x8xf32> -> tensor<8x8xf32>
  %s = arith.addf %y, %g : tensor<8x8xf32>
  hadal.yield %s : tensor<8x8xf32>
}

// -----

// expected-error @below {{serves the kernel 'no_product'}}
// expected-note @below {{'hadal.kernel' of this kind has a matrix product}}
hadal.kernel contraction @no_product(%x: tensor<9x16xf32>) -> tensor<9x16xf32> {
  %y = arith.addf %x, %x : tensor<9x16xf32>
  hadal.yield %y : tensor<9x16xf32>
}

// -----

// expected-error @below {{serves the kernel 'named'}}
hadal.kernel contraction @named(%x: tensor<9x16xf32>) -> tensor<9x8xf32> {
  // expected-note @below {{'hadal.linear' names parameters that are not bound}}
  %y = hadal.linear %x "w" : tensor<9x16xf32> -> tensor<9x8xf32>
  hadal.yield %y : tensor<9x8xf32>
}
