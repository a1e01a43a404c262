// What is only kept over the peak is made again behind it, the cheapest per byte first, until the limit holds. A tensor takes
// 1024 bytes, the parameter as well: kept, %a and %b lie beside the three tensors of the launch of @wide.
// RUN: split-file %s %t
// RUN: hadal-opt %t/kept.mlir --hadal-rematerialize="memory-limit=6144 print-memory-plan=1" --hadal-plan-memory=print-memory-plan=1 -o /dev/null 2>&1 | FileCheck %s --check-prefix=KEPT
// RUN: hadal-opt %t/kept.mlir --hadal-rematerialize="memory-limit=5120 operation=1000 print-memory-plan=1" 2>&1 | FileCheck %s
// RUN: hadal-opt %t/kept.mlir --hadal-rematerialize="memory-limit=4096" | FileCheck %s --check-prefix=BOTH
// RUN: not hadal-opt %t/kept.mlir --hadal-rematerialize="memory-limit=4095" -o /dev/null 2>&1 | FileCheck %s --check-prefix=LITTLE
// RUN: not hadal-opt %t/kept.mlir --hadal-rematerialize="memory-limit=0" -o /dev/null 2>&1 | FileCheck %s --check-prefix=NONE
// RUN: not hadal-opt %t/kept.mlir --hadal-rematerialize="memory-limit=4096 alignment=48" -o /dev/null 2>&1 | FileCheck %s --check-prefix=ALIGNMENT
// RUN: not hadal-opt %t/kept.mlir --hadal-rematerialize="memory-limit=4096 operation=-1" -o /dev/null 2>&1 | FileCheck %s --check-prefix=PRICE
// RUN: not hadal-opt %t/kept.mlir --hadal-rematerialize="worth=-1" -o /dev/null 2>&1 | FileCheck %s --check-prefix=WORTH
// WORTH: error: a share of the memory is worth -1.00 of a share of the seconds: give a number from 0 up
// NONE: error: a memory limit of 0 bytes: give a number from 1 up
// ALIGNMENT: error: buffers cannot be aligned to 48 bytes
// PRICE: error: the price 'operation' is a number of picoseconds from 0 up, not -1

// KEPT-NOT: recomputed
// KEPT: memory plan of @entry: arena 0.00 MiB

// The negation costs less than the exponential.
// CHECK: recomputed in @entry: arena 0.00 MiB instead of 0.00 MiB, for {{.*}} µs beside {{.*}} µs
// CHECK-NEXT: 0.00 MiB for {{.*}} µs ({{.*}} ps a byte), 1 time: @negate (
// CHECK-LABEL: func.func @entry
// CHECK: %[[A:.*]] = hadal.launch @exponential(%arg0)
// CHECK-NEXT: %[[B:.*]] = hadal.launch @negate(%arg0)
// CHECK-NEXT: %[[U:.*]] = hadal.launch @add(%[[A]], %[[B]])
// CHECK-NEXT: %[[V:.*]] = hadal.launch @wide(%[[U]])
// CHECK-NEXT: %[[AGAIN:.*]] = hadal.launch @negate(%arg0)
// CHECK-NEXT: %[[W:.*]] = hadal.launch @add(%[[V]], %[[AGAIN]])
// CHECK-NEXT: hadal.launch @add(%[[W]], %[[A]])

// BOTH: hadal.launch @wide
// BOTH-NEXT: hadal.launch @negate
// BOTH-NEXT: hadal.launch @add
// BOTH-NEXT: hadal.launch @exponential
// BOTH-NEXT: hadal.launch @add

// Without a limit what is made again is what costs a share of the seconds that the share of the memory is worth: nothing, the
// negation (a tenth of the seconds for a sixth of the memory), or the exponential as well. An entry point that is not the one
// with the largest arena is left alone.
// RUN: hadal-opt %t/kept.mlir --hadal-rematerialize="worth=0.3 operation=1000 print-memory-plan=1" -o /dev/null 2>&1 | FileCheck %s --allow-empty --check-prefix=NOTHING
// RUN: hadal-opt %t/kept.mlir --hadal-rematerialize="worth=1 operation=1000 print-memory-plan=1" 2>&1 | FileCheck %s
// RUN: hadal-opt %t/kept.mlir --hadal-rematerialize="worth=4 operation=1000" | FileCheck %s --check-prefix=BOTH
// RUN: sed -n -e 's/@entry/@other/' -e '/^func.func/,/^}/p' %t/kept.mlir > %t/other.mlir
// RUN: cat %t/kept.mlir %t/other.mlir > %t/two.mlir
// RUN: hadal-opt %t/two.mlir --hadal-rematerialize="worth=4 operation=1000 print-memory-plan=1" -o /dev/null 2>&1 | FileCheck %s --allow-empty --check-prefix=NOTHING
// NOTHING-NOT: recomputed

// LITTLE: kept.mlir:{{[0-9]+}}:{{[0-9]+}}: error: @entry does not fit into a memory limit of 0.00 MiB: the tensors of the program take 0.00 MiB, and the arena takes 0.00 MiB when whatever can be is computed again (0.00 MiB when nothing is): give a limit of 1MiB or more, a smaller micro-batch or shorter sequences
// LITTLE: note: most is live during the launch of @wide

