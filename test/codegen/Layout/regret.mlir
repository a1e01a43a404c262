// The choice against the best of all assignments of layouts to the tensors of three small programs, each priced as a whole: after it
// has been rewritten, by the kernels that it launches. A form that takes memory has to save a fiftieth of what depends on its tensor, so
// the choice may be that much dearer.
// RUN: split-file %s %t
// RUN: hadal-opt %t/weight.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=1000 try-all' -o /dev/null 2>&1 | FileCheck %s --check-prefix=WEIGHT
// WEIGHT: 16 assignments of layouts: the best is [[BEST:[0-9]+]] with {{.*}} a step, chosen is [[BEST]] with {{.*}}: regret 1.0000
// RUN: hadal-opt %t/shared.mlir --hadal-choose-layouts='cpu=x86-64-v3 micro-batches=1000 try-all' -o /dev/null 2>&1 | FileCheck %s --check-prefix=SHARED
// SHARED: 8 assignments of layouts: the best is 1,3 with {{.*}} a step, chosen is 1,{{.*}}: regret 1.0{{[01]}}
// RUN: hadal-opt %t/rounded.mlir --hadal-choose-layouts='cpu=x86-64-v4+emulated-amx try-all' -o /dev/null 2>&1 | FileCheck %s --check-prefix=ROUNDED
// ROUNDED: 8 assignments of layouts: the best is [[BEST:[0-9]+]] with {{.*}} a step, chosen is [[BEST]] with {{.*}}: regret 1.0000
// An assignment that was named is told apart from the best.
// RUN: hadal-opt %t/weight.mlir --hadal-choose-layouts='cpu=x86-64-v4 micro-batches=1000 try-all assignment=0' -o /dev/null 2>&1 | FileCheck %s --check-prefix=WORSE
// WORSE: chosen is 0 with {{.*}}: regret 1.{{0[2-9]|[1-9]}}
// RUN: not hadal-opt %t/many.mlir --hadal-choose-layouts='cpu=x86-64-v4 try-all' -o /dev/null 2>&1 | FileCheck %s --check-prefix=MANY
// MANY: error: has more than 4096 assignments of layouts to its 7 tensors, too many to try

//--- weight.mlir

module attributes {hadal.program = "train"} {
  hadal.parameter @w zeros : tensor<512x512xf32>
  hadal.kernel contraction @forward(%x: tensor<64x512xf32>, %w: tensor<512x512xf32>) -> tensor<64x512xf32> {
    %0 = hadal.linear %x weights(%w : tensor<512x512xf32>) : tensor<64x512xf32> -> tensor<64x512xf32>
    hadal.yield %0 : tensor<64x512xf32>
  }
  hadal.kernel contraction @backward(%d: tensor<64x512xf32>, %w: tensor<512x512xf32>) -> tensor<64x512xf32> {
    %0 = hadal.matmul %d, %w : (tensor<64x512xf32>, tensor<512x512xf32>) -> tensor<64x512xf32>
    hadal.yield %0 : tensor<64x512xf32>
  }
  hadal.kernel update @adamw(%p: tensor<512x512xf32>, %g: tensor<512x512xf32>, %m: tensor<512x512xf32>, %v: tensor<512x512xf32>, %s: tensor<f32>)
      -> (tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32>) {
    %0:3 = hadal.adamw %p, %g, %m, %v scalars(%s, %s, %s, %s, %s, %s, %s, %s)
      : tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32> -> tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32>
    hadal.yield %0#0, %0#1, %0#2 : tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32>
  }
  func.func @accumulate(%x: tensor<64x512xf32> {hadal.state = @x}, %d: tensor<64x512xf32> {hadal.state = @d},
                        %w: tensor<512x512xf32> {hadal.parameter = @w})
      -> (tensor<64x512xf32> {hadal.result = "a"}, tensor<64x512xf32> {hadal.result = "b"}) {
    %0 = hadal.launch @forward(%x, %w) : (tensor<64x512xf32>, tensor<512x512xf32>) -> tensor<64x512xf32>
    %1 = hadal.launch @backward(%d, %w) : (tensor<64x512xf32>, tensor<512x512xf32>) -> tensor<64x512xf32>
    return %0, %1 : tensor<64x512xf32>, tensor<64x512xf32>
  }
  func.func @update(%w_w: tensor<512x512xf32> {hadal.parameter = @w},
                    %g_w: tensor<512x512xf32> {hadal.gradient = @w},
                    %m_w: tensor<512x512xf32> {hadal.first_moment = @w},
                    %v_w: tensor<512x512xf32> {hadal.second_moment = @w},
                    %s: tensor<f32> {hadal.scalar = "s"})
      -> (tensor<512x512xf32> {hadal.tied = 0 : index},
          tensor<512x512xf32> {hadal.tied = 2 : index},
          tensor<512x512xf32> {hadal.tied = 3 : index}) {
    %0:3 = hadal.launch @adamw(%w_w, %g_w, %m_w, %v_w, %s) {tied = array<i64: 0, 2, 3>}
      : (tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32>, tensor<f32>) -> (tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32>)
    return %0#0, %0#1, %0#2
      : tensor<512x512xf32>, tensor<512x512xf32>, tensor<512x512xf32>
  }
}

