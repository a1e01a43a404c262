// Which weights are kept as codes, what reads them then, and the entry points that make them.
// RUN: split-file %s %t
// RUN: hadal-opt %t/program.mlir --hadal-quantize-weights=weights=int4 | FileCheck %s --check-prefixes=CHECK,INT4
// RUN: hadal-opt %t/program.mlir --hadal-quantize-weights=weights=fp8 | FileCheck %s --check-prefixes=CHECK,FP8
// RUN: hadal-opt %t/recorded.mlir --hadal-quantize-weights | FileCheck %s --check-prefix=RECORDED
// RUN: hadal-opt %t/program.mlir --hadal-quantize-weights | FileCheck %s --check-prefix=NONE
// RUN: not hadal-opt %t/program.mlir --hadal-quantize-weights=weights=bf16 2>&1 | FileCheck %s --check-prefix=REFUSED
// RUN: not hadal-opt %t/taken.mlir --hadal-quantize-weights=weights=fp8 2>&1 | FileCheck %s --check-prefix=TAKEN

// NONE-NOT: quantize_weight
// REFUSED: cannot keep weights as 'bf16': they are kept as fp8, int8 or int4
// TAKEN: '@w_scale_inv' is the name of a function that a program gets: choose another

// A scale for each block of each expert, before the experts.
// FP8: hadal.parameter @"experts.{e}.up_proj.weight_scale_inv" zeros {trainable = false} : tensor<4x1x1xf32>
// FP8-NEXT: hadal.parameter @"experts.{e}.up_proj.weight"

// The router, the up-projection that is read across its rows as well, and a table that is read row by row stay as they are.
// CHECK-LABEL: func.func @decode.1(
// CHECK-SAME: hadal.parameter = @embed
// CHECK-SAME: hadal.parameter = @gate
// CHECK-SAME: hadal.parameter = @kv_b
// INT4-SAME: tensor<40x48xi8, {{[^%]*}}hadal.packed = @q
// INT4-SAME: tensor<40x2xbf16, {{[^%]*}}hadal.packed = @q
// FP8-SAME: tensor<40x48xf8E4M3FN, {{[^%]*}}hadal.packed = @q
// FP8-SAME: tensor<1x1xf32> {hadal.packed = @q
// INT4-SAME: tensor<4x24x24xi8, {{[^%]*}}hadal.packed = @"experts.{e}.up_proj.weight"
// INT4: hadal.dequantize_weight int8 {{.*}} -> tensor<40x48xbf16>
// FP8: hadal.dequantize_weight fp8 {{.*}} -> tensor<40x48xbf16>
// CHECK-NEXT: hadal.linear
// INT4: hadal.dequantize_weight int4 {{.*}} -> tensor<4x24x48xf32>
// CHECK: hadal.grouped_matmul
// INT4: hadal.dequantize_weight int8 {{.*}} -> tensor<64x48xf32>
// FP8-NOT: hadal.dequantize_weight
// CHECK: hadal.logits

// INT4-LABEL: func.func @load.q(
// INT4-SAME: hadal.loads = @q
// INT4: hadal.quantize_weight int8 %arg0 : (tensor<40x48xf32>)
// FP8-LABEL: func.func @load.q(
// FP8-SAME: %arg1: tensor<1x1xf32> {hadal.parameter = @q_scale_inv}
// FP8: hadal.quantize_weight fp8 %arg0 given(%arg1)

// RECORDED: hadal.quantize_weight int8

//--- program.mlir

