// Encodings of tensors' types, each part alone and together, and movements between layouts.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

!panels = tensor<70x33xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [36, 32]>>>

// CHECK-LABEL: @layouts(
// CHECK-SAME: tensor<70x33xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [36, 32]>>>
// CHECK-SAME: tensor<70x33xbf16, #hadal.encoding<layout = <outer = [1, 0]>>>
// CHECK-SAME: tensor<70x33xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
func.func private @layouts(!panels, tensor<70x33xbf16, #hadal.encoding<layout = <outer = [1, 0]>>>,
                           tensor<70x33xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>)

// CHECK-LABEL: @bounds(
// CHECK-SAME: tensor<?x8x?xf32, #hadal.encoding<bounds = [<"pages", 512>, <"tokens", 64>]>>
func.func private @bounds(tensor<?x8x?xf32, #hadal.encoding<bounds = [<"pages", 512>, <"tokens", 64>]>>)

// CHECK-LABEL: @shards(
// CHECK-SAME: tensor<512x96xf32, #hadal.encoding<shard = <global = [1024, 96], offsets = [512, 0], axes = {{\[\[}}"ep", "tp"], []]>>>
func.func private @shards(tensor<512x96xf32, #hadal.encoding<shard = <global = [1024, 96], offsets = [512, 0], axes = [["ep", "tp"], []]>>>)

// The parts may come in any order.
// CHECK-LABEL: @together(
// CHECK-SAME: tensor<4x?xf32, #hadal.encoding<layout = <outer = [1, 0]>, bounds = [<"tokens", 64>]>>
func.func private @together(tensor<4x?xf32, #hadal.encoding<bounds = [<"tokens", 64>], layout = <outer = [1, 0]>>>)

// CHECK-LABEL: @movements(
// CHECK: hadal.pack %{{.*}} : tensor<70x33xf32> -> tensor<70x33xf32, #hadal.encoding
// CHECK: hadal.unpack %{{.*}} : tensor<70x33xf32, #hadal.encoding{{.*}} -> tensor<70x33xf32>
func.func @movements(%w: tensor<70x33xf32>) -> tensor<70x33xf32> {
  %panels = hadal.pack %w : tensor<70x33xf32> -> !panels
  %rows = hadal.unpack %panels : !panels -> tensor<70x33xf32>
  return %rows : tensor<70x33xf32>
}

// Factors of products may lie in any layout.
// CHECK-LABEL: @products(
func.func @products(%x: tensor<5x33xf32>, %w: !panels, %y: tensor<5x70xf32>) -> (tensor<5x70xf32>, tensor<5x33xf32>) {
  %0 = hadal.linear %x weights(%w : !panels) : tensor<5x33xf32> -> tensor<5x70xf32>
  %1 = hadal.matmul %y, %w : (tensor<5x70xf32>, !panels) -> tensor<5x33xf32>
  return %0, %1 : tensor<5x70xf32>, tensor<5x33xf32>
}

// CHECK-LABEL: hadal.kernel packing @pack(
hadal.kernel packing @pack(%w: tensor<70x33xf32>) -> !panels {
  %0 = hadal.pack %w : tensor<70x33xf32> -> !panels
  hadal.yield %0 : !panels
}

// CHECK: func.func @load.w(%{{.*}} {hadal.parameter = @w}) -> ({{.*}} {hadal.packed = @w}) attributes {hadal.loads = @w}
func.func @load.w(%w: tensor<70x33xf32> {hadal.parameter = @w}) -> (!panels {hadal.packed = @w}) attributes {hadal.loads = @w} {
  %0 = hadal.launch @pack(%w) : (tensor<70x33xf32>) -> !panels
  return %0 : !panels
}
