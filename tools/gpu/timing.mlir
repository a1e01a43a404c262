// The kernels that tools/gpu-check times against PyTorch, at the sizes of its table. Each is one kernel of a training step
// in bf16; the rowwise ones and the optimizer are bound by memory.

// 8192³.
hadal.kernel contraction @product(%x: tensor<8192x8192xbf16>, %w: tensor<8192x8192xbf16>) -> tensor<8192x8192xbf16> {
  %0 = hadal.linear %x weights(%w : tensor<8192x8192xbf16>) : tensor<8192x8192xbf16> -> tensor<8192x8192xbf16>
  hadal.yield %0 : tensor<8192x8192xbf16>
}

// The three products of 32 experts with 512 rows each on average: forward, and the gradients of rows and weights.
hadal.kernel contraction @grouped(%x: tensor<16384x2048xbf16>, %w: tensor<32x1024x2048xbf16>, %offsets: tensor<33xi32>)
    -> tensor<16384x1024xbf16> {
  %0 = hadal.grouped_matmul %x, %w, %offsets {transpose_rhs}
    : (tensor<16384x2048xbf16>, tensor<32x1024x2048xbf16>, tensor<33xi32>) -> tensor<16384x1024xbf16>
  hadal.yield %0 : tensor<16384x1024xbf16>
}
hadal.kernel contraction @grouped_rows(%g: tensor<16384x1024xbf16>, %w: tensor<32x1024x2048xbf16>, %offsets: tensor<33xi32>)
    -> tensor<16384x2048xbf16> {
  %0 = hadal.grouped_matmul %g, %w, %offsets
    : (tensor<16384x1024xbf16>, tensor<32x1024x2048xbf16>, tensor<33xi32>) -> tensor<16384x2048xbf16>
  hadal.yield %0 : tensor<16384x2048xbf16>
}
hadal.kernel contraction @grouped_weights(%g: tensor<16384x1024xbf16>, %x: tensor<16384x2048xbf16>, %offsets: tensor<33xi32>)
    -> tensor<32x1024x2048xbf16> {
  %0 = hadal.grouped_outer_product %g, %x, %offsets
    : (tensor<16384x1024xbf16>, tensor<16384x2048xbf16>, tensor<33xi32>) -> tensor<32x1024x2048xbf16>
  hadal.yield %0 : tensor<32x1024x2048xbf16>
}

