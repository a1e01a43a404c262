// Kernels of threads at sizes that fit no vector, warp or block: 1, 3, 7, 80, 192 and 1000 columns, one token, experts
// without tokens. Values and memory accesses are checked by the emulator.
// RUN: hadal-check-kernels %s --target=sm_90a
// RUN: hadal-check-kernels %s --target=sm_90a --routing=last --seed=2

hadal.kernel rowwise @norm_1(%x: tensor<3x7x1xf32>, %w: tensor<1xf32>) -> tensor<3x7x1xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<1xf32>) {eps = 1.0e-6} : tensor<3x7x1xf32>
  hadal.yield %0 : tensor<3x7x1xf32>
}

hadal.kernel rowwise @norm_3(%x: tensor<3x7x3xf32>, %w: tensor<3xf32>) -> tensor<3x7x3xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<3xf32>) {eps = 1.0e-6} : tensor<3x7x3xf32>
  hadal.yield %0 : tensor<3x7x3xf32>
}

hadal.kernel rowwise @norm_80(%x: tensor<1x1x80xf32>, %w: tensor<80xf32>) -> tensor<1x1x80xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<80xf32>) {eps = 1.0e-6} : tensor<1x1x80xf32>
  hadal.yield %0 : tensor<1x1x80xf32>
}

hadal.kernel rowwise @norm_192(%x: tensor<2x5x192xf32>, %w: tensor<192xf32>) -> tensor<2x5x192xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<192xf32>) {eps = 1.0e-6} : tensor<2x5x192xf32>
  hadal.yield %0 : tensor<2x5x192xf32>
}

// A block per row, whose last vectors do not exist for every thread.
hadal.kernel rowwise @softmax_1000(%x: tensor<3x1000xf32> {hadal.range = [-30.0, 30.0]}) -> tensor<3x1000xf32> {
  %m = hadal.row_reduce maximum %x : tensor<3x1000xf32> -> tensor<3x1xf32>
  %b = hadal.expand %m : tensor<3x1xf32> -> tensor<3x1000xf32>
  %d = arith.subf %x, %b : tensor<3x1000xf32>
  %e = math.exp %d : tensor<3x1000xf32>
  %s = hadal.row_reduce add %e : tensor<3x1000xf32> -> tensor<3x1xf32>
  %t = hadal.expand %s : tensor<3x1xf32> -> tensor<3x1000xf32>
  %r = arith.divf %e, %t : tensor<3x1000xf32>
  hadal.yield %r : tensor<3x1000xf32>
}

// Longer than registers hold: loops in every pass.
hadal.kernel rowwise @norm_40001(%x: tensor<1x2x40001xf32>, %w: tensor<40001xf32>) -> tensor<1x2x40001xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<40001xf32>) {eps = 1.0e-6} : tensor<1x2x40001xf32>
  hadal.yield %0 : tensor<1x2x40001xf32>
}

// Rotated and plain channels of 5 heads, longer than a thread unrolls.
hadal.kernel rowwise @rope_heads(%x: tensor<2x3x1280xf32>) -> tensor<2x3x1280xf32> {
  %r = hadal.rope %x {heads = 5, rope = #hadal.rope<theta = 1.0e4, dim = 60>} : tensor<2x3x1280xf32>
  hadal.yield %r : tensor<2x3x1280xf32>
}

// More positions than a block of the rotary table, in either layout.
hadal.kernel rowwise @rope_positions(%x: tensor<2x150x24xf32>) -> tensor<2x150x24xf32> {
  %r = hadal.rope %x {heads = 1, rope = #hadal.rope<theta = 1.0e4, dim = 16>} : tensor<2x150x24xf32>
  hadal.yield %r : tensor<2x150x24xf32>
}
#half = #hadal.rope<theta = 5.0e4, dim = 10, layout = half>
hadal.kernel rowwise @rope_half_positions(%x: tensor<1x130x20xf32>) -> tensor<1x130x20xf32> {
  %r = hadal.rope %x {heads = 2, rope = #half, inverse} : tensor<1x130x20xf32>
  hadal.yield %r : tensor<1x130x20xf32>
}

hadal.kernel reduction @norm_weight_1(%x: tensor<2x37x1xf32>, %g: tensor<2x37x1xf32>) -> tensor<1xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<2x37x1xf32> -> tensor<1xf32>
  hadal.yield %0 : tensor<1xf32>
}

hadal.kernel reduction @norm_weight_192(%x: tensor<2x37x192xf32>, %g: tensor<2x37x192xf32>) -> tensor<192xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<2x37x192xf32> -> tensor<192xf32>
  hadal.yield %0 : tensor<192xf32>
}

// Two tiles of columns.
hadal.kernel reduction @norm_weight_17000(%x: tensor<3x17000xf32>, %g: tensor<3x17000xf32>) -> tensor<17000xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<3x17000xf32> -> tensor<17000xf32>
  hadal.yield %0 : tensor<17000xf32>
}

hadal.kernel reduction @embedding_one_token(%t: tensor<1x1xi32>, %w: tensor<31x80xf32>) -> tensor<1x1x80xf32> {
  %0 = hadal.embedding %t weights(%w : tensor<31x80xf32>) {vocabulary = 31} : tensor<1x1xi32> -> tensor<1x1x80xf32>
  hadal.yield %0 : tensor<1x1x80xf32>
}

// More columns than a block has vectors, tokens that occur often, and one position more than a warp ranks.
hadal.kernel reduction @embedding_gradient_1003(%t: tensor<1x33xi32>, %g: tensor<1x33x1003xf32>) -> tensor<5x1003xf32> {
  %0 = hadal.embedding_gradient %t, %g : (tensor<1x33xi32>, tensor<1x33x1003xf32>) -> tensor<5x1003xf32>
  hadal.yield %0 : tensor<5x1003xf32>
}

