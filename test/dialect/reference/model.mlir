// A model is evaluated at level 1: layers scope their parameters by number, multi-token prediction runs its depths. The
// same computation written out by hand, with parameters as arguments, gives the same losses.
// RUN: hadal-opt %s --hadal-evaluate="batch=2 positions=6" -o /dev/null | FileCheck %s

!hidden = tensor<?x?x4xf32>
!tokens = tensor<?x?xi32>

func.func private @mix(%x: !hidden) -> !hidden {
  %n = hadal.rms_norm %x "norm.weight" {eps = 1.0e-6 : f64} : !hidden
  %y = hadal.linear %n "proj.weight" : !hidden -> !hidden
  %r = arith.addf %x, %y : !hidden
  return %r : !hidden
}

func.func private @route(%x: !hidden) -> (!hidden, tensor<f32>) {
  %g = hadal.linear %x "gate.weight" : !hidden -> tensor<?x?x3xf32>
  %i, %w, %load = hadal.router sigmoid %g "gate.bias" {top_k = 2 : i64}
                  : tensor<?x?x3xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<3xf32>
  %balance = hadal.sequence_balance_loss sigmoid %g {top_k = 2 : i64} : tensor<?x?x3xf32>
  %y = hadal.experts %x, %i, %w "mlp.experts" {count = 3 : i64, width = 2 : i64}
       : !hidden, tensor<?x?x2xi32>, tensor<?x?x2xf32>
  return %y, %balance : !hidden, tensor<f32>
}

// CHECK: @model#0: tensor<f32> [[MAIN:[0-9.]+]]
// CHECK: @model#1: tensor<f32> [[MTP:[0-9.]+]]
// CHECK: @model#2: tensor<f32> [[BALANCE:[0-9.]+]]
hadal.model @model(%window: !tokens) {
  %t = hadal.tokens %window ahead 0 : !tokens -> !tokens
  %x = hadal.embedding %t "embed.weight" {vocabulary = 7 : i64} : !tokens -> !hidden
  %h, %balance = hadal.layers %x "layers" 0 to 2 {@mix, @route} : !hidden, tensor<f32>
  %n = hadal.rms_norm %h "final.weight" {eps = 1.0e-6 : f64} : !hidden
  %target = hadal.tokens %window ahead 1 : !tokens -> !tokens
  %main = hadal.cross_entropy %n, %target "head.weight" {vocabulary = 7 : i64} : !hidden, !tokens
  %mtp = hadal.mtp %h, %window "layers" 2 to 4 {@mix} embedding "embed.weight" norm "final.weight" head "head.weight"
         {vocabulary = 7 : i64, eps = 1.0e-6 : f64} : !hidden, !tokens -> tensor<f32>
  hadal.losses main(%main) mtp(%mtp) balance(%balance)
}

!closed = tensor<2x3x4xf32>
!scores = tensor<2x3x3xf32>
!ids = tensor<2x3xi32>

func.func private @mix_by_hand(%x: !closed, %norm: tensor<4xf32>, %proj: tensor<4x4xf32>) -> !closed {
  %n = hadal.rms_norm %x weights(%norm : tensor<4xf32>) {eps = 1.0e-6 : f64} : !closed
  %y = hadal.linear %n weights(%proj : tensor<4x4xf32>) : !closed -> !closed
  %r = arith.addf %x, %y : !closed
  return %r : !closed
}

func.func private @route_by_hand(%x: !closed, %gate: tensor<3x4xf32>, %bias: tensor<3xf32>, %eg: tensor<3x2x4xf32>,
                                 %eu: tensor<3x2x4xf32>, %ed: tensor<3x4x2xf32>) -> (!closed, tensor<f32>) {
  %g = hadal.linear %x weights(%gate : tensor<3x4xf32>) : !closed -> !scores
  %i, %w, %load = hadal.router sigmoid %g weights(%bias : tensor<3xf32>) {top_k = 2 : i64}
                  : !scores -> tensor<2x3x2xi32>, tensor<2x3x2xf32>, tensor<3xf32>
  %balance = hadal.sequence_balance_loss sigmoid %g {top_k = 2 : i64} : !scores
  %y = hadal.experts %x, %i, %w weights(%eg, %eu, %ed : tensor<3x2x4xf32>, tensor<3x2x4xf32>, tensor<3x4x2xf32>)
       {count = 3 : i64, width = 2 : i64} : !closed, tensor<2x3x2xi32>, tensor<2x3x2xf32>
  return %y, %balance : !closed, tensor<f32>
}

