// Two kernels become one where that costs less, and stay two where it does not: what is read again in a later pass over a row
// is computed again, and values that registers do not hold are stored and loaded. All by the prices that are given.
// RUN: split-file %s %t

// Cheap arithmetic: the exponential is formed for the sum of squares and once more for the result.
// RUN: hadal-opt %t/chain.mlir --hadal-fuse="memory-byte=1 operation=0.1 launch=0 print-fusion=1" 2>&1 | FileCheck %s --check-prefix=CHEAP
// CHEAP: prices in ps: 1 for a byte of memory, {{.*}}0.1 for another operation;
// CHEAP: 1 kernels, 1 launches
// CHEAP: hadal.launch @rms_norm_64x64
// CHEAP-NOT: hadal.launch
// CHEAP: return

// Dear arithmetic: 64 rows of 64 exponentials cost 16 operations each. Apart the norm reads what the exponential wrote.
// RUN: hadal-opt %t/chain.mlir --hadal-fuse="memory-byte=1 operation=1 launch=0 print-fusion=1" 2>&1 | FileCheck %s --check-prefix=DEAR
// DEAR: not fused:
// DEAR-NEXT: @exp_64x64_{{[0-9a-f]+}} -> @rms_norm_64x64_{{[0-9a-f]+}}: 0.0986 µs apart, together 0.163 µs (memory 0.033 µs, arithmetic 0.149 µs, cache 0.0144 µs)
// DEAR: hadal.launch @exp_64x64
// DEAR: hadal.launch @rms_norm_64x64

// So dear a launch turns that over.
// RUN: hadal-opt %t/chain.mlir --hadal-fuse="memory-byte=1 operation=1 launch=1e9" | FileCheck %s --check-prefix=LAUNCH
// LAUNCH-LABEL: func.func @chain
// LAUNCH-NEXT: hadal.launch @rms_norm_64x64
// LAUNCH-NEXT: return

// Seven sums of which all are wanted: with registers for them one kernel, with two registers and a slow cache several.
// RUN: hadal-opt %t/wide.mlir --hadal-fuse="launch=0" | FileCheck %s --check-prefix=HELD
// RUN: hadal-opt %t/wide.mlir --hadal-fuse="launch=0 live-values=2 cached-byte=100 print-fusion=1" 2>&1 | FileCheck %s --check-prefix=SPILLED
// HELD: hadal.launch
// HELD-NOT: hadal.launch
// HELD: return
// SPILLED: -> @{{.*}} apart, together {{.*}}cache
// SPILLED: hadal.launch
// SPILLED: hadal.launch
// SPILLED: return

// A third kernel between two keeps them apart.
// RUN: hadal-opt %t/between.mlir --hadal-fuse=print-fusion=1 2>&1 | FileCheck %s --check-prefix=BETWEEN
// BETWEEN: @mulf_8x8_{{[0-9a-f]+}} -> @expand_8x8_{{[0-9a-f]+}}: @squared_norm_8x8_{{[0-9a-f]+}} stands between them
// BETWEEN-NEXT: -> @squared_norm_8x8_{{[0-9a-f]+}}: a kernel of the kind update reads it from memory
// BETWEEN-NEXT: -> @expand_8x8_{{[0-9a-f]+}}: 'arith.addf' does not read the result element by element

// The prices of targets; a pass that is told none has those of --cpu=x86-64-v4.
// RUN: hadal-opt %t/between.mlir --hadal-fuse=print-fusion=1 -o /dev/null 2>&1 | FileCheck %s --check-prefix=LEVEL4
// RUN: hadalc %t/between.mlir --compile-from=program --compile-to=kernels --cpu=x86-64-v4 --print-fusion -o %t/kernels 2>&1 | FileCheck %s --check-prefix=LEVEL4
// RUN: hadalc %t/between.mlir --compile-from=program --compile-to=kernels --target=sm_90a --print-fusion -o %t/kernels 2>&1 | FileCheck %s --check-prefix=HOPPER
// LEVEL4: prices in ps: 8.33 for a byte of memory, 0.868 of a cache; 2.6 for a multiply-add, 2.6 for another operation; 0.5 µs for a launch; registers hold 32 values of an element
// HOPPER: prices in ps: 0.299 for a byte of memory, 0.135 of a cache; 0.00211 for a multiply-add, 0.0337 for another operation; 2.28 µs for a launch; registers hold 63 values of an element

// RUN: not hadal-opt %t/chain.mlir --hadal-fuse=launch=-1 -o /dev/null 2>&1 | FileCheck %s --check-prefix=NEGATIVE
// RUN: not hadal-opt %t/chain.mlir --hadal-fuse=memory-byte=nan -o /dev/null 2>&1 | FileCheck %s --check-prefix=NAN
// RUN: not hadal-opt %t/chain.mlir --hadal-fuse=live-values=0 -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONE
// NEGATIVE: error: the price 'launch' is a number of picoseconds from 0 up, not -1
// NAN: error: the price 'memory-byte' is a number of picoseconds from 0 up, not
// NONE: error: 'live-values' counts what registers hold, from 1 up; 0 is not enough

//--- chain.mlir
func.func @chain(%x: tensor<64x64xf32>, %w: tensor<64xf32>) -> tensor<64x64xf32> {
  %e = math.exp %x : tensor<64x64xf32>
  %n = hadal.rms_norm %e weights(%w : tensor<64xf32>) {eps = 1.0e-6} : tensor<64x64xf32>
  return %n : tensor<64x64xf32>
}

//--- wide.mlir
!t = tensor<64x64xf32>
func.func @wide(%x: !t) -> (!t, !t, !t, !t, !t, !t, !t) {
  %a = arith.addf %x, %x : !t
  %b = arith.addf %a, %x : !t
  %c = arith.addf %b, %x : !t
  %d = arith.addf %c, %x : !t
  %e = arith.addf %d, %x : !t
  %f = arith.addf %e, %x : !t
  %g = arith.addf %f, %x : !t
  return %a, %b, %c, %d, %e, %f, %g : !t, !t, !t, !t, !t, !t, !t
}

//--- between.mlir
func.func @between(%x: tensor<8x8xf32>) -> (tensor<8x8xf32> {hadal.result = "loss"}) {
  %a = arith.mulf %x, %x : tensor<8x8xf32>
  %s = hadal.squared_norm %a : tensor<8x8xf32>
  %b = hadal.expand %s : tensor<f32> -> tensor<8x8xf32>
  %r = arith.addf %a, %b : tensor<8x8xf32>
  return %r : tensor<8x8xf32>
}
