// Results whose values lie elsewhere are copied when all launches are done: a value that is returned twice, an argument, and
// one that was written into a buffer of the arena, which lives until then.
// RUN: hadal-opt %s --hadal-select-strategies=cpu=x86-64-v3 --hadal-plan-memory --hadal-lower-kernels=cpu=x86-64-v3 \
// RUN:   --hadal-cpu-to-llvm --hadal-build-host="cpu=x86-64-v3" | FileCheck %s

// Three launches, then three copies.
// CHECK: @evaluate.commands()
// CHECK: [0 : i32, 0 : i32], [0 : i32, 1 : i32], [0 : i32, 2 : i32], [1 : i32, 0 : i32], [1 : i32, 1 : i32], [1 : i32, 2 : i32]]
// Names; from which argument to which; offsets; 64 bytes each.
// CHECK: @evaluate.copies()
// CHECK: [#llvm.zero, 6 : i32, 7 : i32, 0, 0, 64], [#llvm.zero, 8 : i32, 9 : i32, 0, 0, 64], [#llvm.zero, 10 : i32, 11 : i32, 0, 0, 64]]
// The first launch reads the state (tensor 0) and writes buffer 0, the second works in place, the third reads the buffer and
// writes "second" (2). The copies: from the buffer to "first" (1), from "second" to "again" (3), from the state to "state" (4).
// CHECK: @evaluate.arguments()
// CHECK: [0 : i32, 0 : i32], [1 : i32, 0 : i32], [1 : i32, 0 : i32], [1 : i32, 0 : i32], [1 : i32, 0 : i32], [0 : i32, 2 : i32], [1 : i32, 0 : i32], [0 : i32, 1 : i32], [0 : i32, 2 : i32], [0 : i32, 3 : i32], [0 : i32, 0 : i32], [0 : i32, 4 : i32]]
// CHECK: @evaluate.buffers()
// CHECK: [0, 64, 0 : i32, 5 : i32]]
module {
  hadal.kernel rowwise @negate(%x: tensor<16xf32>) -> tensor<16xf32> {
    %0 = arith.negf %x : tensor<16xf32>
    hadal.yield %0 : tensor<16xf32>
  }
  func.func @evaluate(%x: tensor<16xf32> {hadal.state = @x})
      -> (tensor<16xf32> {hadal.result = "first"}, tensor<16xf32> {hadal.result = "second"},
          tensor<16xf32> {hadal.result = "again"}, tensor<16xf32> {hadal.result = "state"}) {
    %0 = hadal.launch @negate(%x) : (tensor<16xf32>) -> tensor<16xf32>
    %1 = hadal.launch @negate(%0) {tied = array<i64: 0>} : (tensor<16xf32>) -> tensor<16xf32>
    %2 = hadal.launch @negate(%1) : (tensor<16xf32>) -> tensor<16xf32>
    return %1, %2, %2, %x : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>
  }
}