// MLA of V3's heads: 16 of (128 | 64) and 128, a sequence of 4096.
hadal.kernel attention @attention(%q: tensor<2x4096x3072xbf16>, %kv: tensor<2x4096x4096xbf16>, %rotary: tensor<2x4096x64xbf16>)
    -> (tensor<2x4096x2048xbf16>, tensor<2x16x4096xf32>) {
  %0, %1 = hadal.attention %q, %kv, %rotary {heads = 16, nope = 128, value = 128, scale = 0.07216878364870322 : f64}
    : (tensor<2x4096x3072xbf16>, tensor<2x4096x4096xbf16>, tensor<2x4096x64xbf16>)
    -> (tensor<2x4096x2048xbf16>, tensor<2x16x4096xf32>)
  hadal.yield %0, %1 : tensor<2x4096x2048xbf16>, tensor<2x16x4096xf32>
}
hadal.kernel attention @attention_gradient(%q: tensor<2x4096x3072xbf16>, %kv: tensor<2x4096x4096xbf16>,
    %rotary: tensor<2x4096x64xbf16>, %o: tensor<2x4096x2048xbf16>, %l: tensor<2x16x4096xf32>, %g: tensor<2x4096x2048xbf16>)
    -> (tensor<2x4096x3072xbf16>, tensor<2x4096x4096xbf16>, tensor<2x4096x64xbf16>) {
  %0:3 = hadal.attention_gradient %q, %kv, %rotary, %o, %l, %g
    {heads = 16, nope = 128, value = 128, scale = 0.07216878364870322 : f64}
    : (tensor<2x4096x3072xbf16>, tensor<2x4096x4096xbf16>, tensor<2x4096x64xbf16>, tensor<2x4096x2048xbf16>,
       tensor<2x16x4096xf32>, tensor<2x4096x2048xbf16>)
    -> (tensor<2x4096x3072xbf16>, tensor<2x4096x4096xbf16>, tensor<2x4096x64xbf16>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<2x4096x3072xbf16>, tensor<2x4096x4096xbf16>, tensor<2x4096x64xbf16>
}

// The head of models/v3_1b.mlir with both gradients.
hadal.kernel head @head(%hidden: tensor<4x4096x1024xbf16>, %targets: tensor<4x4096xi32>, %w: tensor<32768x1024xbf16>,
    %g: tensor<f32>) -> (tensor<f32>, tensor<4x4096x1024xbf16>, tensor<32768x1024xf32>) {
  %0:3 = hadal.cross_entropy_gradient %hidden, %targets, %w, %g
    : (tensor<4x4096x1024xbf16>, tensor<4x4096xi32>, tensor<32768x1024xbf16>, tensor<f32>)
    -> (tensor<f32>, tensor<4x4096x1024xbf16>, tensor<32768x1024xf32>)
  hadal.yield %0#0, %0#1, %0#2 : tensor<f32>, tensor<4x4096x1024xbf16>, tensor<32768x1024xf32>
}

hadal.kernel rowwise @rms_norm(%x: tensor<16384x4096xf32>, %w: tensor<4096xf32>) -> tensor<16384x4096xf32> {
  %0 = hadal.rms_norm %x weights(%w : tensor<4096xf32>) {eps = 1.0e-6} : tensor<16384x4096xf32>
  hadal.yield %0 : tensor<16384x4096xf32>
}
hadal.kernel rowwise @residual(%x: tensor<16384x4096xf32>, %y: tensor<16384x4096xf32>) -> tensor<16384x4096xf32> {
  %0 = arith.addf %x, %y : tensor<16384x4096xf32>
  hadal.yield %0 : tensor<16384x4096xf32>
}
hadal.kernel update @adamw(%p: tensor<8192x8192xf32>, %g: tensor<8192x8192xf32>, %m: tensor<8192x8192xf32>,
    %v: tensor<8192x8192xf32>, %lr: tensor<f32>, %wd: tensor<f32>, %b1: tensor<f32>, %b2: tensor<f32>, %e: tensor<f32>,
    %c1: tensor<f32>, %c2: tensor<f32>, %s: tensor<f32>)
    -> (tensor<8192x8192xf32>, tensor<8192x8192xf32>, tensor<8192x8192xf32>) {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %e, %c1, %c2, %s) {decay}
    : tensor<8192x8192xf32>, tensor<8192x8192xf32>, tensor<8192x8192xf32>, tensor<8192x8192xf32>
    -> tensor<8192x8192xf32>, tensor<8192x8192xf32>, tensor<8192x8192xf32>
  hadal.yield %0#0, %0#1, %0#2
    : tensor<8192x8192xf32>, tensor<8192x8192xf32>, tensor<8192x8192xf32>
}

// Decoding: attention on V3's latents of 128 sequences of 4096 tokens, with the heads of one of eight GPUs and with all.
hadal.kernel attention @latent_16(%a: tensor<128x1x8192xbf16>, %q: tensor<128x1x3072xbf16>, %c: tensor<8192x64x512xbf16>, %k: tensor<8192x64x64xbf16>,
    %t: tensor<128x64xi32>, %p: tensor<128x1xi32> {hadal.value = dense<4095> : tensor<128x1xi32>},
    %n: tensor<128xi32> {hadal.value = dense<4096> : tensor<128xi32>}) -> tensor<128x1x8192xbf16> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 16, scale = 0.1352337788608801 : f64}
    : (tensor<128x1x8192xbf16>, tensor<128x1x3072xbf16>, tensor<8192x64x512xbf16>, tensor<8192x64x64xbf16>, tensor<128x64xi32>,
       tensor<128x1xi32>, tensor<128xi32>) -> tensor<128x1x8192xbf16>
  hadal.yield %0 : tensor<128x1x8192xbf16>
}
hadal.kernel attention @latent_128(%a: tensor<128x1x65536xbf16>, %q: tensor<128x1x24576xbf16>, %c: tensor<8192x64x512xbf16>, %k: tensor<8192x64x64xbf16>,
    %t: tensor<128x64xi32>, %p: tensor<128x1xi32> {hadal.value = dense<4095> : tensor<128x1xi32>},
    %n: tensor<128xi32> {hadal.value = dense<4096> : tensor<128xi32>}) -> tensor<128x1x65536xbf16> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 128, scale = 0.1352337788608801 : f64}
    : (tensor<128x1x65536xbf16>, tensor<128x1x24576xbf16>, tensor<8192x64x512xbf16>, tensor<8192x64x64xbf16>, tensor<128x64xi32>,
       tensor<128x1xi32>, tensor<128xi32>) -> tensor<128x1x65536xbf16>
  hadal.yield %0 : tensor<128x1x65536xbf16>
}
