// Attention on latents on tensor cores against the reference evaluator: parts of a sequence, pages in any order, named nowhere or
// longer than a step, tiles that are not full, panels of 16 and 64 channels, and what nobody sees no numbers. As many parts may
// wait at a time as are chosen.
// RUN: hadal-check-kernels %s --target=sm_90a --print-config | FileCheck %s
// RUN: hadal-opt %s --hadal-select-strategies='target=sm_90a print-config=json' -o /dev/null > %t.json
// RUN: %python %S/../Selection/Inputs/change_choices.py %t.json %t.one.json --keep=parts parts.choice.parts=1 parts.choice.stages=2
// RUN: hadal-check-kernels %s --target=sm_90a --kernel=parts --config=%t.one.json --print-config | FileCheck %s --check-prefix=ROUNDS
// RUN: hadal-check-kernels %s --target=sm_90a --kernel=long_pages --plant-fault=keys --plant-fault=position --plant-fault=scale | FileCheck %s --check-prefix=FAULTS --implicit-check-not=MISSED

// CHECK: @parts (attention): wgmma_latent_parts {stages = 4, parts = 2} stages [parts: 6 × 384 threads, {{.*}}, 4 tensor maps, join: {{.*}}] workspace
// CHECK: @wide (attention): wgmma_latent_parts {stages = 4, parts = 1} stages [parts: 3 × 384 threads
// CHECK: 3 of 3 kernels pass on sm_90a (emulated)
// ROUNDS: @parts (attention): wgmma_latent_parts {stages = 2, parts = 1} stages [parts: 3 × 384 threads, {{.*}}] steps 4 workspace
// ROUNDS: 1 of 1 kernels pass
// FAULTS: @long_pages keys, operand 2: noticed
// FAULTS: @long_pages position, operand 4: noticed

// Two parts, the second of which some sequences do not have; a page that is named nowhere and one that there is not; an empty place.
hadal.kernel attention @parts(%a: tensor<3x2x96xbf16>, %q: tensor<3x2x144xbf16>, %c: tensor<13x64x32xbf16>, %k: tensor<13x64x16xbf16>, %t: tensor<3x10xi32> {hadal.value = dense<[[3, 10, 12, 7, 9, 4, 11, 8, 1, 0], [0, 4, -1, 13, 8, 9, 3, 2, 6, 7], [9, 10, 2, 6, 12, 4, 8, 5, 1, 0]]> : tensor<3x10xi32>}, %p: tensor<3x2xi32> {hadal.value = dense<[[599, 511], [300, 255], [-1, 63]]> : tensor<3x2xi32>}, %n: tensor<3xi32> {hadal.value = dense<[600, 301, 64]> : tensor<3xi32>}) -> tensor<3x2x96xbf16> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 3, scale = 0.2 : f64} : (tensor<3x2x96xbf16>, tensor<3x2x144xbf16>, tensor<13x64x32xbf16>, tensor<13x64x16xbf16>, tensor<3x10xi32>, tensor<3x2xi32>, tensor<3xi32>) -> tensor<3x2x96xbf16>
  hadal.yield %0 : tensor<3x2x96xbf16>
}

// Panels of 64 channels, and more pairs than a tile has.
hadal.kernel attention @wide(%a: tensor<1x2x8960xbf16>, %q: tensor<1x2x6720xbf16>, %c: tensor<4x64x128xbf16>, %k: tensor<4x64x64xbf16>, %t: tensor<1x3xi32> {hadal.value = dense<[[1, 0, 3]]> : tensor<1x3xi32>}, %p: tensor<1x2xi32> {hadal.value = dense<[[150, 64]]> : tensor<1x2xi32>}, %n: tensor<1xi32> {hadal.value = dense<[151]> : tensor<1xi32>}) -> tensor<1x2x8960xbf16> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 70, scale = 0.1 : f64} : (tensor<1x2x8960xbf16>, tensor<1x2x6720xbf16>, tensor<4x64x128xbf16>, tensor<4x64x64xbf16>, tensor<1x3xi32>, tensor<1x2xi32>, tensor<1xi32>) -> tensor<1x2x8960xbf16>
  hadal.yield %0 : tensor<1x2x8960xbf16>
}

// Two steps to a page; a result that is not rounded.
hadal.kernel attention @long_pages(%a: tensor<2x1x128xbf16>, %q: tensor<2x1x96xbf16>, %c: tensor<5x128x64xbf16>, %k: tensor<5x128x16xbf16>, %t: tensor<2x3xi32> {hadal.value = dense<[[2, 4, 3], [4, 1, 3]]> : tensor<2x3xi32>}, %p: tensor<2x1xi32> {hadal.value = dense<[[200], [128]]> : tensor<2x1xi32>}, %n: tensor<2xi32> {hadal.value = dense<[201, 400]> : tensor<2xi32>}) -> tensor<2x1x128xf32> {
  %0 = hadal.latent_attention %a, %q, %c, %k, %t, %p, %n {heads = 2, scale = 0.2 : f64} : (tensor<2x1x128xbf16>, tensor<2x1x96xbf16>, tensor<5x128x64xbf16>, tensor<5x128x16xbf16>, tensor<2x3xi32>, tensor<2x1xi32>, tensor<2xi32>) -> tensor<2x1x128xf32>
  hadal.yield %0 : tensor<2x1x128xf32>
}

