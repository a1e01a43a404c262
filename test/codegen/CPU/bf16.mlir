// Kernels of every kind that holds bf16 under --precision=bf16, against the reference evaluator, for every width of vectors:
// products with factors in bf16 and results in either type, epilogues that widen and round, attention, the head, rows with
// conversions, and the conversions at the edges of routing and reduction kernels.
// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --routing=skewed --seed=3
// RUN: hadal-check-kernels %s --cpu=x86-64-v2 --routing=last

hadal.kernel contraction @linear(%x: tensor<7x37xbf16>, %w: tensor<13x37xbf16>) -> tensor<7x13xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<13x37xbf16>) : tensor<7x37xbf16> -> tensor<7x13xbf16>
  hadal.yield %0 : tensor<7x13xbf16>
}
hadal.kernel contraction @linear_deep(%x: tensor<2x50x777xbf16>, %w: tensor<130x777xbf16>) -> tensor<2x50x130xf32> {
  %0 = hadal.linear %x weights(%w : tensor<130x777xbf16>) : tensor<2x50x777xbf16> -> tensor<2x50x130xf32>
  hadal.yield %0 : tensor<2x50x130xf32>
}
hadal.kernel contraction @linear_column(%x: tensor<5x33xbf16>, %w: tensor<1x33xbf16>) -> tensor<5x1xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<1x33xbf16>) : tensor<5x33xbf16> -> tensor<5x1xbf16>
  hadal.yield %0 : tensor<5x1xbf16>
}
hadal.kernel contraction @linear_residual(%x: tensor<2x9x64xbf16>, %w: tensor<48x64xbf16>, %r: tensor<2x9x48xf32>) -> tensor<2x9x48xf32> {
  %0 = hadal.linear %x weights(%w : tensor<48x64xbf16>) : tensor<2x9x64xbf16> -> tensor<2x9x48xf32>
  %1 = arith.addf %r, %0 : tensor<2x9x48xf32>
  hadal.yield %1 : tensor<2x9x48xf32>
}
hadal.kernel contraction @linear_swiglu(%x: tensor<2x9x64xbf16>, %w: tensor<50x64xbf16>, %g: tensor<2x9x50xbf16>) -> tensor<2x9x50xbf16> {
  %gate = arith.extf %g : tensor<2x9x50xbf16> to tensor<2x9x50xf32>
  %0 = hadal.linear %x weights(%w : tensor<50x64xbf16>) : tensor<2x9x64xbf16> -> tensor<2x9x50xbf16>
  %up = arith.extf %0 : tensor<2x9x50xbf16> to tensor<2x9x50xf32>
  %1 = hadal.swiglu %gate, %up : tensor<2x9x50xf32>
  %2 = arith.truncf %1 : tensor<2x9x50xf32> to tensor<2x9x50xbf16>
  hadal.yield %2 : tensor<2x9x50xbf16>
}
hadal.kernel contraction @matmul(%x: tensor<3x11x24xbf16>, %w: tensor<24x33xbf16>) -> tensor<3x11x33xbf16> {
  %0 = hadal.matmul %x, %w : (tensor<3x11x24xbf16>, tensor<24x33xbf16>) -> tensor<3x11x33xbf16>
  hadal.yield %0 : tensor<3x11x33xbf16>
}
hadal.kernel contraction @weight_gradient(%d: tensor<3x67x24xbf16>, %x: tensor<3x67x33xbf16>, %g: tensor<24x33xf32>) -> tensor<24x33xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<3x67x24xbf16>, tensor<3x67x33xbf16>) -> tensor<24x33xf32>
  %1 = arith.addf %g, %0 : tensor<24x33xf32>
  hadal.yield %1 : tensor<24x33xf32>
}

