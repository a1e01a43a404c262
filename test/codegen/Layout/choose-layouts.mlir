// In which forms tensors are kept, and who makes them: what micro-batches of few rows read of a weight that the update writes.
// RUN: split-file %s %t
// RUN: hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 print-layouts' 2> %t/report | FileCheck %s
// RUN: FileCheck %s --check-prefix=REPORT < %t/report
// Where fewer rows read it, once between two updates, a copy would cost more than it saves.
// RUN: sed 's/64x/8x/g' %t/train.mlir | hadal-opt --hadal-choose-layouts='cpu=x86-64-v4 print-layouts' 2>&1 | FileCheck %s --check-prefix=FEW --implicit-check-not=packed
// A program that has been through it stays as it is.
// RUN: hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64' -o %t/once.mlir
// RUN: hadal-opt %t/once.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64' | diff %t/once.mlir -
// Weights that are rounded: the update rounds them, and the launches that did so in every micro-batch are gone; on AMX they
// lie in tiles, one way and the other. The heirs of both stages can be lowered.
// RUN: hadal-opt %t/bf16.mlir --hadal-choose-layouts=cpu=x86-64-v4 | FileCheck %s --check-prefix=ROUNDED --implicit-check-not=launch.@round
// RUN: hadal-opt %t/bf16.mlir --hadal-choose-layouts=cpu=x86-64-v4+emulated-amx | FileCheck %s --check-prefix=TILES --implicit-check-not=launch.@round
// RUN: hadal-opt %t/bf16.mlir --hadal-choose-layouts=cpu=x86-64-v4+emulated-amx --hadal-select-strategies=cpu=x86-64-v4+emulated-amx --hadal-plan-memory --hadal-lower-kernels=cpu=x86-64-v4+emulated-amx -o /dev/null
// On a GPU the update writes no copies: launches behind it would, which gains nothing for one micro-batch, and does for eight.
// RUN: hadal-opt %t/bf16.mlir --hadal-choose-layouts=target=sm_90a | FileCheck %s --check-prefix=GPU --implicit-check-not=packed
// RUN: hadal-opt %t/bf16.mlir --hadal-choose-layouts='target=sm_90a micro-batches=8' | FileCheck %s --check-prefix=BEHIND
// What is named is kept, at whatever price, and read where that is faster than rows.
// RUN: hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 assignment=0 print-layouts' -o /dev/null 2>&1 | FileCheck %s --check-prefix=NAMED
// RUN: hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 assignment=9' | FileCheck %s --check-prefix=BOTH
// RUN: not hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 assignment=1,1' 2>&1 | FileCheck %s --check-prefix=COUNT
// RUN: not hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 assignment=16' 2>&1 | FileCheck %s --check-prefix=NUMBER
// RUN: not hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 assignment=one' 2>&1 | FileCheck %s --check-prefix=WORD
// RUN: not hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 assignment=0 rows-only' 2>&1 | FileCheck %s --check-prefix=TWICE
// RUN: not hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=0' 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 memory-limit=-1' 2>&1 | FileCheck %s --check-prefix=LIMIT
// RUN: not hadal-opt %t/train.mlir --hadal-choose-layouts=cpu=unheard-of 2>&1 | FileCheck %s --check-prefix=CPU
// Under a limit of memory forms are given up.
// RUN: hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 memory-limit=3400000' | FileCheck %s
// RUN: hadal-opt %t/train.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=64 memory-limit=2500000 print-layouts' 2>&1 | FileCheck %s --check-prefix=LITTLE --implicit-check-not=packed

// What a launch makes is weighed like a weight: where many products read it, one launch behind its maker packs it for all of them.
// RUN: hadal-opt %t/values.mlir --hadal-choose-layouts='cpu=x86-64-v4 print-layouts' 2>&1 | FileCheck %s --check-prefix=VALUES

