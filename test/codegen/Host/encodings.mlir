// What the encoding of a tensor's type says becomes its row of the tables: layout, numbers of open lengths, box; and an entry point
// that packs a parameter when it is loaded. A parameter that nothing else reads lives only then (lifetime 3), its packed form (role 8)
// in tiles (layout 1) of 16 columns by 12.
// RUN: hadal-opt %s --hadal-select-strategies=cpu=x86-64-v3 --hadal-plan-memory --hadal-lower-kernels=cpu=x86-64-v3 \
// RUN:   --hadal-cpu-to-llvm --hadal-build-host=cpu=x86-64-v3 | FileCheck %s

!panels = tensor<5x9xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [12, 16]>>>
!bounded = tensor<?x4xf32, #hadal.encoding<bounds = [<"tokens", 64>]>>
!whole = tensor<4x4xf32, #hadal.encoding<shard = <global = [4, 4], offsets = [0, 0], axes = [["tp"], []]>>>

// Copied are as many bytes as the bound says: 64 rows of 16.
// CHECK: llvm.mlir.global internal constant @evaluate.copies()
// CHECK: 1024]
// CHECK: llvm.mlir.global internal constant @tensors()
// CHECK-NEXT: llvm.mlir.undef
// CHECK-NEXT: llvm.mlir.constant({{\[\[}}#llvm.zero, 0 : i32, 0 : i32, 3 : i32, 0 : i32,
// The state, which is the whole of what it is a part of.
// CHECK-SAME: 4 : i32, 0 : i32, 0 : i32, 0 : i32, [0 : i32, 0 : i32, 0 : i32, 0 : i32], 0 : i32, {{[^]]*}}], {{[^]]*}}], 2 : i32, 0 : i32, [4, 4, 0, 0], [-1 : i32, -1 : i32, -1 : i32, -1 : i32], [4, 4, 0, 0], [0, 0, 0, 0],
// The input, of up to 64 rows, as the first number tells.
// CHECK-SAME: 5 : i32, 0 : i32, 1 : i32, 0 : i32, {{[^#]*}} 2 : i32, 0 : i32, [64, 4, 0, 0], [0 : i32, -1 : i32, -1 : i32, -1 : i32], [64, 4, 0, 0], [0, 0, 0, 0],
// The packed form.
// CHECK-SAME: 8 : i32, 0 : i32, 0 : i32, 1 : i32, [1 : i32, 0 : i32, 0 : i32, 0 : i32], 2 : i32, [1 : i32, 0 : i32, 0 : i32, 0 : i32], [12, 16, 0, 0], 2 : i32, 0 : i32, [5, 9, 0, 0]
// What the input is copied to.
// CHECK-SAME: 7 : i32, 0 : i32, 1 : i32, 0 : i32, {{[^#]*}} [64, 4, 0, 0], [0 : i32, -1 : i32, -1 : i32, -1 : i32],
// CHECK: llvm.mlir.global internal constant @entries()
// Called by its name; run when tensor 0 is loaded.
// CHECK: llvm.mlir.constant({{\[\[}}#llvm.zero, 0 : i32, -1 : i32, {{.*}}], [#llvm.zero, 1 : i32, 0 : i32,
// CHECK: llvm.mlir.global internal constant @numbers()
// CHECK: 64]
module attributes {hadal.vocabulary = 64 : i64} {
  hadal.parameter @w zeros : tensor<5x9xf32>
  hadal.kernel contraction @linear(%x: tensor<2x9xf32>, %w: !panels) -> tensor<2x5xf32> {
    %0 = hadal.linear %x weights(%w : !panels) : tensor<2x9xf32> -> tensor<2x5xf32>
    hadal.yield %0 : tensor<2x5xf32>
  }
  hadal.kernel packing @pack(%w: tensor<5x9xf32>) -> !panels {
    %0 = hadal.pack %w : tensor<5x9xf32> -> !panels
    hadal.yield %0 : !panels
  }
  func.func @evaluate(%s: !whole {hadal.state = @s}, %b: !bounded {hadal.input = "batch"}, %x: tensor<2x9xf32> {hadal.state = @x},
                      %w: !panels {hadal.packed = @w})
      -> (!bounded {hadal.result = "copied"}, tensor<2x5xf32> {hadal.result = "y"}) {
    %0 = hadal.launch @linear(%x, %w) : (tensor<2x9xf32>, !panels) -> tensor<2x5xf32>
    return %b, %0 : !bounded, tensor<2x5xf32>
  }
  func.func @load.w(%w: tensor<5x9xf32> {hadal.parameter = @w}) -> (!panels {hadal.packed = @w}) attributes {hadal.loads = @w} {
    %0 = hadal.launch @pack(%w) : (tensor<5x9xf32>) -> !panels
    return %0 : !panels
  }
}
