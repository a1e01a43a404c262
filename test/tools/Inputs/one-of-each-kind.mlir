// Kernels of every kind, with operands in f32 and in bf16, of shapes that fill no tile. On a GPU those in bf16 run on tensor
// cores where there are kernels for it.

hadal.kernel contraction @linear_f32(%x: tensor<21x37xf32>, %w: tensor<18x37xf32>) -> tensor<21x18xf32> {
  %0 = hadal.linear %x weights(%w : tensor<18x37xf32>) : tensor<21x37xf32> -> tensor<21x18xf32>
  hadal.yield %0 : tensor<21x18xf32>
}

hadal.kernel contraction @residual_f32(%x: tensor<21x37xf32>, %w: tensor<37x18xf32>, %r: tensor<21x18xf32>) -> tensor<21x18xf32> {
  %0 = hadal.matmul %x, %w : (tensor<21x37xf32>, tensor<37x18xf32>) -> tensor<21x18xf32>
  %1 = arith.addf %r, %0 : tensor<21x18xf32>
  hadal.yield %1 : tensor<21x18xf32>
}

hadal.kernel contraction @outer_f32(%d: tensor<21x18xf32>, %x: tensor<21x37xf32>) -> tensor<18x37xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<21x18xf32>, tensor<21x37xf32>) -> tensor<18x37xf32>
  hadal.yield %0 : tensor<18x37xf32>
}

hadal.kernel contraction @grouped_f32(%x: tensor<30x18xf32>, %w: tensor<3x18x37xf32>, %o: tensor<4xi32>) -> tensor<30x37xf32> {
  %0 = hadal.grouped_matmul %x, %w, %o : (tensor<30x18xf32>, tensor<3x18x37xf32>, tensor<4xi32>) -> tensor<30x37xf32>
  hadal.yield %0 : tensor<30x37xf32>
}

hadal.kernel contraction @gathered_f32(%x: tensor<1x15x37xf32>, %p: tensor<30xi32>, %r: tensor<1x15x2xi32>, %w: tensor<3x18x37xf32>, %o: tensor<4xi32>) -> tensor<30x18xf32> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<1x15x37xf32>, tensor<30xi32>, tensor<1x15x2xi32>) -> tensor<30x37xf32>
  %0 = hadal.grouped_matmul %rows, %w, %o {transpose_rhs} : (tensor<30x37xf32>, tensor<3x18x37xf32>, tensor<4xi32>) -> tensor<30x18xf32>
  hadal.yield %0 : tensor<30x18xf32>
}

hadal.kernel contraction @grouped_outer_f32(%d: tensor<30x18xf32>, %x: tensor<1x15x37xf32>, %p: tensor<30xi32>, %r: tensor<1x15x2xi32>, %o: tensor<4xi32>) -> tensor<3x18x37xf32> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<1x15x37xf32>, tensor<30xi32>, tensor<1x15x2xi32>) -> tensor<30x37xf32>
  %0 = hadal.grouped_outer_product %d, %rows, %o : (tensor<30x18xf32>, tensor<30x37xf32>, tensor<4xi32>) -> tensor<3x18x37xf32>
  hadal.yield %0 : tensor<3x18x37xf32>
}

hadal.kernel contraction @linear_bf16(%x: tensor<70x40xbf16>, %w: tensor<24x40xbf16>) -> tensor<70x24xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<24x40xbf16>) : tensor<70x40xbf16> -> tensor<70x24xbf16>
  hadal.yield %0 : tensor<70x24xbf16>
}

hadal.kernel contraction @residual_bf16(%x: tensor<70x40xbf16>, %w: tensor<40x24xbf16>, %r: tensor<70x24xf32>) -> tensor<70x24xf32> {
  %0 = hadal.matmul %x, %w : (tensor<70x40xbf16>, tensor<40x24xbf16>) -> tensor<70x24xf32>
  %1 = arith.addf %r, %0 : tensor<70x24xf32>
  hadal.yield %1 : tensor<70x24xf32>
}

hadal.kernel contraction @outer_bf16(%d: tensor<70x24xbf16>, %x: tensor<70x40xbf16>) -> tensor<24x40xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<70x24xbf16>, tensor<70x40xbf16>) -> tensor<24x40xf32>
  hadal.yield %0 : tensor<24x40xf32>
}

hadal.kernel contraction @grouped_bf16(%x: tensor<30x24xbf16>, %w: tensor<3x24x40xbf16>, %o: tensor<4xi32>) -> tensor<30x40xbf16> {
  %0 = hadal.grouped_matmul %x, %w, %o : (tensor<30x24xbf16>, tensor<3x24x40xbf16>, tensor<4xi32>) -> tensor<30x40xbf16>
  hadal.yield %0 : tensor<30x40xbf16>
}

