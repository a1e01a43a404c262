// Attention on the latents of a cache, the products by which heads get there and back, and a product of as many rows as a
// number tells, against the reference evaluator: several blocks of keys, pages in any order, of any length or named nowhere,
// queries at any positions, empty places, caches narrower than queries, and what nobody sees no numbers.
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 %if avx512 %{ --other-cpu=x86-64-v4 %}
// RUN: hadal-check-kernels %s --cpu=host --kernel=latent --plant-fault=keys --plant-fault=position --plant-fault=scale | FileCheck %s --check-prefix=FAULTS --implicit-check-not=MISSED
// RUN: hadal-check-kernels %s --cpu=x86-64-v2 --kernel=few
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s
// RUN: hadal-opt %s --hadal-print-anatomy -o /dev/null 2>&1 | FileCheck %s --check-prefix=ANATOMY

// A last block of keys that is lost, a key that is its neighbour, a table of pages or positions that are moved by one.
// FAULTS: @latent keys, operand 2: noticed
// FAULTS: @latent position, operand 2: noticed
// FAULTS: @latent position, operand 4: noticed
// FAULTS: @latent position, operand 5: noticed
// FAULTS: @latent position, operand 6: noticed

// CHECK: @latent (attention): latent_key_blocks {} stages [parts: 9 / 1, join: 9 / 1]
// CHECK-NEXT: predicted
// CHECK-NEXT: multiply-adds of sequences of 64 positions 0.355 M, 256 positions 1.42 M, 336 positions 1.86 M
hadal.kernel attention @latent(%a: tensor<3x3x296xf32>, %q: tensor<3x3x80xf32>, %c: tensor<13x48x37xf32>, %k: tensor<13x48x3xf32>, %t: tensor<3x7xi32> {hadal.value = dense<[[6, 0, 3, 12, 7, 1, 2], [-1, 4, 13, 5, 8, 0, 0], [9, 10, 11, 9, 10, 11, 9]]> : tensor<3x7xi32>}, %p: tensor<3x3xi32> {hadal.value = dense<[[319, 128, 5], [300, 127, -1], [8, 129, 7]]> : tensor<3x3xi32>}, %n: tensor<3xi32> {hadal.value = dense<[320, 299, 400]> : tensor<3xi32>}) -> tensor<3x3x296xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 8, scale = 0.3 : f64} : (tensor<3x3x296xf32>, tensor<3x3x80xf32>, tensor<13x48x37xf32>, tensor<13x48x3xf32>, tensor<3x7xi32>, tensor<3x3xi32>, tensor<3xi32>) -> tensor<3x3x296xf32>
  hadal.yield %0 : tensor<3x3x296xf32>
}

// More heads than a tile has, and than a task.
// CHECK: @many_heads (attention): latent_key_blocks {} stages [parts: 8 / 1, join: 10 / 1]
hadal.kernel attention @many_heads(%a: tensor<2x1x2560xf32>, %q: tensor<2x1x1280xf32>, %c: tensor<4x64x32xf32>, %k: tensor<4x64x16xf32>, %t: tensor<2x4xi32> {hadal.value = dense<[[2, 0, 1, 3], [1, 2, 3, 0]]> : tensor<2x4xi32>}, %p: tensor<2x1xi32> {hadal.value = dense<[[255], [100]]> : tensor<2x1xi32>}, %n: tensor<2xi32> {hadal.value = dense<[256, 101]> : tensor<2xi32>}) -> tensor<2x1x2560xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 80, scale = 0.2 : f64} : (tensor<2x1x2560xf32>, tensor<2x1x1280xf32>, tensor<4x64x32xf32>, tensor<4x64x16xf32>, tensor<2x4xi32>, tensor<2x1xi32>, tensor<2xi32>) -> tensor<2x1x2560xf32>
  hadal.yield %0 : tensor<2x1x2560xf32>
}

