// The tables of a program for a GPU: a launch has no function but a grid, with the kernel's symbol, the place in the model,
// and its tensor maps; the cubin and the PTX are its images. Emulated, it has a host function instead.
// RUN: hadal-opt %s --hadal-plan-memory=alignment=256 --hadal-build-host="target=sm_90a cpu=x86-64-v3" | FileCheck %s
// RUN: sed -e 's/module attributes {/module attributes {hadal.emulate, /' -e '/^  gpu.binary/,/ASSEMBLY/d' \
// RUN:   -e 's,//EMULATED,,' %s | hadal-opt --hadal-plan-memory=alignment=256 \
// RUN:   --hadal-build-host="target=sm_90a cpu=x86-64-v3" | FileCheck %s --check-prefix=EMULATED
// RUN: sed -e '/^  gpu.binary/,/ASSEMBLY/d' %s | not hadal-opt --hadal-plan-memory=alignment=256 \
// RUN:   --hadal-build-host="target=sm_90a" -o /dev/null 2>&1 | FileCheck %s --check-prefix=MISSING

// CHECK-NOT: gpu.binary
// CHECK-DAG: llvm.mlir.global internal constant @[[LOCATION:string[.0-9]+]]("tiny.mlir:12:3\00")
// CHECK-DAG: llvm.mlir.global internal constant @[[SYMBOL:string[.0-9]+]]("scale$rows\00")
// CHECK-DAG: llvm.mlir.global internal constant @gpu.0.maps()
// Argument 0 from byte 256 on, bf16, rank 2, swizzled by 128 bytes; sizes, strides with the element's, and box.
// CHECK-DAG: llvm.mlir.constant({{\[\[}}0 : i32, 2 : i32, 2 : i32, 3 : i32, 256, [64, 6, 0, 0, 0], [2, 128, 0, 0, 0], [64, 2, 0, 0, 0]]]
// CHECK: llvm.mlir.global internal constant @gpu.0()
// 66 blocks of 128 threads in clusters of 2, 4096 bytes of shared memory, 1 map.
// CHECK-NEXT: llvm.mlir.constant({{\[\[}}#llvm.zero, #llvm.zero, #llvm.zero, 66, 128 : i32, 2 : i32, 4096 : i32, 1 : i32, #llvm.zero]]
// Both launches of the kernel at the same place share it.
// CHECK-NOT: @gpu.1
// CHECK: llvm.mlir.global internal constant @evaluate.launches()
// CHECK: #llvm.zero, 0, 66, 1, 0 : i32, 2 : i32, 1, 1, -1 : i32, #llvm.zero]
// CHECK: llvm.mlir.global internal constant @image.0("\7FELFcode\00") {{.*}}alignment = 64
// CHECK: llvm.mlir.global internal constant @image.1(".version 8.0\00")
// A cubin of 8 bytes and PTX of 12.
// CHECK: llvm.mlir.global internal constant @images()
// CHECK: [#llvm.zero, 0 : i32, #llvm.zero, 8], [#llvm.zero, 1 : i32, #llvm.zero, 12]
// CHECK: llvm.mlir.global external constant @hadal_program()
// CHECK: 2, #llvm.zero, 0]]

// EMULATED: llvm.mlir.global internal constant @gpu.0()
// EMULATED-NEXT: llvm.mlir.constant({{\[\[}}#llvm.zero, #llvm.zero, @scale.rows, 66, 128 : i32,
// EMULATED: llvm.mlir.global external constant @hadal_program()
// EMULATED: 0, #llvm.zero, 1]]

// MISSING: error: the kernels for sm_90a were not assembled: run the phase target first

module attributes {hadal.tokens_ahead = 1 : i64,
                   hadal.vocabulary = 64 : i64, hadal.model = "hand", hadal.target = "sm_90a"} {
  gpu.binary @kernels [
    #gpu.object<#nvvm.target<chip = "sm_90a">, bin = "\7FELFcode">,
    #gpu.object<#nvvm.target<chip = "sm_90a">, assembly = ".version 8.0\00">
  ] // ASSEMBLY
  //EMULATED llvm.func @scale.rows(!llvm.ptr, i64, !llvm.ptr)
  hadal.kernel rowwise @scale(%x: tensor<8x64xbf16>) -> tensor<8x64xbf16> attributes {
      configuration = {strategy = "block_per_row", stages = [
        {name = "rows", tasks = 66 : i64, grain = 1 : i64, threads = 128 : i64, shared_memory = 4096 : i64, cluster = 2 : i64,
         maps = [{argument = 0 : i64, offset = 256 : i64, element = bf16, sizes = array<i64: 64, 6>, strides = array<i64: 128>,
                  box = array<i64: 64, 2>, swizzle = "b128"}]}],
        steps = array<i64: 0, 0>, workspace = 0 : i64, scratch = 0 : i64}} {
    %0 = arith.addf %x, %x : tensor<8x64xbf16>
    hadal.yield %0 : tensor<8x64xbf16>
  }
  func.func @evaluate(%x: tensor<8x64xbf16> {hadal.state = @x}) -> (tensor<8x64xbf16> {hadal.tied = 0 : i64}) {
    %0 = hadal.launch @scale(%x) : (tensor<8x64xbf16>) -> tensor<8x64xbf16> loc("tiny.mlir":12:3)
    %1 = hadal.launch @scale(%0) {tied = array<i64: 0>} : (tensor<8x64xbf16>) -> tensor<8x64xbf16> loc("tiny.mlir":12:3)
    return %1 : tensor<8x64xbf16>
  }
}