hadal.kernel contraction @gathered_bf16(%x: tensor<1x15x40xbf16>, %p: tensor<30xi32>, %r: tensor<1x15x2xi32>, %w: tensor<3x24x40xbf16>, %o: tensor<4xi32>) -> tensor<30x24xbf16> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<1x15x40xbf16>, tensor<30xi32>, tensor<1x15x2xi32>) -> tensor<30x40xbf16>
  %0 = hadal.grouped_matmul %rows, %w, %o {transpose_rhs} : (tensor<30x40xbf16>, tensor<3x24x40xbf16>, tensor<4xi32>) -> tensor<30x24xbf16>
  hadal.yield %0 : tensor<30x24xbf16>
}

hadal.kernel contraction @grouped_outer_bf16(%d: tensor<30x24xbf16>, %x: tensor<1x15x40xbf16>, %p: tensor<30xi32>, %r: tensor<1x15x2xi32>, %o: tensor<4xi32>) -> tensor<3x24x40xf32> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<1x15x40xbf16>, tensor<30xi32>, tensor<1x15x2xi32>) -> tensor<30x40xbf16>
  %0 = hadal.grouped_outer_product %d, %rows, %o : (tensor<30x24xbf16>, tensor<30x40xbf16>, tensor<4xi32>) -> tensor<3x24x40xf32>
  hadal.yield %0 : tensor<3x24x40xf32>
}

hadal.kernel attention @attention_f32(%q: tensor<1x40x24xf32>, %kv: tensor<1x40x28xf32>, %rotary: tensor<1x40x4xf32>) -> (tensor<1x40x12xf32>, tensor<1x2x40xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 2, nope = 8, value = 6, scale = 0.29 : f64} : (tensor<1x40x24xf32>, tensor<1x40x28xf32>, tensor<1x40x4xf32>) -> (tensor<1x40x12xf32>, tensor<1x2x40xf32>)
  hadal.yield %0, %1 : tensor<1x40x12xf32>, tensor<1x2x40xf32>
}

hadal.kernel attention @attention_gradient_f32(%q: tensor<1x40x24xf32>, %kv: tensor<1x40x28xf32>, %rotary: tensor<1x40x4xf32>, %o: tensor<1x40x12xf32>, %l: tensor<1x2x40xf32>, %g: tensor<1x40x12xf32>) -> (tensor<1x40x24xf32>, tensor<1x40x28xf32>, tensor<1x40x4xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 2, nope = 8, value = 6, scale = 0.29 : f64} : (tensor<1x40x24xf32>, tensor<1x40x28xf32>, tensor<1x40x4xf32>, tensor<1x40x12xf32>, tensor<1x2x40xf32>, tensor<1x40x12xf32>) -> (tensor<1x40x24xf32>, tensor<1x40x28xf32>, tensor<1x40x4xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x40x24xf32>, tensor<1x40x28xf32>, tensor<1x40x4xf32>
}

hadal.kernel attention @attention_bf16(%q: tensor<1x72x32xbf16>, %kv: tensor<1x72x32xbf16>, %rotary: tensor<1x72x16xbf16>) -> (tensor<1x72x16xbf16>, tensor<1x1x72xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 1, nope = 16, value = 16, scale = 0.177 : f64} : (tensor<1x72x32xbf16>, tensor<1x72x32xbf16>, tensor<1x72x16xbf16>) -> (tensor<1x72x16xbf16>, tensor<1x1x72xf32>)
  hadal.yield %0, %1 : tensor<1x72x16xbf16>, tensor<1x1x72xf32>
}

hadal.kernel attention @attention_gradient_bf16(%q: tensor<1x72x32xbf16>, %kv: tensor<1x72x32xbf16>, %rotary: tensor<1x72x16xbf16>, %o: tensor<1x72x16xbf16>, %l: tensor<1x1x72xf32>, %g: tensor<1x72x16xbf16>) -> (tensor<1x72x32xbf16>, tensor<1x72x32xbf16>, tensor<1x72x16xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 1, nope = 16, value = 16, scale = 0.177 : f64} : (tensor<1x72x32xbf16>, tensor<1x72x32xbf16>, tensor<1x72x16xbf16>, tensor<1x72x16xbf16>, tensor<1x1x72xf32>, tensor<1x72x16xbf16>) -> (tensor<1x72x32xbf16>, tensor<1x72x32xbf16>, tensor<1x72x16xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x72x32xbf16>, tensor<1x72x32xbf16>, tensor<1x72x16xbf16>
}

