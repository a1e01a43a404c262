// The CPU's name: an unknown one is answered with names that are close to it, and every kernel has a strategy
// that serves it on an NVIDIA GPU.
// RUN: not hadal-opt %s --hadal-select-strategies=cpu=sapphirerapid -o /dev/null 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not hadal-opt %s --hadal-select-strategies=target=tpu -o /dev/null 2>&1 | FileCheck %s --check-prefix=TARGET
// RUN: not hadal-opt %s --hadal-select-strategies=target=sm_80 -o /dev/null 2>&1 | FileCheck %s --check-prefix=PORTABLE
// RUN: not hadal-opt %s --hadal-select-strategies=multiprocessors=4 -o /dev/null 2>&1 | FileCheck %s --check-prefix=NOGPU
// RUN: not hadal-opt %s --hadal-select-strategies='target=sm_90a multiprocessors=0' -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not hadal-check-kernels %s --multiprocessors=4 2>&1 | FileCheck %s --check-prefix=NOGPU
// RUN: hadal-opt %s --hadal-select-strategies='target=sm_90a print-config' -o /dev/null 2>&1 | FileCheck %s --check-prefix=NVPTX
// RUN: hadal-opt %s --hadal-select-strategies=target=sm_90a --hadal-lower-kernels=target=sm_90a | FileCheck %s --check-prefix=GPU
// RUN: not hadal-opt %s --hadal-lower-kernels -o /dev/null 2>&1 | FileCheck %s --check-prefix=FIRST
// RUN: hadal-opt %s --hadal-select-strategies=cpu=haswell | hadal-opt --hadal-lower-kernels=cpu=haswell | FileCheck %s --check-prefix=RESUMED

// UNKNOWN: error: unknown CPU 'sapphirerapid': close names are host, sapphirerapids
// TARGET: error: unknown target 'tpu'; known targets: cpu, sm_90a
// PORTABLE: error: the target 'sm_80' has no lowerings yet; available: cpu, sm_90a
// NOGPU: error: a CPU has no multiprocessors: name a GPU as the target
// NONE: error: a GPU has 1 to 1024 multiprocessors, not 0
// NVPTX: @sum (update): blocks_then_sum
// GPU: gpu.module @kernels [#nvvm.target<O = 3, chip = "sm_90a"
// GPU: llvm.func @sum.blocks(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64) attributes {gpu.kernel, nvvm.kernel, nvvm.minctasm = 1 : i32, nvvm.reqntid = array<i32: 256>}
// GPU: llvm.func @sum.sum
// FIRST: error: the kernel 'sum' has no configuration: run hadal-select-strategies first
// RESUMED-DAG: hadal.kernel update @sum
// RESUMED-DAG: vector<8xf32>
// RESUMED-DAG: llvm.func @sum.blocks
// RESUMED-DAG: llvm.func @sum.sum
hadal.kernel update @sum(%a: tensor<40xf32>) -> tensor<f32> {
  %0 = hadal.squared_norm %a : tensor<40xf32>
  hadal.yield %0 : tensor<f32>
}
