// What kernels are made of, as hadal-print-anatomy reads it from their bodies.
// RUN: hadal-opt %s --hadal-print-anatomy -o /dev/null | FileCheck %s

// Everything that may stand behind a product, each read in its own way; one operand is read twice.
// CHECK: @epilogue (contraction): prologue [] anchor hadal.linear epilogue [hadal.expand, hadal.expand, hadal.expand, arith.addf, arith.addf, arith.mulf, arith.mulf] arguments [anchor|element, anchor, row, number_per_row, number]
// CHECK-NEXT: product: 9 x 16 x 16; A = argument 0, rows of 16; B = argument 1, rows of 16; C in rows of 16
hadal.kernel contraction @epilogue(%x: tensor<9x16xf32>, %w: tensor<16x16xf32>, %b: tensor<16xf32>, %f: tensor<9x1xf32>, %s: tensor<f32>) -> tensor<9x16xf32> {
  %y = hadal.linear %x weights(%w : tensor<16x16xf32>) : tensor<9x16xf32> -> tensor<9x16xf32>
  %be = hadal.expand %b : tensor<16xf32> -> tensor<9x16xf32>
  %fe = hadal.expand %f : tensor<9x1xf32> -> tensor<9x16xf32>
  %se = hadal.expand %s : tensor<f32> -> tensor<9x16xf32>
  %1 = arith.addf %y, %x : tensor<9x16xf32>
  %2 = arith.addf %1, %be : tensor<9x16xf32>
  %3 = arith.mulf %2, %fe : tensor<9x16xf32>
  %4 = arith.mulf %3, %se : tensor<9x16xf32>
  hadal.yield %4 : tensor<9x16xf32>
}

// Sides that lie across the depth.
// CHECK: @transposed (contraction)
// CHECK-NEXT: product: 8 x 24 x 9; A = argument 0, rows of 8 across the depth; B = argument 1, rows of 24 across the depth; C in rows of 24
hadal.kernel contraction @transposed(%a: tensor<9x8xf32>, %b: tensor<9x24xf32>) -> tensor<8x24xf32> {
  %c = hadal.matmul %a, %b {transpose_lhs} : (tensor<9x8xf32>, tensor<9x24xf32>) -> tensor<8x24xf32>
  hadal.yield %c : tensor<8x24xf32>
}

// Rows that are gathered for the product, which groups them by expert.
// CHECK: @experts (contraction): prologue [hadal.gather_rows] anchor hadal.grouped_matmul epilogue [] arguments [gathered, anchor, anchor, anchor, anchor]
// CHECK-NEXT: product: 12 x 24 x 16, 4 batches of rows by argument 4; A = argument 0, rows of 16, gathered by argument 1 / 2; B = argument 3, rows of 16, batches 384 apart; C in rows of 24
hadal.kernel contraction @experts(%x: tensor<6x16xf32>, %pairs: tensor<12xi32>, %rows: tensor<6x2xi32>, %w: tensor<4x24x16xf32>, %o: tensor<5xi32>) -> tensor<12x24xf32> {
  %g = hadal.gather_rows %x, %pairs, %rows : (tensor<6x16xf32>, tensor<12xi32>, tensor<6x2xi32>) -> tensor<12x16xf32>
  %y = hadal.grouped_matmul %g, %w, %o {transpose_rhs} : (tensor<12x16xf32>, tensor<4x24x16xf32>, tensor<5xi32>) -> tensor<12x24xf32>
  hadal.yield %y : tensor<12x24xf32>
}

// The gradient of the experts' weights: the depth is grouped, and every expert has a matrix in the result.
// CHECK: @outer (contraction)
// CHECK-NEXT: product: 24 x 16 x 12, 4 batches of the depth by argument 2; A = argument 0, rows of 24 across the depth; B = argument 1, rows of 16 across the depth; C in rows of 16, batches 24 rows and 0 columns apart
hadal.kernel contraction @outer(%g: tensor<12x24xf32>, %x: tensor<12x16xf32>, %o: tensor<5xi32>, %sum: tensor<4x24x16xf32>) -> tensor<4x24x16xf32> {
  %y = hadal.grouped_outer_product %g, %x, %o : (tensor<12x24xf32>, tensor<12x16xf32>, tensor<5xi32>) -> tensor<4x24x16xf32>
  %s = arith.addf %y, %sum : tensor<4x24x16xf32>
  hadal.yield %s : tensor<4x24x16xf32>
}

// Kernels of one operation widen what they read in front of it, and add to an operand behind it.
// CHECK: @norm (reduction): prologue [arith.extf] anchor hadal.rms_norm_weight_gradient epilogue [arith.addf] arguments [anchor, anchor, element]
hadal.kernel reduction @norm(%x: tensor<9x16xbf16>, %g: tensor<9x16xf32>, %sum: tensor<16xf32>) -> tensor<16xf32> {
  %xe = arith.extf %x : tensor<9x16xbf16> to tensor<9x16xf32>
  %d = hadal.rms_norm_weight_gradient %xe, %g {eps = 1.0e-6} : tensor<9x16xf32> -> tensor<16xf32>
  %s = arith.addf %sum, %d : tensor<16xf32>
  hadal.yield %s : tensor<16xf32>
}

// A rowwise kernel has no anchor, and its operations are written out.
// CHECK: @rows (rowwise): prologue [] anchor none epilogue [{{.*}}hadal.row_reduce{{.*}}] arguments [element, row]
hadal.kernel rowwise @rows(%x: tensor<9x16xf32>, %g: tensor<16xf32>) -> tensor<9x16xf32> {
  %y = hadal.rms_norm %x weights(%g : tensor<16xf32>) {eps = 1.0e-6} : tensor<9x16xf32>
  hadal.yield %y : tensor<9x16xf32>
}

// A position is a number per row, whatever the shape of the tensor that they lie in.
// CHECK: @positions (rowwise): prologue [] anchor none epilogue [hadal.rope] arguments [element, number_per_row]
hadal.kernel rowwise @positions(%x: tensor<2x9x16xf32>, %p: tensor<2x9xi32>) -> tensor<2x9x16xf32> {
  %y = hadal.rope %x positions(%p : tensor<2x9xi32>) {heads = 1, position_limit = 40, rope = #hadal.rope<theta = 1.0e4, dim = 16>} : tensor<2x9x16xf32>
  hadal.yield %y : tensor<2x9x16xf32>
}
