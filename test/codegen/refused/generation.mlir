// What a program that generates is made of and no kernel of a GPU takes says why.
// RUN: hadal-opt %s --split-input-file --hadal-select-strategies=target=sm_90a --verify-diagnostics

// expected-error @below {{no strategy for sm_90a serves the kernel 'latent'}}
hadal.kernel attention @latent(%a: tensor<1x1x1280xbf16>, %q: tensor<1x1x48xbf16>, %c: tensor<2x64x640xbf16>, %k: tensor<2x64x16xbf16>, %t: tensor<1x2xi32>, %p: tensor<1x1xi32>, %n: tensor<1xi32>) -> tensor<1x1x1280xf32> {
  // expected-note @below {{'hadal.latent_attention' is not for tensor cores: its latents are wider than 512, or 16 does not divide their halves or the rotary keys}}
  // expected-note @below {{'hadal.latent_attention' has latents that are too wide for the registers of a block's threads, which hold 512 channels}}
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 2, scale = 0.25 : f64} : (tensor<1x1x1280xbf16>, tensor<1x1x48xbf16>, tensor<2x64x640xbf16>, tensor<2x64x16xbf16>, tensor<1x2xi32>, tensor<1x1xi32>, tensor<1xi32>) -> tensor<1x1x1280xf32>
  hadal.yield %0 : tensor<1x1x1280xf32>
}