// Two bf16 factors, the rank no whole number of steps; and a cache that is narrower than the queries.
hadal.kernel attention @bf16_few(%a: tensor<2x2x150xbf16>, %q: tensor<2x2x36xbf16>, %c: tensor<4x64x50xbf16>, %k: tensor<4x64x8xbf16>, %t: tensor<2x3xi32> {hadal.value = dense<[[2, 0, 1], [1, 3, 0]]> : tensor<2x3xi32>}, %p: tensor<2x2xi32> {hadal.value = dense<[[150, 33], [17, 65]]> : tensor<2x2xi32>}, %n: tensor<2xi32> {hadal.value = dense<[151, 66]> : tensor<2xi32>}) -> tensor<2x2x150xbf16> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 3, scale = 0.25 : f64} : (tensor<2x2x150xbf16>, tensor<2x2x36xbf16>, tensor<4x64x50xbf16>, tensor<4x64x8xbf16>, tensor<2x3xi32>, tensor<2x2xi32>, tensor<2xi32>) -> tensor<2x2x150xbf16>
  hadal.yield %0 : tensor<2x2x150xbf16>
}
hadal.kernel attention @narrow_cache_few(%a: tensor<1x1x64xf32>, %q: tensor<1x1x48xf32>, %c: tensor<2x64x32xbf16>, %k: tensor<2x64x8xbf16>, %t: tensor<1x2xi32> {hadal.value = dense<[[1, 0]]> : tensor<1x2xi32>}, %p: tensor<1x1xi32> {hadal.value = dense<70> : tensor<1x1xi32>}, %n: tensor<1xi32> {hadal.value = dense<71> : tensor<1xi32>}) -> tensor<1x1x64xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 2, scale = 0.25 : f64} : (tensor<1x1x64xf32>, tensor<1x1x48xf32>, tensor<2x64x32xbf16>, tensor<2x64x8xbf16>, tensor<1x2xi32>, tensor<1x1xi32>, tensor<1xi32>) -> tensor<1x1x64xf32>
  hadal.yield %0 : tensor<1x1x64xf32>
}

// Longer than what waits to be joined may be: in rounds.
// CHECK: @rounds (attention): latent_key_blocks {} stages [parts: 9 / 1, join: 1024 / 1] steps 4 workspace
hadal.kernel attention @rounds(%a: tensor<1x256x1024xf32>, %q: tensor<1x256x128xf32>, %c: tensor<2x1088x16xf32>, %k: tensor<2x1088x2xf32>, %t: tensor<1x2xi32> {hadal.value = dense<[[1, 0]]> : tensor<1x2xi32>}, %p: tensor<1x256xi32> {hadal.value = dense<[[-1, -1, -1, 2100, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 1200, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 100]]> : tensor<1x256xi32>}, %n: tensor<1xi32> {hadal.value = dense<2101> : tensor<1xi32>}) -> tensor<1x256x1024xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 64, scale = 0.2 : f64} : (tensor<1x256x1024xf32>, tensor<1x256x128xf32>, tensor<2x1088x16xf32>, tensor<2x1088x2xf32>, tensor<1x2xi32>, tensor<1x256xi32>, tensor<1xi32>) -> tensor<1x256x1024xf32>
  hadal.yield %0 : tensor<1x256x1024xf32>
}

// ANATOMY: @to_latents{{.*}} anchor hadal.head_matmul
// ANATOMY-NEXT: product: 5 x 300 x 21, 3 batches; A = argument 0, rows of 93, batches 31 apart; B = argument 1, rows of 300 across the depth from element 600 on, batches 15000 apart; C in rows of 900, batches 0 rows and 300 columns apart
hadal.kernel contraction @to_latents(%x: tensor<5x1x93xf32>, %w: tensor<150x300xf32>) -> tensor<5x1x900xf32> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 2, count = 21} : (tensor<5x1x93xf32>, tensor<150x300xf32>) -> tensor<5x1x900xf32>
  hadal.yield %0 : tensor<5x1x900xf32>
}
hadal.kernel contraction @from_latents(%x: tensor<5x1x900xbf16>, %w: tensor<150x300xbf16>) -> tensor<5x1x81xbf16> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 23, count = 27, transpose_rhs} : (tensor<5x1x900xbf16>, tensor<150x300xbf16>) -> tensor<5x1x81xbf16>
  hadal.yield %0 : tensor<5x1x81xbf16>
}
hadal.kernel contraction @one_head_few(%x: tensor<1x1x40xf32>, %w: tensor<30x17xf32>) -> tensor<1x1x17xf32> {
  %0 = hadal.head_matmul %x, %w {heads = 1, first = 5, count = 20} : (tensor<1x1x40xf32>, tensor<30x17xf32>) -> tensor<1x1x17xf32>
  hadal.yield %0 : tensor<1x1x17xf32>
}

