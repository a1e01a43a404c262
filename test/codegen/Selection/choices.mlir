// What no kernel could have is refused where it is written.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics | FileCheck %s

// CHECK: #kernel.product_tiles<rows = 14, vectors = 2, row_block = 112, column_block = 512>
// CHECK-SAME: #kernel.thread_product<tiles = <rows = 64, columns = 64, depth = 16, thread_rows = 4, thread_columns = 4>, splits_depth = true>
// CHECK-SAME: #kernel.head_tiles<chunk = 256, logits = <rows = 8, vectors = 2, row_block = 256, column_block = 128>, weight_gradient = <rows = 8, vectors = 2, row_block = 256, column_block = 128>>
module attributes {kernel.choices = [
  #kernel.product_tiles<rows = 14, vectors = 2, row_block = 112, column_block = 512>,
  #kernel.thread_product<tiles = <rows = 64, columns = 64, depth = 16, thread_rows = 4, thread_columns = 4>, splits_depth = true>,
  #kernel.head_tiles<chunk = 256, logits = <rows = 8, vectors = 2, row_block = 256, column_block = 128>,
                     weight_gradient = <rows = 8, vectors = 2, row_block = 256, column_block = 128>>]} {
}

// -----

// expected-error@+1 {{rows is 17, and has to be from 1 to 16}}
module attributes {kernel.choice = #kernel.product_tiles<rows = 17, vectors = 2, row_block = 34, column_block = 32>} {}

// -----

// expected-error@+1 {{row_block is 100, and has to be a multiple of 14 of at least 14}}
module attributes {kernel.choice = #kernel.product_tiles<rows = 14, vectors = 2, row_block = 100, column_block = 32>} {}

// -----

// expected-error@+1 {{row_block is 48, and has to be a multiple of 32 of at least 32}}
module attributes {kernel.choice = #kernel.tile_blocks<row_block = 48, column_block = 32>} {}

// -----

// expected-error@+1 {{column_block is 48, and has to be a multiple of 32 of at least 32}}
module attributes {kernel.choice = #kernel.product_tiles<rows = 14, vectors = 2, row_block = 14, column_block = 48>} {}

// -----

// expected-error@+1 {{items is 0, and has to be of at least 1}}
module attributes {kernel.choice = #kernel.share<items = 0>} {}

// -----

// expected-error@+1 {{columns is 100, and has to be a multiple of 64 from 64 to 256}}
module attributes {kernel.choice = #kernel.tensor_tiles<rows = 64, columns = 100, stages = 4, cluster = 1, group_rows = 1>} {}

// -----

// expected-error@+1 {{stages is 9, and has to be from 2 to 8}}
module attributes {kernel.choice = #kernel.tensor_tiles<rows = 64, columns = 64, stages = 9, cluster = 1, group_rows = 1>} {}

// -----

// expected-error@+1 {{owned is 24, and has to be a multiple of 16 from 16 to 64}}
module attributes {kernel.choice = #kernel.thread_attention<owned = 24, resident = true>} {}

// -----

// expected-error@+1 {{parts is 0, and has to be of at least 1}}
module attributes {kernel.choice = #kernel.thread_latents<tiles = <owned = 16, resident = true>, parts = 0>} {}

// -----

// expected-error@+1 {{stages is 1, and has to be from 2 to 8}}
module attributes {kernel.choice = #kernel.tensor_latents<stages = 1, parts = 3>} {}

// -----

// expected-error@+1 {{owned is 96, and has to be a multiple of 64 from 64 to 128}}
module attributes {kernel.choice = #kernel.tensor_attention<owned = 96, stages = 2>} {}

// -----

// expected-error@+1 {{thread_rows is 2, and has to be a multiple of 4 from 4 to 8}}
module attributes {kernel.choice = #kernel.thread_tiles<rows = 64, columns = 64, depth = 16, thread_rows = 2, thread_columns = 4>} {}

// -----

// expected-error@+1 {{vectors is 5, and has to be from 1 to 4}}
module attributes {kernel.choice = #kernel.attention_tiles<rows = 8, vectors = 5>} {}

// -----

// expected-error@+1 {{unroll is 9, and has to be from 1 to 8}}
module attributes {kernel.choice = #kernel.row_plan<lanes = 4, threads_per_row = 32, rows_per_block = 8, unroll = 9, in_registers = true>} {}

// -----

// expected-error@+1 {{chunk is 0, and has to be of at least 1}}
module attributes {kernel.choice = #kernel.head_tiles<chunk = 0, logits = <rows = 8, vectors = 2, row_block = 8, column_block = 32>>} {}

// -----

// expected-error@+1 {{chunk is -1, and has to be of at least 1}}
module attributes {kernel.choice = #kernel.thread_head<chunk = -1, logits = <rows = 64, columns = 64, depth = 16, thread_rows = 4, thread_columns = 4>>} {}

// -----

// expected-error@+1 {{expected ','}}
module attributes {kernel.choice = #kernel.product_tiles<rows = 14, vectors = 2, row_block = 14>} {}
