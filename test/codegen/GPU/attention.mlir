// The attention core and its gradient by threads of a GPU, emulated, against the reference evaluator: the kernels that
// CPUs are checked with, and the head sizes of small models, with and without vectors.
// RUN: hadal-check-kernels %S/../CPU/attention.mlir --target=sm_90a
// RUN: hadal-check-kernels %s --target=sm_90a

hadal.kernel attention @small_model(%q: tensor<2x100x192xf32>, %kv: tensor<2x100x224xf32>, %rotary: tensor<2x100x16xf32>) -> (tensor<2x100x96xf32>, tensor<2x4x100xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 4, nope = 32, value = 24, scale = 0.144 : f64} : (tensor<2x100x192xf32>, tensor<2x100x224xf32>, tensor<2x100x16xf32>) -> (tensor<2x100x96xf32>, tensor<2x4x100xf32>)
  hadal.yield %0, %1 : tensor<2x100x96xf32>, tensor<2x4x100xf32>
}
hadal.kernel attention @small_model_gradient(%q: tensor<2x100x192xf32>, %kv: tensor<2x100x224xf32>, %rotary: tensor<2x100x16xf32>, %o: tensor<2x100x96xf32>, %l: tensor<2x4x100xf32>, %g: tensor<2x100x96xf32>) -> (tensor<2x100x192xf32>, tensor<2x100x224xf32>, tensor<2x100x16xf32>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g {heads = 4, nope = 32, value = 24, scale = 0.144 : f64} : (tensor<2x100x192xf32>, tensor<2x100x224xf32>, tensor<2x100x16xf32>, tensor<2x100x96xf32>, tensor<2x4x100xf32>, tensor<2x100x96xf32>) -> (tensor<2x100x192xf32>, tensor<2x100x224xf32>, tensor<2x100x16xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<2x100x192xf32>, tensor<2x100x224xf32>, tensor<2x100x16xf32>
}

// Whole blocks, and heads too large for one block's shared memory.
hadal.kernel attention @whole_blocks(%q: tensor<1x128x96xf32>, %kv: tensor<1x128x128xf32>, %rotary: tensor<1x128x16xf32>) -> (tensor<1x128x64xf32>, tensor<1x2x128xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 2, nope = 32, value = 32, scale = 0.144 : f64} : (tensor<1x128x96xf32>, tensor<1x128x128xf32>, tensor<1x128x16xf32>) -> (tensor<1x128x64xf32>, tensor<1x2x128xf32>)
  hadal.yield %0, %1 : tensor<1x128x64xf32>, tensor<1x2x128xf32>
}
hadal.kernel attention @large_head(%q: tensor<1x33x1040xf32>, %kv: tensor<1x33x1280xf32>, %rotary: tensor<1x33x16xf32>) -> (tensor<1x33x256xf32>, tensor<1x1x33xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 1, nope = 1024, value = 256, scale = 0.03 : f64} : (tensor<1x33x1040xf32>, tensor<1x33x1280xf32>, tensor<1x33x16xf32>) -> (tensor<1x33x256xf32>, tensor<1x1x33xf32>)
  hadal.yield %0, %1 : tensor<1x33x256xf32>, tensor<1x1x33xf32>
}
