// Products of two bf16 factors on AMX, emulated: against the reference evaluator, and against the bits of register tiles on this
// CPU. Depths, rows and columns that no tile divides, several blocks of the depth, either side in rows of the depth, rows that are
// gathered, experts with rows and without, and what is added behind.
// RUN: hadal-check-kernels %s --emulate-amx --other-cpu=host --routing=last --print-config | FileCheck %s
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --emulate-amx --routing=skewed --seed=3
// CHECK-COUNT-9: tile_registers {row_block = {{[0-9]+}}, column_block = {{[0-9]+}}} stages
// CHECK: 9 of 9 kernels pass

// A CPU that has AMX gets both: instructions, and vectors where the registers are refused. The name of the emulated one goes on.
// RUN: hadal-opt %s --hadal-select-strategies=cpu=sapphirerapids --hadal-lower-kernels=cpu=sapphirerapids | FileCheck %s --check-prefix=BOTH
// BOTH: llvm.func internal @hadal.tile_block.emulated({{.*}}denormal_fp_math = "preserve-sign,preserve-sign"
// BOTH: llvm.mlir.global external @hadal_tile_registers() {{.*}}: i32
// BOTH: llvm.func internal @hadal.tile_block.registers
// BOTH: llvm.call_intrinsic "llvm.x86.tileloadd64.internal"
// BOTH: llvm.call_intrinsic "llvm.x86.tdpbf16ps.internal"
// RUN: hadal-opt %s --hadal-select-strategies=cpu=x86-64-v4+emulated-amx | hadal-opt --hadal-lower-kernels=cpu=x86-64-v4+emulated-amx | FileCheck %s --check-prefix=EMULATED
// EMULATED-NOT: tdpbf16ps
// EMULATED: llvm.call_intrinsic "llvm.x86.sse.ldmxcsr"
// EMULATED-NOT: tdpbf16ps

// What was chosen for AMX is not for other CPUs.
// RUN: hadal-opt %s --hadal-select-strategies=cpu=sapphirerapids -o %t
// RUN: not hadal-opt %t --hadal-lower-kernels=cpu=x86-64-v4 -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: error: the configuration of the kernel 'linear' is wrong: this CPU has no AMX: name one that has (sapphirerapids), or compile with --emulate-amx
// RUN: sed -E 's/(tile_blocks<row_block) = [0-9]+, column_block = [0-9]+/\1 = 32000, column_block = 32000/' %t | not hadal-opt --hadal-lower-kernels=cpu=sapphirerapids -o /dev/null 2>&1 | FileCheck %s --check-prefix=LARGE
// LARGE: error: the configuration of the kernel 'linear' is wrong: a block of 32000 x 32000 takes {{[0-9]+}} bytes of a thread's scratch memory, and may take {{[0-9]+}}: give smaller blocks
// RUN: not hadal-check-kernels %s --emulate-amx --target=sm_90a 2>&1 | FileCheck %s --check-prefix=GPU
// GPU: error: --emulate-amx needs the CPU as target

hadal.kernel contraction @linear(%x: tensor<7x37xbf16>, %w: tensor<13x37xbf16>) -> tensor<7x13xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<13x37xbf16>) : tensor<7x37xbf16> -> tensor<7x13xbf16>
  hadal.yield %0 : tensor<7x13xbf16>
}
hadal.kernel contraction @deep(%x: tensor<2x50x1101xbf16>, %w: tensor<330x1101xbf16>) -> tensor<2x50x330xf32> {
  %0 = hadal.linear %x weights(%w : tensor<330x1101xbf16>) : tensor<2x50x1101xbf16> -> tensor<2x50x330xf32>
  hadal.yield %0 : tensor<2x50x330xf32>
}
hadal.kernel contraction @column(%x: tensor<70x133xbf16>, %w: tensor<1x133xbf16>) -> tensor<70x1xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<1x133xbf16>) : tensor<70x133xbf16> -> tensor<70x1xbf16>
  hadal.yield %0 : tensor<70x1xbf16>
}
hadal.kernel contraction @residual(%x: tensor<2x17x64xbf16>, %w: tensor<48x64xbf16>, %r: tensor<2x17x48xf32>) -> tensor<2x17x48xf32> {
  %0 = hadal.linear %x weights(%w : tensor<48x64xbf16>) : tensor<2x17x64xbf16> -> tensor<2x17x48xf32>
  %1 = arith.addf %r, %0 : tensor<2x17x48xf32>
  hadal.yield %1 : tensor<2x17x48xf32>
}
hadal.kernel contraction @input_gradient(%x: tensor<3x11x70xbf16>, %w: tensor<70x33xbf16>) -> tensor<3x11x33xbf16> {
  %0 = hadal.matmul %x, %w : (tensor<3x11x70xbf16>, tensor<70x33xbf16>) -> tensor<3x11x33xbf16>
  hadal.yield %0 : tensor<3x11x33xbf16>
}
hadal.kernel contraction @weight_gradient(%d: tensor<3x67x24xbf16>, %x: tensor<3x67x35xbf16>, %g: tensor<24x35xf32>) -> tensor<24x35xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<3x67x24xbf16>, tensor<3x67x35xbf16>) -> tensor<24x35xf32>
  %1 = arith.addf %g, %0 : tensor<24x35xf32>
  hadal.yield %1 : tensor<24x35xf32>
}
hadal.kernel contraction @grouped(%x: tensor<2x15x40xbf16>, %p: tensor<90xi32>, %r: tensor<2x15x3xi32>, %w: tensor<5x28x40xbf16>, %o: tensor<6xi32>) -> tensor<90x28xbf16> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<2x15x40xbf16>, tensor<90xi32>, tensor<2x15x3xi32>) -> tensor<90x40xbf16>
  %0 = hadal.grouped_matmul %rows, %w, %o {transpose_rhs} : (tensor<90x40xbf16>, tensor<5x28x40xbf16>, tensor<6xi32>) -> tensor<90x28xbf16>
  hadal.yield %0 : tensor<90x28xbf16>
}
hadal.kernel contraction @grouped_back(%x: tensor<90x28xbf16>, %w: tensor<5x28x40xbf16>, %o: tensor<6xi32>) -> tensor<90x40xf32> {
  %0 = hadal.grouped_matmul %x, %w, %o : (tensor<90x28xbf16>, tensor<5x28x40xbf16>, tensor<6xi32>) -> tensor<90x40xf32>
  hadal.yield %0 : tensor<90x40xf32>
}
hadal.kernel contraction @grouped_gradient(%d: tensor<90x28xbf16>, %x: tensor<2x15x40xbf16>, %p: tensor<90xi32>, %r: tensor<2x15x3xi32>, %o: tensor<6xi32>, %g: tensor<5x28x40xf32>) -> tensor<5x28x40xf32> {
  %rows = hadal.gather_rows %x, %p, %r : (tensor<2x15x40xbf16>, tensor<90xi32>, tensor<2x15x3xi32>) -> tensor<90x40xbf16>
  %0 = hadal.grouped_outer_product %d, %rows, %o : (tensor<90x28xbf16>, tensor<90x40xbf16>, tensor<6xi32>) -> tensor<5x28x40xf32>
  %1 = arith.addf %g, %0 : tensor<5x28x40xf32>
  hadal.yield %1 : tensor<5x28x40xf32>
}
