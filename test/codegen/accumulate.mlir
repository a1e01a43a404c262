// Gradients of every kind of kernel, added to those of the micro-batches before or put in their place: then what was there
// may be no number.
// RUN: hadal-check-kernels %s --cpu=host | FileCheck %s
// RUN: hadal-check-kernels %s --cpu=x86-64-v2 | FileCheck %s
// RUN: hadal-check-kernels %s --target=sm_90a | FileCheck %s
// CHECK: 18 of 18 kernels pass

// Gradients that fill no cache are stored past all of them, where they are not added to others.
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' --hadal-lower-kernels=cpu=x86-64-v4 -o %t.mlir 2> %t.log
// RUN: FileCheck %s --check-prefix=CHOSEN < %t.log
// RUN: FileCheck %s --check-prefix=STREAMED < %t.mlir
// CHOSEN: @weight_gradient_further (contraction): packed_register_tiles {
// CHOSEN: @large_further (contraction): packed_register_tiles_streamed {
// STREAMED-LABEL: llvm.func @weight_gradient_further.product
// STREAMED-NOT: nontemporal
// STREAMED-LABEL: llvm.func @large_further.product
// STREAMED: scf.if
// STREAMED: llvm.store {{.*}} {alignment = 64 : i64, nontemporal} : vector<16xf32>
// STREAMED: llvm.call_intrinsic "llvm.x86.sse.sfence"

// What does not count is not read: the sum so far is loaded in the branch that adds.
// RUN: FileCheck %s --check-prefix=BRANCH < %t.mlir
// BRANCH-LABEL: llvm.func @weight_gradient_further.product
// BRANCH: %[[COUNTS:.*]] = arith.cmpf une
// BRANCH: scf.if %[[COUNTS]] -> (vector<16xf32>) {
// BRANCH-NOT: }
// BRANCH: llvm.load

