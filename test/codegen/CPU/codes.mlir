// Products whose weight is in codes: against the reference evaluator, and with the same bits on every CPU, whichever way
// it has from codes to numbers.
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --other-cpu=x86-64 | FileCheck %s --implicit-check-not=FAIL
// RUN: %if avx512 %{ hadal-check-kernels %s --cpu=x86-64-v4 --other-cpu=x86-64-v3 | FileCheck %s --implicit-check-not=FAIL %}
// CHECK: {{^}}36 of 36 kernels pass

// int8 by f32: one row, few, and many; depths of less than a group, more than one, more than a block; ragged edges.
hadal.kernel contraction @linear_int8_f32_1x96x288(%x: tensor<1x288xf32>, %c: tensor<96x288xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x96xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<96x288xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<96x288xf32>
  %y = hadal.linear %x weights(%w : tensor<96x288xf32>) : tensor<1x288xf32> -> tensor<1x96xf32>
  hadal.yield %y : tensor<1x96xf32>
}
hadal.kernel contraction @linear_int8_f32_3x50x70(%x: tensor<3x70xf32>, %c: tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<3x50xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<50x70xf32>
  %y = hadal.linear %x weights(%w : tensor<50x70xf32>) : tensor<3x70xf32> -> tensor<3x50xf32>
  hadal.yield %y : tensor<3x50xf32>
}
hadal.kernel contraction @linear_int8_f32_40x144x1100(%x: tensor<40x1100xf32>, %c: tensor<144x1100xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<144x35xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<40x144xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<144x1100xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<144x35xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x1100xf32>
  %y = hadal.linear %x weights(%w : tensor<144x1100xf32>) : tensor<40x1100xf32> -> tensor<40x144xf32>
  hadal.yield %y : tensor<40x144xf32>
}
hadal.kernel contraction @linear_int8_f32_1x200x20(%x: tensor<1x20xf32>, %c: tensor<200x20xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<200x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x200xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<200x20xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<200x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<200x20xf32>
  %y = hadal.linear %x weights(%w : tensor<200x20xf32>) : tensor<1x20xf32> -> tensor<1x200xf32>
  hadal.yield %y : tensor<1x200xf32>
}
hadal.kernel contraction @grouped_int8_f32(%x: tensor<24x200xf32>, %c: tensor<5x40x200xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, %s: tensor<5x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>, %o: tensor<6xi32>) -> tensor<24x40xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<5x40x200xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<5x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>) -> tensor<5x40x200xf32>
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<24x200xf32>, tensor<5x40x200xf32>, tensor<6xi32>) -> tensor<24x40xf32>
  hadal.yield %y : tensor<24x40xf32>
}
hadal.kernel head @head_int8_f32(%h: tensor<3x1x136xf32>, %c: tensor<300x136xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<300x5xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>) {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<300x136xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<300x5xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<300x136xf32>
  %z, %n = hadal.logits %h, %w : (tensor<3x1x136xf32>, tensor<300x136xf32>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>)
  hadal.yield %z, %n : tensor<3x1x300xf32>, tensor<3x1x2xf32>
}

