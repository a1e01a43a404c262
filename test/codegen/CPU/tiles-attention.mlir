// Attention, its gradient and the head in bf16 on AMX, emulated: against the reference evaluator, and against the bits of register
// tiles on this CPU. Lengths and channels that no tile divides, several blocks of keys, queries at positions of their own, keys that
// are not there, samples that see none, and chunks of tokens.
// RUN: hadal-check-kernels %s --emulate-amx --other-cpu=host --print-config | FileCheck %s
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --seed=3
// CHECK: @attention (attention): tile_online_softmax {} stages [forward: 8 / 1]
// CHECK: @piece (attention): tile_online_softmax
// CHECK: @decode (attention): online_softmax {rows
// CHECK: @gradient (attention): tile_recomputed_scores {} stages [heads: 2 / 1, rotary_key:
// CHECK: @piece_gradient (attention): tile_recomputed_scores
// CHECK: @head (head): tile_token_chunks {chunk = 256, logits = {row_block = {{[0-9]+}}, column_block = {{[0-9]+}}}, hidden_gradient = {row_block
// CHECK: @scores (head): tile_token_chunks {chunk
// CHECK: 7 of 7 kernels pass

// What was chosen for AMX is not for other CPUs, and there is no other choice.
// RUN: hadal-opt %s --hadal-select-strategies=cpu=sapphirerapids -o %t
// RUN: not hadal-opt %t --hadal-lower-kernels=cpu=x86-64-v4 -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: the configuration of the kernel 'attention' is wrong: this CPU has no AMX: name one that has (sapphirerapids), or compile with --emulate-amx
// RUN: sed 's/strategy = "tile_online_softmax"/choice = #kernel.attention_tiles<rows = 8, vectors = 2>, &/' %t | not hadal-opt --hadal-lower-kernels=cpu=sapphirerapids -o /dev/null 2>&1 | FileCheck %s --check-prefix=CHOICE
// CHOICE: error: the configuration of the kernel 'attention' is wrong: the strategy 'tile_online_softmax' has nothing to choose

hadal.kernel attention @attention(%q: tensor<2x140x68xbf16>, %kv: tensor<2x140x114xbf16>, %k: tensor<2x140x10xbf16>) -> (tensor<2x140x66xbf16>, tensor<2x2x140xf32>) {
  %0, %1 = hadal.attention %q, %kv, %k {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<2x140x68xbf16>, tensor<2x140x114xbf16>, tensor<2x140x10xbf16>) -> (tensor<2x140x66xbf16>, tensor<2x2x140xf32>)
  hadal.yield %0, %1 : tensor<2x140x66xbf16>, tensor<2x2x140xf32>
}
hadal.kernel attention @piece(%q: tensor<2x140x48xbf16>, %kv: tensor<2x150x64xbf16>, %k: tensor<2x150x8xbf16>, %p: tensor<2x140xi32> {hadal.range = [-20, 180]}, %n: tensor<2xi32> {hadal.range = [100, 160]}) -> (tensor<2x140x32xbf16>, tensor<2x2x140xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 16, value = 16, scale = 0.204 : f64} : (tensor<2x140x48xbf16>, tensor<2x150x64xbf16>, tensor<2x150x8xbf16>, tensor<2x140xi32>, tensor<2xi32>) -> (tensor<2x140x32xbf16>, tensor<2x2x140xf32>)
  hadal.yield %0#0, %0#1 : tensor<2x140x32xbf16>, tensor<2x2x140xf32>
}
hadal.kernel attention @decode(%q: tensor<4x1x68xbf16>, %kv: tensor<4x300x114xbf16>, %k: tensor<4x300x10xbf16>, %p: tensor<4x1xi32> {hadal.range = [200, 300]}) -> (tensor<4x1x66xbf16>, tensor<4x2x1xf32>) {
  %0:2 = hadal.attention %q, %kv, %k positions(%p) {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<4x1x68xbf16>, tensor<4x300x114xbf16>, tensor<4x300x10xbf16>, tensor<4x1xi32>) -> (tensor<4x1x66xbf16>, tensor<4x2x1xf32>)
  hadal.yield %0#0, %0#1 : tensor<4x1x66xbf16>, tensor<4x2x1xf32>
}
hadal.kernel attention @gradient(%q: tensor<1x135x68xbf16>, %kv: tensor<1x135x114xbf16>, %k: tensor<1x135x10xbf16>, %o: tensor<1x135x66xbf16>, %l: tensor<1x2x135xf32>, %g: tensor<1x135x66xbf16>) -> (tensor<1x135x68xbf16>, tensor<1x135x114xbf16>, tensor<1x135x10xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %k, %o, %l, %g {heads = 2, nope = 24, value = 33, scale = 0.171 : f64} : (tensor<1x135x68xbf16>, tensor<1x135x114xbf16>, tensor<1x135x10xbf16>, tensor<1x135x66xbf16>, tensor<1x2x135xf32>, tensor<1x135x66xbf16>) -> (tensor<1x135x68xbf16>, tensor<1x135x114xbf16>, tensor<1x135x10xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<1x135x68xbf16>, tensor<1x135x114xbf16>, tensor<1x135x10xbf16>
}
hadal.kernel attention @piece_gradient(%q: tensor<2x140x48xbf16>, %kv: tensor<2x150x64xbf16>, %k: tensor<2x150x8xbf16>, %o: tensor<2x140x32xbf16>, %l: tensor<2x2x140xf32>, %g: tensor<2x140x32xbf16>, %p: tensor<2x140xi32> {hadal.range = [-20, 180]}, %n: tensor<2xi32> {hadal.range = [100, 160]}) -> (tensor<2x140x48xbf16>, tensor<2x150x64xbf16>, tensor<2x150x8xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %k, %o, %l, %g positions(%p) key_lengths(%n) {heads = 2, nope = 16, value = 16, scale = 0.204 : f64} : (tensor<2x140x48xbf16>, tensor<2x150x64xbf16>, tensor<2x150x8xbf16>, tensor<2x140x32xbf16>, tensor<2x2x140xf32>, tensor<2x140x32xbf16>, tensor<2x140xi32>, tensor<2xi32>) -> (tensor<2x140x48xbf16>, tensor<2x150x64xbf16>, tensor<2x150x8xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<2x140x48xbf16>, tensor<2x150x64xbf16>, tensor<2x150x8xbf16>
}

hadal.kernel head @head(%h: tensor<2x140x37xbf16>, %t: tensor<2x140xi32>, %w: tensor<1031x37xbf16>, %s: tensor<f32>, %g: tensor<1031x37xf32>) -> (tensor<f32>, tensor<2x140x37xbf16>, tensor<1031x37xf32>) {
  %0, %1, %2 = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<2x140x37xbf16>, tensor<2x140xi32>, tensor<1031x37xbf16>, tensor<f32>) -> (tensor<f32>, tensor<2x140x37xbf16>, tensor<1031x37xf32>)
  %3 = arith.addf %g, %2 : tensor<1031x37xf32>
  hadal.yield %0, %1, %3 : tensor<f32>, tensor<2x140x37xbf16>, tensor<1031x37xf32>
}
hadal.kernel head @scores(%hidden: tensor<1x33x70xbf16>, %targets: tensor<1x33xi32>, %w: tensor<301x70xbf16>) -> tensor<1x33xf32> {
  %0:2 = hadal.log_probabilities %hidden, %targets, %w : (tensor<1x33x70xbf16>, tensor<1x33xi32>, tensor<301x70xbf16>) -> (tensor<f32>, tensor<1x33xf32>)
  hadal.yield %0#1 : tensor<1x33xf32>
}