//--- shared.mlir

module attributes {hadal.program = "train"} {
  hadal.parameter @gate zeros : tensor<256x512xf32>
  hadal.parameter @up zeros : tensor<256x512xf32>
  hadal.kernel contraction @forward(%x: tensor<64x512xf32>, %w: tensor<256x512xf32>) -> tensor<64x256xf32> {
    %0 = hadal.linear %x weights(%w : tensor<256x512xf32>) : tensor<64x512xf32> -> tensor<64x256xf32>
    hadal.yield %0 : tensor<64x256xf32>
  }
  hadal.kernel contraction @backward(%d: tensor<64x256xf32>, %w: tensor<256x512xf32>) -> tensor<64x512xf32> {
    %0 = hadal.matmul %d, %w : (tensor<64x256xf32>, tensor<256x512xf32>) -> tensor<64x512xf32>
    hadal.yield %0 : tensor<64x512xf32>
  }
  hadal.kernel rowwise @swiglu(%a: tensor<64x256xf32>, %b: tensor<64x256xf32>) -> tensor<64x256xf32> {
    %0 = hadal.swiglu %a, %b : tensor<64x256xf32>
    hadal.yield %0 : tensor<64x256xf32>
  }
  hadal.kernel update @adamw(%p: tensor<256x512xf32>, %g: tensor<256x512xf32>, %m: tensor<256x512xf32>, %v: tensor<256x512xf32>, %s: tensor<f32>)
      -> (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>) {
    %0:3 = hadal.adamw %p, %g, %m, %v scalars(%s, %s, %s, %s, %s, %s, %s, %s)
      : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32> -> tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
    hadal.yield %0#0, %0#1, %0#2 : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
  }
  func.func @accumulate(%x: tensor<64x512xf32> {hadal.state = @x}, %gate: tensor<256x512xf32> {hadal.parameter = @gate}, %up: tensor<256x512xf32> {hadal.parameter = @up})
      -> (tensor<64x512xf32> {hadal.result = "a"}) {
    %0 = hadal.launch @forward(%x, %gate) : (tensor<64x512xf32>, tensor<256x512xf32>) -> tensor<64x256xf32>
    %1 = hadal.launch @forward(%x, %up) : (tensor<64x512xf32>, tensor<256x512xf32>) -> tensor<64x256xf32>
    %2 = hadal.launch @swiglu(%0, %1) : (tensor<64x256xf32>, tensor<64x256xf32>) -> tensor<64x256xf32>
    %3 = hadal.launch @backward(%2, %up) : (tensor<64x256xf32>, tensor<256x512xf32>) -> tensor<64x512xf32>
    return %3 : tensor<64x512xf32>
  }
  func.func @update(%w_gate: tensor<256x512xf32> {hadal.parameter = @gate},
                    %g_gate: tensor<256x512xf32> {hadal.gradient = @gate},
                    %m_gate: tensor<256x512xf32> {hadal.first_moment = @gate},
                    %v_gate: tensor<256x512xf32> {hadal.second_moment = @gate},
                    %w_up: tensor<256x512xf32> {hadal.parameter = @up},
                    %g_up: tensor<256x512xf32> {hadal.gradient = @up},
                    %m_up: tensor<256x512xf32> {hadal.first_moment = @up},
                    %v_up: tensor<256x512xf32> {hadal.second_moment = @up},
                    %s: tensor<f32> {hadal.scalar = "s"})
      -> (tensor<256x512xf32> {hadal.tied = 0 : index},
          tensor<256x512xf32> {hadal.tied = 2 : index},
          tensor<256x512xf32> {hadal.tied = 3 : index},
          tensor<256x512xf32> {hadal.tied = 4 : index},
          tensor<256x512xf32> {hadal.tied = 6 : index},
          tensor<256x512xf32> {hadal.tied = 7 : index}) {
    %0:3 = hadal.launch @adamw(%w_gate, %g_gate, %m_gate, %v_gate, %s) {tied = array<i64: 0, 2, 3>}
      : (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<f32>) -> (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>)
    %1:3 = hadal.launch @adamw(%w_up, %g_up, %m_up, %v_up, %s) {tied = array<i64: 0, 2, 3>}
      : (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<f32>) -> (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>)
    return %0#0, %0#1, %0#2, %1#0, %1#1, %1#2
      : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
  }
}

