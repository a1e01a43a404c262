// The cache of a program that generates: pages of rows, written and read by positions, and chosen rows.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @write_pages(
// CHECK: hadal.write_pages %{{.*}} -> tensor<6x64x16xbf16>
func.func @write_pages(%cache: tensor<6x64x16xbf16>, %rows: tensor<2x3x16xbf16>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>) {
  %new = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<6x64x16xbf16>, tensor<2x3x16xbf16>, tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<6x64x16xbf16>
  return
}

// CHECK-LABEL: @read_pages(
// CHECK: hadal.read_pages %{{.*}} -> tensor<2x192x16xf32>
func.func @read_pages(%cache: tensor<6x64x16xf32>, %pages: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  %rows = hadal.read_pages %cache, %pages, %lengths : (tensor<6x64x16xf32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x192x16xf32>
  return
}

// CHECK-LABEL: @pick_rows(
// CHECK: hadal.pick_rows %{{.*}} -> tensor<2x1x16xf32>
func.func @pick_rows(%x: tensor<2x5x16xf32>, %i: tensor<2x1xi32>) {
  %y = hadal.pick_rows %x, %i : (tensor<2x5x16xf32>, tensor<2x1xi32>) -> tensor<2x1x16xf32>
  return
}

// Queries and caches may have types of their own.
// CHECK-LABEL: @latent_attention(
// CHECK: hadal.latent_attention %{{.*}} {heads = 3 : i64, scale = 5.000000e-01 : f64} : {{.*}} -> tensor<2x3x48xf32>
func.func @latent_attention(%a: tensor<2x3x48xf32>, %q: tensor<2x3x18xf32>, %c: tensor<6x64x16xbf16>, %k: tensor<6x64x4xbf16>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 3, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x3x18xf32>, tensor<6x64x16xbf16>, tensor<6x64x4xbf16>, tensor<2x3xi32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x3x48xf32>
  return
}
