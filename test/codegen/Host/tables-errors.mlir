// RUN: hadal-opt %s --hadal-build-host --split-input-file --verify-diagnostics

// expected-error @+1 {{argument 0 of @no_role does not say what it is}}
func.func @no_role(%x: tensor<4xf32>) {
  return
}

// -----

// expected-error @+1 {{argument 0 of @two_roles says more than once what it is (hadal.state, hadal.scalar)}}
func.func @two_roles(%x: tensor<f32> {hadal.scalar = "beta1", hadal.state = @bias}) {
  return
}

// -----

// expected-error @+1 {{argument 0 of @no_name says what it is by hadal.scalar = false, which is no name}}
func.func @no_name(%x: tensor<f32> {hadal.scalar = false}) {
  return
}

// -----

// expected-error @+1 {{names the parameter 'missing', which the module does not hold}}
func.func @no_parameter(%x: tensor<4xf32> {hadal.parameter = @missing}) {
  return
}

// -----

// expected-error @+1 {{result 0 of @no_result_name is neither tied to an argument nor named}}
func.func @no_result_name(%x: tensor<4xf32> {hadal.state = @s}) -> tensor<4xf32> {
  return %x : tensor<4xf32>
}

// -----

// expected-error @+1 {{result 0 of @result_of_halves ('mask') has elements of 'bf16': the runtime reads f32 and i32}}
func.func @result_of_halves(%x: tensor<4xbf16> {hadal.state = @s}) -> (tensor<4xbf16> {hadal.result = "mask"}) {
  return %x : tensor<4xbf16>
}

// -----

// expected-error @+1 {{holds no entry point}}
module {
}

// -----

!panels = tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
module {
  hadal.parameter @w zeros : tensor<4x8xf32>
  // expected-error @+1 {{reads a packed form of 'w', 'tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>', which no entry point makes when the parameter is loaded (hadal.loads)}}
  func.func @unmade(%w: !panels {hadal.packed = @w}) {
    return
  }
}

// -----

// expected-error @+1 {{'s' has a type that a program cannot hold: 'tensor<4x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [4, 0], axes = [["tp"], []]>>>'; it is a part of a tensor, and programs for many devices are not built yet}}
func.func @part(%s: tensor<4x8xf32, #hadal.encoding<shard = <global = [8, 8], offsets = [4, 0], axes = [["tp"], []]>>> {hadal.state = @s}) {
  return
}

// -----

// expected-error @+1 {{its encoding is none of hadal's}}
func.func @other_encoding(%s: tensor<4x8xf32, "mine"> {hadal.state = @s}) {
  return
}

// -----

!panels = tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
module {
  hadal.parameter @w zeros : tensor<4x8xf32>
  func.func @evaluate(%w: !panels {hadal.packed = @w}) { return }
  func.func @load.w(%w: tensor<4x8xf32> {hadal.parameter = @w}) -> (!panels {hadal.packed = @w}) attributes {hadal.loads = @w} {
    %0 = hadal.pack %w : tensor<4x8xf32> -> !panels
    return %0 : !panels
  }
  // expected-error @+1 {{@update writes 'w' and not its packed form 'tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>': the form would hold what the parameter was}}
  func.func @update(%w: tensor<4x8xf32> {hadal.parameter = @w}) -> (tensor<4x8xf32> {hadal.tied = 0 : index}) {
    return %w : tensor<4x8xf32>
  }
}

// -----

!tiles = tensor<4x8xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [0, 1, 0, 1, 0], tiles = [2, 2, 2, 2, 2]>>>
module {
  hadal.parameter @w zeros : tensor<4x8xf32>
  // expected-error @+1 {{its layout has more than 4 tiles}}
  func.func @many_tiles(%w: !tiles {hadal.packed = @w}) {
    return
  }
}

// -----

// expected-error @+2 {{a length of 'b' is the number 'tokens', at most 8 here and 4 elsewhere}}
func.func @two_bounds(%a: tensor<?xf32, #hadal.encoding<bounds = [<"tokens", 4>]>> {hadal.input = "a"},
                      %b: tensor<?xf32, #hadal.encoding<bounds = [<"tokens", 8>]>> {hadal.input = "b"}) {
  return
}

// -----

!open = tensor<?x8xf32, #hadal.encoding<bounds = [<"tokens", 16>]>>
module {
  hadal.kernel rowwise @by_hand(%x: !open) -> !open attributes {configuration = {strategy = "by_hand"}} {
    hadal.yield %x : !open
  }
  func.func @bounded(%x: !open {hadal.input = "x"}) -> (!open {hadal.result = "y"}) {
    // expected-error @+1 {{'hadal.launch' op passes 'tensor<?x8xf32, #hadal.encoding<bounds = [<"tokens", 16>]>>' to a kernel: a length that a number tells is not handed to kernels yet}}
    %y = hadal.launch @by_hand(%x) : (!open) -> !open
    return %y : !open
  }
}

// -----

!whole = tensor<4x8xf32, #hadal.encoding<shard = <global = [4, 8], offsets = [0, 0], axes = [["tp"], []]>>>
module {
  hadal.kernel rowwise @by_hand(%x: !whole) -> !whole attributes {configuration = {strategy = "by_hand"}} {
    hadal.yield %x : !whole
  }
  func.func @sharded(%x: !whole {hadal.state = @x}) -> (!whole {hadal.tied = 0 : i64}) {
    // expected-error @+1 {{to a kernel: a part of a tensor is not handed to kernels yet}}
    %y = hadal.launch @by_hand(%x) {tied = array<i64: 0>} : (!whole) -> !whole
    return %y : !whole
  }
}