// What is written in place, or read and then overwritten, is not made again: it would not be the same.
// RUN: hadal-opt %t/overwritten.mlir --hadal-rematerialize="memory-limit=4096" -o /dev/null
// RUN: not hadal-opt %t/overwritten.mlir --hadal-rematerialize="memory-limit=4000" -o /dev/null 2>&1 | FileCheck %s --check-prefix=OVERWRITTEN
// OVERWRITTEN: error: @entry does not fit

// What the repeated launch reads may be gone as well: the chain is made from what is there, and nothing twice that is read
// behind the peak alone.
// RUN: hadal-opt %t/chain.mlir --hadal-rematerialize="memory-limit=4096" | FileCheck %s --check-prefix=CHAIN
// CHAIN-LABEL: func.func @entry
// CHAIN-NEXT: hadal.launch @squares(%arg0)
// CHAIN-NEXT: hadal.launch @wide
// CHAIN-NEXT: %[[E:.*]] = hadal.launch @exponential(%arg0)
// CHAIN-NEXT: %[[N:.*]] = hadal.launch @squares(%[[E]])
// CHAIN-NEXT: hadal.launch @add(%{{.*}}, %[[N]])

//--- kept.mlir
!t = tensor<16x16xf32>
hadal.parameter @p ones : tensor<16x16xf32>
hadal.kernel rowwise @exponential(%x: !t) -> !t {
  %0 = math.exp %x : !t
  hadal.yield %0 : !t
}
hadal.kernel rowwise @negate(%x: !t) -> !t {
  %0 = arith.negf %x : !t
  hadal.yield %0 : !t
}
hadal.kernel rowwise @add(%x: !t, %y: !t) -> !t {
  %0 = arith.addf %x, %y : !t
  hadal.yield %0 : !t
}
hadal.kernel contraction @wide(%x: !t) -> !t attributes {workspace = 1024 : i64} {
  %0 = hadal.matmul %x, %x : (!t, !t) -> !t
  hadal.yield %0 : !t
}
func.func @entry(%x: !t {hadal.parameter = @p}) -> (!t {hadal.result = "loss"}) {
  %a = hadal.launch @exponential(%x) : (!t) -> !t
  %b = hadal.launch @negate(%x) : (!t) -> !t
  %u = hadal.launch @add(%a, %b) : (!t, !t) -> !t
  %v = hadal.launch @wide(%u) : (!t) -> !t
  %w = hadal.launch @add(%v, %b) : (!t, !t) -> !t
  %r = hadal.launch @add(%w, %a) : (!t, !t) -> !t
  return %r : !t
}

//--- overwritten.mlir
!t = tensor<16x16xf32>
hadal.state @s : tensor<16x16xf32>
hadal.kernel rowwise @negate(%x: !t) -> !t {
  %0 = arith.negf %x : !t
  hadal.yield %0 : !t
}
hadal.kernel rowwise @add(%x: !t, %y: !t) -> !t {
  %0 = arith.addf %x, %y : !t
  hadal.yield %0 : !t
}
hadal.kernel contraction @wide(%x: !t) -> !t attributes {workspace = 1024 : i64} {
  %0 = hadal.matmul %x, %x : (!t, !t) -> !t
  hadal.yield %0 : !t
}
func.func @entry(%s: !t {hadal.state = @s}) -> (!t {hadal.tied = 0 : index}, !t {hadal.result = "loss"}) {
  %a = hadal.launch @negate(%s) : (!t) -> !t
  %n = hadal.launch @add(%s, %a) {tied = array<i64: 0>} : (!t, !t) -> !t
  %v = hadal.launch @wide(%n) : (!t) -> !t
  %r = hadal.launch @add(%v, %a) : (!t, !t) -> !t
  return %n, %r : !t, !t
}

//--- chain.mlir
!t = tensor<16x16xf32>
hadal.parameter @p ones : tensor<16x16xf32>
hadal.kernel rowwise @exponential(%x: !t) -> !t {
  %0 = math.exp %x : !t
  hadal.yield %0 : !t
}
hadal.kernel rowwise @squares(%x: !t) -> !t {
  %0 = arith.mulf %x, %x : !t
  hadal.yield %0 : !t
}
hadal.kernel rowwise @add(%x: !t, %y: !t) -> !t {
  %0 = arith.addf %x, %y : !t
  hadal.yield %0 : !t
}
hadal.kernel contraction @wide(%x: !t) -> !t attributes {workspace = 1024 : i64} {
  %0 = hadal.matmul %x, %x : (!t, !t) -> !t
  hadal.yield %0 : !t
}
func.func @entry(%x: !t {hadal.parameter = @p}) -> (!t {hadal.result = "loss"}) {
  %e = hadal.launch @exponential(%x) : (!t) -> !t
  %n = hadal.launch @squares(%e) : (!t) -> !t
  %u = hadal.launch @squares(%x) : (!t) -> !t
  %v = hadal.launch @wide(%u) : (!t) -> !t
  %r = hadal.launch @add(%v, %n) : (!t, !t) -> !t
  return %r : !t
}