hadal.parameter @embed normal {std = 0.1} : tensor<64x48xf32>
hadal.parameter @gate normal {std = 0.1} : tensor<4x48xf32>
hadal.parameter @q normal {std = 0.1} : tensor<40x48xf32>
hadal.parameter @kv_b normal {std = 0.1} : tensor<32x48xf32>
hadal.parameter @"experts.{e}.up_proj.weight" normal {std = 0.1} : tensor<4x24x48xf32>
hadal.parameter @head normal {std = 0.1} : tensor<64x48xf32>
func.func @decode.1(%t: tensor<2x1xi32> {hadal.input = "tokens"}, %embed: tensor<64x48xf32> {hadal.parameter = @embed},
    %gate: tensor<4x48xf32> {hadal.parameter = @gate}, %q: tensor<40x48xf32> {hadal.parameter = @q},
    %kv: tensor<32x48xf32> {hadal.parameter = @kv_b}, %up: tensor<4x24x48xf32> {hadal.parameter = @"experts.{e}.up_proj.weight"},
    %head: tensor<64x48xf32> {hadal.parameter = @head})
    -> (tensor<2x1x64xf32> {hadal.result = "logits"}, tensor<2x1x40xf32> {hadal.result = "q"}, tensor<4x24xf32> {hadal.result = "up"}, tensor<2x1x96xf32> {hadal.result = "absorbed"}, tensor<2x1x16xf32> {hadal.result = "values"}) {
  %x = hadal.embedding %t weights(%embed : tensor<64x48xf32>) {vocabulary = 64} : tensor<2x1xi32> -> tensor<2x1x48xf32>
  %s = hadal.linear %x weights(%gate : tensor<4x48xf32>) : tensor<2x1x48xf32> -> tensor<2x1x4xf32>
  %i, %w, %load = hadal.router sigmoid %s {top_k = 2} : tensor<2x1x4xf32> -> tensor<2x1x2xi32>, tensor<2x1x2xf32>, tensor<4xf32>
  %pairs, %rows, %offsets = hadal.dispatch %i : tensor<2x1x2xi32> -> tensor<4xi32>, tensor<2x1x2xi32>, tensor<5xi32>
  %xb = arith.truncf %x : tensor<2x1x48xf32> to tensor<2x1x48xbf16>
  %qb = arith.truncf %q : tensor<40x48xf32> to tensor<40x48xbf16>
  %y = hadal.linear %xb weights(%qb : tensor<40x48xbf16>) : tensor<2x1x48xbf16> -> tensor<2x1x40xf32>
  %sorted = hadal.gather_rows %x, %pairs, %rows : (tensor<2x1x48xf32>, tensor<4xi32>, tensor<2x1x2xi32>) -> tensor<4x48xf32>
  %u = hadal.grouped_matmul %sorted, %up, %offsets {transpose_rhs} : (tensor<4x48xf32>, tensor<4x24x48xf32>, tensor<5xi32>) -> tensor<4x24xf32>
  %queries = hadal.linear %x weights(%kv : tensor<32x48xf32>) : tensor<2x1x48xf32> -> tensor<2x1x32xf32>
  %a = hadal.head_matmul %queries, %kv {heads = 2, first = 0, count = 8} : (tensor<2x1x32xf32>, tensor<32x48xf32>) -> tensor<2x1x96xf32>
  %v = hadal.head_matmul %a, %kv {heads = 2, first = 8, count = 8, transpose_rhs} : (tensor<2x1x96xf32>, tensor<32x48xf32>) -> tensor<2x1x16xf32>
  %z, %n = hadal.logits %x, %head : (tensor<2x1x48xf32>, tensor<64x48xf32>) -> (tensor<2x1x64xf32>, tensor<2x1x2xf32>)
  return %z, %y, %u, %a, %v : tensor<2x1x64xf32>, tensor<2x1x40xf32>, tensor<4x24xf32>, tensor<2x1x96xf32>, tensor<2x1x16xf32>
}

//--- recorded.mlir

module attributes {hadal.weights = "int8"} {
  hadal.parameter @w normal {std = 0.1} : tensor<40x48xf32>
  func.func @decode.1(%x: tensor<2x48xf32> {hadal.input = "x"}, %w: tensor<40x48xf32> {hadal.parameter = @w})
      -> (tensor<2x40xf32> {hadal.result = "y"}) {
    %y = hadal.linear %x weights(%w : tensor<40x48xf32>) : tensor<2x48xf32> -> tensor<2x40xf32>
    return %y : tensor<2x40xf32>
  }
}

//--- taken.mlir

hadal.parameter @w normal {std = 0.1} : tensor<40x48xf32>
hadal.parameter @w_scale_inv normal {std = 0.1} : tensor<40x48xf32>
func.func @decode.1(%x: tensor<2x48xf32> {hadal.input = "x"}, %w: tensor<40x48xf32> {hadal.parameter = @w})
    -> (tensor<2x40xf32> {hadal.result = "y"}) {
  %y = hadal.linear %x weights(%w : tensor<40x48xf32>) : tensor<2x48xf32> -> tensor<2x40xf32>
  return %y : tensor<2x40xf32>
}
