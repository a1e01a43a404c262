// What the verifiers of the cache's operations turn away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @invalid(%cache: tensor<6x64xf32>, %rows: tensor<2x3x16xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>) {
  // expected-error @below {{expects the cache to have 3 dimensions (pages × positions of a page × channels), got 6x64}}
  %new = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<6x64xf32>, tensor<2x3x16xf32>, tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<6x64xf32>
  return
}

// -----

func.func @invalid(%cache: tensor<6x64x16xf32>, %rows: tensor<2x3x16xf32>, %pages: tensor<6xi32>, %positions: tensor<2x3xi32>) {
  // expected-error @below {{expects the table of pages to have 2 dimensions (sequence × pages of a sequence), got 6}}
  %new = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<6x64x16xf32>, tensor<2x3x16xf32>, tensor<6xi32>, tensor<2x3xi32>) -> tensor<6x64x16xf32>
  return
}

// -----

func.func @invalid(%cache: tensor<6x64x16xf32>, %rows: tensor<6x16xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>) {
  // expected-error @below {{expects the rows to have 3 dimensions (sequence × rows × channels), got 6x16}}
  %new = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<6x64x16xf32>, tensor<6x16xf32>, tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<6x64x16xf32>
  return
}

// -----

func.func @invalid(%cache: tensor<6x64x16xf32>, %rows: tensor<2x3x8xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>) {
  // expected-error @below {{expects the rows to have shape 2x3x16 (sequence × rows × the cache's channels), got 2x3x8}}
  %new = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<6x64x16xf32>, tensor<2x3x8xf32>, tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<6x64x16xf32>
  return
}

// -----

func.func @invalid(%cache: tensor<6x64x16xf32>, %rows: tensor<2x3x16xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x4xi32>) {
  // expected-error @below {{expects the positions to have shape 2x3 (the rows' leading dimensions), got 2x4}}
  %new = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<6x64x16xf32>, tensor<2x3x16xf32>, tensor<2x3xi32>, tensor<2x4xi32>) -> tensor<6x64x16xf32>
  return
}

// -----

func.func @invalid(%cache: tensor<6x64x16xbf16>, %rows: tensor<2x3x16xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>) {
  // expected-error @below {{element type}}
  %new = hadal.write_pages %cache, %rows, %pages, %positions : (tensor<6x64x16xbf16>, tensor<2x3x16xf32>, tensor<2x3xi32>, tensor<2x3xi32>) -> tensor<6x64x16xbf16>
  return
}

// -----

func.func @invalid(%cache: tensor<6x64x16xf32>, %pages: tensor<2x3xi32>, %lengths: tensor<3xi32>) {
  // expected-error @below {{expects the lengths to have shape 2 (sequence), got 3}}
  %rows = hadal.read_pages %cache, %pages, %lengths : (tensor<6x64x16xf32>, tensor<2x3xi32>, tensor<3xi32>) -> tensor<2x192x16xf32>
  return
}

// -----

func.func @invalid(%cache: tensor<6x64x16xf32>, %pages: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{expects the result to have shape 2x192x16 (sequence × positions of its pages × channels), got 2x64x16}}
  %rows = hadal.read_pages %cache, %pages, %lengths : (tensor<6x64x16xf32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x64x16xf32>
  return
}

// -----

func.func @invalid(%cache: tensor<6x64x16xf32>, %pages: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{element type}}
  %rows = hadal.read_pages %cache, %pages, %lengths : (tensor<6x64x16xf32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x192x16xbf16>
  return
}

// -----

func.func @invalid(%x: tensor<10x16xf32>, %i: tensor<2x1xi32>) {
  // expected-error @below {{expects the input to have 3 dimensions (sequence × rows × channels), got 10x16}}
  %y = hadal.pick_rows %x, %i : (tensor<10x16xf32>, tensor<2x1xi32>) -> tensor<2x1x16xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x5x16xf32>, %i: tensor<3x1xi32>) {
  // expected-error @below {{expects the indices to have shape 2x1 (the input's sequences × chosen rows), got 3x1}}
  %y = hadal.pick_rows %x, %i : (tensor<2x5x16xf32>, tensor<3x1xi32>) -> tensor<3x1x16xf32>
  return
}

// -----