func.func private @depth_by_hand(%h: !closed, %ids: !ids, %target: !ids, %embed: tensor<7x4xf32>, %head: tensor<7x4xf32>,
    %enorm: tensor<4xf32>, %hnorm: tensor<4xf32>, %eh: tensor<4x8xf32>, %norm: tensor<4xf32>, %proj: tensor<4x4xf32>,
    %final: tensor<4xf32>) -> (!closed, tensor<f32>) {
  %e = hadal.embedding %ids weights(%embed : tensor<7x4xf32>) {vocabulary = 7 : i64} : !ids -> !closed
  %m = hadal.mtp_merge %h, %e weights(%enorm, %hnorm, %eh : tensor<4xf32>, tensor<4xf32>, tensor<4x8xf32>)
       {eps = 1.0e-6 : f64} : !closed
  %y = call @mix_by_hand(%m, %norm, %proj) : (!closed, tensor<4xf32>, tensor<4x4xf32>) -> !closed
  %n = hadal.rms_norm %y weights(%final : tensor<4xf32>) {eps = 1.0e-6 : f64} : !closed
  %loss = hadal.cross_entropy %n, %target weights(%head : tensor<7x4xf32>) {vocabulary = 7 : i64} : !closed, !ids
  return %n, %loss : !closed, tensor<f32>
}