hadal.kernel head @loss_f32(%h: tensor<2x9x37xf32>, %t: tensor<2x9xi32>, %w: tensor<101x37xf32>) -> tensor<f32> {
  %0 = hadal.cross_entropy %h, %t weights(%w : tensor<101x37xf32>) {vocabulary = 101} : tensor<2x9x37xf32>, tensor<2x9xi32>
  hadal.yield %0 : tensor<f32>
}

hadal.kernel head @loss_gradient_f32(%h: tensor<2x9x37xf32>, %t: tensor<2x9xi32>, %w: tensor<101x37xf32>, %s: tensor<f32>) -> (tensor<f32>, tensor<2x9x37xf32>, tensor<101x37xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<2x9x37xf32>, tensor<2x9xi32>, tensor<101x37xf32>, tensor<f32>) -> (tensor<f32>, tensor<2x9x37xf32>, tensor<101x37xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<f32>, tensor<2x9x37xf32>, tensor<101x37xf32>
}

hadal.kernel head @loss_bf16(%h: tensor<2x9x40xbf16>, %t: tensor<2x9xi32>, %w: tensor<104x40xbf16>) -> tensor<f32> {
  %0 = hadal.cross_entropy %h, %t weights(%w : tensor<104x40xbf16>) {vocabulary = 104} : tensor<2x9x40xbf16>, tensor<2x9xi32>
  hadal.yield %0 : tensor<f32>
}

hadal.kernel head @loss_gradient_bf16(%h: tensor<2x9x40xbf16>, %t: tensor<2x9xi32>, %w: tensor<104x40xbf16>, %s: tensor<f32>) -> (tensor<f32>, tensor<2x9x40xbf16>, tensor<104x40xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<2x9x40xbf16>, tensor<2x9xi32>, tensor<104x40xbf16>, tensor<f32>) -> (tensor<f32>, tensor<2x9x40xbf16>, tensor<104x40xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<f32>, tensor<2x9x40xbf16>, tensor<104x40xf32>
}

hadal.kernel rowwise @norm(%x: tensor<2x5x24xf32>, %r: tensor<2x5x24xf32>, %w: tensor<24xf32>) -> (tensor<2x5x24xf32>, tensor<2x5x24xf32>) {
  %s = arith.addf %x, %r : tensor<2x5x24xf32>
  %0 = hadal.rms_norm %s weights(%w : tensor<24xf32>) {eps = 1.0e-6} : tensor<2x5x24xf32>
  hadal.yield %s, %0 : tensor<2x5x24xf32>, tensor<2x5x24xf32>
}

hadal.kernel rowwise @norm_bf16(%x: tensor<2x5x24xbf16>, %w: tensor<24xf32>) -> tensor<2x5x24xbf16> {
  %s = arith.extf %x : tensor<2x5x24xbf16> to tensor<2x5x24xf32>
  %0 = hadal.rms_norm %s weights(%w : tensor<24xf32>) {eps = 1.0e-6} : tensor<2x5x24xf32>
  %1 = arith.truncf %0 : tensor<2x5x24xf32> to tensor<2x5x24xbf16>
  hadal.yield %1 : tensor<2x5x24xbf16>
}

hadal.kernel rowwise @norm_gradient(%x: tensor<2x5x24xf32>, %w: tensor<24xf32>, %g: tensor<2x5x24xf32>) -> tensor<2x5x24xf32> {
  %0 = hadal.rms_norm_gradient %x, %w, %g {eps = 1.0e-6} : tensor<2x5x24xf32>, tensor<24xf32>
  hadal.yield %0 : tensor<2x5x24xf32>
}

hadal.kernel rowwise @swiglu_gradient(%x: tensor<2x5x24xf32>, %y: tensor<2x5x24xf32>, %g: tensor<2x5x24xf32>) -> (tensor<2x5x24xf32>, tensor<2x5x24xf32>) {
  %0, %1 = hadal.swiglu_gradient %x, %y, %g : tensor<2x5x24xf32>
  hadal.yield %0, %1 : tensor<2x5x24xf32>, tensor<2x5x24xf32>
}

hadal.kernel rowwise @rope(%x: tensor<2x5x24xf32>) -> tensor<2x5x24xf32> {
  %0 = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 8>} : tensor<2x5x24xf32>
  hadal.yield %0 : tensor<2x5x24xf32>
}

