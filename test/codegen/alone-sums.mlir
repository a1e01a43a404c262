// Sums over rows are cut at absolute places: rows of zeros behind them change no bit, however many there are. Pairs of
// kernels of equal bodies, as in alone.mlir: every family that sums over rows or positions.
// RUN: hadal-check-kernels %s --target=sm_90a --alone=zero --other-multiprocessors=1 | FileCheck %s
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --alone=zero %if avx512 %{ --other-cpu=x86-64-v4 %}
// CHECK: {{^}}10 of 10 pairs of kernels pass on sm_90a (emulated)

// The gradient of a weight: its depth in one, or by blocks.
hadal.kernel contraction @weight_alone(%s: tensor<33x20xf32>, %a: tensor<300x33xf32>, %b: tensor<300x20xf32>) -> tensor<33x20xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<300x33xf32>, tensor<300x20xf32>) -> tensor<33x20xf32>
  %1 = arith.addf %s, %0 : tensor<33x20xf32>
  hadal.yield %1 : tensor<33x20xf32>
}
hadal.kernel contraction @weight_among(%s: tensor<33x20xf32>, %a: tensor<600x33xf32>, %b: tensor<600x20xf32>) -> tensor<33x20xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<600x33xf32>, tensor<600x20xf32>) -> tensor<33x20xf32>
  %1 = arith.addf %s, %0 : tensor<33x20xf32>
  hadal.yield %1 : tensor<33x20xf32>
}

// On tensor cores.
hadal.kernel contraction @weight_bf16_alone(%s: tensor<72x136xf32>, %a: tensor<100x72xbf16>, %b: tensor<100x136xbf16>) -> tensor<72x136xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<100x72xbf16>, tensor<100x136xbf16>) -> tensor<72x136xf32>
  %1 = arith.addf %s, %0 : tensor<72x136xf32>
  hadal.yield %1 : tensor<72x136xf32>
}
hadal.kernel contraction @weight_bf16_among(%s: tensor<72x136xf32>, %a: tensor<300x72xbf16>, %b: tensor<300x136xbf16>) -> tensor<72x136xf32> {
  %0 = hadal.matmul %a, %b {transpose_lhs} : (tensor<300x72xbf16>, tensor<300x136xbf16>) -> tensor<72x136xf32>
  %1 = arith.addf %s, %0 : tensor<72x136xf32>
  hadal.yield %1 : tensor<72x136xf32>
}

// Experts' rows.
hadal.kernel contraction @outer_alone(%a: tensor<310x33xf32>, %b: tensor<310x20xf32>, %offsets: tensor<3xi32>) -> tensor<2x33x20xf32> {
  %0 = hadal.grouped_outer_product %a, %b, %offsets : (tensor<310x33xf32>, tensor<310x20xf32>, tensor<3xi32>) -> tensor<2x33x20xf32>
  hadal.yield %0 : tensor<2x33x20xf32>
}
hadal.kernel contraction @outer_among(%a: tensor<400x33xf32>, %b: tensor<400x20xf32>, %offsets: tensor<3xi32>) -> tensor<2x33x20xf32> {
  %0 = hadal.grouped_outer_product %a, %b, %offsets : (tensor<400x33xf32>, tensor<400x20xf32>, tensor<3xi32>) -> tensor<2x33x20xf32>
  hadal.yield %0 : tensor<2x33x20xf32>
}

// The gradient of a norm's weights.
hadal.kernel reduction @norm_weight_alone(%x: tensor<1x37x192xf32>, %g: tensor<1x37x192xf32>) -> tensor<192xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<1x37x192xf32> -> tensor<192xf32>
  hadal.yield %0 : tensor<192xf32>
}
hadal.kernel reduction @norm_weight_among(%x: tensor<1x300x192xf32>, %g: tensor<1x300x192xf32>) -> tensor<192xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<1x300x192xf32> -> tensor<192xf32>
  hadal.yield %0 : tensor<192xf32>
}