hadal.kernel contraction @weight_gradient_further(%d: tensor<3x67x24xf32>, %x: tensor<3x67x35xf32>, %g: tensor<24x35xf32>, %adds: tensor<f32>) -> tensor<24x35xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<3x67x24xf32>, tensor<3x67x35xf32>) -> tensor<24x35xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<24x35xf32>
  hadal.yield %1 : tensor<24x35xf32>
}
hadal.kernel contraction @bf16_further(%d: tensor<70x136xbf16>, %x: tensor<70x40xbf16>, %g: tensor<136x40xf32>, %adds: tensor<f32>) -> tensor<136x40xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<70x136xbf16>, tensor<70x40xbf16>) -> tensor<136x40xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<136x40xf32>
  hadal.yield %1 : tensor<136x40xf32>
}
hadal.kernel contraction @experts_further(%a: tensor<60x20xf32>, %b: tensor<60x24xf32>, %offsets: tensor<8xi32>, %g: tensor<7x20x24xf32>, %adds: tensor<f32>) -> tensor<7x20x24xf32> {
  %0 = hadal.grouped_outer_product %a, %b, %offsets : (tensor<60x20xf32>, tensor<60x24xf32>, tensor<8xi32>) -> tensor<7x20x24xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<7x20x24xf32>
  hadal.yield %1 : tensor<7x20x24xf32>
}
hadal.kernel head @head_further(%h: tensor<3x7x40xf32>, %t: tensor<3x7xi32>, %w: tensor<104x40xf32>, %s: tensor<f32>, %dh: tensor<3x7x40xf32>, %dw: tensor<104x40xf32>, %adds: tensor<f32>) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<3x7x40xf32>, tensor<3x7xi32>, tensor<104x40xf32>, tensor<f32>) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>)
  %1 = hadal.accumulate %dh, %0#1 if %adds : tensor<3x7x40xf32>
  %2 = hadal.accumulate %dw, %0#2 if %adds : tensor<104x40xf32>
  hadal.yield %0#0, %1, %2 : tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>
}
hadal.kernel head @bf16_head_further(%h: tensor<3x7x40xbf16>, %t: tensor<3x7xi32>, %w: tensor<104x40xbf16>, %s: tensor<f32>, %dh: tensor<3x7x40xf32>, %dw: tensor<104x40xf32>, %adds: tensor<f32>) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<3x7x40xbf16>, tensor<3x7xi32>, tensor<104x40xbf16>, tensor<f32>) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>)
  %1 = hadal.accumulate %dh, %0#1 if %adds : tensor<3x7x40xf32>
  %2 = hadal.accumulate %dw, %0#2 if %adds : tensor<104x40xf32>
  hadal.yield %0#0, %1, %2 : tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>
}
hadal.kernel reduction @embedding_further(%t: tensor<2x50xi32>, %d: tensor<2x50x16xf32>, %g: tensor<171x16xf32>, %adds: tensor<f32>) -> tensor<171x16xf32> {
  %0 = hadal.embedding_gradient %t, %d : (tensor<2x50xi32>, tensor<2x50x16xf32>) -> tensor<171x16xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<171x16xf32>
  hadal.yield %1 : tensor<171x16xf32>
}
hadal.kernel reduction @norm_further(%x: tensor<3x37x13xf32>, %d: tensor<3x37x13xf32>, %g: tensor<13xf32>, %adds: tensor<f32>) -> tensor<13xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %d {eps = 1.0e-6} : tensor<3x37x13xf32> -> tensor<13xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<13xf32>
  hadal.yield %1 : tensor<13xf32>
}
hadal.kernel rowwise @alone_further(%d: tensor<9x37xf32>, %g: tensor<9x37xf32>, %adds: tensor<f32>) -> tensor<9x37xf32> {
  %0 = arith.mulf %d, %d : tensor<9x37xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<9x37xf32>
  hadal.yield %1 : tensor<9x37xf32>
}
hadal.kernel contraction @large_further(%d: tensor<3x512xf32>, %x: tensor<3x1024xf32>, %g: tensor<512x1024xf32>, %adds: tensor<f32>) -> tensor<512x1024xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<3x512xf32>, tensor<3x1024xf32>) -> tensor<512x1024xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<512x1024xf32>
  hadal.yield %1 : tensor<512x1024xf32>
}

