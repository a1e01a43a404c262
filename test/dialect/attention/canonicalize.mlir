// Positions and key lengths that say nothing disappear: what remains is the operation without them.
// RUN: hadal-opt %s --canonicalize | FileCheck %s

#rope = #hadal.rope<theta = 1.0e4, dim = 2>

// CHECK-LABEL: @indices(
// CHECK-NEXT: hadal.rope %{{.*}} {heads = 2 : i64, rope = #hadal.rope<{{.*}}>} : tensor<2x3x12xf32>
// CHECK-NEXT: hadal.attention %{{.*}}, %{{.*}}, %{{.*}} {heads
// CHECK-NEXT: hadal.attention_gradient %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}} {heads
// CHECK-NEXT: return
func.func @indices(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>) -> (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>) {
  %p = arith.constant dense<[[0, 1, 2], [0, 1, 2]]> : tensor<2x3xi32>
  %n = arith.constant dense<[3, 7]> : tensor<2xi32>
  %r = hadal.rope %q positions(%p : tensor<2x3xi32>) {heads = 2, position_limit = 3, rope = #rope} : tensor<2x3x12xf32>
  %y, %l = hadal.attention %r, %kv, %k positions(%p) key_lengths(%n) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>, tensor<2x3xi32>, tensor<2xi32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  %d:3 = hadal.attention_gradient %r, %kv, %k, %y, %l, %y positions(%p) key_lengths(%n) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>, tensor<2x3x6xf32>, tensor<2x2x3xf32>, tensor<2x3x6xf32>, tensor<2x3xi32>, tensor<2xi32>) -> (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>)
  return %d#0, %d#1, %d#2 : tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>
}

// One token, and a model's operation.
// CHECK-LABEL: @one_token(
// CHECK-NEXT: hadal.rope %{{.*}} {heads
// CHECK-NEXT: hadal.mla_attention %{{.*}}, %{{.*}} "up", "norm" {
func.func @one_token(%q: tensor<2x1x12xf32>, %c: tensor<2x1x7xf32>) -> (tensor<2x1x12xf32>, tensor<2x1x6xf32>) {
  %p = arith.constant dense<0> : tensor<2x1xi32>
  %n = arith.constant dense<1> : tensor<2xi32>
  %r = hadal.rope %q positions(%p : tensor<2x1xi32>) {heads = 2, position_limit = 1, rope = #rope} : tensor<2x1x12xf32>
  %y = hadal.mla_attention %q, %c positions(%p : tensor<2x1xi32>) key_lengths(%n : tensor<2xi32>) "up", "norm" {heads = 2, nope = 4, value = 3, rope = #rope, eps = 1.0e-6} : tensor<2x1x12xf32>, tensor<2x1x7xf32> -> tensor<2x1x6xf32>
  return %r, %y : tensor<2x1x12xf32>, tensor<2x1x6xf32>
}

// Other positions, a limit that leaves some out, too few keys, more keys than queries: all of them stay.
// CHECK-LABEL: @others(
// CHECK: hadal.rope %{{.*}} positions(
// CHECK: hadal.rope %{{.*}} positions(
// CHECK: hadal.attention %{{.*}} positions(%{{.*}}) key_lengths(%{{.*}}) {
// CHECK: hadal.attention %{{.*}}, %{{.*}}, %{{.*}} positions(%{{.*}}) {
func.func @others(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>, %kv4: tensor<2x4x14xf32>, %k4: tensor<2x4x2xf32>) -> (tensor<2x3x12xf32>, tensor<2x3x12xf32>, tensor<2x3x6xf32>, tensor<2x3x6xf32>) {
  %p = arith.constant dense<[[0, 1, 2], [0, 1, 2]]> : tensor<2x3xi32>
  %o = arith.constant dense<[[0, 1, 2], [1, 2, 3]]> : tensor<2x3xi32>
  %n = arith.constant dense<[2, 3]> : tensor<2xi32>
  %r = hadal.rope %q positions(%o : tensor<2x3xi32>) {heads = 2, position_limit = 4, rope = #rope} : tensor<2x3x12xf32>
  %s = hadal.rope %q positions(%p : tensor<2x3xi32>) {heads = 2, position_limit = 2, rope = #rope} : tensor<2x3x12xf32>
  %y, %l = hadal.attention %r, %kv, %k positions(%o) key_lengths(%n) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>, tensor<2x3xi32>, tensor<2xi32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  %z, %m = hadal.attention %r, %kv4, %k4 positions(%p) {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x4x14xf32>, tensor<2x4x2xf32>, tensor<2x3xi32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  return %r, %s, %y, %z : tensor<2x3x12xf32>, tensor<2x3x12xf32>, tensor<2x3x6xf32>, tensor<2x3x6xf32>
}
