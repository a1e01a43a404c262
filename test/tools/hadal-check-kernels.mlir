// RUN: split-file %s %t
// RUN: not hadal-check-kernels %t/wrong.mlir 2>&1 | FileCheck %s --check-prefix=TYPE
// RUN: not hadal-check-kernels %t/empty.mlir 2>&1 | FileCheck %s --check-prefix=EMPTY
// RUN: not hadal-check-kernels %t/right.mlir --cpu=skylak 2>&1 | FileCheck %s --check-prefix=CPU
// RUN: not hadal-check-kernels %t/right.mlir --threads=0 2>&1 | FileCheck %s --check-prefix=THREADS
// RUN: hadal-check-kernels %t/right.mlir --cpu=x86-64-v2 --print-config --repeat=2 | FileCheck %s --check-prefix=RIGHT

// TYPE: wrong.mlir:1:1: error: cannot check a kernel with 'tensor<4xf16>': give tensors of f32, bf16, i32, i8 or f8E4M3FN of static shape
// EMPTY: error: {{.*}}empty.mlir holds no kernel to check
// CPU: error: unknown CPU 'skylak': close names are host, skylake
// THREADS: error: --threads must be at least 1
// RIGHT: @sum (update): blocks_then_sum {} stages [blocks: 1 / 1, sum: 1 / 1] workspace 4 B scratch 0 B
// RIGHT-NEXT: predicted
// RIGHT-NEXT: @sum result 0: ok, error / tolerance {{[0-9.]+}}, {{[0-9.]+}} us
// RIGHT-NEXT: 1 of 1 kernels pass on x86-64-v2 (4 lanes)

//--- wrong.mlir
hadal.kernel rowwise @half(%x: tensor<4xf16>) -> tensor<4xf16> {
  %y = arith.addf %x, %x : tensor<4xf16>
  hadal.yield %y : tensor<4xf16>
}
//--- empty.mlir
module {}
//--- right.mlir
hadal.kernel update @sum(%a: tensor<40xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %a : tensor<40xf32>
  hadal.yield %0 : tensor<f32>
}