// More experts than a warp has lanes, not a multiple of it.
hadal.kernel routing @router_80(%l: tensor<1x9x80xf32> {hadal.range = [-3.0, 3.0]}, %b: tensor<80xf32>)
    -> (tensor<1x9x6xi32>, tensor<1x9x6xf32>, tensor<80xf32>) {
  %i, %w, %n = hadal.router sigmoid %l weights(%b : tensor<80xf32>) {top_k = 6, groups = 5, top_groups = 3, normalize, scale = 2.5}
    : tensor<1x9x80xf32> -> tensor<1x9x6xi32>, tensor<1x9x6xf32>, tensor<80xf32>
  hadal.yield %i, %w, %n : tensor<1x9x6xi32>, tensor<1x9x6xf32>, tensor<80xf32>
}

// One token, one expert.
hadal.kernel routing @router_1(%l: tensor<1x1x1xf32>) -> (tensor<1x1x1xi32>, tensor<1x1x1xf32>, tensor<1xf32>) {
  %i, %w, %n = hadal.router softmax %l {top_k = 1} : tensor<1x1x1xf32> -> tensor<1x1x1xi32>, tensor<1x1x1xf32>, tensor<1xf32>
  hadal.yield %i, %w, %n : tensor<1x1x1xi32>, tensor<1x1x1xf32>, tensor<1xf32>
}

hadal.kernel routing @router_gradient_80(%l: tensor<1x9x80xf32>, %i: tensor<1x9x6xi32>, %g: tensor<1x9x6xf32>) -> tensor<1x9x80xf32> {
  %0 = hadal.router_gradient sigmoid %l, %i, %g {normalize, scale = 2.5} : tensor<1x9x80xf32>, tensor<1x9x6xi32>, tensor<1x9x6xf32>
  hadal.yield %0 : tensor<1x9x80xf32>
}

hadal.kernel reduction @sequence_loss_80(%l: tensor<3x130x80xf32>) -> tensor<f32> {
  %0 = hadal.sequence_balance_loss sigmoid %l {top_k = 6} : tensor<3x130x80xf32>
  hadal.yield %0 : tensor<f32>
}

// More pairs than a block sorts, more experts than pairs of some, more blocks than one.
hadal.kernel routing @dispatch_600(%i: tensor<1x200x3xi32>) -> (tensor<600xi32>, tensor<1x200x3xi32>, tensor<301xi32>) {
  %p, %r, %o = hadal.dispatch %i : tensor<1x200x3xi32> -> tensor<600xi32>, tensor<1x200x3xi32>, tensor<301xi32>
  hadal.yield %p, %r, %o : tensor<600xi32>, tensor<1x200x3xi32>, tensor<301xi32>
}

hadal.kernel routing @dispatch_one_token(%i: tensor<1x1x1xi32>) -> (tensor<1xi32>, tensor<1x1x1xi32>, tensor<5xi32>) {
  %p, %r, %o = hadal.dispatch %i : tensor<1x1x1xi32> -> tensor<1xi32>, tensor<1x1x1xi32>, tensor<5xi32>
  hadal.yield %p, %r, %o : tensor<1xi32>, tensor<1x1x1xi32>, tensor<5xi32>
}

// A block per row.
hadal.kernel routing @combine_gradient_1000(%x: tensor<6x1000xf32>, %p: tensor<6xi32>, %w: tensor<1x2x3xf32>, %g: tensor<1x2x1000xf32>)
    -> (tensor<6x1000xf32>, tensor<1x2x3xf32>) {
  %0, %1 = hadal.combine_rows_gradient %x, %p, %w, %g : (tensor<6x1000xf32>, tensor<6xi32>, tensor<1x2x3xf32>, tensor<1x2x1000xf32>) -> (tensor<6x1000xf32>, tensor<1x2x3xf32>)
  hadal.yield %0, %1 : tensor<6x1000xf32>, tensor<1x2x3xf32>
}

// Longer than a block unrolls.
hadal.kernel routing @combine_gradient_9001(%x: tensor<2x9001xf32>, %p: tensor<2xi32>, %w: tensor<1x1x2xf32>, %g: tensor<1x1x9001xf32>)
    -> (tensor<2x9001xf32>, tensor<1x1x2xf32>) {
  %0, %1 = hadal.combine_rows_gradient %x, %p, %w, %g : (tensor<2x9001xf32>, tensor<2xi32>, tensor<1x1x2xf32>, tensor<1x1x9001xf32>) -> (tensor<2x9001xf32>, tensor<1x1x2xf32>)
  hadal.yield %0, %1 : tensor<2x9001xf32>, tensor<1x1x2xf32>
}

// Whole vectors, and more than one block.
hadal.kernel update @squared_norm_vectors(%x: tensor<5x16384xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %x : tensor<5x16384xf32>
  hadal.yield %0 : tensor<f32>
}
hadal.kernel update @squared_norm_1(%x: tensor<1xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %x : tensor<1xf32>
  hadal.yield %0 : tensor<f32>
}

// Columns that are only moved, down to one of one.
hadal.kernel rowwise @joined_column(%x: tensor<9x1xf32>, %y: tensor<9x1xf32>) -> tensor<9x1xf32> {
  %j = hadal.concat %x : tensor<9x1xf32> -> tensor<9x1xf32>
  %s = arith.mulf %j, %y : tensor<9x1xf32>
  hadal.yield %s : tensor<9x1xf32>
}