hadal.kernel contraction @grouped(%x: tensor<2x15x40xbf16>, %p: tensor<90xi32>, %r: tensor<2x15x3xi32>, %w: tensor<5x28x40xbf16>, %o: tensor<6xi32>) -> tensor<90x28xbf16> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<2x15x40xbf16>, tensor<90xi32>, tensor<2x15x3xi32>) -> tensor<90x40xbf16>
  %0 = hadal.grouped_matmul %rows, %w, %o {transpose_rhs} : (tensor<90x40xbf16>, tensor<5x28x40xbf16>, tensor<6xi32>) -> tensor<90x28xbf16>
  hadal.yield %0 : tensor<90x28xbf16>
}
hadal.kernel contraction @grouped_back(%x: tensor<90x28xbf16>, %w: tensor<5x28x40xbf16>, %o: tensor<6xi32>) -> tensor<90x40xf32> {
  %0 = hadal.grouped_matmul %x, %w, %o : (tensor<90x28xbf16>, tensor<5x28x40xbf16>, tensor<6xi32>) -> tensor<90x40xf32>
  hadal.yield %0 : tensor<90x40xf32>
}
hadal.kernel contraction @grouped_gradient(%d: tensor<90x28xbf16>, %x: tensor<2x15x40xbf16>, %p: tensor<90xi32>, %r: tensor<2x15x3xi32>, %o: tensor<6xi32>, %g: tensor<5x28x40xf32>) -> tensor<5x28x40xf32> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<2x15x40xbf16>, tensor<90xi32>, tensor<2x15x3xi32>) -> tensor<90x40xbf16>
  %0 = hadal.grouped_outer_product %d, %rows, %o : (tensor<90x28xbf16>, tensor<90x40xbf16>, tensor<6xi32>) -> tensor<5x28x40xf32>
  %1 = arith.addf %g, %0 : tensor<5x28x40xf32>
  hadal.yield %1 : tensor<5x28x40xf32>
}

hadal.kernel attention @attention(%q: tensor<2x70x68xbf16>, %kv: tensor<2x70x114xbf16>, %rotary: tensor<2x70x10xbf16>) -> (tensor<2x70x66xbf16>, tensor<2x2x70xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<2x70x68xbf16>, tensor<2x70x114xbf16>, tensor<2x70x10xbf16>) -> (tensor<2x70x66xbf16>, tensor<2x2x70xf32>)
  hadal.yield %0, %1 : tensor<2x70x66xbf16>, tensor<2x2x70xf32>
}
hadal.kernel attention @attention_gradient(%q: tensor<1x130x68xbf16>, %kv: tensor<1x130x114xbf16>, %rotary: tensor<1x130x10xbf16>, %o: tensor<1x130x66xbf16>, %l: tensor<1x2x130xf32>, %g: tensor<1x130x66xbf16>) -> (tensor<1x130x68xbf16>, tensor<1x130x114xbf16>, tensor<1x130x10xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x130x68xbf16>, tensor<1x130x114xbf16>, tensor<1x130x10xbf16>, tensor<1x130x66xbf16>, tensor<1x2x130xf32>, tensor<1x130x66xbf16>) -> (tensor<1x130x68xbf16>, tensor<1x130x114xbf16>, tensor<1x130x10xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x130x68xbf16>, tensor<1x130x114xbf16>, tensor<1x130x10xbf16>
}
hadal.kernel attention @attention_gradient_wide(%q: tensor<2x7x48xbf16>, %kv: tensor<2x7x64xbf16>, %rotary: tensor<2x7x8xbf16>, %o: tensor<2x7x32xbf16>, %l: tensor<2x2x7xf32>, %g: tensor<2x7x32xbf16>) -> (tensor<2x7x48xf32>, tensor<2x7x64xbf16>, tensor<2x7x8xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 2, nope = 16, value = 16, scale = 0.204 : f64} : (tensor<2x7x48xbf16>, tensor<2x7x64xbf16>, tensor<2x7x8xbf16>, tensor<2x7x32xbf16>, tensor<2x2x7xf32>, tensor<2x7x32xbf16>) -> (tensor<2x7x48xf32>, tensor<2x7x64xbf16>, tensor<2x7x8xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<2x7x48xf32>, tensor<2x7x64xbf16>, tensor<2x7x8xf32>
}

