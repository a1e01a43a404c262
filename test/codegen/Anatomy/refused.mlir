// Kernels without an anatomy: where, and why.
// RUN: hadal-opt %s --split-input-file --hadal-print-anatomy --verify-diagnostics -o /dev/null

// expected-warning @below {{no strategy can read the kernel 'scaled'}}
hadal.kernel contraction @scaled(%x: tensor<64x256xf8E4M3FN>, %s: tensor<64x2xf32>, %w: tensor<384x256xf8E4M3FN>, %t: tensor<3x2xf32>) -> tensor<64x384xf32> {
  // expected-note @below {{'hadal.scaled_linear' multiplies with block scales, which no strategy reads: dequantize its factors}}
  %y = hadal.scaled_linear %x, %s <1x128>, %w, %t <128x128> : (tensor<64x256xf8E4M3FN>, tensor<64x2xf32>, tensor<384x256xf8E4M3FN>, tensor<3x2xf32>) -> tensor<64x384xf32>
  hadal.yield %y : tensor<64x384xf32>
}

// -----

// expected-warning @below {{no strategy can read the kernel 'computed'}}
hadal.kernel contraction @computed(%x: tensor<9x16xf32>, %w: tensor<8x16xf32>) -> tensor<9x8xf32> {
  %n = arith.negf %x : tensor<9x16xf32>
  // expected-note @below {{'hadal.linear' reads what the kernel computes: its factors are operands of the kernel, or rows gathered from them}}
  %y = hadal.linear %n weights(%w : tensor<8x16xf32>) : tensor<9x16xf32> -> tensor<9x8xf32>
  hadal.yield %y : tensor<9x8xf32>
}

// -----

// Rows that are gathered for the product and for something else exist.
// expected-warning @below {{no strategy can read the kernel 'gathered_twice'}}
hadal.kernel contraction @gathered_twice(%x: tensor<6x16xf32>, %pairs: tensor<12xi32>, %rows: tensor<6x2xi32>, %w: tensor<4x16x16xf32>, %o: tensor<5xi32>) -> tensor<12x16xf32> {
  // expected-note @below {{'hadal.gather_rows' cannot stand beside a product: it is not computed element by element}}
  %g = hadal.gather_rows %x, %pairs, %rows : (tensor<6x16xf32>, tensor<12xi32>, tensor<6x2xi32>) -> tensor<12x16xf32>
  %y = hadal.grouped_matmul %g, %w, %o : (tensor<12x16xf32>, tensor<4x16x16xf32>, tensor<5xi32>) -> tensor<12x16xf32>
  %s = arith.addf %y, %g : tensor<12x16xf32>
  hadal.yield %s : tensor<12x16xf32>
}