// int8 by bf16: one row, few, and many; depths of less than a group, more than one, more than a block; ragged edges.
hadal.kernel contraction @linear_int8_bf16_1x96x288(%x: tensor<1x288xbf16>, %c: tensor<96x288xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x96xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<96x288xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<96x288xbf16>
  %y = hadal.linear %x weights(%w : tensor<96x288xbf16>) : tensor<1x288xbf16> -> tensor<1x96xf32>
  hadal.yield %y : tensor<1x96xf32>
}
hadal.kernel contraction @linear_int8_bf16_3x50x70(%x: tensor<3x70xbf16>, %c: tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<3x50xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<50x70xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<50x70xbf16>
  %y = hadal.linear %x weights(%w : tensor<50x70xbf16>) : tensor<3x70xbf16> -> tensor<3x50xf32>
  hadal.yield %y : tensor<3x50xf32>
}
hadal.kernel contraction @linear_int8_bf16_40x144x1100(%x: tensor<40x1100xbf16>, %c: tensor<144x1100xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<144x35xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<40x144xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<144x1100xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<144x35xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x1100xbf16>
  %y = hadal.linear %x weights(%w : tensor<144x1100xbf16>) : tensor<40x1100xbf16> -> tensor<40x144xf32>
  hadal.yield %y : tensor<40x144xf32>
}
hadal.kernel contraction @linear_int8_bf16_1x200x20(%x: tensor<1x20xbf16>, %c: tensor<200x20xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<200x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x200xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<200x20xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<200x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<200x20xbf16>
  %y = hadal.linear %x weights(%w : tensor<200x20xbf16>) : tensor<1x20xbf16> -> tensor<1x200xf32>
  hadal.yield %y : tensor<1x200xf32>
}
hadal.kernel contraction @grouped_int8_bf16(%x: tensor<24x200xbf16>, %c: tensor<5x40x200xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, %s: tensor<5x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>, %o: tensor<6xi32>) -> tensor<24x40xf32> {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<5x40x200xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<5x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>) -> tensor<5x40x200xbf16>
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<24x200xbf16>, tensor<5x40x200xbf16>, tensor<6xi32>) -> tensor<24x40xf32>
  hadal.yield %y : tensor<24x40xf32>
}
hadal.kernel head @head_int8_bf16(%h: tensor<3x1x136xbf16>, %c: tensor<300x136xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<300x5xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>) {
  %w = hadal.dequantize_weight int8 %c, %s : (tensor<300x136xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<300x5xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<300x136xbf16>
  %z, %n = hadal.logits %h, %w : (tensor<3x1x136xbf16>, tensor<300x136xbf16>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>)
  hadal.yield %z, %n : tensor<3x1x300xf32>, tensor<3x1x2xf32>
}

// int4 by f32: one row, few, and many; depths of less than a group, more than one, more than a block; ragged edges.
hadal.kernel contraction @linear_int4_f32_1x96x288(%x: tensor<1x288xf32>, %c: tensor<96x144xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x96xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<96x144xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<96x288xf32>
  %y = hadal.linear %x weights(%w : tensor<96x288xf32>) : tensor<1x288xf32> -> tensor<1x96xf32>
  hadal.yield %y : tensor<1x96xf32>
}
hadal.kernel contraction @linear_int4_f32_3x50x70(%x: tensor<3x70xf32>, %c: tensor<50x35xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<3x50xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<50x35xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<50x70xf32>
  %y = hadal.linear %x weights(%w : tensor<50x70xf32>) : tensor<3x70xf32> -> tensor<3x50xf32>
  hadal.yield %y : tensor<3x50xf32>
}
hadal.kernel contraction @linear_int4_f32_40x144x1100(%x: tensor<40x1100xf32>, %c: tensor<144x550xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<144x35xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<40x144xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<144x550xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<144x35xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x1100xf32>
  %y = hadal.linear %x weights(%w : tensor<144x1100xf32>) : tensor<40x1100xf32> -> tensor<40x144xf32>
  hadal.yield %y : tensor<40x144xf32>
}
hadal.kernel contraction @linear_int4_f32_1x200x20(%x: tensor<1x20xf32>, %c: tensor<200x10xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<200x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x200xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<200x10xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<200x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<200x20xf32>
  %y = hadal.linear %x weights(%w : tensor<200x20xf32>) : tensor<1x20xf32> -> tensor<1x200xf32>
  hadal.yield %y : tensor<1x200xf32>
}
hadal.kernel contraction @grouped_int4_f32(%x: tensor<24x200xf32>, %c: tensor<5x40x100xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [4, 16, 4]>>>, %s: tensor<5x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>, %o: tensor<6xi32>) -> tensor<24x40xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<5x40x100xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [4, 16, 4]>>>, tensor<5x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>) -> tensor<5x40x200xf32>
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<24x200xf32>, tensor<5x40x200xf32>, tensor<6xi32>) -> tensor<24x40xf32>
  hadal.yield %y : tensor<24x40xf32>
}
hadal.kernel head @head_int4_f32(%h: tensor<3x1x136xf32>, %c: tensor<300x68xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<300x5xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>) {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<300x68xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<300x5xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<300x136xf32>
  %z, %n = hadal.logits %h, %w : (tensor<3x1x136xf32>, tensor<300x136xf32>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>)
  hadal.yield %z, %n : tensor<3x1x300xf32>, tensor<3x1x2xf32>
}

