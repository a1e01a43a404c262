// What selection chooses for products, attention and the head: tiles, blocks and tasks hang on the shape and the class of CPU.
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v4 print-config' -o /dev/null 2>&1 | FileCheck %s --check-prefix=V4
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v3 print-config' -o /dev/null 2>&1 | FileCheck %s --check-prefix=V3
// RUN: hadal-opt %s --hadal-select-strategies='cpu=x86-64-v2 print-config' -o /dev/null 2>&1 | FileCheck %s --check-prefix=V2

// Large enough for the widest register tile and full blocks.
// V4: @large (contraction): packed_register_tiles {rows = 14, vectors = 2, row_block = 518, column_block = 256} stages [product: 128 / 1] workspace 0 B scratch 807808 B
// V3: @large (contraction): packed_register_tiles {rows = 6, vectors = 1, row_block = 516, column_block = 128} stages [product: 256 / 1] workspace 0 B scratch 401792 B
// V2: @large (contraction): packed_register_tiles {rows = 2, vectors = 1, row_block = 512, column_block = 128} stages [product: 256 / 1] workspace 0 B scratch 395392 B
hadal.kernel contraction @large(%x: tensor<2048x512xf32>, %w: tensor<8192x512xf32>) -> tensor<2048x8192xf32> {
  %0 = hadal.linear %x weights(%w : tensor<8192x512xf32>) : tensor<2048x512xf32> -> tensor<2048x8192xf32>
  hadal.yield %0 : tensor<2048x8192xf32>
}

// Blocks shrink until a team of threads has work.
// V4: @square (contraction): packed_register_tiles {rows = 8, vectors = 2, row_block = 256, column_block = 128} stages [product: 8 / 1] workspace 0 B scratch 270848 B
// V3: @square (contraction): packed_register_tiles {rows = 6, vectors = 1, row_block = 258, column_block = 128} stages [product: 8 / 1] workspace 0 B scratch 269696 B
// V2: @square (contraction): packed_register_tiles {rows = 2, vectors = 1, row_block = 128, column_block = 64} stages [product: 32 / 1] workspace 0 B scratch 100480 B
hadal.kernel contraction @square(%x: tensor<512x512xf32>, %w: tensor<512x512xf32>) -> tensor<512x512xf32> {
  %0 = hadal.linear %x weights(%w : tensor<512x512xf32>) : tensor<512x512xf32> -> tensor<512x512xf32>
  hadal.yield %0 : tensor<512x512xf32>
}

// The router: a narrow register tile.
// V4: @gate (contraction): packed_register_tiles {rows = 16, vectors = 1, row_block = 256, column_block = 16} stages [product: 8 / 1] workspace 0 B scratch 49 KiB
// V3: @gate (contraction): packed_register_tiles {rows = 4, vectors = 1, row_block = 128, column_block = 16} stages [product: 16 / 1] workspace 0 B scratch 28928 B
// V2: @gate (contraction): packed_register_tiles {rows = 2, vectors = 1, row_block = 64, column_block = 16} stages [product: 32 / 1] workspace 0 B scratch 22656 B
hadal.kernel contraction @gate(%x: tensor<2048x512xf32>, %w: tensor<16x512xf32>) -> tensor<2048x16xf32> {
  %0 = hadal.linear %x weights(%w : tensor<16x512xf32>) : tensor<2048x512xf32> -> tensor<2048x16xf32>
  hadal.yield %0 : tensor<2048x16xf32>
}

// A depth beyond the cache is cut.
// V4: @deep (contraction): packed_register_tiles {rows = 8, vectors = 2, row_block = 128, column_block = 64} stages [product: 8 / 1] workspace 0 B scratch 107008 B
// V3: @deep (contraction): packed_register_tiles {rows = 4, vectors = 1, row_block = 128, column_block = 64} stages [product: 8 / 1] workspace 0 B scratch 102656 B
// V2: @deep (contraction): packed_register_tiles {rows = 2, vectors = 1, row_block = 64, column_block = 64} stages [product: 16 / 1] workspace 0 B scratch 84096 B
hadal.kernel contraction @deep(%x: tensor<256x8192xf32>, %w: tensor<256x8192xf32>) -> tensor<256x256xf32> {
  %0 = hadal.linear %x weights(%w : tensor<256x8192xf32>) : tensor<256x8192xf32> -> tensor<256x256xf32>
  hadal.yield %0 : tensor<256x256xf32>
}

