// Products of matrices on CPUs against the reference evaluator, for every width of vectors: ragged shapes in each layout, fused
// epilogues, rows grouped by expert (experts without rows among them), rows gathered from their tokens.
// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --routing=skewed
// RUN: hadal-check-kernels %s --cpu=x86-64-v2 --routing=last

hadal.kernel contraction @linear_one(%x: tensor<1x1xf32>, %w: tensor<1x1xf32>) -> tensor<1x1xf32> {
  %0 = hadal.linear %x weights(%w : tensor<1x1xf32>) : tensor<1x1xf32> -> tensor<1x1xf32>
  hadal.yield %0 : tensor<1x1xf32>
}

hadal.kernel contraction @linear_primes(%x: tensor<7x5xf32>, %w: tensor<13x5xf32>) -> tensor<7x13xf32> {
  %0 = hadal.linear %x weights(%w : tensor<13x5xf32>) : tensor<7x5xf32> -> tensor<7x13xf32>
  hadal.yield %0 : tensor<7x13xf32>
}

hadal.kernel contraction @linear_deep(%x: tensor<2x50x777xf32>, %w: tensor<130x777xf32>) -> tensor<2x50x130xf32> {
  %0 = hadal.linear %x weights(%w : tensor<130x777xf32>) : tensor<2x50x777xf32> -> tensor<2x50x130xf32>
  hadal.yield %0 : tensor<2x50x130xf32>
}

hadal.kernel contraction @linear_gate(%x: tensor<3x11x64xf32>, %w: tensor<16x64xf32>) -> tensor<3x11x16xf32> {
  %0 = hadal.linear %x weights(%w : tensor<16x64xf32>) : tensor<3x11x64xf32> -> tensor<3x11x16xf32>
  hadal.yield %0 : tensor<3x11x16xf32>
}

hadal.kernel contraction @linear_column(%x: tensor<5x33xf32>, %w: tensor<1x33xf32>) -> tensor<5x1xf32> {
  %0 = hadal.linear %x weights(%w : tensor<1x33xf32>) : tensor<5x33xf32> -> tensor<5x1xf32>
  hadal.yield %0 : tensor<5x1xf32>
}

hadal.kernel contraction @linear_row(%x: tensor<1x1x300xf32>, %w: tensor<67x300xf32>) -> tensor<1x1x67xf32> {
  %0 = hadal.linear %x weights(%w : tensor<67x300xf32>) : tensor<1x1x300xf32> -> tensor<1x1x67xf32>
  hadal.yield %0 : tensor<1x1x67xf32>
}

hadal.kernel contraction @matmul_plain(%a: tensor<3x17x101xf32>, %b: tensor<101x66xf32>) -> tensor<3x17x66xf32> {
  %0 = hadal.matmul %a, %b : (tensor<3x17x101xf32>, tensor<101x66xf32>) -> tensor<3x17x66xf32>
  hadal.yield %0 : tensor<3x17x66xf32>
}

hadal.kernel contraction @matmul_short(%a: tensor<33x3xf32>, %b: tensor<3x16xf32>) -> tensor<33x16xf32> {
  %0 = hadal.matmul %a, %b : (tensor<33x3xf32>, tensor<3x16xf32>) -> tensor<33x16xf32>
  hadal.yield %0 : tensor<33x16xf32>
}

hadal.kernel contraction @matmul_both(%a: tensor<40x31xf32>, %b: tensor<29x40xf32>) -> tensor<31x29xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs, transpose_rhs} : (tensor<40x31xf32>, tensor<29x40xf32>) -> tensor<31x29xf32>
  hadal.yield %0 : tensor<31x29xf32>
}

hadal.kernel contraction @weight_gradient(%sum: tensor<131x97xf32>, %a: tensor<2x67x131xf32>, %b: tensor<2x67x97xf32>) -> tensor<131x97xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<2x67x131xf32>, tensor<2x67x97xf32>) -> tensor<131x97xf32>
  %1 = arith.addf %sum, %0 : tensor<131x97xf32>
  hadal.yield %1 : tensor<131x97xf32>
}