hadal.kernel head @loss(%h: tensor<2x9x37xbf16>, %t: tensor<2x9xi32>, %w: tensor<53x37xbf16>) -> tensor<f32> {
  %0 = hadal.cross_entropy %h, %t weights(%w : tensor<53x37xbf16>) {vocabulary = 53} : tensor<2x9x37xbf16>, tensor<2x9xi32>
  hadal.yield %0 : tensor<f32>
}
hadal.kernel head @head(%h: tensor<2x9x37xbf16>, %t: tensor<2x9xi32>, %w: tensor<53x37xbf16>, %s: tensor<f32>, %g: tensor<53x37xf32>) -> (tensor<f32>, tensor<2x9x37xbf16>, tensor<53x37xf32>) {
  %0, %1, %2 = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<2x9x37xbf16>, tensor<2x9xi32>, tensor<53x37xbf16>, tensor<f32>) -> (tensor<f32>, tensor<2x9x37xbf16>, tensor<53x37xf32>)
  %3 = arith.addf %g, %2 : tensor<53x37xf32>
  hadal.yield %0, %1, %3 : tensor<f32>, tensor<2x9x37xbf16>, tensor<53x37xf32>
}

hadal.kernel rowwise @round(%x: tensor<67x37xf32>) -> tensor<67x37xbf16> {
  %0 = arith.truncf %x : tensor<67x37xf32> to tensor<67x37xbf16>
  hadal.yield %0 : tensor<67x37xbf16>
}
hadal.kernel rowwise @norm(%x: tensor<2x9x50xbf16>, %w: tensor<50xf32>) -> (tensor<2x9x50xf32>, tensor<2x9x50xbf16>) {
  %0 = arith.extf %x : tensor<2x9x50xbf16> to tensor<2x9x50xf32>
  %1 = hadal.rms_norm %0 weights(%w : tensor<50xf32>) {eps = 1.0e-6} : tensor<2x9x50xf32>
  %2 = arith.truncf %1 : tensor<2x9x50xf32> to tensor<2x9x50xbf16>
  hadal.yield %1, %2 : tensor<2x9x50xf32>, tensor<2x9x50xbf16>
}
hadal.kernel rowwise @latent(%x: tensor<2x9x24xbf16>, %w: tensor<16xf32>) -> (tensor<2x9x16xbf16>, tensor<2x9x8xbf16>) {
  %0 = arith.extf %x : tensor<2x9x24xbf16> to tensor<2x9x24xf32>
  %1:2 = hadal.split %0 : tensor<2x9x24xf32> -> tensor<2x9x16xf32>, tensor<2x9x8xf32>
  %2 = hadal.rms_norm %1#0 weights(%w : tensor<16xf32>) {eps = 1.0e-6} : tensor<2x9x16xf32>
  %3 = hadal.rope %1#1 {heads = 1, rope = #hadal.rope<theta = 10000.0, dim = 8>} : tensor<2x9x8xf32>
  %4 = arith.truncf %2 : tensor<2x9x16xf32> to tensor<2x9x16xbf16>
  %5 = arith.truncf %3 : tensor<2x9x8xf32> to tensor<2x9x8xbf16>
  hadal.yield %4, %5 : tensor<2x9x16xbf16>, tensor<2x9x8xbf16>
}
hadal.kernel rowwise @latent_of_one(%x: tensor<2x9x9xbf16>, %w: tensor<1xf32>) -> (tensor<2x9x1xbf16>, tensor<2x9x8xbf16>) {
  %0 = arith.extf %x : tensor<2x9x9xbf16> to tensor<2x9x9xf32>
  %1:2 = hadal.split %0 : tensor<2x9x9xf32> -> tensor<2x9x1xf32>, tensor<2x9x8xf32>
  %2 = hadal.rms_norm %1#0 weights(%w : tensor<1xf32>) {eps = 1.0e-1} : tensor<2x9x1xf32>
  %3 = hadal.rope %1#1 {heads = 1, rope = #hadal.rope<theta = 10000.0, dim = 8>} : tensor<2x9x8xf32>
  %4 = arith.truncf %2 : tensor<2x9x1xf32> to tensor<2x9x1xbf16>
  %5 = arith.truncf %3 : tensor<2x9x8xf32> to tensor<2x9x8xbf16>
  hadal.yield %4, %5 : tensor<2x9x1xbf16>, tensor<2x9x8xbf16>
}
hadal.kernel rowwise @swiglu_gradient(%g: tensor<30x17xbf16>, %u: tensor<30x17xbf16>, %d: tensor<30x17xbf16>) -> (tensor<30x17xbf16>, tensor<30x17xbf16>) {
  %0 = arith.extf %g : tensor<30x17xbf16> to tensor<30x17xf32>
  %1 = arith.extf %u : tensor<30x17xbf16> to tensor<30x17xf32>
  %2 = arith.extf %d : tensor<30x17xbf16> to tensor<30x17xf32>
  %3, %4 = hadal.swiglu_gradient %0, %1, %2 : tensor<30x17xf32>
  %5 = arith.truncf %3 : tensor<30x17xf32> to tensor<30x17xbf16>
  %6 = arith.truncf %4 : tensor<30x17xf32> to tensor<30x17xbf16>
  hadal.yield %5, %6 : tensor<30x17xbf16>, tensor<30x17xbf16>
}