// Blocks of rows are counted for the worst spread over experts: one more per expert.
// V4: @grouped (contraction): packed_register_tiles {rows = 14, vectors = 2, row_block = 322, column_block = 512} stages [product: 41 / 1] workspace 0 B scratch 1198976 B
// V3: @grouped (contraction): packed_register_tiles {rows = 6, vectors = 1, row_block = 324, column_block = 128} stages [product: 164 / 1] workspace 0 B scratch 303488 B
// V2: @grouped (contraction): packed_register_tiles {rows = 2, vectors = 1, row_block = 320, column_block = 128} stages [product: 164 / 1] workspace 0 B scratch 297088 B
hadal.kernel contraction @grouped(%x: tensor<8192x512xf32>, %w: tensor<16x512x512xf32>, %o: tensor<17xi32>) -> tensor<8192x512xf32> {
  %0 = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<8192x512xf32>, tensor<16x512x512xf32>, tensor<17xi32>) -> tensor<8192x512xf32>
  hadal.yield %0 : tensor<8192x512xf32>
}

// V4: @outer (contraction): packed_register_tiles {rows = 14, vectors = 2, row_block = 518, column_block = 256} stages [product: 32 / 1] workspace 0 B scratch 1366 KiB
// V3: @outer (contraction): packed_register_tiles {rows = 6, vectors = 1, row_block = 108, column_block = 128} stages [product: 320 / 1] workspace 0 B scratch 470 KiB
// V2: @outer (contraction): packed_register_tiles {rows = 2, vectors = 1, row_block = 52, column_block = 64} stages [product: 1280 / 1] workspace 0 B scratch 493 KiB
hadal.kernel contraction @outer(%x: tensor<8192x512xf32>, %y: tensor<8192x512xf32>, %o: tensor<17xi32>) -> tensor<16x512x512xf32> {
  %0 = hadal.grouped_outer_product %x, %y, %o : (tensor<8192x512xf32>, tensor<8192x512xf32>, tensor<17xi32>) -> tensor<16x512x512xf32>
  hadal.yield %0 : tensor<16x512x512xf32>
}

// One task per head and block of queries; no buffer of sequence squared.
// V4: @attention (attention): online_softmax {rows = 8, vectors = 2} stages [forward: 128 / 1] workspace 0 B scratch 183936 B
// V3: @attention (attention): online_softmax {rows = 6, vectors = 1} stages [forward: 128 / 1] workspace 0 B scratch 184192 B
// V2: @attention (attention): online_softmax {rows = 2, vectors = 1} stages [forward: 128 / 1] workspace 0 B scratch 175872 B
hadal.kernel attention @attention(%q: tensor<4x512x768xf32>, %kv: tensor<4x512x1024xf32>, %rotary: tensor<4x512x32xf32>) -> (tensor<4x512x512xf32>, tensor<4x8x512xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 8, nope = 64, value = 64, scale = 0.1 : f64} : (tensor<4x512x768xf32>, tensor<4x512x1024xf32>, tensor<4x512x32xf32>) -> (tensor<4x512x512xf32>, tensor<4x8x512xf32>)
  hadal.yield %0, %1 : tensor<4x512x512xf32>, tensor<4x8x512xf32>
}

// One task per head; the heads' parts of the rotary key's gradient in the workspace.
// V4: @attention_gradient (attention): recomputed_scores {rows = 8, vectors = 2} stages [heads: 32 / 1, rotary_key: 64 / 1] workspace 2 MiB scratch 551168 B
// V3: @attention_gradient (attention): recomputed_scores {rows = 6, vectors = 1} stages [heads: 32 / 1, rotary_key: 64 / 1] workspace 2 MiB scratch 561920 B
// V2: @attention_gradient (attention): recomputed_scores {rows = 2, vectors = 1} stages [heads: 32 / 1, rotary_key: 64 / 1] workspace 2 MiB scratch 545024 B
hadal.kernel attention @attention_gradient(%q: tensor<4x512x768xf32>, %kv: tensor<4x512x1024xf32>, %rotary: tensor<4x512x32xf32>, %o: tensor<4x512x512xf32>, %l: tensor<4x8x512xf32>, %g: tensor<4x512x512xf32>) -> (tensor<4x512x768xf32>, tensor<4x512x1024xf32>, tensor<4x512x32xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 8, nope = 64, value = 64, scale = 0.1 : f64} : (tensor<4x512x768xf32>, tensor<4x512x1024xf32>, tensor<4x512x32xf32>, tensor<4x512x512xf32>, tensor<4x8x512xf32>, tensor<4x512x512xf32>) -> (tensor<4x512x768xf32>, tensor<4x512x1024xf32>, tensor<4x512x32xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<4x512x768xf32>, tensor<4x512x1024xf32>, tensor<4x512x32xf32>
}