// int4 by bf16: one row, few, and many; depths of less than a group, more than one, more than a block; ragged edges.
hadal.kernel contraction @linear_int4_bf16_1x96x288(%x: tensor<1x288xbf16>, %c: tensor<96x144xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x96xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<96x144xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<96x9xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<96x288xbf16>
  %y = hadal.linear %x weights(%w : tensor<96x288xbf16>) : tensor<1x288xbf16> -> tensor<1x96xf32>
  hadal.yield %y : tensor<1x96xf32>
}
hadal.kernel contraction @linear_int4_bf16_3x50x70(%x: tensor<3x70xbf16>, %c: tensor<50x35xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<3x50xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<50x35xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<50x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<50x70xbf16>
  %y = hadal.linear %x weights(%w : tensor<50x70xbf16>) : tensor<3x70xbf16> -> tensor<3x50xf32>
  hadal.yield %y : tensor<3x50xf32>
}
hadal.kernel contraction @linear_int4_bf16_40x144x1100(%x: tensor<40x1100xbf16>, %c: tensor<144x550xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<144x35xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<40x144xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<144x550xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<144x35xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<144x1100xbf16>
  %y = hadal.linear %x weights(%w : tensor<144x1100xbf16>) : tensor<40x1100xbf16> -> tensor<40x144xf32>
  hadal.yield %y : tensor<40x144xf32>
}
hadal.kernel contraction @linear_int4_bf16_1x200x20(%x: tensor<1x20xbf16>, %c: tensor<200x10xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<200x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<1x200xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<200x10xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<200x1xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<200x20xbf16>
  %y = hadal.linear %x weights(%w : tensor<200x20xbf16>) : tensor<1x20xbf16> -> tensor<1x200xf32>
  hadal.yield %y : tensor<1x200xf32>
}
hadal.kernel contraction @grouped_int4_bf16(%x: tensor<24x200xbf16>, %c: tensor<5x40x100xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [4, 16, 4]>>>, %s: tensor<5x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>, %o: tensor<6xi32>) -> tensor<24x40xf32> {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<5x40x100xi8, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1, 2], tiles = [4, 16, 4]>>>, tensor<5x40x7xbf16, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [1], tiles = [16]>>>) -> tensor<5x40x200xbf16>
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<24x200xbf16>, tensor<5x40x200xbf16>, tensor<6xi32>) -> tensor<24x40xf32>
  hadal.yield %y : tensor<24x40xf32>
}
hadal.kernel head @head_int4_bf16(%h: tensor<3x1x136xbf16>, %c: tensor<300x68xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, %s: tensor<300x5xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>) {
  %w = hadal.dequantize_weight int4 %c, %s : (tensor<300x68xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0, 1], tiles = [4, 16, 4]>>>, tensor<300x5xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<300x136xbf16>
  %z, %n = hadal.logits %h, %w : (tensor<3x1x136xbf16>, tensor<300x136xbf16>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>)
  hadal.yield %z, %n : tensor<3x1x300xf32>, tensor<3x1x2xf32>
}

// fp8 by f32: one row, few, and many; depths of less than a group, more than one, more than a block; ragged edges.
hadal.kernel contraction @linear_fp8_f32_1x96x288(%x: tensor<1x288xf32>, %c: tensor<96x288xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<1x3xf32>) -> tensor<1x96xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<96x288xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x3xf32>) -> tensor<96x288xf32>
  %y = hadal.linear %x weights(%w : tensor<96x288xf32>) : tensor<1x288xf32> -> tensor<1x96xf32>
  hadal.yield %y : tensor<1x96xf32>
}
hadal.kernel contraction @linear_fp8_f32_3x50x70(%x: tensor<3x70xf32>, %c: tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<1x1xf32>) -> tensor<3x50xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>) -> tensor<50x70xf32>
  %y = hadal.linear %x weights(%w : tensor<50x70xf32>) : tensor<3x70xf32> -> tensor<3x50xf32>
  hadal.yield %y : tensor<3x50xf32>
}
hadal.kernel contraction @linear_fp8_f32_40x144x1100(%x: tensor<40x1100xf32>, %c: tensor<144x1100xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<2x9xf32>) -> tensor<40x144xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<144x1100xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x9xf32>) -> tensor<144x1100xf32>
  %y = hadal.linear %x weights(%w : tensor<144x1100xf32>) : tensor<40x1100xf32> -> tensor<40x144xf32>
  hadal.yield %y : tensor<40x144xf32>
}
hadal.kernel contraction @linear_fp8_f32_1x200x20(%x: tensor<1x20xf32>, %c: tensor<200x20xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<2x1xf32>) -> tensor<1x200xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<200x20xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x1xf32>) -> tensor<200x20xf32>
  %y = hadal.linear %x weights(%w : tensor<200x20xf32>) : tensor<1x20xf32> -> tensor<1x200xf32>
  hadal.yield %y : tensor<1x200xf32>
}
hadal.kernel contraction @grouped_fp8_f32(%x: tensor<24x200xf32>, %c: tensor<5x40x200xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, %s: tensor<5x1x2xf32>, %o: tensor<6xi32>) -> tensor<24x40xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<5x40x200xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<5x1x2xf32>) -> tensor<5x40x200xf32>
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<24x200xf32>, tensor<5x40x200xf32>, tensor<6xi32>) -> tensor<24x40xf32>
  hadal.yield %y : tensor<24x40xf32>
}
hadal.kernel head @head_fp8_f32(%h: tensor<3x1x136xf32>, %c: tensor<300x136xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<3x2xf32>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>) {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<300x136xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<3x2xf32>) -> tensor<300x136xf32>
  %z, %n = hadal.logits %h, %w : (tensor<3x1x136xf32>, tensor<300x136xf32>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>)
  hadal.yield %z, %n : tensor<3x1x300xf32>, tensor<3x1x2xf32>
}