hadal.kernel contraction @weight_gradient_narrow(%sum: tensor<1x19xf32>, %a: tensor<2x500x1xf32>, %b: tensor<2x500x19xf32>) -> tensor<1x19xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<2x500x1xf32>, tensor<2x500x19xf32>) -> tensor<1x19xf32>
  %1 = arith.addf %sum, %0 : tensor<1x19xf32>
  hadal.yield %1 : tensor<1x19xf32>
}

hadal.kernel contraction @weight_gradient_one_column(%sum: tensor<13x1xf32>, %a: tensor<90x13xf32>, %b: tensor<90x1xf32>) -> tensor<13x1xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<90x13xf32>, tensor<90x1xf32>) -> tensor<13x1xf32>
  %1 = arith.addf %sum, %0 : tensor<13x1xf32>
  hadal.yield %1 : tensor<13x1xf32>
}

// The up projection with SwiGLU, a residual and a scalar in its epilogue; the product is a result of its own.
hadal.kernel contraction @epilogue(%x: tensor<2x9x48xf32>, %w: tensor<35x48xf32>, %gate: tensor<2x9x35xf32>, %residual: tensor<2x9x35xf32>, %scale: tensor<f32>) -> (tensor<2x9x35xf32>, tensor<2x9x35xf32>) {
  %0 = hadal.linear %x weights(%w : tensor<35x48xf32>) : tensor<2x9x48xf32> -> tensor<2x9x35xf32>
  %1 = hadal.swiglu %gate, %0 : tensor<2x9x35xf32>
  %2 = hadal.expand %scale : tensor<f32> -> tensor<2x9x35xf32>
  %3 = arith.mulf %1, %2 : tensor<2x9x35xf32>
  %4 = arith.addf %residual, %3 : tensor<2x9x35xf32>
  hadal.yield %4, %0 : tensor<2x9x35xf32>, tensor<2x9x35xf32>
}

hadal.kernel contraction @grouped(%x: tensor<74x65xf32>, %w: tensor<5x33x65xf32>, %offsets: tensor<6xi32>) -> tensor<74x33xf32> {
  %0 = hadal.grouped_matmul %x, %w, %offsets {transpose_rhs} : (tensor<74x65xf32>, tensor<5x33x65xf32>, tensor<6xi32>) -> tensor<74x33xf32>
  hadal.yield %0 : tensor<74x33xf32>
}

hadal.kernel contraction @grouped_gathered(%x: tensor<1x37x65xf32>, %pairs: tensor<74xi32>, %rows: tensor<1x37x2xi32>, %w: tensor<5x33x65xf32>, %offsets: tensor<6xi32>) -> tensor<74x33xf32> {
  %0 = hadal.gather_rows %x, %pairs, %rows : (tensor<1x37x65xf32>, tensor<74xi32>, tensor<1x37x2xi32>) -> tensor<74x65xf32>
  %1 = hadal.grouped_matmul %0, %w, %offsets {transpose_rhs} : (tensor<74x65xf32>, tensor<5x33x65xf32>, tensor<6xi32>) -> tensor<74x33xf32>
  hadal.yield %1 : tensor<74x33xf32>
}

hadal.kernel contraction @grouped_backward(%x: tensor<183x29xf32>, %w: tensor<4x29x50xf32>, %offsets: tensor<5xi32>) -> tensor<183x50xf32> {
  %0 = hadal.grouped_matmul %x, %w, %offsets : (tensor<183x29xf32>, tensor<4x29x50xf32>, tensor<5xi32>) -> tensor<183x50xf32>
  hadal.yield %0 : tensor<183x50xf32>
}