// ANATOMY: @counted{{.*}} anchor hadal.counted_matmul
// ANATOMY-NEXT: product: 130 x 40 x 37, 3 batches, as many rows as argument 2 says;
hadal.kernel contraction @counted(%x: tensor<3x130x37xf32>, %w: tensor<40x37xf32>, %n: tensor<3xi32> {hadal.value = dense<[129, 0, 15]> : tensor<3xi32>}) -> tensor<3x130x40xf32> {
  %0 = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<3x130x37xf32>, tensor<40x37xf32>, tensor<3xi32>) -> tensor<3x130x40xf32>
  hadal.yield %0 : tensor<3x130x40xf32>
}
hadal.kernel contraction @counted_bf16(%x: tensor<1x200x64xbf16>, %w: tensor<64x40xbf16>, %n: tensor<1xi32> {hadal.value = dense<70> : tensor<1xi32>}) -> tensor<1x200x40xbf16> {
  %0 = hadal.counted_matmul %x, %w, %n : (tensor<1x200x64xbf16>, tensor<64x40xbf16>, tensor<1xi32>) -> tensor<1x200x40xbf16>
  hadal.yield %0 : tensor<1x200x40xbf16>
}

// A row's bits depend on that row alone: not on the other queries of its sequence, on other sequences, on how long they may become.
// RUN: hadal-check-kernels %s --cpu=x86-64-v3 --kernel=pair --alone=random
hadal.kernel attention @pair_latent_alone(%a: tensor<1x1x148xf32>, %q: tensor<1x1x40xf32>, %c: tensor<5x64x37xf32>, %k: tensor<5x64x6xf32>, %t: tensor<1x3xi32> {hadal.value = dense<[[4, 0, 2]]> : tensor<1x3xi32>}, %p: tensor<1x1xi32> {hadal.value = dense<140> : tensor<1x1xi32>}, %n: tensor<1xi32> {hadal.value = dense<141> : tensor<1xi32>}) -> tensor<1x1x148xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 4, scale = 0.3 : f64} : (tensor<1x1x148xf32>, tensor<1x1x40xf32>, tensor<5x64x37xf32>, tensor<5x64x6xf32>, tensor<1x3xi32>, tensor<1x1xi32>, tensor<1xi32>) -> tensor<1x1x148xf32>
  hadal.yield %0 : tensor<1x1x148xf32>
}
hadal.kernel attention @pair_latent_among(%a: tensor<3x2x148xf32>, %q: tensor<3x2x40xf32>, %c: tensor<9x64x37xf32>, %k: tensor<9x64x6xf32>, %t: tensor<3x5xi32> {hadal.value = dense<[[4, 0, 2, 7, 8], [1, 3, 5, 6, -1], [0, 0, 0, 0, 0]]> : tensor<3x5xi32>}, %p: tensor<3x2xi32> {hadal.value = dense<[[140, 300], [-1, 63], [64, 2]]> : tensor<3x2xi32>}, %n: tensor<3xi32> {hadal.value = dense<[301, 64, 65]> : tensor<3xi32>}) -> tensor<3x2x148xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 4, scale = 0.3 : f64} : (tensor<3x2x148xf32>, tensor<3x2x40xf32>, tensor<9x64x37xf32>, tensor<9x64x6xf32>, tensor<3x5xi32>, tensor<3x2xi32>, tensor<3xi32>) -> tensor<3x2x148xf32>
  hadal.yield %0 : tensor<3x2x148xf32>
}
hadal.kernel attention @pair_bf16_alone(%a: tensor<1x1x80xbf16>, %q: tensor<1x1x40xbf16>, %c: tensor<3x64x40xbf16>, %k: tensor<3x64x6xbf16>, %t: tensor<1x3xi32> {hadal.value = dense<[[2, 0, 1]]> : tensor<1x3xi32>}, %p: tensor<1x1xi32> {hadal.value = dense<140> : tensor<1x1xi32>}, %n: tensor<1xi32> {hadal.value = dense<141> : tensor<1xi32>}) -> tensor<1x1x80xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 2, scale = 0.3 : f64} : (tensor<1x1x80xbf16>, tensor<1x1x40xbf16>, tensor<3x64x40xbf16>, tensor<3x64x6xbf16>, tensor<1x3xi32>, tensor<1x1xi32>, tensor<1xi32>) -> tensor<1x1x80xf32>
  hadal.yield %0 : tensor<1x1x80xf32>
}
hadal.kernel attention @pair_bf16_among(%a: tensor<2x2x80xbf16>, %q: tensor<2x2x40xbf16>, %c: tensor<5x64x40xbf16>, %k: tensor<5x64x6xbf16>, %t: tensor<2x4xi32> {hadal.value = dense<[[2, 0, 1, 4], [3, 3, 3, 3]]> : tensor<2x4xi32>}, %p: tensor<2x2xi32> {hadal.value = dense<[[140, 159], [0, 255]]> : tensor<2x2xi32>}, %n: tensor<2xi32> {hadal.value = dense<[160, 256]> : tensor<2xi32>}) -> tensor<2x2x80xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 2, scale = 0.3 : f64} : (tensor<2x2x80xbf16>, tensor<2x2x40xbf16>, tensor<5x64x40xbf16>, tensor<5x64x6xbf16>, tensor<2x4xi32>, tensor<2x2xi32>, tensor<2xi32>) -> tensor<2x2x80xf32>
  hadal.yield %0 : tensor<2x2x80xf32>
}
hadal.kernel contraction @pair_heads_alone(%x: tensor<1x1x93xf32>, %w: tensor<150x300xf32>) -> tensor<1x1x900xf32> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 2, count = 21} : (tensor<1x1x93xf32>, tensor<150x300xf32>) -> tensor<1x1x900xf32>
  hadal.yield %0 : tensor<1x1x900xf32>
}
hadal.kernel contraction @pair_heads_among(%x: tensor<4x20x93xf32>, %w: tensor<150x300xf32>) -> tensor<4x20x900xf32> {
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 2, count = 21} : (tensor<4x20x93xf32>, tensor<150x300xf32>) -> tensor<4x20x900xf32>
  hadal.yield %0 : tensor<4x20x900xf32>
}
hadal.kernel contraction @pair_counted_alone(%x: tensor<1x20x300xf32>, %w: tensor<40x300xf32>, %n: tensor<1xi32> {hadal.value = dense<20> : tensor<1xi32>}) -> tensor<1x20x40xf32> {
  %0 = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<1x20x300xf32>, tensor<40x300xf32>, tensor<1xi32>) -> tensor<1x20x40xf32>
  hadal.yield %0 : tensor<1x20x40xf32>
}
hadal.kernel contraction @pair_counted_among(%x: tensor<2x150x300xf32>, %w: tensor<40x300xf32>, %n: tensor<2xi32> {hadal.value = dense<[90, 150]> : tensor<2xi32>}) -> tensor<2x150x40xf32> {
  %0 = hadal.counted_matmul %x, %w, %n {transpose_rhs} : (tensor<2x150x300xf32>, tensor<40x300xf32>, tensor<2xi32>) -> tensor<2x150x40xf32>
  hadal.yield %0 : tensor<2x150x40xf32>
}