// CHECK: @by_hand#0: tensor<f32> [[MAIN]]
// CHECK: @by_hand#1: tensor<f32> [[MTP]]
// CHECK: @by_hand#2: tensor<f32> [[BALANCE]]
func.func @by_hand(%window: tensor<2x6xi32> {hadal.input = "tokens"},
    %embed: tensor<7x4xf32> {hadal.parameter = @"embed.weight"}, %head: tensor<7x4xf32> {hadal.parameter = @"head.weight"},
    %final: tensor<4xf32> {hadal.parameter = @"final.weight"},
    %norm0: tensor<4xf32> {hadal.parameter = @"layers.0.norm.weight"},
    %proj0: tensor<4x4xf32> {hadal.parameter = @"layers.0.proj.weight"},
    %gate0: tensor<3x4xf32> {hadal.parameter = @"layers.0.gate.weight"},
    %bias0: tensor<3xf32> {hadal.parameter = @"layers.0.gate.bias"},
    %eg0: tensor<3x2x4xf32> {hadal.parameter = @"layers.0.mlp.experts.{e}.gate_proj.weight"},
    %eu0: tensor<3x2x4xf32> {hadal.parameter = @"layers.0.mlp.experts.{e}.up_proj.weight"},
    %ed0: tensor<3x4x2xf32> {hadal.parameter = @"layers.0.mlp.experts.{e}.down_proj.weight"},
    %norm1: tensor<4xf32> {hadal.parameter = @"layers.1.norm.weight"},
    %proj1: tensor<4x4xf32> {hadal.parameter = @"layers.1.proj.weight"},
    %gate1: tensor<3x4xf32> {hadal.parameter = @"layers.1.gate.weight"},
    %bias1: tensor<3xf32> {hadal.parameter = @"layers.1.gate.bias"},
    %eg1: tensor<3x2x4xf32> {hadal.parameter = @"layers.1.mlp.experts.{e}.gate_proj.weight"},
    %eu1: tensor<3x2x4xf32> {hadal.parameter = @"layers.1.mlp.experts.{e}.up_proj.weight"},
    %ed1: tensor<3x4x2xf32> {hadal.parameter = @"layers.1.mlp.experts.{e}.down_proj.weight"},
    %enorm2: tensor<4xf32> {hadal.parameter = @"layers.2.enorm.weight"},
    %hnorm2: tensor<4xf32> {hadal.parameter = @"layers.2.hnorm.weight"},
    %eh2: tensor<4x8xf32> {hadal.parameter = @"layers.2.eh_proj.weight"},
    %norm2: tensor<4xf32> {hadal.parameter = @"layers.2.norm.weight"},
    %proj2: tensor<4x4xf32> {hadal.parameter = @"layers.2.proj.weight"},
    %final2: tensor<4xf32> {hadal.parameter = @"layers.2.shared_head.norm.weight"},
    %enorm3: tensor<4xf32> {hadal.parameter = @"layers.3.enorm.weight"},
    %hnorm3: tensor<4xf32> {hadal.parameter = @"layers.3.hnorm.weight"},
    %eh3: tensor<4x8xf32> {hadal.parameter = @"layers.3.eh_proj.weight"},
    %norm3: tensor<4xf32> {hadal.parameter = @"layers.3.norm.weight"},
    %proj3: tensor<4x4xf32> {hadal.parameter = @"layers.3.proj.weight"},
    %final3: tensor<4xf32> {hadal.parameter = @"layers.3.shared_head.norm.weight"})
    -> (tensor<f32>, tensor<f32>, tensor<f32>) {
  %t0 = hadal.tokens %window ahead 0 : tensor<2x6xi32> -> !ids
  %t1 = hadal.tokens %window ahead 1 : tensor<2x6xi32> -> !ids
  %t2 = hadal.tokens %window ahead 2 : tensor<2x6xi32> -> !ids
  %t3 = hadal.tokens %window ahead 3 : tensor<2x6xi32> -> !ids
  %x = hadal.embedding %t0 weights(%embed : tensor<7x4xf32>) {vocabulary = 7 : i64} : !ids -> !closed
  %m0 = call @mix_by_hand(%x, %norm0, %proj0) : (!closed, tensor<4xf32>, tensor<4x4xf32>) -> !closed
  %h0, %b0 = call @route_by_hand(%m0, %gate0, %bias0, %eg0, %eu0, %ed0)
    : (!closed, tensor<3x4xf32>, tensor<3xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, tensor<3x4x2xf32>) -> (!closed, tensor<f32>)
  %m1 = call @mix_by_hand(%h0, %norm1, %proj1) : (!closed, tensor<4xf32>, tensor<4x4xf32>) -> !closed
  %h1, %b1 = call @route_by_hand(%m1, %gate1, %bias1, %eg1, %eu1, %ed1)
    : (!closed, tensor<3x4xf32>, tensor<3xf32>, tensor<3x2x4xf32>, tensor<3x2x4xf32>, tensor<3x4x2xf32>) -> (!closed, tensor<f32>)
  %n = hadal.rms_norm %h1 weights(%final : tensor<4xf32>) {eps = 1.0e-6 : f64} : !closed
  %main = hadal.cross_entropy %n, %t1 weights(%head : tensor<7x4xf32>) {vocabulary = 7 : i64} : !closed, !ids
  %d2, %l2 = call @depth_by_hand(%n, %t1, %t2, %embed, %head, %enorm2, %hnorm2, %eh2, %norm2, %proj2, %final2)
    : (!closed, !ids, !ids, tensor<7x4xf32>, tensor<7x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x8xf32>, tensor<4xf32>,
       tensor<4x4xf32>, tensor<4xf32>) -> (!closed, tensor<f32>)
  %d3, %l3 = call @depth_by_hand(%d2, %t2, %t3, %embed, %head, %enorm3, %hnorm3, %eh3, %norm3, %proj3, %final3)
    : (!closed, !ids, !ids, tensor<7x4xf32>, tensor<7x4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4x8xf32>, tensor<4xf32>,
       tensor<4x4xf32>, tensor<4xf32>) -> (!closed, tensor<f32>)
  %half = arith.constant dense<0.5> : tensor<f32>
  %sum = arith.addf %l2, %l3 : tensor<f32>
  %mtp = arith.mulf %sum, %half : tensor<f32>
  %balance = arith.addf %b0, %b1 : tensor<f32>
  return %main, %mtp, %balance : tensor<f32>, tensor<f32>, tensor<f32>
}