//--- rounded.mlir

module attributes {hadal.program = "train"} {
  hadal.parameter @w zeros : tensor<256x512xf32>
  hadal.kernel rowwise @round(%w: tensor<256x512xf32>) -> tensor<256x512xbf16> {
    %0 = arith.truncf %w : tensor<256x512xf32> to tensor<256x512xbf16>
    hadal.yield %0 : tensor<256x512xbf16>
  }
  hadal.kernel contraction @forward(%x: tensor<512x512xbf16>, %w: tensor<256x512xbf16>) -> tensor<512x256xbf16> {
    %0 = hadal.linear %x weights(%w : tensor<256x512xbf16>) : tensor<512x512xbf16> -> tensor<512x256xbf16>
    hadal.yield %0 : tensor<512x256xbf16>
  }
  hadal.kernel contraction @backward(%d: tensor<512x256xbf16>, %w: tensor<256x512xbf16>) -> tensor<512x512xbf16> {
    %0 = hadal.matmul %d, %w : (tensor<512x256xbf16>, tensor<256x512xbf16>) -> tensor<512x512xbf16>
    hadal.yield %0 : tensor<512x512xbf16>
  }
  hadal.kernel update @adamw(%p: tensor<256x512xf32>, %g: tensor<256x512xf32>, %m: tensor<256x512xf32>, %v: tensor<256x512xf32>, %s: tensor<f32>)
      -> (tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>) {
    %0:3 = hadal.adamw %p, %g, %m, %v scalars(%s, %s, %s, %s, %s, %s, %s, %s)
      : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32> -> tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
    hadal.yield %0#0, %0#1, %0#2 : tensor<256x512xf32>, tensor<256x512xf32>, tensor<256x512xf32>
  }
  func.func @accumulate(%x: tensor<512x512xbf16> {hadal.state = @x}, %d: tensor<512x256xbf16> {hadal.state = @d},
                        %w: tensor<256x512xf32> {hadal.parameter = @w})
      -> (tensor<512x256xbf16> {hadal.result = "a"}, tensor<512x512xbf16> {hadal.result = "b"}) {
    %0 = hadal.launch @round(%w) : (tensor<256x512xf32>) -> tensor<256x512xbf16>
    %1 = hadal.launch @forward(%x, %0) : (tensor<512x512xbf16>, tensor<256x512xbf16>) -> tensor<512x256xbf16>
    %2 = hadal.launch @backward(%d, %0) : (tensor<512x256xbf16>, tensor<256x512xbf16>) -> tensor<512x512xbf16>
    return %1, %2 : tensor<512x256xbf16>, tensor<512x512xbf16>
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

//--- many.mlir

module attributes {hadal.program = "train"} {
  hadal.parameter @a zeros : tensor<256x512xf32>
  hadal.parameter @b zeros : tensor<256x512xf32>
  hadal.parameter @c zeros : tensor<256x512xf32>
  hadal.parameter @d zeros : tensor<256x512xf32>
  hadal.parameter @e zeros : tensor<256x512xf32>
  hadal.parameter @f zeros : tensor<256x512xf32>
  hadal.parameter @g zeros : tensor<256x512xf32>
  hadal.kernel contraction @forward(%x: tensor<4096x512xf32>, %w: tensor<256x512xf32>) -> tensor<4096x256xf32> {
    %0 = hadal.linear %x weights(%w : tensor<256x512xf32>) : tensor<4096x512xf32> -> tensor<4096x256xf32>
    hadal.yield %0 : tensor<4096x256xf32>
  }
  hadal.kernel contraction @backward(%d: tensor<4096x256xf32>, %w: tensor<256x512xf32>) -> tensor<4096x512xf32> {
    %0 = hadal.matmul %d, %w : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    hadal.yield %0 : tensor<4096x512xf32>
  }
  func.func @evaluate(%x: tensor<4096x512xf32> {hadal.state = @x}, %a: tensor<256x512xf32> {hadal.parameter = @a}, %b: tensor<256x512xf32> {hadal.parameter = @b}, %c: tensor<256x512xf32> {hadal.parameter = @c}, %d: tensor<256x512xf32> {hadal.parameter = @d}, %e: tensor<256x512xf32> {hadal.parameter = @e}, %f: tensor<256x512xf32> {hadal.parameter = @f}, %g: tensor<256x512xf32> {hadal.parameter = @g})
      -> (tensor<4096x512xf32> {hadal.result = "y"}) {
    %0 = hadal.launch @forward(%x, %a) : (tensor<4096x512xf32>, tensor<256x512xf32>) -> tensor<4096x256xf32>
    %1 = hadal.launch @backward(%0, %a) : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    %2 = hadal.launch @forward(%1, %b) : (tensor<4096x512xf32>, tensor<256x512xf32>) -> tensor<4096x256xf32>
    %3 = hadal.launch @backward(%2, %b) : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    %4 = hadal.launch @forward(%3, %c) : (tensor<4096x512xf32>, tensor<256x512xf32>) -> tensor<4096x256xf32>
    %5 = hadal.launch @backward(%4, %c) : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    %6 = hadal.launch @forward(%5, %d) : (tensor<4096x512xf32>, tensor<256x512xf32>) -> tensor<4096x256xf32>
    %7 = hadal.launch @backward(%6, %d) : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    %8 = hadal.launch @forward(%7, %e) : (tensor<4096x512xf32>, tensor<256x512xf32>) -> tensor<4096x256xf32>
    %9 = hadal.launch @backward(%8, %e) : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    %10 = hadal.launch @forward(%9, %f) : (tensor<4096x512xf32>, tensor<256x512xf32>) -> tensor<4096x256xf32>
    %11 = hadal.launch @backward(%10, %f) : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    %12 = hadal.launch @forward(%11, %g) : (tensor<4096x512xf32>, tensor<256x512xf32>) -> tensor<4096x256xf32>
    %13 = hadal.launch @backward(%12, %g) : (tensor<4096x256xf32>, tensor<256x512xf32>) -> tensor<4096x512xf32>
    return %13 : tensor<4096x512xf32>
  }
}
