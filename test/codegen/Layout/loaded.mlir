// Parameters that no entry point writes are packed when they are loaded, and rows that nothing else reads are not kept then. What is
// read in rows as well would take twice the memory, for less than that is worth; an entry point that writes a parameter reads it so.
// (Panels fill up small tensors, which weighs in so small a program: memory is worth little here.)
// RUN: hadal-opt %s --hadal-choose-layouts='cpu=x86-64-v3 worth=0.1' | FileCheck %s
// RUN: hadal-opt %s --hadal-choose-layouts='cpu=x86-64-v3 worth=10' | FileCheck %s --check-prefix=ROWS --implicit-check-not=encoding
// RUN: not hadal-opt %s --hadal-choose-layouts='cpu=x86-64-v3 worth=-1' -o /dev/null 2>&1 | FileCheck %s --check-prefix=WORTH
// WORTH: error: a share of the memory is worth -1.00 of a share of the seconds: give a number from 0 up
// A GPU's kernels read rows, and so do all when they are told to.
// RUN: hadal-opt %s --hadal-choose-layouts=target=sm_90a | FileCheck %s --check-prefix=ROWS --implicit-check-not=encoding
// RUN: hadal-opt %s --hadal-choose-layouts='cpu=x86-64-v3 rows-only' | FileCheck %s --check-prefix=ROWS --implicit-check-not=encoding
// ROWS: hadal.kernel contraction @linear(

