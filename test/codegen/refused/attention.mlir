// Attention that threads have no room for, and tensor cores do not take: both say why.
// RUN: hadal-opt %s --hadal-select-strategies=target=sm_90a --verify-diagnostics

// expected-error @below {{serves the kernel 'large_heads' of kind attention}}
hadal.kernel attention @large_heads(%q: tensor<1x3x32xbf16>, %kv: tensor<1x9x1040xbf16>, %k: tensor<1x9x16xbf16>, %p: tensor<1x3xi32>) -> (tensor<1x3x1024xbf16>, tensor<1x1x3xf32>) {
  // expected-note @below {{'hadal.attention' is not for tensor cores: its heads are too large, or 16 does not divide a part}}
  // expected-note @below {{'hadal.attention' has heads that are too large for the shared memory of a block}}
  %y, %l = hadal.attention %q, %kv, %k positions(%p) {heads = 1, nope = 16, value = 1024, scale = 0.2} : (tensor<1x3x32xbf16>, tensor<1x9x1040xbf16>, tensor<1x9x16xbf16>, tensor<1x3xi32>) -> (tensor<1x3x1024xbf16>, tensor<1x1x3xf32>)
  hadal.yield %y, %l : tensor<1x3x1024xbf16>, tensor<1x1x3xf32>
}
