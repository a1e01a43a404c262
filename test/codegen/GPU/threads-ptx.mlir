// The PTX of kernels of threads: 16 bytes an access, shuffles, nothing in local memory, nothing external; ptxas spills
// nothing.
// RUN: hadal-opt %s --hadal-select-strategies=target=sm_90a --hadal-lower-kernels=target=sm_90a --hadal-gpu-to-nvvm -o %t.mlir
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s
// RUN: hadal-opt %t.mlir --hadal-emit-ptx -o /dev/null | FileCheck %s --check-prefix=NOTHING --allow-empty
// RUN: hadal-opt %t.mlir --hadal-assemble-kernels=print-usage -o /dev/null 2>&1 | FileCheck %s --check-prefix=USAGE

// NOTHING-NOT: .extern .func
// NOTHING-NOT: .local
// ptxas fuses what does not name its rounding.
// NOTHING-NOT: {{(add|sub|mul)[.](ftz[.])?f(32|64)}}
// USAGE-COUNT-15: registers, 0 bytes spilled
// USAGE-NOT: spilled

// Seven vectors are loaded before the first is used; the row is read once.
// CHECK-LABEL: .entry norm
// CHECK: .reqntid 256
// CHECK-COUNT-7: ld.global.v4.b32
// CHECK: bar{{.*}}.sync
// CHECK: shfl.sync.bfly.b32
// CHECK-COUNT-7: st.global.v4.b32
// CHECK-NOT: ld.global
// CHECK: ret;
hadal.kernel rowwise @norm(%x: tensor<1x4096x7168xf32>) -> tensor<1x4096x7168xf32> {
  %s = arith.mulf %x, %x : tensor<1x4096x7168xf32>
  %m = hadal.row_reduce add %s : tensor<1x4096x7168xf32> -> tensor<1x4096x1xf32>
  %r = math.rsqrt %m : tensor<1x4096x1xf32>
  %e = hadal.expand %r : tensor<1x4096x1xf32> -> tensor<1x4096x7168xf32>
  %y = arith.mulf %x, %e : tensor<1x4096x7168xf32>
  hadal.yield %y : tensor<1x4096x7168xf32>
}

// A warp per row needs no shared memory and no barrier.
// CHECK-LABEL: .entry softmax
// CHECK-NOT: bar.sync
// CHECK: ld.global.v4.b32
// CHECK: shfl.sync.bfly.b32
// CHECK: st.global.v4.b32
// CHECK: ret;
hadal.kernel rowwise @softmax(%x: tensor<512x256xf32>) -> tensor<512x256xf32> {
  %m = hadal.row_reduce maximum %x : tensor<512x256xf32> -> tensor<512x1xf32>
  %b = hadal.expand %m : tensor<512x1xf32> -> tensor<512x256xf32>
  %d = arith.subf %x, %b : tensor<512x256xf32>
  %e = math.exp %d : tensor<512x256xf32>
  %s = hadal.row_reduce add %e : tensor<512x256xf32> -> tensor<512x1xf32>
  %t = hadal.expand %s : tensor<512x1xf32> -> tensor<512x256xf32>
  %r = arith.divf %e, %t : tensor<512x256xf32>
  hadal.yield %r : tensor<512x256xf32>
}

// Rotations load their table from global memory.
hadal.kernel rowwise @rope(%x: tensor<2x9x1536xf32>) -> tensor<2x9x1536xf32> {
  %r = hadal.rope %x {heads = 8, rope = #hadal.rope<theta = 1.0e4, dim = 64>} : tensor<2x9x1536xf32>
  hadal.yield %r : tensor<2x9x1536xf32>
}

// CHECK-LABEL: .entry norm_weight$blocks
// CHECK: ld.global.v4.b32
// CHECK: bar.sync
// CHECK: st.global.v4.b32
hadal.kernel reduction @norm_weight(%x: tensor<1x4096x2048xf32>, %g: tensor<1x4096x2048xf32>) -> tensor<2048xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<1x4096x2048xf32> -> tensor<2048xf32>
  hadal.yield %0 : tensor<2048xf32>
}

hadal.kernel reduction @embedding_gradient(%t: tensor<1x128xi32>, %g: tensor<1x128x192xf32>) -> tensor<1000x192xf32> {
  %0 = hadal.embedding_gradient %t, %g : (tensor<1x128xi32>, tensor<1x128x192xf32>) -> tensor<1000x192xf32>
  hadal.yield %0 : tensor<1000x192xf32>
}

// CHECK-LABEL: .entry router$choose
// CHECK: shfl.sync.bfly.b32
hadal.kernel routing @router(%l: tensor<1x128x256xf32>, %b: tensor<256xf32>)
    -> (tensor<1x128x8xi32>, tensor<1x128x8xf32>, tensor<256xf32>) {
  %i, %w, %n = hadal.router sigmoid %l weights(%b : tensor<256xf32>) {top_k = 8, groups = 8, top_groups = 4, normalize, scale = 2.5}
    : tensor<1x128x256xf32> -> tensor<1x128x8xi32>, tensor<1x128x8xf32>, tensor<256xf32>
  hadal.yield %i, %w, %n : tensor<1x128x8xi32>, tensor<1x128x8xf32>, tensor<256xf32>
}

// CHECK-LABEL: .entry dispatch$count
// CHECK: ld.shared.v4.b32
// CHECK-LABEL: .entry dispatch$scan
// CHECK: shfl.sync.up.b32
hadal.kernel routing @dispatch(%i: tensor<1x128x8xi32>) -> (tensor<1024xi32>, tensor<1x128x8xi32>, tensor<257xi32>) {
  %p, %r, %o = hadal.dispatch %i : tensor<1x128x8xi32> -> tensor<1024xi32>, tensor<1x128x8xi32>, tensor<257xi32>
  hadal.yield %p, %r, %o : tensor<1024xi32>, tensor<1x128x8xi32>, tensor<257xi32>
}

// Four arrays in and three out, 16 bytes at a time.
// CHECK-LABEL: .entry adamw
// CHECK-COUNT-4: ld.global.v4.b32
// CHECK-COUNT-3: st.global.v4.b32
hadal.kernel update @adamw(%p: tensor<128x512xf32>, %g: tensor<128x512xf32>, %m: tensor<128x512xf32>, %v: tensor<128x512xf32>,
    %lr: tensor<f32>, %wd: tensor<f32>, %b1: tensor<f32>, %b2: tensor<f32>, %e: tensor<f32>, %c1: tensor<f32>, %c2: tensor<f32>, %s: tensor<f32>)
    -> (tensor<128x512xf32>, tensor<128x512xf32>, tensor<128x512xf32>) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay}
    : tensor<128x512xf32>, tensor<128x512xf32>, tensor<128x512xf32>, tensor<128x512xf32>
    -> tensor<128x512xf32>, tensor<128x512xf32>, tensor<128x512xf32>
  hadal.yield %0#0, %0#1, %0#2 : tensor<128x512xf32>, tensor<128x512xf32>, tensor<128x512xf32>
}