// Two chunks of 1024 tokens: the logits of one fill 32 MiB.
// V4: @head (head): token_chunks {chunk = 1024, logits = {rows = 14, vectors = 2, row_block = 518, column_block = 256}, hidden_gradient = {rows = 8, vectors = 2, row_block = 256, column_block = 256}, weight_gradient = {rows = 8, vectors = 2, row_block = 256, column_block = 512}} stages [logits: 64 / 1, softmax: 256 / 1, hidden_gradient: 8 / 1, weight_gradient: 32 / 1, loss: 1 / 1] steps 9 workspace 32776 KiB scratch 1536 KiB
// V3: @head (head): token_chunks {chunk = 1024, logits = {rows = 6, vectors = 1, row_block = 516, column_block = 128}, hidden_gradient = {rows = 6, vectors = 1, row_block = 258, column_block = 128}, weight_gradient = {rows = 6, vectors = 1, row_block = 108, column_block = 128}} stages [logits: 128 / 1, softmax: 256 / 1, hidden_gradient: 16 / 1, weight_gradient: 304 / 1, loss: 1 / 1] steps 9 workspace 32776 KiB scratch 470 KiB
// V2: @head (head): token_chunks {chunk = 1024, logits = {rows = 2, vectors = 1, row_block = 512, column_block = 128}, hidden_gradient = {rows = 2, vectors = 1, row_block = 256, column_block = 64}, weight_gradient = {rows = 2, vectors = 1, row_block = 44, column_block = 128}} stages [logits: 128 / 1, softmax: 256 / 1, hidden_gradient: 32 / 1, weight_gradient: 748 / 1, loss: 1 / 1] steps 9 workspace 32776 KiB scratch 502 KiB
hadal.kernel head @head(%hidden: tensor<4x512x512xf32>, %targets: tensor<4x512xi32>, %w: tensor<8192x512xf32>, %g: tensor<f32>) -> (tensor<f32>, tensor<4x512x512xf32>, tensor<8192x512xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g : (tensor<4x512x512xf32>, tensor<4x512xi32>, tensor<8192x512xf32>, tensor<f32>) -> (tensor<f32>, tensor<4x512x512xf32>, tensor<8192x512xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<f32>, tensor<4x512x512xf32>, tensor<8192x512xf32>
}

// One row, or a few: register tiles multiply none in vain, and hide their latency by more columns.
// V4: @one_row (contraction): packed_register_tiles {rows = 1, vectors = 4, row_block = 1, column_block = 64}
// V3: @one_row (contraction): packed_register_tiles {rows = 1, vectors = 2, row_block = 1, column_block = 64}
// V2: @one_row (contraction): packed_register_tiles {rows = 1, vectors = 1, row_block = 1, column_block = 64}
hadal.kernel contraction @one_row(%x: tensor<1x512xf32>, %w: tensor<2048x512xf32>) -> tensor<1x2048xf32> {
  %0 = hadal.linear %x weights(%w : tensor<2048x512xf32>) : tensor<1x512xf32> -> tensor<1x2048xf32>
  hadal.yield %0 : tensor<1x2048xf32>
}

// V4: @three_rows (contraction): packed_register_tiles {rows = 4, vectors = 4, row_block = 4, column_block = 128}
// V3: @three_rows (contraction): packed_register_tiles {rows = 4, vectors = 1, row_block = 4, column_block = 128}
// V2: @three_rows (contraction): packed_register_tiles {rows = 1, vectors = 1, row_block = 3, column_block = 64}
hadal.kernel contraction @three_rows(%x: tensor<3x512xbf16>, %w: tensor<2048x512xbf16>) -> tensor<3x2048xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<2048x512xbf16>) : tensor<3x512xbf16> -> tensor<3x2048xbf16>
  hadal.yield %0 : tensor<3x2048xbf16>
}
