// The tables that the runtime reads: tensors with their roles, a row per launched stage, buffers with their lifetimes.
// RUN: hadal-opt %s --hadal-fuse --hadal-select-strategies=cpu=x86-64-v3 --hadal-plan-memory \
// RUN:   --hadal-lower-kernels=cpu=x86-64-v3 --hadal-cpu-to-llvm --hadal-build-host="cpu=x86-64-v3 check-memory=true" | FileCheck %s

// CHECK-NOT: hadal.kernel
// CHECK-NOT: func.func
// CHECK: llvm.func @[[STAGE:.*rms_norm[^(]*]](

// The result is the third tensor; there is no input.
// CHECK-NOT: @evaluate.inputs
// CHECK: llvm.mlir.global internal constant @evaluate.results(dense<2> : tensor<1xi32>)
// The launches are the commands, in their order.
// CHECK: llvm.mlir.global internal constant @evaluate.commands()
// CHECK-NEXT: llvm.mlir.undef
// CHECK-NEXT: llvm.mlir.constant({{\[\[}}0 : i32, 0 : i32], [0 : i32, 1 : i32]
// One launch: function, name, iteration, tasks, grain, first argument, number of arguments; tasks by no number; no GPU.
// CHECK: llvm.mlir.global internal constant @evaluate.launches()
// CHECK-DAG: @{{.*}}rms_norm
// CHECK-DAG: 1, 1, -1 : i32, #llvm.zero]
// The norm reads the input and the weight (tensors 3 and 0) and writes buffer 0.
// CHECK: llvm.mlir.global internal constant @evaluate.arguments()
// CHECK-NEXT: llvm.mlir.undef
// CHECK-NEXT: llvm.mlir.constant({{\[\[}}0 : i32, {{[0-9]+}} : i32], [0 : i32, 0 : i32], [1 : i32, 0 : i32]
// CHECK: llvm.mlir.global internal constant @evaluate.buffers()
// CHECK-NEXT: llvm.mlir.undef
// CHECK-NEXT: llvm.mlir.constant({{\[\[}}0, 64, 0 : i32, {{[0-9]+}} : i32]
// A row: role, f32, for the session, in rows, rank 1; no extent varies, and the device holds the whole tensor.
// CHECK: llvm.mlir.global internal constant @aliases.0()
// CHECK: llvm.mlir.global internal constant @tensors()
// CHECK: 0 : i32, 0 : i32, 0 : i32, 0 : i32, [0 : i32, 0 : i32, 0 : i32, 0 : i32], 0 : i32, [0 : i32, 0 : i32, 0 : i32, 0 : i32], [0, 0, 0, 0], 1 : i32, 1 : i32, [8, 0, 0, 0], [-1 : i32, -1 : i32, -1 : i32, -1 : i32], [8, 0, 0, 0], [0, 0, 0, 0],
// The result lives for a run.
// CHECK-SAME: 7 : i32, 0 : i32, 1 : i32, 0 : i32, [0 : i32,
// CHECK: llvm.mlir.global internal constant @entries()
// CHECK: llvm.mlir.global external constant @hadal_program()
// Version 5 with guarded buffers; no numbers, three tensors, one entry point, no images of code, not emulated.
// CHECK: llvm.mlir.constant({{\[\[}}6 : i32, 1 : i32, {{.*}} 0, #llvm.zero, 3, #llvm.zero, 1, #llvm.zero, 0, #llvm.zero, 0]]

module attributes {hadal.tokens_ahead = 1 : i64,
                   hadal.vocabulary = 64 : i64, hadal.model = "hand"} {
  hadal.parameter @n1 ones {aliases = ["copy"]} : tensor<8xf32>
  func.func @evaluate(%x: tensor<2x8xf32> {hadal.state = @x}, %n: tensor<8xf32> {hadal.parameter = @n1})
      -> (tensor<f32> {hadal.result = "loss.main"}) {
    %y = hadal.rms_norm %x weights(%n : tensor<8xf32>) {eps = 1.0e-6} : tensor<2x8xf32>
    %l = hadal.squared_norm %y : tensor<2x8xf32>
    return %l : tensor<f32>
  }
}
