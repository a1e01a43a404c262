// Rotary embedding and attention at positions of their own, over keys of which some are not there, against the reference
// evaluator. Keys behind those that are there hold no numbers (the checker sees to it), and memory behind tensors is guarded.
// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3
// RUN: hadal-check-kernels %s --cpu=x86-64-v2
// RUN: hadal-check-kernels %s --target=sm_90a --print-config | FileCheck %s

#rope = #hadal.rope<theta = 1.0e4, dim = 6>
#half = #hadal.rope<theta = 5.0e4, dim = 10, layout = half>

// Positions below 0 and at the limit or beyond turn into NaN, and read nothing.
hadal.kernel rowwise @rope(%x: tensor<2x9x57xf32>, %p: tensor<2x9xi32> {hadal.range = [-3, 12]}) -> tensor<2x9x57xf32> {
  %r = hadal.rope %x positions(%p : tensor<2x9xi32>) {heads = 3, position_limit = 9, rope = #rope} : tensor<2x9x57xf32>
  hadal.yield %r : tensor<2x9x57xf32>
}
hadal.kernel rowwise @rope_half_inverse(%x: tensor<2x9x51xbf16>, %p: tensor<2x9xi32>) -> tensor<2x9x51xbf16> {
  %w = arith.extf %x : tensor<2x9x51xbf16> to tensor<2x9x51xf32>
  %r = hadal.rope %w positions(%p : tensor<2x9xi32>) {heads = 3, position_limit = 200, rope = #half, inverse} : tensor<2x9x51xf32>
  %n = arith.truncf %r : tensor<2x9x51xf32> to tensor<2x9x51xbf16>
  hadal.yield %n : tensor<2x9x51xbf16>
}

// Two rotations of one embedding at the same positions with other limits, a third at the row's index, and a norm.
hadal.kernel rowwise @rope_thrice(%x: tensor<2x5x80xf32>, %w: tensor<64xf32>, %y: tensor<2x5x16xf32>, %p: tensor<2x5xi32> {hadal.range = [0, 70]}) -> (tensor<2x5x64xf32>, tensor<2x5x16xf32>, tensor<2x5x16xf32>, tensor<2x5x16xf32>) {
  %a, %b = hadal.split %x : tensor<2x5x80xf32> -> tensor<2x5x64xf32>, tensor<2x5x16xf32>
  %n = hadal.rms_norm %a weights(%w : tensor<64xf32>) {eps = 1.0e-6} : tensor<2x5x64xf32>
  %r = hadal.rope %b positions(%p : tensor<2x5xi32>) {heads = 1, position_limit = 70, rope = #rope} : tensor<2x5x16xf32>
  %s = hadal.rope %y positions(%p : tensor<2x5xi32>) {heads = 1, position_limit = 40, rope = #rope} : tensor<2x5x16xf32>
  %t = hadal.rope %y {heads = 2, rope = #rope} : tensor<2x5x16xf32>
  hadal.yield %n, %r, %s, %t : tensor<2x5x64xf32>, tensor<2x5x16xf32>, tensor<2x5x16xf32>, tensor<2x5x16xf32>
}

// A token per sample, whose position the kernel computes.
hadal.kernel rowwise @rope_next(%x: tensor<4x1x57xf32>, %p: tensor<4x1xi32> {hadal.range = [0, 99]}, %one: tensor<4x1xi32> {hadal.range = [1, 2]}) -> tensor<4x1x57xf32> {
  %q = arith.addi %p, %one : tensor<4x1xi32>
  %r = hadal.rope %x positions(%q : tensor<4x1xi32>) {heads = 3, position_limit = 100, rope = #rope} : tensor<4x1x57xf32>
  hadal.yield %r : tensor<4x1x57xf32>
}

// A token per sample: the last of all keys, one that sees no key, one whose keys end with a block, one that sees them all.
hadal.kernel attention @decode(%q: tensor<4x1x68xf32>, %kv: tensor<4x300x114xf32>, %k: tensor<4x300x10xf32>, %p: tensor<4x1xi32> {hadal.value = dense<[[299], [5], [127], [400]]> : tensor<4x1xi32>}, %n: tensor<4xi32> {hadal.value = dense<[300, 0, 128, 300]> : tensor<4xi32>}) -> (tensor<4x1x66xf32>, tensor<4x2x1xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<4x1x68xf32>, tensor<4x300x114xf32>, tensor<4x300x10xf32>, tensor<4x1xi32>, tensor<4xi32>) -> (tensor<4x1x66xf32>, tensor<4x2x1xf32>)
  hadal.yield %0#0, %0#1 : tensor<4x1x66xf32>, tensor<4x2x1xf32>
}
hadal.kernel attention @decode_gradient(%q: tensor<4x1x68xf32>, %kv: tensor<4x300x114xf32>, %k: tensor<4x300x10xf32>, %o: tensor<4x1x66xf32>, %l: tensor<4x2x1xf32>, %g: tensor<4x1x66xf32>, %p: tensor<4x1xi32> {hadal.value = dense<[[299], [5], [127], [400]]> : tensor<4x1xi32>}, %n: tensor<4xi32> {hadal.value = dense<[300, 0, 128, 300]> : tensor<4xi32>}) -> (tensor<4x1x68xf32>, tensor<4x300x114xf32>, tensor<4x300x10xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %k, %o, %l, %g positions(%p) key_lengths(%n) {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<4x1x68xf32>, tensor<4x300x114xf32>, tensor<4x300x10xf32>, tensor<4x1x66xf32>, tensor<4x2x1xf32>, tensor<4x1x66xf32>, tensor<4x1xi32>, tensor<4xi32>) -> (tensor<4x1x68xf32>, tensor<4x300x114xf32>, tensor<4x300x10xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<4x1x68xf32>, tensor<4x300x114xf32>, tensor<4x300x10xf32>
}

// Positions in any order, and no positions: a piece of a prompt, and what else there may be.
hadal.kernel attention @piece(%q: tensor<2x140x48xf32>, %kv: tensor<2x150x64xf32>, %k: tensor<2x150x8xf32>, %p: tensor<2x140xi32> {hadal.range = [-20, 180]}, %n: tensor<2xi32> {hadal.range = [100, 160]}) -> (tensor<2x140x32xf32>, tensor<2x2x140xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 16, value = 16, scale = 0.204 : f64} : (tensor<2x140x48xf32>, tensor<2x150x64xf32>, tensor<2x150x8xf32>, tensor<2x140xi32>, tensor<2xi32>) -> (tensor<2x140x32xf32>, tensor<2x2x140xf32>)
  hadal.yield %0#0, %0#1 : tensor<2x140x32xf32>, tensor<2x2x140xf32>
}
hadal.kernel attention @piece_gradient(%q: tensor<2x140x48xf32>, %kv: tensor<2x150x64xf32>, %k: tensor<2x150x8xf32>, %o: tensor<2x140x32xf32>, %l: tensor<2x2x140xf32>, %g: tensor<2x140x32xf32>, %p: tensor<2x140xi32> {hadal.range = [-20, 180]}, %n: tensor<2xi32> {hadal.range = [100, 160]}) -> (tensor<2x140x48xf32>, tensor<2x150x64xf32>, tensor<2x150x8xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %k, %o, %l, %g positions(%p) key_lengths(%n) {heads = 2, nope = 16, value = 16, scale = 0.204 : f64} : (tensor<2x140x48xf32>, tensor<2x150x64xf32>, tensor<2x150x8xf32>, tensor<2x140x32xf32>, tensor<2x2x140xf32>, tensor<2x140x32xf32>, tensor<2x140xi32>, tensor<2xi32>) -> (tensor<2x140x48xf32>, tensor<2x150x64xf32>, tensor<2x150x8xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<2x140x48xf32>, tensor<2x150x64xf32>, tensor<2x150x8xf32>
}

// More queries than keys, and keys of which nobody sees the last.
hadal.kernel attention @few_keys(%q: tensor<1x30x27xf32>, %kv: tensor<1x7x36xf32>, %k: tensor<1x7x2xf32>, %p: tensor<1x30xi32> {hadal.range = [-1, 5]}) -> (tensor<1x30x15xf32>, tensor<1x3x30xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) {heads = 3, nope = 7, value = 5, scale = 0.333 : f64} : (tensor<1x30x27xf32>, tensor<1x7x36xf32>, tensor<1x7x2xf32>, tensor<1x30xi32>) -> (tensor<1x30x15xf32>, tensor<1x3x30xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x30x15xf32>, tensor<1x3x30xf32>
}
hadal.kernel attention @few_keys_gradient(%q: tensor<1x30x27xf32>, %kv: tensor<1x7x36xf32>, %k: tensor<1x7x2xf32>, %o: tensor<1x30x15xf32>, %l: tensor<1x3x30xf32>, %g: tensor<1x30x15xf32>, %p: tensor<1x30xi32> {hadal.range = [-1, 5]}) -> (tensor<1x30x27xf32>, tensor<1x7x36xf32>, tensor<1x7x2xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %k, %o, %l, %g positions(%p) {heads = 3, nope = 7, value = 5, scale = 0.333 : f64} : (tensor<1x30x27xf32>, tensor<1x7x36xf32>, tensor<1x7x2xf32>, tensor<1x30x15xf32>, tensor<1x3x30xf32>, tensor<1x30x15xf32>, tensor<1x30xi32>) -> (tensor<1x30x27xf32>, tensor<1x7x36xf32>, tensor<1x7x2xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x30x27xf32>, tensor<1x7x36xf32>, tensor<1x7x2xf32>
}

// Samples of several lengths side by side; one is empty.
hadal.kernel attention @lengths(%q: tensor<3x66x48xf32>, %kv: tensor<3x66x56xf32>, %k: tensor<3x66x16xf32>, %n: tensor<3xi32> {hadal.value = dense<[66, 0, 65]> : tensor<3xi32>}) -> (tensor<3x66x24xf32>, tensor<3x1x66xf32>) {
  %0:2 = hadal.attention %q, %kv, %k key_lengths(%n) {heads = 1, nope = 32, value = 24, scale = 0.144 : f64} : (tensor<3x66x48xf32>, tensor<3x66x56xf32>, tensor<3x66x16xf32>, tensor<3xi32>) -> (tensor<3x66x24xf32>, tensor<3x1x66xf32>)
  hadal.yield %0#0, %0#1 : tensor<3x66x24xf32>, tensor<3x1x66xf32>
}
hadal.kernel attention @lengths_gradient(%q: tensor<3x66x48xf32>, %kv: tensor<3x66x56xf32>, %k: tensor<3x66x16xf32>, %o: tensor<3x66x24xf32>, %l: tensor<3x1x66xf32>, %g: tensor<3x66x24xf32>, %n: tensor<3xi32> {hadal.value = dense<[66, 0, 65]> : tensor<3xi32>}) -> (tensor<3x66x48xf32>, tensor<3x66x56xf32>, tensor<3x66x16xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %k, %o, %l, %g key_lengths(%n) {heads = 1, nope = 32, value = 24, scale = 0.144 : f64} : (tensor<3x66x48xf32>, tensor<3x66x56xf32>, tensor<3x66x16xf32>, tensor<3x66x24xf32>, tensor<3x1x66xf32>, tensor<3x66x24xf32>, tensor<3xi32>) -> (tensor<3x66x48xf32>, tensor<3x66x56xf32>, tensor<3x66x16xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<3x66x48xf32>, tensor<3x66x56xf32>, tensor<3x66x16xf32>
}

// In bf16, which tensor cores take with positions or key lengths, but not its gradient.
// CHECK: @bf16 (attention): wgmma_online_softmax
// CHECK: @bf16_gradient (attention): thread_recomputed_scores
hadal.kernel attention @bf16(%q: tensor<2x5x64xbf16>, %kv: tensor<2x140x64xbf16>, %k: tensor<2x140x16xbf16>, %p: tensor<2x5xi32> {hadal.range = [100, 140]}, %n: tensor<2xi32> {hadal.range = [120, 141]}) -> (tensor<2x5x32xbf16>, tensor<2x2x5xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 16, value = 16, scale = 0.177 : f64} : (tensor<2x5x64xbf16>, tensor<2x140x64xbf16>, tensor<2x140x16xbf16>, tensor<2x5xi32>, tensor<2xi32>) -> (tensor<2x5x32xbf16>, tensor<2x2x5xf32>)
  hadal.yield %0#0, %0#1 : tensor<2x5x32xbf16>, tensor<2x2x5xf32>
}
hadal.kernel attention @bf16_gradient(%q: tensor<2x5x64xbf16>, %kv: tensor<2x140x64xbf16>, %k: tensor<2x140x16xbf16>, %o: tensor<2x5x32xbf16>, %l: tensor<2x2x5xf32>, %g: tensor<2x5x32xbf16>, %p: tensor<2x5xi32> {hadal.range = [100, 140]}, %n: tensor<2xi32> {hadal.range = [120, 141]}) -> (tensor<2x5x64xbf16>, tensor<2x140x64xbf16>, tensor<2x140x16xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %k, %o, %l, %g positions(%p) key_lengths(%n) {heads = 2, nope = 16, value = 16, scale = 0.177 : f64} : (tensor<2x5x64xbf16>, tensor<2x140x64xbf16>, tensor<2x140x16xbf16>, tensor<2x5x32xbf16>, tensor<2x2x5xf32>, tensor<2x5x32xbf16>, tensor<2x5xi32>, tensor<2xi32>) -> (tensor<2x5x64xbf16>, tensor<2x140x64xbf16>, tensor<2x140x16xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<2x5x64xbf16>, tensor<2x140x64xbf16>, tensor<2x140x16xbf16>
}