func.func @invalid(%x: tensor<2x5x16xf32>, %i: tensor<2x1xi32>) {
  // expected-error @below {{expects the result to have shape 2x1x16 (sequence × chosen rows × the input's channels), got 2x2x16}}
  %y = hadal.pick_rows %x, %i : (tensor<2x5x16xf32>, tensor<2x1xi32>) -> tensor<2x2x16xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x48xf32>, %q: tensor<2x3x18xf32>, %c: tensor<6x64x16xf32>, %k: tensor<6x64x4xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{expects the absorbed query to have shape 2x3x64 (batch × rows × heads·rank), got 2x3x48}}
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 4, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x3x18xf32>, tensor<6x64x16xf32>, tensor<6x64x4xf32>, tensor<2x3xi32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x3x48xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x48xf32>, %q: tensor<2x3x9xf32>, %c: tensor<6x64x16xf32>, %k: tensor<6x64x4xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{expects 3 equal heads of at least the 4 channels of the rotary keys, got 9 channels}}
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 3, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x3x9xf32>, tensor<6x64x16xf32>, tensor<6x64x4xf32>, tensor<2x3xi32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x3x48xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x48xf32>, %q: tensor<2x4x18xf32>, %c: tensor<6x64x16xf32>, %k: tensor<6x64x4xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{expects the query to have shape 2x3x18 (batch × rows × heads·(nope + rope)), got 2x4x18}}
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 3, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x4x18xf32>, tensor<6x64x16xf32>, tensor<6x64x4xf32>, tensor<2x3xi32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x3x48xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x48xf32>, %q: tensor<2x3x18xf32>, %c: tensor<6x64x16xf32>, %k: tensor<6x32x4xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{expects the rotary keys to have shape 6x64x4 (the latents' pages × positions of a page × rope), got 6x32x4}}
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 3, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x3x18xf32>, tensor<6x64x16xf32>, tensor<6x32x4xf32>, tensor<2x3xi32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x3x48xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x48xf32>, %q: tensor<2x3x18xf32>, %c: tensor<6x64x16xf32>, %k: tensor<6x64x4xf32>, %pages: tensor<3x3xi32>, %positions: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{expects the table of pages to have shape 2x3 (batch × pages of a sequence), got 3x3}}
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 3, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x3x18xf32>, tensor<6x64x16xf32>, tensor<6x64x4xf32>, tensor<3x3xi32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x3x48xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x48xf32>, %q: tensor<2x3x18xf32>, %c: tensor<6x64x16xf32>, %k: tensor<6x64x4xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x1xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{expects the positions to have shape 2x3 (batch × rows), got 2x1}}
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 3, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x3x18xf32>, tensor<6x64x16xf32>, tensor<6x64x4xf32>, tensor<2x3xi32>, tensor<2x1xi32>, tensor<2xi32>) -> tensor<2x3x48xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x48xf32>, %q: tensor<2x3x18xf32>, %c: tensor<6x64x16xf32>, %k: tensor<6x64x4xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>, %lengths: tensor<3xi32>) {
  // expected-error @below {{expects the lengths to have shape 2 (batch), got 3}}
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 3, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x3x18xf32>, tensor<6x64x16xf32>, tensor<6x64x4xf32>, tensor<2x3xi32>, tensor<2x3xi32>, tensor<3xi32>) -> tensor<2x3x48xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x48xf32>, %q: tensor<2x3x18xf32>, %c: tensor<6x64x16xf32>, %k: tensor<6x64x4xbf16>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{element type}}
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 3, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x3x18xf32>, tensor<6x64x16xf32>, tensor<6x64x4xbf16>, tensor<2x3xi32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x3x48xf32>
  return
}

// -----

func.func @invalid(%a: tensor<2x3x48xf32>, %q: tensor<2x3x18xf32>, %c: tensor<6x64x16xf32>, %k: tensor<6x64x4xf32>, %pages: tensor<2x3xi32>, %positions: tensor<2x3xi32>, %lengths: tensor<2xi32>) {
  // expected-error @below {{expects the result to have shape 2x3x48 (batch × rows × heads·rank), got 2x3x18}}
  %o = hadal.latent_attention %a, %q, %c, %k, %pages, %positions, %lengths {heads = 3, scale = 0.5} : (tensor<2x3x48xf32>, tensor<2x3x18xf32>, tensor<6x64x16xf32>, tensor<6x64x4xf32>, tensor<2x3xi32>, tensor<2x3xi32>, tensor<2xi32>) -> tensor<2x3x18xf32>
  return
}