hadal.kernel rowwise @latent_bf16(%x: tensor<2x5x24xbf16>, %w: tensor<16xf32>) -> (tensor<2x5x16xbf16>, tensor<2x5x8xbf16>) {
  %s = arith.extf %x : tensor<2x5x24xbf16> to tensor<2x5x24xf32>
  %a, %b = hadal.split %s : tensor<2x5x24xf32> -> tensor<2x5x16xf32>, tensor<2x5x8xf32>
  %n = hadal.rms_norm %a weights(%w : tensor<16xf32>) {eps = 1.0e-6} : tensor<2x5x16xf32>
  %r = hadal.rope %b {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 8>} : tensor<2x5x8xf32>
  %0 = arith.truncf %n : tensor<2x5x16xf32> to tensor<2x5x16xbf16>
  %1 = arith.truncf %r : tensor<2x5x8xf32> to tensor<2x5x8xbf16>
  hadal.yield %0, %1 : tensor<2x5x16xbf16>, tensor<2x5x8xbf16>
}

hadal.kernel reduction @embedding(%t: tensor<2x7xi32>, %w: tensor<9x20xf32>) -> tensor<2x7x20xf32> {
  %0 = hadal.embedding %t weights(%w : tensor<9x20xf32>) {vocabulary = 9} : tensor<2x7xi32> -> tensor<2x7x20xf32>
  hadal.yield %0 : tensor<2x7x20xf32>
}

hadal.kernel reduction @embedding_gradient(%t: tensor<2x7xi32>, %g: tensor<2x7x20xf32>) -> tensor<9x20xf32> {
  %0 = hadal.embedding_gradient %t, %g : (tensor<2x7xi32>, tensor<2x7x20xf32>) -> tensor<9x20xf32>
  hadal.yield %0 : tensor<9x20xf32>
}

hadal.kernel reduction @norm_weight_gradient(%x: tensor<3x40x20xf32>, %g: tensor<3x40x20xf32>) -> tensor<20xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<3x40x20xf32> -> tensor<20xf32>
  hadal.yield %0 : tensor<20xf32>
}

hadal.kernel reduction @sequence_loss(%l: tensor<2x9x8xf32>) -> tensor<f32> {
  %0 = hadal.sequence_balance_loss sigmoid %l {top_k = 2} : tensor<2x9x8xf32>
  hadal.yield %0 : tensor<f32>
}

hadal.kernel reduction @sequence_loss_gradient(%l: tensor<2x9x8xf32>, %g: tensor<f32>) -> tensor<2x9x8xf32> {
  %0 = hadal.sequence_balance_loss_gradient softmax %l, %g {top_k = 2} : tensor<2x9x8xf32>
  hadal.yield %0 : tensor<2x9x8xf32>
}

hadal.kernel reduction @variance_loss(%l: tensor<2x9x8xf32>) -> tensor<f32> {
  %0 = hadal.variance_balance_loss softmax %l : tensor<2x9x8xf32>
  hadal.yield %0 : tensor<f32>
}

hadal.kernel reduction @variance_loss_gradient(%l: tensor<2x9x8xf32>, %g: tensor<f32>) -> tensor<2x9x8xf32> {
  %0 = hadal.variance_balance_loss_gradient sigmoid %l, %g : tensor<2x9x8xf32>
  hadal.yield %0 : tensor<2x9x8xf32>
}

hadal.kernel routing @tokens(%w: tensor<2x9xi32>) -> tensor<2x6xi32> {
  %0 = hadal.tokens %w ahead 2 : tensor<2x9xi32> -> tensor<2x6xi32>
  hadal.yield %0 : tensor<2x6xi32>
}

hadal.kernel routing @router(%l: tensor<2x9x8xf32>, %b: tensor<8xf32>) -> (tensor<2x9x2xi32>, tensor<2x9x2xf32>, tensor<8xf32>) {
  %i, %w, %n = hadal.router sigmoid %l weights(%b : tensor<8xf32>) {top_k = 2, groups = 4, top_groups = 2, normalize, scale = 2.5} : tensor<2x9x8xf32> -> tensor<2x9x2xi32>, tensor<2x9x2xf32>, tensor<8xf32>
  hadal.yield %i, %w, %n : tensor<2x9x2xi32>, tensor<2x9x2xf32>, tensor<8xf32>
}