hadal.kernel contraction @grouped_many_experts(%x: tensor<1x3x20xf32>, %pairs: tensor<6xi32>, %rows: tensor<1x3x2xi32>, %w: tensor<16x24x20xf32>, %offsets: tensor<17xi32>) -> tensor<6x24xf32> {
  %0 = hadal.gather_rows %x, %pairs, %rows : (tensor<1x3x20xf32>, tensor<6xi32>, tensor<1x3x2xi32>) -> tensor<6x20xf32>
  %1 = hadal.grouped_matmul %0, %w, %offsets {transpose_rhs} : (tensor<6x20xf32>, tensor<16x24x20xf32>, tensor<17xi32>) -> tensor<6x24xf32>
  hadal.yield %1 : tensor<6x24xf32>
}

hadal.kernel contraction @grouped_deep(%x: tensor<1x50x500xf32>, %pairs: tensor<200xi32>, %rows: tensor<1x50x4xi32>, %w: tensor<3x70x500xf32>, %offsets: tensor<4xi32>) -> tensor<200x70xf32> {
  %0 = hadal.gather_rows %x, %pairs, %rows : (tensor<1x50x500xf32>, tensor<200xi32>, tensor<1x50x4xi32>) -> tensor<200x500xf32>
  %1 = hadal.grouped_matmul %0, %w, %offsets {transpose_rhs} : (tensor<200x500xf32>, tensor<3x70x500xf32>, tensor<4xi32>) -> tensor<200x70xf32>
  hadal.yield %1 : tensor<200x70xf32>
}

hadal.kernel contraction @outer(%sum: tensor<5x33x65xf32>, %a: tensor<74x33xf32>, %b: tensor<74x65xf32>, %pairs: tensor<74xi32>, %rows: tensor<1x37x2xi32>, %offsets: tensor<6xi32>) -> tensor<5x33x65xf32> {
  %0 = hadal.grouped_outer_product %a, %b, %offsets : (tensor<74x33xf32>, tensor<74x65xf32>, tensor<6xi32>) -> tensor<5x33x65xf32>
  %1 = arith.addf %sum, %0 : tensor<5x33x65xf32>
  hadal.yield %1 : tensor<5x33x65xf32>
}

hadal.kernel contraction @outer_gathered(%sum: tensor<6x19x40xf32>, %a: tensor<123x19xf32>, %b: tensor<1x41x40xf32>, %pairs: tensor<123xi32>, %rows: tensor<1x41x3xi32>, %offsets: tensor<7xi32>) -> tensor<6x19x40xf32> {
  %r = hadal.gather_rows %b, %pairs, %rows : (tensor<1x41x40xf32>, tensor<123xi32>, tensor<1x41x3xi32>) -> tensor<123x40xf32>
  %0 = hadal.grouped_outer_product %a, %r, %offsets : (tensor<123x19xf32>, tensor<123x40xf32>, tensor<7xi32>) -> tensor<6x19x40xf32>
  %1 = arith.addf %sum, %0 : tensor<6x19x40xf32>
  hadal.yield %1 : tensor<6x19x40xf32>
}

hadal.kernel contraction @outer_gathered_left(%sum: tensor<2x20x17xf32>, %a: tensor<1x200x20xf32>, %b: tensor<800x17xf32>, %pairs: tensor<800xi32>, %rows: tensor<1x200x4xi32>, %offsets: tensor<3xi32>) -> tensor<2x20x17xf32> {
  %l = hadal.gather_rows %a, %pairs, %rows : (tensor<1x200x20xf32>, tensor<800xi32>, tensor<1x200x4xi32>) -> tensor<800x20xf32>
  %0 = hadal.grouped_outer_product %l, %b, %offsets : (tensor<800x20xf32>, tensor<800x17xf32>, tensor<3xi32>) -> tensor<2x20x17xf32>
  %1 = arith.addf %sum, %0 : tensor<2x20x17xf32>
  hadal.yield %1 : tensor<2x20x17xf32>
}