// The first micro-batch of a step.
hadal.kernel contraction @weight_gradient_first(%d: tensor<3x67x24xf32>, %x: tensor<3x67x35xf32>, %g: tensor<24x35xf32> {hadal.value = dense<0x7FC00000> : tensor<24x35xf32>}, %adds: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> tensor<24x35xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<3x67x24xf32>, tensor<3x67x35xf32>) -> tensor<24x35xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<24x35xf32>
  hadal.yield %1 : tensor<24x35xf32>
}
hadal.kernel contraction @bf16_first(%d: tensor<70x136xbf16>, %x: tensor<70x40xbf16>, %g: tensor<136x40xf32> {hadal.value = dense<0x7FC00000> : tensor<136x40xf32>}, %adds: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> tensor<136x40xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<70x136xbf16>, tensor<70x40xbf16>) -> tensor<136x40xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<136x40xf32>
  hadal.yield %1 : tensor<136x40xf32>
}
hadal.kernel contraction @experts_first(%a: tensor<60x20xf32>, %b: tensor<60x24xf32>, %offsets: tensor<8xi32>, %g: tensor<7x20x24xf32> {hadal.value = dense<0x7FC00000> : tensor<7x20x24xf32>}, %adds: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> tensor<7x20x24xf32> {
  %0 = hadal.grouped_outer_product %a, %b, %offsets : (tensor<60x20xf32>, tensor<60x24xf32>, tensor<8xi32>) -> tensor<7x20x24xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<7x20x24xf32>
  hadal.yield %1 : tensor<7x20x24xf32>
}
hadal.kernel head @head_first(%h: tensor<3x7x40xf32>, %t: tensor<3x7xi32>, %w: tensor<104x40xf32>, %s: tensor<f32>, %dh: tensor<3x7x40xf32> {hadal.value = dense<0x7FC00000> : tensor<3x7x40xf32>}, %dw: tensor<104x40xf32> {hadal.value = dense<0x7FC00000> : tensor<104x40xf32>}, %adds: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<3x7x40xf32>, tensor<3x7xi32>, tensor<104x40xf32>, tensor<f32>) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>)
  %1 = hadal.accumulate %dh, %0#1 if %adds : tensor<3x7x40xf32>
  %2 = hadal.accumulate %dw, %0#2 if %adds : tensor<104x40xf32>
  hadal.yield %0#0, %1, %2 : tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>
}
hadal.kernel head @bf16_head_first(%h: tensor<3x7x40xbf16>, %t: tensor<3x7xi32>, %w: tensor<104x40xbf16>, %s: tensor<f32>, %dh: tensor<3x7x40xf32> {hadal.value = dense<0x7FC00000> : tensor<3x7x40xf32>}, %dw: tensor<104x40xf32> {hadal.value = dense<0x7FC00000> : tensor<104x40xf32>}, %adds: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>) {
  %0:3 = hadal.cross_entropy_gradient %h, %t, %w, %s : (tensor<3x7x40xbf16>, tensor<3x7xi32>, tensor<104x40xbf16>, tensor<f32>) -> (tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>)
  %1 = hadal.accumulate %dh, %0#1 if %adds : tensor<3x7x40xf32>
  %2 = hadal.accumulate %dw, %0#2 if %adds : tensor<104x40xf32>
  hadal.yield %0#0, %1, %2 : tensor<f32>, tensor<3x7x40xf32>, tensor<104x40xf32>
}
hadal.kernel reduction @embedding_first(%t: tensor<2x50xi32>, %d: tensor<2x50x16xf32>, %g: tensor<171x16xf32> {hadal.value = dense<0x7FC00000> : tensor<171x16xf32>}, %adds: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> tensor<171x16xf32> {
  %0 = hadal.embedding_gradient %t, %d : (tensor<2x50xi32>, tensor<2x50x16xf32>) -> tensor<171x16xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<171x16xf32>
  hadal.yield %1 : tensor<171x16xf32>
}
hadal.kernel reduction @norm_first(%x: tensor<3x37x13xf32>, %d: tensor<3x37x13xf32>, %g: tensor<13xf32> {hadal.value = dense<0x7FC00000> : tensor<13xf32>}, %adds: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> tensor<13xf32> {
  %0 = hadal.rms_norm_weight_gradient %x, %d {eps = 1.0e-6} : tensor<3x37x13xf32> -> tensor<13xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<13xf32>
  hadal.yield %1 : tensor<13xf32>
}
hadal.kernel rowwise @alone_first(%d: tensor<9x37xf32>, %g: tensor<9x37xf32> {hadal.value = dense<0x7FC00000> : tensor<9x37xf32>}, %adds: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> tensor<9x37xf32> {
  %0 = arith.mulf %d, %d : tensor<9x37xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<9x37xf32>
  hadal.yield %1 : tensor<9x37xf32>
}
hadal.kernel contraction @large_first(%d: tensor<3x512xf32>, %x: tensor<3x1024xf32>, %g: tensor<512x1024xf32> {hadal.value = dense<0x7FC00000> : tensor<512x1024xf32>}, %adds: tensor<f32> {hadal.value = dense<0.0> : tensor<f32>}) -> tensor<512x1024xf32> {
  %0 = hadal.matmul %d, %x {transpose_lhs} : (tensor<3x512xf32>, tensor<3x1024xf32>) -> tensor<512x1024xf32>
  %1 = hadal.accumulate %g, %0 if %adds : tensor<512x1024xf32>
  hadal.yield %1 : tensor<512x1024xf32>
}
