// Multi-head latent attention, rotary embedding and the attention core.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @mla(
// CHECK: hadal.mla_attention
func.func @mla(%q: tensor<?x?x12xf32>, %c: tensor<?x?x7xf32>) {
  %y = hadal.mla_attention %q, %c "up", "norm" {heads = 2, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6} : tensor<?x?x12xf32>, tensor<?x?x7xf32> -> tensor<?x?x6xf32>
  return
}

// CHECK-LABEL: @mla_bound(
// CHECK: hadal.mla_attention
func.func @mla_bound(%q: tensor<2x3x12xf32>, %c: tensor<2x3x7xf32>, %u: tensor<14x5xf32>, %n: tensor<5xf32>) {
  %y = hadal.mla_attention %q, %c weights(%u, %n : tensor<14x5xf32>, tensor<5xf32>) {heads = 2, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6, scale = 0.5} : tensor<2x3x12xf32>, tensor<2x3x7xf32> -> tensor<2x3x6xf32>
  return
}

// CHECK-LABEL: @rope(
// CHECK: hadal.rope
func.func @rope(%x: tensor<?x?x12xf32>) {
  %y = hadal.rope %x {heads = 2, rope = #hadal.rope<theta = 1.0e4, dim = 4, layout = half, yarn = <factor = 40.0, original_length = 4096, mscale = 0.707>>, inverse} : tensor<?x?x12xf32>
  return
}

// CHECK-LABEL: @attention(
// CHECK: hadal.attention
func.func @attention(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>) {
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  return
}

// CHECK-LABEL: @attention_gradient(
// CHECK: hadal.attention_gradient
func.func @attention_gradient(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>, %o: tensor<2x3x6xf32>, %l: tensor<2x2x3xf32>) {
  %d:3 = hadal.attention_gradient %q, %kv, %k, %o, %l, %o {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>, tensor<2x3x6xf32>, tensor<2x2x3xf32>, tensor<2x3x6xf32>) -> (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>)
  return
}

// CHECK-LABEL: @bf16(
// CHECK: hadal.attention %{{.*}} -> (tensor<2x3x6xbf16>, tensor<2x2x3xf32>)
// CHECK: hadal.attention_gradient %{{.*}} -> (tensor<2x3x12xbf16>, tensor<2x3x14xf32>, tensor<2x3x2xbf16>)
func.func @bf16(%q: tensor<2x3x12xbf16>, %kv: tensor<2x3x14xbf16>, %k: tensor<2x3x2xbf16>, %g: tensor<2x3x6xbf16>) {
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xbf16>, tensor<2x3x14xbf16>, tensor<2x3x2xbf16>) -> (tensor<2x3x6xbf16>, tensor<2x2x3xf32>)
  %d:3 = hadal.attention_gradient %q, %kv, %k, %y, %l, %g {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xbf16>, tensor<2x3x14xbf16>, tensor<2x3x2xbf16>, tensor<2x3x6xbf16>, tensor<2x2x3xf32>, tensor<2x3x6xbf16>) -> (tensor<2x3x12xbf16>, tensor<2x3x14xf32>, tensor<2x3x2xbf16>)
  return
}

// Queries at positions of their own, keys and values of another length, and how many of them there are.
// CHECK-LABEL: @positions(
// CHECK: hadal.rope %{{.*}} positions(%{{.*}} : tensor<2x1xi32>) {heads = 2 : i64, position_limit = 9 : i64,
// CHECK: hadal.attention %{{.*}}, %{{.*}}, %{{.*}} positions(%{{.*}}) key_lengths(%{{.*}}) {
// CHECK: hadal.attention %{{.*}}, %{{.*}}, %{{.*}} positions(%{{.*}}) {
// CHECK: hadal.attention_gradient %{{.*}}, %{{.*}} positions(%{{.*}}) key_lengths(%{{.*}}) {
func.func @positions(%q: tensor<2x1x12xf32>, %kv: tensor<2x9x14xf32>, %k: tensor<2x9x2xf32>, %p: tensor<2x1xi32>, %n: tensor<2xi32>) {
  %r = hadal.rope %q positions(%p : tensor<2x1xi32>) {heads = 2, position_limit = 9, rope = #hadal.rope<theta = 1.0e4, dim = 2>} : tensor<2x1x12xf32>
  %y, %l = hadal.attention %r, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x1x12xf32>, tensor<2x9x14xf32>, tensor<2x9x2xf32>, tensor<2x1xi32>, tensor<2xi32>) -> (tensor<2x1x6xf32>, tensor<2x2x1xf32>)
  %z, %m = hadal.attention %r, %kv, %k positions(%p) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x1x12xf32>, tensor<2x9x14xf32>, tensor<2x9x2xf32>, tensor<2x1xi32>) -> (tensor<2x1x6xf32>, tensor<2x2x1xf32>)
  %d:3 = hadal.attention_gradient %r, %kv, %k, %y, %l, %z positions(%p) key_lengths(%n) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x1x12xf32>, tensor<2x9x14xf32>, tensor<2x9x2xf32>, tensor<2x1x6xf32>, tensor<2x2x1xf32>, tensor<2x1x6xf32>, tensor<2x1xi32>, tensor<2xi32>) -> (tensor<2x1x12xf32>, tensor<2x9x14xf32>, tensor<2x9x2xf32>)
  return
}

// Without positions there is a key per query.
// CHECK-LABEL: @key_lengths(
// CHECK: hadal.attention %{{.*}}, %{{.*}}, %{{.*}} key_lengths(%{{.*}}) {
// CHECK: hadal.mla_attention %{{.*}}, %{{.*}} positions(%{{.*}} : tensor<?x?xi32>) key_lengths(%{{.*}} : tensor<?xi32>) "up", "norm" {
func.func @key_lengths(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>, %n: tensor<2xi32>, %x: tensor<?x?x12xf32>, %c: tensor<?x9x7xf32>, %p: tensor<?x?xi32>, %m: tensor<?xi32>) {
  %y, %l = hadal.attention %q, %kv, %k key_lengths(%n) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>, tensor<2xi32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  %z = hadal.mla_attention %x, %c positions(%p : tensor<?x?xi32>) key_lengths(%m : tensor<?xi32>) "up", "norm" {heads = 2, nope = 4, value = 3, rope = #hadal.rope<theta = 1.0e4, dim = 2>, eps = 1.0e-6} : tensor<?x?x12xf32>, tensor<?x9x7xf32> -> tensor<?x?x6xf32>
  return
}