// The gradient of an embedding.
hadal.kernel reduction @embedding_alone(%t: tensor<1x33xi32>, %g: tensor<1x33x80xf32>) -> tensor<9x80xf32> {
  %0 = hadal.embedding_gradient %t, %g : (tensor<1x33xi32>, tensor<1x33x80xf32>) -> tensor<9x80xf32>
  hadal.yield %0 : tensor<9x80xf32>
}
hadal.kernel reduction @embedding_among(%t: tensor<1x130xi32>, %g: tensor<1x130x80xf32>) -> tensor<9x80xf32> {
  %0 = hadal.embedding_gradient %t, %g : (tensor<1x130xi32>, tensor<1x130x80xf32>) -> tensor<9x80xf32>
  hadal.yield %0 : tensor<9x80xf32>
}

// Gradients of attention: later positions have none.
hadal.kernel attention @attention_alone(%q: tensor<1x50x68xf32>, %kv: tensor<1x50x114xf32>, %r: tensor<1x50x10xf32>, %o: tensor<1x50x66xf32>, %l: tensor<1x2x50xf32>, %g: tensor<1x50x66xf32>) -> (tensor<1x50x68xf32>, tensor<1x50x114xf32>, tensor<1x50x10xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %r, %o, %l, %g {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x50x68xf32>, tensor<1x50x114xf32>, tensor<1x50x10xf32>, tensor<1x50x66xf32>, tensor<1x2x50xf32>, tensor<1x50x66xf32>) -> (tensor<1x50x68xf32>, tensor<1x50x114xf32>, tensor<1x50x10xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x50x68xf32>, tensor<1x50x114xf32>, tensor<1x50x10xf32>
}
hadal.kernel attention @attention_among(%q: tensor<1x140x68xf32>, %kv: tensor<1x140x114xf32>, %r: tensor<1x140x10xf32>, %o: tensor<1x140x66xf32>, %l: tensor<1x2x140xf32>, %g: tensor<1x140x66xf32>) -> (tensor<1x140x68xf32>, tensor<1x140x114xf32>, tensor<1x140x10xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %r, %o, %l, %g {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x140x68xf32>, tensor<1x140x114xf32>, tensor<1x140x10xf32>, tensor<1x140x66xf32>, tensor<1x2x140xf32>, tensor<1x140x66xf32>) -> (tensor<1x140x68xf32>, tensor<1x140x114xf32>, tensor<1x140x10xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x140x68xf32>, tensor<1x140x114xf32>, tensor<1x140x10xf32>
}

// On tensor cores.
hadal.kernel attention @attention_bf16_alone(%q: tensor<1x50x96xbf16>, %kv: tensor<1x50x128xbf16>, %r: tensor<1x50x16xbf16>, %o: tensor<1x50x64xbf16>, %l: tensor<1x2x50xf32>, %g: tensor<1x50x64xbf16>) -> (tensor<1x50x96xbf16>, tensor<1x50x128xbf16>, tensor<1x50x16xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %r, %o, %l, %g {heads = 2, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<1x50x96xbf16>, tensor<1x50x128xbf16>, tensor<1x50x16xbf16>, tensor<1x50x64xbf16>, tensor<1x2x50xf32>, tensor<1x50x64xbf16>) -> (tensor<1x50x96xbf16>, tensor<1x50x128xbf16>, tensor<1x50x16xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x50x96xbf16>, tensor<1x50x128xbf16>, tensor<1x50x16xbf16>
}
hadal.kernel attention @attention_bf16_among(%q: tensor<1x140x96xbf16>, %kv: tensor<1x140x128xbf16>, %r: tensor<1x140x16xbf16>, %o: tensor<1x140x64xbf16>, %l: tensor<1x2x140xf32>, %g: tensor<1x140x64xbf16>) -> (tensor<1x140x96xbf16>, tensor<1x140x128xbf16>, tensor<1x140x16xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %r, %o, %l, %g {heads = 2, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<1x140x96xbf16>, tensor<1x140x128xbf16>, tensor<1x140x16xbf16>, tensor<1x140x64xbf16>, tensor<1x2x140xf32>, tensor<1x140x64xbf16>) -> (tensor<1x140x96xbf16>, tensor<1x140x128xbf16>, tensor<1x140x16xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x140x96xbf16>, tensor<1x140x128xbf16>, tensor<1x140x16xbf16>
}

// The head's weight: chunks of tokens.
hadal.kernel head @head_alone(%h: tensor<1x300x12xf32>, %t: tensor<1x300xi32>, %w: tensor<40x12xf32>, %g: tensor<f32> {hadal.value = dense<1.0> : tensor<f32>}, %s: tensor<40x12xf32>) -> (tensor<1x300x12xf32>, tensor<40x12xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<1x300x12xf32>, tensor<1x300xi32>, tensor<40x12xf32>, tensor<f32>) -> (tensor<f32>, tensor<1x300x12xf32>, tensor<40x12xf32>)
  %1 = arith.addf %s, %0#2 : tensor<40x12xf32>
  hadal.yield %0#1, %1 : tensor<1x300x12xf32>, tensor<40x12xf32>
}
hadal.kernel head @head_among(%h: tensor<1x600x12xf32>, %t: tensor<1x600xi32>, %w: tensor<40x12xf32>, %g: tensor<f32> {hadal.value = dense<2.0> : tensor<f32>}, %s: tensor<40x12xf32>) -> (tensor<1x600x12xf32>, tensor<40x12xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<1x600x12xf32>, tensor<1x600xi32>, tensor<40x12xf32>, tensor<f32>) -> (tensor<f32>, tensor<1x600x12xf32>, tensor<40x12xf32>)
  %1 = arith.addf %s, %0#2 : tensor<40x12xf32>
  hadal.yield %0#1, %1 : tensor<1x600x12xf32>, tensor<40x12xf32>
}

// On tensor cores: one chunk, and two.
hadal.kernel head @head_bf16_alone(%h: tensor<1x100x8xbf16>, %t: tensor<1x100xi32>, %w: tensor<24x8xbf16>, %g: tensor<f32> {hadal.value = dense<1.0> : tensor<f32>}, %s: tensor<24x8xf32>) -> (tensor<1x100x8xbf16>, tensor<24x8xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<1x100x8xbf16>, tensor<1x100xi32>, tensor<24x8xbf16>, tensor<f32>) -> (tensor<f32>, tensor<1x100x8xbf16>, tensor<24x8xf32>)
  %1 = arith.addf %s, %0#2 : tensor<24x8xf32>
  hadal.yield %0#1, %1 : tensor<1x100x8xbf16>, tensor<24x8xf32>
}
hadal.kernel head @head_bf16_among(%h: tensor<1x4160x8xbf16>, %t: tensor<1x4160xi32>, %w: tensor<24x8xbf16>, %g: tensor<f32> {hadal.value = dense<41.6> : tensor<f32>}, %s: tensor<24x8xf32>) -> (tensor<1x4160x8xbf16>, tensor<24x8xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %g : (tensor<1x4160x8xbf16>, tensor<1x4160xi32>, tensor<24x8xbf16>, tensor<f32>) -> (tensor<f32>, tensor<1x4160x8xbf16>, tensor<24x8xf32>)
  %1 = arith.addf %s, %0#2 : tensor<24x8xf32>
  hadal.yield %0#1, %1 : tensor<1x4160x8xbf16>, tensor<24x8xf32>
}

// The norm of a parameter: further elements are zeros.
hadal.kernel update @norm_alone(%x: tensor<20x24xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %x : tensor<20x24xf32>
  hadal.yield %0 : tensor<f32>
}
hadal.kernel update @norm_among(%x: tensor<900x24xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %x : tensor<900x24xf32>
  hadal.yield %0 : tensor<f32>
}
