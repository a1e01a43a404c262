// Rows to and from the pages of a cache, chosen rows, and the head that keeps its logits, against the reference evaluator:
// widths that fill no vector, empty places, rows that go to one place, pages that are named nowhere.
// RUN: hadal-check-kernels %s --cpu=host
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --plant-fault=all
// RUN: hadal-check-kernels %s --cpu=x86-64-v2
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s

// CHECK: @write_pages (routing): write_rows_in_order {} stages [write: 1 / 1]
hadal.kernel routing @write_pages(%cache: tensor<7x4x37xf32>, %rows: tensor<2x5x37xf32>, %pages: tensor<2x3xi32> {hadal.range = [-1, 8]}, %positions: tensor<2x5xi32> {hadal.range = [-2, 14]}) -> tensor<7x4x37xf32> {
  %0 = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<7x4x37xf32>, tensor<2x5x37xf32>, tensor<2x3xi32>, tensor<2x5xi32>) -> tensor<7x4x37xf32>
  hadal.yield %0 : tensor<7x4x37xf32>
}
hadal.kernel routing @write_pages_bf16(%cache: tensor<4x64x16xbf16>, %rows: tensor<3x1x16xbf16>, %pages: tensor<3x2xi32>, %positions: tensor<3x1xi32>) -> tensor<4x64x16xbf16> {
  %0 = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<4x64x16xbf16>, tensor<3x1x16xbf16>, tensor<3x2xi32>, tensor<3x1xi32>) -> tensor<4x64x16xbf16>
  hadal.yield %0 : tensor<4x64x16xbf16>
}

// Of rows that go to one place the last one stays.
hadal.kernel routing @write_one_place(%cache: tensor<3x4x37xf32>, %rows: tensor<2x9x37xf32>, %pages: tensor<2x2xi32> {hadal.value = dense<[[2, 0], [1, 2]]> : tensor<2x2xi32>}, %positions: tensor<2x9xi32> {hadal.value = dense<[[3, 3, 3, 3, 3, 6, 3, 3, 3], [7, 7, 0, 7, 1, 1, 1, 1, -1]]> : tensor<2x9xi32>}) -> tensor<3x4x37xf32> {
  %0 = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<3x4x37xf32>, tensor<2x9x37xf32>, tensor<2x2xi32>, tensor<2x9xi32>) -> tensor<3x4x37xf32>
  hadal.yield %0 : tensor<3x4x37xf32>
}

// CHECK: @read_pages (routing): copy_pages {items =
hadal.kernel routing @read_pages(%cache: tensor<7x4x37xf32>, %pages: tensor<3x3xi32> {hadal.value = dense<[[6, 0, 3], [-1, 2, 7], [5, 5, 1]]> : tensor<3x3xi32>}, %lengths: tensor<3xi32> {hadal.value = dense<[7, 12, 0]> : tensor<3xi32>}) -> tensor<3x12x37xf32> {
  %0 = hadal.read_pages %cache, %pages, %lengths : (tensor<7x4x37xf32>, tensor<3x3xi32>, tensor<3xi32>) -> tensor<3x12x37xf32>
  hadal.yield %0 : tensor<3x12x37xf32>
}
hadal.kernel routing @read_pages_bf16(%cache: tensor<4x64x16xbf16>, %pages: tensor<2x2xi32>, %lengths: tensor<2xi32>) -> tensor<2x128x16xbf16> {
  %0 = hadal.read_pages %cache, %pages, %lengths : (tensor<4x64x16xbf16>, tensor<2x2xi32>, tensor<2xi32>) -> tensor<2x128x16xbf16>
  hadal.yield %0 : tensor<2x128x16xbf16>
}

// CHECK: @pick_rows (routing): copy_rows {} stages [copy: 6 / 1]
hadal.kernel routing @pick_rows(%x: tensor<2x9x37xf32>, %i: tensor<2x3xi32> {hadal.value = dense<[[8, -1, 0], [3, 9, 3]]> : tensor<2x3xi32>}) -> tensor<2x3x37xf32> {
  %0 = hadal.pick_rows %x, %i : (tensor<2x9x37xf32>, tensor<2x3xi32>) -> tensor<2x3x37xf32>
  hadal.yield %0 : tensor<2x3x37xf32>
}

// CHECK: @logits (head): token_chunks {{.*}} workspace 0 B
hadal.kernel head @logits(%h: tensor<3x1x37xf32>, %w: tensor<1031x37xf32>) -> (tensor<3x1x1031xf32>, tensor<3x1x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<3x1x37xf32>, tensor<1031x37xf32>) -> (tensor<3x1x1031xf32>, tensor<3x1x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<3x1x1031xf32>, tensor<3x1x2xf32>
}
hadal.kernel head @logits_bf16(%h: tensor<1x5x64xbf16>, %w: tensor<101x64xbf16>) -> (tensor<1x5x101xf32>, tensor<1x5x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<1x5x64xbf16>, tensor<101x64xbf16>) -> (tensor<1x5x101xf32>, tensor<1x5x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x5x101xf32>, tensor<1x5x2xf32>
}
// Two chunks of tokens.
hadal.kernel head @logits_of_many(%h: tensor<1x300x16xf32>, %w: tensor<40x16xf32>) -> (tensor<1x300x40xf32>, tensor<1x300x2xf32>) {
  %0:2 = hadal.logits %h, %w : (tensor<1x300x16xf32>, tensor<40x16xf32>) -> (tensor<1x300x40xf32>, tensor<1x300x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x300x40xf32>, tensor<1x300x2xf32>
}
hadal.kernel head @logits_alone_of_all(%h: tensor<2x1x16xf32>, %w: tensor<40x16xf32>) -> tensor<2x1x40xf32> {
  %0:2 = hadal.logits %h, %w : (tensor<2x1x16xf32>, tensor<40x16xf32>) -> (tensor<2x1x40xf32>, tensor<2x1x2xf32>)
  hadal.yield %0#0 : tensor<2x1x40xf32>
}