// REPORT: layouts for cpu, seconds of a step of 64 micro-batches:
// REPORT-NEXT: @w, tensor<256x512xf32>: f32 in <outer = [0, 1], inner = [0, 1], tiles = [256, 32]> and f32 in <outer = [1, 0], inner = [1, 0], tiles = [256, 32]>, {{[0-9.]+}} {{ms|µs}}
// REPORT-NEXT: @backward reads f32 in <outer = [0, 1], inner = [0, 1], tiles = [256, 32]>
// REPORT-NEXT: @forward reads f32 in <outer = [1, 0], inner = [1, 0], tiles = [256, 32]>
// REPORT-NEXT: made when it is loaded, by @adamw for {{[0-9.]+}} µs; 1.00 MiB of memory more
// REPORT: turned down: rows alone, {{[0-9.]+}} ms
// REPORT-NEXT: assignment: 5
// FEW: @w, tensor<256x512xf32>: rows alone,
// FEW-NEXT: @backward reads rows
// FEW-NEXT: @forward reads rows
// FEW-NEXT: turned down: f32 in <outer = [1, 0], inner = [1, 0], tiles = [256, 32]>,
// FEW: func.func @update
// ROUNDED: hadal.kernel update @adamw_copied_bf16(
// ROUNDED: %[[R:.*]] = arith.truncf %new_parameter
// ROUNDED-NEXT: hadal.yield {{.*}}, %[[R]] :
// ROUNDED: func.func @accumulate({{.*}}, %[[W:.*]]: tensor<256x512xbf16> {hadal.packed = @w})
// ROUNDED-NEXT: hadal.launch @forward(%{{.*}}, %[[W]])
// ROUNDED-NEXT: hadal.launch @backward(%{{.*}}, %[[W]])
// ROUNDED: func.func @load.w(
// ROUNDED-NEXT: hadal.launch @truncf_256x512_bf16
// TILES: hadal.kernel contraction @forward_packed_16x16x2({{.*}}tensor<256x512xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>>>
// TILES: hadal.kernel contraction @backward_packed_16x16x2({{.*}}tensor<256x512xbf16, #hadal.encoding<layout = <outer = [1, 0], inner = [0, 1, 0], tiles = [16, 16, 2]>>>
// TILES: hadal.kernel update @adamw_copied_16x16x2_bf16_16x16x2_bf16(
// TILES: func.func @load.w(
// TILES-NEXT: hadal.launch @pack_256x512_16x16x2_bf16(
// TILES-NEXT: hadal.launch @pack_256x512_16x16x2_bf16_0(
// TILES: hadal.kernel packing @pack_256x512_16x16x2_bf16(
// TILES-NEXT: arith.truncf
// TILES-NEXT: hadal.pack
// GPU: hadal.launch @round
// BEHIND: func.func @accumulate({{.*}}tensor<256x512xbf16> {hadal.packed = @w})
// BEHIND-NOT: @round
// BEHIND: func.func @update(
// BEHIND-NEXT: %[[NEW:.*]]:3 = hadal.launch @adamw(
// BEHIND-NEXT: %[[R:.*]] = hadal.launch @truncf_256x512_bf16(%[[NEW]]#0)
// BEHIND-NEXT: return {{.*}}, %[[R]] :
// NAMED: @w, tensor<256x512xf32>: rows alone,
// NAMED: turned down: f32 in {{.*}}, for {{[0-9.]+}} MiB of memory
// BOTH: hadal.kernel contraction @forward_packed_256x16(
// BOTH: @adamw_copied_256x32_256x16(
// VALUES: result 0 of @double, tensor<256x256xf32>: f32 in <outer = [1, 0], inner = [1, 0], tiles = [256, 32]>,
// VALUES: made by launches behind @double for
// VALUES: turned down: rows alone,
// VALUES: %[[X:.*]] = hadal.launch @double
// VALUES-NEXT: %[[P:.*]] = hadal.launch @pack_256x256_256x32(%[[X]])
// VALUES-COUNT-4: hadal.launch @product_packed_256x32(%{{.*}}, %[[P]])
// LITTLE: rows alone,
// LITTLE: turned down: {{.*}}, for {{[0-9.]+}} MiB of memory
// CHECK: hadal.kernel contraction @forward_packed_256x32(
// CHECK: hadal.kernel contraction @backward_packed_256x32(
// CHECK: hadal.kernel update @adamw_copied_256x32_256x32(
// CHECK: %[[B:.*]] = hadal.pack %new_parameter : {{.*}}outer = [0, 1]
// CHECK-NEXT: %[[F:.*]] = hadal.pack %new_parameter : {{.*}}outer = [1, 0]
// CHECK-NEXT: hadal.yield %new_parameter, %new_first_moment, %new_second_moment, %[[B]], %[[F]] :
// CHECK: func.func @accumulate({{.*}}, %[[PB:.*]]: tensor<{{.*}}> {hadal.packed = @w}, %[[PF:.*]]: tensor<{{.*}}> {hadal.packed = @w})
// CHECK-NEXT: hadal.launch @forward_packed_256x32(%{{.*}}, %[[PF]])
// CHECK-NEXT: hadal.launch @backward_packed_256x32(%{{.*}}, %[[PB]])
// CHECK: func.func @update(%{{.*}}: tensor<256x512xf32> {hadal.parameter = @w}, {{.*}}tensor<256x512xf32> {hadal.tied = 3 : index}, tensor<{{.*}}> {hadal.packed = @w}, tensor<{{.*}}> {hadal.packed = @w})
// CHECK-NEXT: %[[NEW:.*]]:5 = hadal.launch @adamw_copied_256x32_256x32({{.*}}) {tied = array<i64: 0, 2, 3, -1, -1>}
// CHECK-NEXT: return %[[NEW]]#0, %[[NEW]]#1, %[[NEW]]#2, %[[NEW]]#3, %[[NEW]]#4
// CHECK: func.func @load.w(
// COUNT: error: an assignment has a number for each of the 1 tensors that can lie otherwise, got 2
// NUMBER: error: '16' is no set of the 4 forms of @w that can be made: it is a sum of 1, 2, 4, ..., one for each form
// WORD: error: 'one' is no set of the 4 forms
// TWICE: error: an assignment of layouts and rows-only contradict each other: give one of them
// NONE: error: a step has at least one micro-batch, not 0
// LIMIT: error: a memory limit of -1 bytes: give a number from 1 up
// CPU: unheard-of

