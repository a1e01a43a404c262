// What encodings turn away, and who turns encoded tensors away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{an encoding without a part says nothing: leave it out}}
func.func private @empty(tensor<4x8xf32, #hadal.encoding<>>)

// -----

// expected-error @below {{expected the parts of an encoding, each once: layout, bounds, shard}}
func.func private @unknown_part(tensor<4x8xf32, #hadal.encoding<tiles = [4]>>)

// -----

// expected-error @below {{the encoding says its layout twice}}
func.func private @two_layouts(tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>, layout = <outer = [1, 0]>>>)

// -----

// expected-error @below {{a layout's `outer` is an order of all 2 dimensions, got [1, 1]}}
func.func private @no_order(tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 1]>>>)

// -----

// expected-error @below {{a layout cuts 1 dimensions (`inner`) into 2 lengths (`tiles`); there is one for each}}
func.func private @uneven_lists(tensor<4x8xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [4, 4]>>>)

// -----

// expected-error @below {{a layout cuts dimension 2 of 2}}
func.func private @no_dimension(tensor<4x8xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [2], tiles = [4]>>>)

// -----

// expected-error @below {{a layout's tiles have 2 to 262144 elements, got 1}}
func.func private @tile_of_one(tensor<4x8xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [1]>>>)

// -----

// expected-error @below {{a layout's tiles together have at most 262144 elements}}
func.func private @large_tiles(tensor<4x8xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0, 1], tiles = [1024, 1024]>>>)

// -----

// expected-error @below {{a layout row by row is none: leave it out}}
func.func private @rows(tensor<4x8xf32, #hadal.encoding<layout = <outer = [0, 1]>>>)

// -----

// expected-error @below {{a layout of 2 dimensions encodes a tensor of 3}}
func.func private @other_rank(tensor<2x4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>)

// -----

// expected-error @below {{a bound names the number that tells the length}}
func.func private @no_name(tensor<?x8xf32, #hadal.encoding<bounds = [<"", 4>]>>)

// -----

// expected-error @below {{the bound of 'pages' is to be 1 to 4398046511104, got 0}}
func.func private @no_length(tensor<?x8xf32, #hadal.encoding<bounds = [<"pages", 0>]>>)

// -----

// expected-error @below {{a tensor with 1 open lengths has as many bounds, got 2}}
func.func private @more_bounds(tensor<?x8xf32, #hadal.encoding<bounds = [<"pages", 4>, <"tokens", 4>]>>)

// -----

// expected-error @below {{the number 'pages' is at most 4 and at most 8}}
func.func private @two_bounds(tensor<?x?xf32, #hadal.encoding<bounds = [<"pages", 4>, <"pages", 8>]>>)

// -----

// expected-error @below {{a tensor whose open lengths are as long as their bounds has at most 4398046511104 elements}}
func.func private @uncountable(tensor<?x1048576xf32, #hadal.encoding<bounds = [<"pages", 8388608>]>>)

// -----

// expected-error @below {{a shard has an offset and a list of axes for each of the 2 dimensions of the whole, got 1 and 2}}
func.func private @offsets(tensor<4x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [0], axes = [["tp"], []]>>>)

// -----

// expected-error @below {{a shard's axes are lists of names, one for each dimension; that of dimension 0 is "tp"}}
func.func private @axes(tensor<4x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [0, 0], axes = ["tp", []]>>>)

// -----

// expected-error @below {{a shard is cut along each axis once, got 'tp' twice}}
func.func private @axis_twice(tensor<4x4xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [0, 0], axes = [["tp"], ["tp"]]>>>)

// -----

// expected-error @below {{a shard is cut along each axis once, got '', which is no name}}
func.func private @axis_without_name(tensor<4x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [0, 0], axes = [[""], []]>>>)

// -----

// expected-error @below {{a shard begins inside of the whole, got 8 of 8 in dimension 0}}
func.func private @outside(tensor<4x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [8, 0], axes = [["tp"], []]>>>)

// -----

// expected-error @below {{a shard of 4 from 6 on reaches beyond the whole, 8, in dimension 0}}
func.func private @beyond(tensor<4x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [6, 0], axes = [["tp"], []]>>>)

// -----

// expected-error @below {{a shard has 4 of 8 in dimension 0, which no axis cuts}}
func.func private @not_cut(tensor<4x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [4, 0], axes = [[], ["tp"]]>>>)

// -----

// expected-error @below {{a shard of 2 dimensions encodes a tensor of 1}}
func.func private @shard_of_other_rank(tensor<4xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [4, 0], axes = [["tp"], []]>>>)

// -----

// expected-error @below {{a shard has closed lengths; dimension 0 is open}}
func.func private @open_shard(tensor<?x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [4, 0], axes = [["tp"], []]>>>)

// -----

!turned = tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
func.func @operand(%x: !turned) {
  // expected-error @below {{'hadal.rope' op takes no encoded tensor as operand 0, got 'tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>': bring it into rows first (hadal.unpack)}}
  %0 = hadal.rope %x {heads = 1 : i64, rope = #hadal.rope<theta = 1.0e4, dim = 8>} : !turned
  return
}

// -----

!turned = tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
func.func @result(%x: tensor<4x8xf32>, %w: tensor<8x8xf32>) {
  // expected-error @below {{'hadal.linear' op yields no encoded tensor as result 0}}
  %0 = hadal.linear %x weights(%w : tensor<8x8xf32>) : tensor<4x8xf32> -> !turned
  return
}

// -----

// expected-error @below {{'hadal.model' op takes no encoded tensor as argument 0, got 'tensor<?x?xi32, #hadal.encoding<layout = <outer = [1, 0]>>>'}}
hadal.model @model(%tokens: tensor<?x?xi32, #hadal.encoding<layout = <outer = [1, 0]>>>) {
  %loss = arith.constant dense<0.0> : tensor<f32>
  hadal.losses main(%loss)
}

// -----

// What other dialects compute knows no encodings, in kernels.
!turned = tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
hadal.kernel rowwise @arithmetic(%x: !turned) -> !turned {
  // expected-error @below {{'arith.addf' op takes no encoded tensor as operand 0}}
  %0 = arith.addf %x, %x : !turned
  hadal.yield %0 : !turned
}

// -----

func.func @to_rows(%x: tensor<4x8xf32>) {
  // expected-error @below {{expects a result with a layout: hadal.unpack brings a tensor into rows}}
  %0 = hadal.pack %x : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

!turned = tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
func.func @from_rows(%x: tensor<4x8xf32>) {
  // expected-error @below {{expects an input with a layout}}
  %0 = hadal.unpack %x : tensor<4x8xf32> -> tensor<4x8xf32>
  return
}

// -----

!turned = tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
func.func @unpack_to_layout(%x: !turned) {
  // expected-error @below {{expects a result that lies row by row: hadal.pack brings a tensor into a layout}}
  %0 = hadal.unpack %x : !turned -> !turned
  return
}

// -----

func.func @other_shape(%x: tensor<8x4xf32>) {
  // expected-error @below {{expects the same shape, element type, bounds and shard on both sides, since only the layout changes}}
  %0 = hadal.pack %x : tensor<8x4xf32> -> tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
  return
}

// -----

func.func @other_encoding(%x: tensor<4x8xf32, "mine">) {
  // expected-error @below {{expects encodings of this dialect (#hadal.encoding)}}
  %0 = hadal.pack %x : tensor<4x8xf32, "mine"> -> tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
  return
}
