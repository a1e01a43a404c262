// What a program that generates is made of and has no kernel on a GPU yet says so.
// RUN: hadal-opt %s --split-input-file --hadal-select-strategies=target=sm_90a --verify-diagnostics

// expected-error @below {{no strategy for sm_90a serves the kernel 'latent'}}
hadal.kernel attention @latent(%a: tensor<1x1x64xf32>, %q: tensor<1x1x48xf32>, %c: tensor<2x64x32xbf16>, %k: tensor<2x64x8xbf16>, %t: tensor<1x2xi32>, %p: tensor<1x1xi32>, %n: tensor<1xi32>) -> tensor<1x1x64xf32> {
  // expected-note @below {{it holds hadal.latent_attention}}
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 2, scale = 0.25 : f64} : (tensor<1x1x64xf32>, tensor<1x1x48xf32>, tensor<2x64x32xbf16>, tensor<2x64x8xbf16>, tensor<1x2xi32>, tensor<1x1xi32>, tensor<1xi32>) -> tensor<1x1x64xf32>
  hadal.yield %0 : tensor<1x1x64xf32>
}