// fp8 by bf16: one row, few, and many; depths of less than a group, more than one, more than a block; ragged edges.
hadal.kernel contraction @linear_fp8_bf16_1x96x288(%x: tensor<1x288xbf16>, %c: tensor<96x288xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<1x3xf32>) -> tensor<1x96xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<96x288xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x3xf32>) -> tensor<96x288xbf16>
  %y = hadal.linear %x weights(%w : tensor<96x288xbf16>) : tensor<1x288xbf16> -> tensor<1x96xf32>
  hadal.yield %y : tensor<1x96xf32>
}
hadal.kernel contraction @linear_fp8_bf16_3x50x70(%x: tensor<3x70xbf16>, %c: tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<1x1xf32>) -> tensor<3x50xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<50x70xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<1x1xf32>) -> tensor<50x70xbf16>
  %y = hadal.linear %x weights(%w : tensor<50x70xbf16>) : tensor<3x70xbf16> -> tensor<3x50xf32>
  hadal.yield %y : tensor<3x50xf32>
}
hadal.kernel contraction @linear_fp8_bf16_40x144x1100(%x: tensor<40x1100xbf16>, %c: tensor<144x1100xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<2x9xf32>) -> tensor<40x144xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<144x1100xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x9xf32>) -> tensor<144x1100xbf16>
  %y = hadal.linear %x weights(%w : tensor<144x1100xbf16>) : tensor<40x1100xbf16> -> tensor<40x144xf32>
  hadal.yield %y : tensor<40x144xf32>
}
hadal.kernel contraction @linear_fp8_bf16_1x200x20(%x: tensor<1x20xbf16>, %c: tensor<200x20xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<2x1xf32>) -> tensor<1x200xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<200x20xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<2x1xf32>) -> tensor<200x20xbf16>
  %y = hadal.linear %x weights(%w : tensor<200x20xbf16>) : tensor<1x20xbf16> -> tensor<1x200xf32>
  hadal.yield %y : tensor<1x200xf32>
}
hadal.kernel contraction @grouped_fp8_bf16(%x: tensor<24x200xbf16>, %c: tensor<5x40x200xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, %s: tensor<5x1x2xf32>, %o: tensor<6xi32>) -> tensor<24x40xf32> {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<5x40x200xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1, 2], inner = [2, 1], tiles = [32, 16]>>>, tensor<5x1x2xf32>) -> tensor<5x40x200xbf16>
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<24x200xbf16>, tensor<5x40x200xbf16>, tensor<6xi32>) -> tensor<24x40xf32>
  hadal.yield %y : tensor<24x40xf32>
}
hadal.kernel head @head_fp8_bf16(%h: tensor<3x1x136xbf16>, %c: tensor<300x136xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %s: tensor<3x2xf32>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>) {
  %w = hadal.dequantize_weight fp8 %c, %s : (tensor<300x136xf8E4M3FN, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, tensor<3x2xf32>) -> tensor<300x136xbf16>
  %z, %n = hadal.logits %h, %w : (tensor<3x1x136xbf16>, tensor<300x136xbf16>) -> (tensor<3x1x300xf32>, tensor<3x1x2xf32>)
  hadal.yield %z, %n : tensor<3x1x300xf32>, tensor<3x1x2xf32>
}
