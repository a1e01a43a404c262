// The board changes the plans of kernels of threads: with fewer multiprocessors other blocks fill the last round.
// RUN: hadal-opt %s --hadal-select-strategies='target=sm_90a gpu=h100-sxm print-config' -o /dev/null 2>&1 | FileCheck %s --check-prefix=SXM
// RUN: hadal-opt %s --hadal-select-strategies='target=sm_90a gpu=h100-pcie print-config' -o /dev/null 2>&1 | FileCheck %s --check-prefix=PCIE
// And what was chosen for one is lowered as it was chosen, whatever board is named then.
// RUN: hadal-opt %s --hadal-select-strategies='target=sm_90a gpu=h100-pcie' | hadal-opt --hadal-lower-kernels='target=sm_90a gpu=h200' -o /dev/null

// SXM: @product (contraction): thread_tiles {tiles = {rows = 64, columns = 64, depth = 16, thread_rows = 4, thread_columns = 4}, splits_depth = false} stages [product: 264 × 256 threads
// PCIE: @product (contraction): thread_tiles {tiles = {rows = 64, columns = 32, depth = 16, thread_rows = 4, thread_columns = 4}, splits_depth = false} stages [product: 528 × 128 threads
hadal.kernel contraction @product(%x: tensor<1408x512xf32>, %w: tensor<768x512xf32>) -> tensor<1408x768xf32> {
  %0 = hadal.linear %x weights(%w : tensor<768x512xf32>) : tensor<1408x512xf32> -> tensor<1408x768xf32>
  hadal.yield %0 : tensor<1408x768xf32>
}

// SXM: @attention (attention): thread_online_softmax {owned = 32, resident = true} stages [forward: 384 ×
// PCIE: @attention (attention): thread_online_softmax {owned = 16, resident = true} stages [forward: 768 ×
hadal.kernel attention @attention(%q: tensor<1x1024x1152xf32>, %kv: tensor<1x1024x1536xf32>, %r: tensor<1x1024x32xf32>) -> (tensor<1x1024x768xf32>, tensor<1x12x1024xf32>) {
  %0, %1 = hadal.attention %q, %kv, %r {heads = 12, nope = 64, value = 64, scale = 0.1 : f64} : (tensor<1x1024x1152xf32>, tensor<1x1024x1536xf32>, tensor<1x1024x32xf32>) -> (tensor<1x1024x768xf32>, tensor<1x12x1024xf32>)
  hadal.yield %0, %1 : tensor<1x1024x768xf32>, tensor<1x12x1024xf32>
}