module {
  hadal.parameter @w zeros : tensor<40x9xf32>
  hadal.parameter @u zeros : tensor<40x9xf32>
  hadal.parameter @read_as_rows zeros : tensor<40x9xf32>
  hadal.parameter @beside zeros : tensor<40x9xf32>
  hadal.parameter @written zeros : tensor<7x512xf32>

  // Two parameters, one kernel: the depth of 9, filled up, by panels of 16 columns.
  // CHECK: hadal.kernel contraction @linear_packed_12x16(%{{.*}}: tensor<3x9xf32>, %{{.*}}: tensor<40x9xf32, #hadal.encoding<layout = <outer = [1, 0], inner = [1, 0], tiles = [12, 16]>>>)
  hadal.kernel contraction @linear(%x: tensor<3x9xf32>, %w: tensor<40x9xf32>) -> tensor<3x40xf32> {
    %0 = hadal.linear %x weights(%w : tensor<40x9xf32>) : tensor<3x9xf32> -> tensor<3x40xf32>
    hadal.yield %0 : tensor<3x40xf32>
  }
  // One of its launches is given what a norm reads as well, in rows.
  // CHECK: hadal.kernel contraction @product(%{{.*}}: tensor<3x9xf32>, %{{.*}}: tensor<40x9xf32>)
  // CHECK: hadal.kernel contraction @product_packed_12x16(%{{.*}}: tensor<3x9xf32>, %{{.*}}: tensor<40x9xf32, #hadal.encoding<{{.*}}>>)
  hadal.kernel contraction @product(%x: tensor<3x9xf32>, %w: tensor<40x9xf32>) -> tensor<3x40xf32> {
    %0 = hadal.matmul %x, %w {transpose_rhs} : (tensor<3x9xf32>, tensor<40x9xf32>) -> tensor<3x40xf32>
    hadal.yield %0 : tensor<3x40xf32>
  }
  hadal.kernel rowwise @double(%x: tensor<40x9xf32>) -> tensor<40x9xf32> {
    %0 = arith.addf %x, %x : tensor<40x9xf32>
    hadal.yield %0 : tensor<40x9xf32>
  }
  // CHECK: hadal.kernel contraction @trained_packed_256x16(
  hadal.kernel contraction @trained(%x: tensor<3x512xf32>, %w: tensor<7x512xf32>) -> tensor<3x7xf32> {
    %0 = hadal.linear %x weights(%w : tensor<7x512xf32>) : tensor<3x512xf32> -> tensor<3x7xf32>
    hadal.yield %0 : tensor<3x7xf32>
  }
  hadal.kernel rowwise @step(%w: tensor<7x512xf32>) -> tensor<7x512xf32> {
    %0 = arith.addf %w, %w : tensor<7x512xf32>
    hadal.yield %0 : tensor<7x512xf32>
  }

  // CHECK: func.func @evaluate(
  // CHECK-SAME: tensor<40x9xf32> {hadal.parameter = @read_as_rows}
  // CHECK-SAME: tensor<40x9xf32, #hadal.encoding<{{.*}}>> {hadal.packed = @w}
  // CHECK-SAME: tensor<40x9xf32, #hadal.encoding<{{.*}}>> {hadal.packed = @u}
  // CHECK-SAME: tensor<40x9xf32, #hadal.encoding<{{.*}}>> {hadal.packed = @beside}
  // CHECK-SAME: tensor<7x512xf32, #hadal.encoding<{{.*}}>> {hadal.packed = @written})
  // CHECK: hadal.launch @linear_packed_12x16
  // CHECK: hadal.launch @linear_packed_12x16
  // CHECK: hadal.launch @product(
  // CHECK: hadal.launch @product_packed_12x16
  // CHECK: hadal.launch @double(%{{.*}}) : (tensor<40x9xf32>)
  func.func @evaluate(%x: tensor<3x9xf32> {hadal.state = @x}, %z: tensor<3x512xf32> {hadal.state = @z},
                      %w: tensor<40x9xf32> {hadal.parameter = @w}, %u: tensor<40x9xf32> {hadal.parameter = @u},
                      %r: tensor<40x9xf32> {hadal.parameter = @read_as_rows}, %b: tensor<40x9xf32> {hadal.parameter = @beside},
                      %t: tensor<7x512xf32> {hadal.parameter = @written})
      -> (tensor<3x40xf32> {hadal.result = "a"}, tensor<3x40xf32> {hadal.result = "b"}, tensor<3x40xf32> {hadal.result = "c"},
          tensor<3x40xf32> {hadal.result = "d"}, tensor<40x9xf32> {hadal.result = "e"}, tensor<3x7xf32> {hadal.result = "f"}) {
    %0 = hadal.launch @linear(%x, %w) : (tensor<3x9xf32>, tensor<40x9xf32>) -> tensor<3x40xf32>
    %1 = hadal.launch @linear(%x, %u) : (tensor<3x9xf32>, tensor<40x9xf32>) -> tensor<3x40xf32>
    %2 = hadal.launch @product(%x, %r) : (tensor<3x9xf32>, tensor<40x9xf32>) -> tensor<3x40xf32>
    %3 = hadal.launch @product(%x, %b) : (tensor<3x9xf32>, tensor<40x9xf32>) -> tensor<3x40xf32>
    // Read in rows by so many, it is packed for one no more: two parts in a hundred of their time would be saved.
    %4 = hadal.launch @double(%r) : (tensor<40x9xf32>) -> tensor<40x9xf32>
    %6 = hadal.launch @double(%r) : (tensor<40x9xf32>) -> tensor<40x9xf32>
    %7 = hadal.launch @double(%r) : (tensor<40x9xf32>) -> tensor<40x9xf32>
    %8 = hadal.launch @double(%r) : (tensor<40x9xf32>) -> tensor<40x9xf32>
    %5 = hadal.launch @trained(%z, %t) : (tensor<3x512xf32>, tensor<7x512xf32>) -> tensor<3x7xf32>
    return %0, %1, %2, %3, %4, %5 : tensor<3x40xf32>, tensor<3x40xf32>, tensor<3x40xf32>, tensor<3x40xf32>, tensor<40x9xf32>, tensor<3x7xf32>
  }
  // What a kernel makes that writes no copies is packed behind it.
  // CHECK: func.func @update(%{{.*}}: tensor<7x512xf32> {hadal.parameter = @written}) -> (tensor<7x512xf32> {hadal.tied = 0 : index}, tensor<7x512xf32, #hadal.encoding<{{.*}}>> {hadal.packed = @written})
  // CHECK-NEXT: %[[STEP:.*]] = hadal.launch @step
  // CHECK-NEXT: %[[BEHIND:.*]] = hadal.launch @pack_7x512_256x16(%[[STEP]])
  // CHECK-NEXT: return %[[STEP]], %[[BEHIND]]
  func.func @update(%w: tensor<7x512xf32> {hadal.parameter = @written}) -> (tensor<7x512xf32> {hadal.tied = 0 : index}) {
    %0 = hadal.launch @step(%w) {tied = array<i64: 0>} : (tensor<7x512xf32>) -> tensor<7x512xf32>
    return %0 : tensor<7x512xf32>
  }
  // One kernel packs both.
  // CHECK: func.func @load.w(%[[W:.*]]: tensor<40x9xf32> {hadal.parameter = @w}) -> (tensor<40x9xf32, #hadal.encoding<{{.*}}>> {hadal.packed = @w}) attributes {hadal.loads = @w}
  // CHECK-NEXT: %[[P:.*]] = hadal.launch @pack_40x9_12x16(%[[W]])
  // CHECK-NEXT: return %[[P]]
  // CHECK: hadal.kernel packing @pack_40x9_12x16(
  // CHECK-NEXT: hadal.pack
  // CHECK: func.func @load.u(
  // CHECK-NEXT: hadal.launch @pack_40x9_12x16
  // CHECK-NOT: func.func @load.read_as_rows(
}