//--- train.mlir

module attributes {hadal.program = "train"} {
  hadal.parameter @w zeros : tensor<256x512xf32>
  hadal.kernel contraction @forward(%x: tensor<64x512xf32>, %w: tensor<256x512xf32>) -> tensor<64x256xf32> {
    %0 = hadal.linear %x weights(%w : tensor<256x512xf32>) : tensor<64x512xf32> -> tensor<64x256xf32>
    hadal.yield %0 : tensor<64x256xf32>
  }
  hadal.kernel contraction @backward(%d: tensor<64x256xf32>, %w: tensor<256x512xf32>) -> tensor<64x512xf32> {
    %0 = hadal.matmul %d, %w : (tensor<64x256xf32>, tensor<256x512xf32>) -> tensor<64x512xf32>
    hadal.yield %0 : tensor<64x512xf32>
  }
  hadal.kernel update @adamw(%p: tensor<256x512xf32>, %g: tensor<256x512xf32>, %m: tensor<256x512xf32>, %v: tensor<256x512xf32>, %s: tensor<f32>)
      -> (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>) {
    %0:3 = hadal.adamw %p, %g, %m, %v scalars(%s, %s, %s, %s, %s, %s, %s, %s)
      : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32> -> tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
    hadal.yield %0#0, %0#1, %0#2 : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
  }
  func.func @accumulate(%x: tensor<64x512xf32> {hadal.state = @x}, %d: tensor<64x256xf32> {hadal.state = @d},
                        %w: tensor<256x512xf32> {hadal.parameter = @w})
      -> (tensor<64x256xf32> {hadal.result = "a"}, tensor<64x512xf32> {hadal.result = "b"}) {
    %0 = hadal.launch @forward(%x, %w) : (tensor<64x512xf32>, tensor<256x512xf32>) -> tensor<64x256xf32>
    %1 = hadal.launch @backward(%d, %w) : (tensor<64x256xf32>, tensor<256x512xf32>) -> tensor<64x512xf32>
    return %0, %1 : tensor<64x256xf32>, tensor<64x512xf32>
  }
  func.func @update(%w_w: tensor<256x512xf32> {hadal.parameter = @w},
                    %g_w: tensor<256x512xf32> {hadal.gradient = @w},
                    %m_w: tensor<256x512xf32> {hadal.first_moment = @w},
                    %v_w: tensor<256x512xf32> {hadal.second_moment = @w},
                    %s: tensor<f32> {hadal.scalar = "s"})
      -> (tensor<256x512xf32> {hadal.tied = 0 : index},
          tensor<256x512xf32> {hadal.tied = 2 : index},
          tensor<256x512xf32> {hadal.tied = 3 : index}) {
    %0:3 = hadal.launch @adamw(%w_w, %g_w, %m_w, %v_w, %s) {tied = array<i64: 0, 2, 3>}
      : (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<f32>) -> (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>)
    return %0#0, %0#1, %0#2
      : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
  }
}

//--- bf16.mlir