hadal.kernel routing @router_gradient(%l: tensor<2x9x8xf32>, %i: tensor<2x9x2xi32>, %g: tensor<2x9x2xf32>) -> tensor<2x9x8xf32> {
  %0 = hadal.router_gradient softmax %l, %i, %g {normalize} : tensor<2x9x8xf32>, tensor<2x9x2xi32>, tensor<2x9x2xf32>
  hadal.yield %0 : tensor<2x9x8xf32>
}

hadal.kernel routing @dispatch(%i: tensor<2x9x2xi32>) -> (tensor<36xi32>, tensor<2x9x2xi32>, tensor<6xi32>) {
  %p, %r, %o = hadal.dispatch %i : tensor<2x9x2xi32> -> tensor<36xi32>, tensor<2x9x2xi32>, tensor<6xi32>
  hadal.yield %p, %r, %o : tensor<36xi32>, tensor<2x9x2xi32>, tensor<6xi32>
}

hadal.kernel routing @gather_rows(%x: tensor<2x9x12xf32>, %p: tensor<36xi32>, %r: tensor<2x9x2xi32>) -> tensor<36x12xf32> {
  %0 = hadal.gather_rows %x, %p, %r : (tensor<2x9x12xf32>, tensor<36xi32>, tensor<2x9x2xi32>) -> tensor<36x12xf32>
  hadal.yield %0 : tensor<36x12xf32>
}

hadal.kernel routing @combine_rows(%x: tensor<36x12xbf16>, %r: tensor<2x9x2xi32>, %p: tensor<36xi32>, %w: tensor<2x9x2xf32>) -> tensor<2x9x12xf32> {
  %y = arith.extf %x : tensor<36x12xbf16> to tensor<36x12xf32>
  %0 = hadal.combine_rows %y, %r, %p weighted(%w) : (tensor<36x12xf32>, tensor<2x9x2xi32>, tensor<36xi32>, tensor<2x9x2xf32>) -> tensor<2x9x12xf32>
  hadal.yield %0 : tensor<2x9x12xf32>
}

hadal.kernel routing @combine_rows_gradient(%x: tensor<36x12xf32>, %p: tensor<36xi32>, %w: tensor<2x9x2xf32>, %g: tensor<2x9x12xf32>) -> (tensor<36x12xf32>, tensor<2x9x2xf32>) {
  %0, %1 = hadal.combine_rows_gradient %x, %p, %w, %g : (tensor<36x12xf32>, tensor<36xi32>, tensor<2x9x2xf32>, tensor<2x9x12xf32>) -> (tensor<36x12xf32>, tensor<2x9x2xf32>)
  hadal.yield %0, %1 : tensor<36x12xf32>, tensor<2x9x2xf32>
}

hadal.kernel update @adamw(%p: tensor<11x13xf32>, %g: tensor<11x13xf32>, %m: tensor<11x13xf32>, %v: tensor<11x13xf32>, %lr: tensor<f32>, %wd: tensor<f32>, %b1: tensor<f32>, %b2: tensor<f32>, %e: tensor<f32> {hadal.range = [0.1, 0.2]},
    %c1: tensor<f32>, %c2: tensor<f32>, %s: tensor<f32>) -> (tensor<11x13xf32>, tensor<11x13xf32>, tensor<11x13xf32>) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay} : tensor<11x13xf32>, tensor<11x13xf32>, tensor<11x13xf32>, tensor<11x13xf32> -> tensor<11x13xf32>, tensor<11x13xf32>, tensor<11x13xf32>
  hadal.yield %0#0, %0#1, %0#2 : tensor<11x13xf32>, tensor<11x13xf32>, tensor<11x13xf32>
}

hadal.kernel update @squared_norm(%x: tensor<5x7x13xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %x : tensor<5x7x13xf32>
  hadal.yield %0 : tensor<f32>
}

hadal.kernel update @gradient_norm(%l: tensor<f32>, %a: tensor<f32>, %b: tensor<f32>) -> (tensor<f32>, tensor<f32>) {
  %n, %s = hadal.gradient_norm %a, %b limit %l
  hadal.yield %n, %s : tensor<f32>, tensor<f32>
}

hadal.kernel update @bias_update(%b: tensor<8xf32>, %l: tensor<8xf32> {hadal.value = dense<[2.0, 7.0, 1.0, 0.0, 3.0, 4.0, 8.0, 9.0]> : tensor<8xf32>}, %r: tensor<f32> {hadal.range = [0.1, 0.2]}) -> (tensor<8xf32>, tensor<8xf32>) {
  %nb, %nl = hadal.router_bias_update %b, %l rate %r : tensor<8xf32>
  hadal.yield %nb, %nl : tensor<8xf32>, tensor<8xf32>
}