hadal.kernel reduction @norm_weight(%x: tensor<2x40x37xbf16>, %d: tensor<2x40x37xbf16>, %g: tensor<37xf32>) -> tensor<37xf32> {
  %0 = arith.extf %x : tensor<2x40x37xbf16> to tensor<2x40x37xf32>
  %1 = arith.extf %d : tensor<2x40x37xbf16> to tensor<2x40x37xf32>
  %2 = hadal.rms_norm_weight_gradient %0, %1 {eps = 1.0e-6} : tensor<2x40x37xf32> -> tensor<37xf32>
  %3 = arith.addf %g, %2 : tensor<37xf32>
  hadal.yield %3 : tensor<37xf32>
}
hadal.kernel routing @combine(%x: tensor<90x37xbf16>, %r: tensor<2x15x3xi32>, %p: tensor<90xi32>, %w: tensor<2x15x3xf32>) -> tensor<2x15x37xf32> {
  %0 = arith.extf %x : tensor<90x37xbf16> to tensor<90x37xf32>
  %1 = hadal.combine_rows %0, %r, %p weighted(%w) : (tensor<90x37xf32>, tensor<2x15x3xi32>, tensor<90xi32>, tensor<2x15x3xf32>) -> tensor<2x15x37xf32>
  hadal.yield %1 : tensor<2x15x37xf32>
}
hadal.kernel routing @combine_gradient(%x: tensor<90x37xbf16>, %p: tensor<90xi32>, %w: tensor<2x15x3xf32>, %g: tensor<2x15x37xf32>) -> (tensor<90x37xbf16>, tensor<2x15x3xf32>) {
  %0 = arith.extf %x : tensor<90x37xbf16> to tensor<90x37xf32>
  %1, %2 = hadal.combine_rows_gradient %0, %p, %w, %g : (tensor<90x37xf32>, tensor<90xi32>, tensor<2x15x3xf32>, tensor<2x15x37xf32>) -> (tensor<90x37xf32>, tensor<2x15x3xf32>)
  %3 = arith.truncf %1 : tensor<90x37xf32> to tensor<90x37xbf16>
  hadal.yield %3, %2 : tensor<90x37xbf16>, tensor<2x15x3xf32>
}
hadal.kernel routing @gather(%x: tensor<2x15x37xbf16>, %p: tensor<90xi32>, %r: tensor<2x15x3xi32>) -> tensor<90x37xbf16> {
  %0 = hadal.gather_rows %x, %p, %r : (tensor<2x15x37xbf16>, tensor<90xi32>, tensor<2x15x3xi32>) -> tensor<90x37xbf16>
  hadal.yield %0 : tensor<90x37xbf16>
}