module attributes {hadal.program = "train"} {
  hadal.parameter @w zeros : tensor<256x512xf32>
  hadal.kernel rowwise @round(%w: tensor<256x512xf32>) -> tensor<256x512xbf16> {
    %0 = arith.truncf %w : tensor<256x512xf32> to tensor<256x512xbf16>
    hadal.yield %0 : tensor<256x512xbf16>
  }
  hadal.kernel contraction @forward(%x: tensor<256x512xbf16>, %w: tensor<256x512xbf16>) -> tensor<256x256xbf16> {
    %0 = hadal.linear %x weights(%w : tensor<256x512xbf16>) : tensor<256x512xbf16> -> tensor<256x256xbf16>
    hadal.yield %0 : tensor<256x256xbf16>
  }
  hadal.kernel contraction @backward(%d: tensor<256x256xbf16>, %w: tensor<256x512xbf16>) -> tensor<256x512xbf16> {
    %0 = hadal.matmul %d, %w : (tensor<256x256xbf16>, tensor<256x512xbf16>) -> tensor<256x512xbf16>
    hadal.yield %0 : tensor<256x512xbf16>
  }
  hadal.kernel update @adamw(%p: tensor<256x512xf32>, %g: tensor<256x512xf32>, %m: tensor<256x512xf32>, %v: tensor<256x512xf32>, %s: tensor<f32>)
      -> (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>) {
    %0:3 = hadal.adamw %p, %g, %m, %v scalars(%s, %s, %s, %s, %s, %s, %s, %s)
      : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32> -> tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
    hadal.yield %0#0, %0#1, %0#2 : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
  }
  func.func @accumulate(%x: tensor<256x512xbf16> {hadal.state = @x}, %d: tensor<256x256xbf16> {hadal.state = @d},
                        %w: tensor<256x512xf32> {hadal.parameter = @w})
      -> (tensor<256x256xbf16> {hadal.result = "a"}, tensor<256x512xbf16> {hadal.result = "b"}) {
    %0 = hadal.launch @round(%w) : (tensor<256x512xf32>) -> tensor<256x512xbf16>
    %1 = hadal.launch @forward(%x, %0) : (tensor<256x512xbf16>, tensor<256x512xbf16>) -> tensor<256x256xbf16>
    %2 = hadal.launch @backward(%d, %0) : (tensor<256x256xbf16>, tensor<256x512xbf16>) -> tensor<256x512xbf16>
    return %1, %2 : tensor<256x256xbf16>, tensor<256x512xbf16>
  }
  func.func @update(%w_w: tensor<256x512xf32> {hadal.parameter = @w},
                    %g_w: tensor<256x512xf32> {hadal.gradient = @w},
                    %m_w: tensor<256x512xf32> {hadal.first_moment = @w},
                    %v_w: tensor<256x512xf32> {hadal.second_moment = @w},
                    %s: tensor<f32> {hadal.scalar = "s"})
      -> (tensor<256x512xf32> {hadal.tied = 0 : index},
          tensor<256x512xf32> {hadal.tied = 2 : index},
          tensor<256x512xf32> {hadal.tied = 3 : index}) {
    %0:3 = hadal.launch @adamw(%w_w, %g_w, %m_w, %v_w, %s) {tied = array<i64: 0, 2, 3>}
      : (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<f32>) -> (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>)
    return %0#0, %0#1, %0#2
      : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
  }
}

//--- values.mlir

module attributes {hadal.program = "train"} {
  hadal.kernel rowwise @double(%x: tensor<256x256xf32>) -> tensor<256x256xf32> {
    %0 = arith.addf %x, %x : tensor<256x256xf32>
    hadal.yield %0 : tensor<256x256xf32>
  }
  hadal.kernel contraction @product(%a: tensor<4096x256xf32>, %b: tensor<256x256xf32>) -> tensor<4096x256xf32> {
    %0 = hadal.matmul %a, %b {transpose_rhs} : (tensor<4096x256xf32>, tensor<256x256xf32>) -> tensor<4096x256xf32>
    hadal.yield %0 : tensor<4096x256xf32>
  }
  func.func @evaluate(%x: tensor<256x256xf32> {hadal.state = @x}, %a0: tensor<4096x256xf32> {hadal.state = @a0}, %a1: tensor<4096x256xf32> {hadal.state = @a1}, %a2: tensor<4096x256xf32> {hadal.state = @a2}, %a3: tensor<4096x256xf32> {hadal.state = @a3})
      -> (tensor<4096x256xf32> {hadal.result = "r0"}, tensor<4096x256xf32> {hadal.result = "r1"}, tensor<4096x256xf32> {hadal.result = "r2"}, tensor<4096x256xf32> {hadal.result = "r3"}) {
    %0 = hadal.launch @double(%x) : (tensor<256x256xf32>) -> tensor<256x256xf32>
    %1 = hadal.launch @product(%a0, %0) : (tensor<4096x256xf32>, tensor<256x256xf32>) -> tensor<4096x256xf32>
    %2 = hadal.launch @product(%a1, %0) : (tensor<4096x256xf32>, tensor<256x256xf32>) -> tensor<4096x256xf32>
    %3 = hadal.launch @product(%a2, %0) : (tensor<4096x256xf32>, tensor<256x256xf32>) -> tensor<4096x256xf32>
    %4 = hadal.launch @product(%a3, %0) : (tensor<4096x256xf32>, tensor<256x256xf32>) -> tensor<4096x256xf32>
    return %1, %2, %3, %4 : tensor<4096x256xf32>, tensor<4096x256xf32>, tensor<4096x256xf32>, tensor<4096x256xf32>
  }
}
