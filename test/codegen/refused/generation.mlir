// What a program that generates is made of and has no kernel on a GPU yet, on threads or on tensor cores, says so.
// RUN: hadal-opt %s --split-input-file --hadal-select-strategies=target=sm_90a --verify-diagnostics

// expected-error @below {{no strategy for sm_90a serves the kernel 'logits'}}
hadal.kernel head @logits(%h: tensor<1x5x64xbf16>, %w: tensor<104x64xbf16>) -> (tensor<1x5x104xf32>, tensor<1x5x2xf32>) {
  // expected-note @below {{'hadal.logits' keeps its logits, which no kernel of a GPU does yet: build for the target cpu}}
  %0:2 = hadal.logits %h, %w : (tensor<1x5x64xbf16>, tensor<104x64xbf16>) -> (tensor<1x5x104xf32>, tensor<1x5x2xf32>)
  hadal.yield %0#0, %0#1 : tensor<1x5x104xf32>, tensor<1x5x2xf32>
}

// -----

// expected-error @below {{no strategy for sm_90a serves the kernel 'latent'}}
hadal.kernel attention @latent(%a: tensor<1x1x64xf32>, %q: tensor<1x1x48xf32>, %c: tensor<2x64x32xbf16>, %k: tensor<2x64x8xbf16>, %t: tensor<1x2xi32>, %p: tensor<1x1xi32>, %n: tensor<1xi32>) -> tensor<1x1x64xf32> {
  // expected-note @below {{it holds hadal.latent_attention}}
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 2, scale = 0.25 : f64} : (tensor<1x1x64xf32>, tensor<1x1x48xf32>, tensor<2x64x32xbf16>, tensor<2x64x8xbf16>, tensor<1x2xi32>, tensor<1x1xi32>, tensor<1xi32>) -> tensor<1x1x64xf32>
  hadal.yield %0 : tensor<1x1x64xf32>
}

// -----

// expected-error @below {{no strategy for sm_90a serves the kernel 'counted'}}
hadal.kernel contraction @counted(%x: tensor<1x200x64xbf16>, %w: tensor<64x40xbf16>, %n: tensor<1xi32>) -> tensor<1x200x40xbf16> {
  // expected-note @below {{'hadal.counted_matmul' multiplies a part of a tensor, or as many rows as a number tells, which is served on CPUs only so far}}
  %0 = hadal.counted_matmul %x, %w, %n : (tensor<1x200x64xbf16>, tensor<64x40xbf16>, tensor<1xi32>) -> tensor<1x200x40xbf16>
  hadal.yield %0 : tensor<1x200x40xbf16>
}

// -----

// expected-error @below {{no strategy for sm_90a serves the kernel 'heads'}}
hadal.kernel contraction @heads(%x: tensor<5x1x96xf32>, %w: tensor<144x64xf32>) -> tensor<5x1x192xf32> {
  // expected-note @below {{'hadal.head_matmul' multiplies a part of a tensor, or as many rows as a number tells, which is served on CPUs only so far}}
  %0 = hadal.head_matmul %x, %w {heads = 3, first = 16, count = 32} : (tensor<5x1x96xf32>, tensor<144x64xf32>) -> tensor<5x1x192xf32>
  hadal.yield %0 : tensor<5x1x192xf32>
}
