// What the dialect turns away of its own attributes: on modules, operations, arguments and results.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

// expected-error @below {{the dialect has no attribute hadal.programme of a module}}
module attributes {hadal.programme = "train"} {
}

// -----

// expected-error @below {{the attribute hadal.program names "infer", which is unknown}}
module attributes {hadal.program = "infer"} {
}

// -----

// expected-error @below {{the attribute hadal.precision names "f16", which is unknown}}
module attributes {hadal.precision = "f16"} {
}

// -----

// expected-error @below {{the attribute hadal.target is a string, not 90 : i64}}
module attributes {hadal.target = 90} {
}

// -----

// expected-error @below {{the attribute hadal.vocabulary is a whole number from 1 up, not 0 : i64}}
module attributes {hadal.vocabulary = 0} {
}

// -----

// expected-error @below {{the attribute hadal.emulate is an attribute without a value, not true}}
module attributes {hadal.emulate = true} {
}

// -----

// expected-error @below {{the attribute hadal.unread_parameters is a list of strings, not [1]}}
module attributes {hadal.unread_parameters = [1]} {
}

// -----

func.func @operation(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{the dialect has no attribute hadal.program of an operation}}
  %y = arith.addf %x, %x {hadal.program = "train"} : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @aliases(%x: tensor<2x3xi32>) {
  // expected-error @below {{the attribute hadal.aliases is a list of strings, not "copy"}}
  %y = hadal.embedding %x "w" {vocabulary = 8, hadal.aliases = "copy"} : tensor<2x3xi32> -> tensor<2x3x8xf32>
  return
}

// -----

func.func @no_product(%x: tensor<4xf32>) -> tensor<4xf32> {
  // expected-error @below {{the attribute hadal.rounded_results lists results of a product by their numbers}}
  %y = arith.addf %x, %x {hadal.rounded_results = array<i64: 0>} : tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func @no_result(%x: tensor<2x3x8xf32>, %w: tensor<4x8xf32>) -> tensor<2x3x4xf32> {
  // expected-error @below {{the attribute hadal.rounded_results lists result 1 of 1}}
  %y = hadal.linear %x weights(%w : tensor<4x8xf32>) {hadal.rounded_results = array<i64: 0, 1>} : tensor<2x3x8xf32> -> tensor<2x3x4xf32>
  return %y : tensor<2x3x4xf32>
}

// -----

// expected-error @below {{argument 0 of @unknown has the attribute hadal.moment, which the dialect does not have}}
func.func @unknown(%x: tensor<4xf32> {hadal.moment = @w}) {
  return
}

// -----

// expected-error @below {{argument 1 of @two says more than once what it is (hadal.parameter, hadal.gradient)}}
func.func @two(%x: tensor<4xf32>, %y: tensor<4xf32> {hadal.gradient = @w, hadal.parameter = @w}) {
  return
}

// -----

// expected-error @below {{argument 0 of @no_symbol says what it is by hadal.parameter = "w", which is no name}}
func.func @no_symbol(%x: tensor<4xf32> {hadal.parameter = "w"}) {
  return
}

// -----

// expected-error @below {{argument 0 of @no_string says what it is by hadal.input = @tokens, which is no name}}
func.func @no_string(%x: tensor<4xi32> {hadal.input = @tokens}) {
  return
}

// -----

// expected-error @below {{argument 0 of @empty says what it is by hadal.state = "", which is no name}}
func.func @empty(%x: tensor<4xf32> {hadal.state = ""}) {
  return
}

// -----

// expected-error @below {{argument 0 of @no_scalar is 'tensor<1xf32>'; a number that the runtime sets is 'tensor<f32>'}}
func.func @no_scalar(%x: tensor<1xf32> {hadal.scalar = "beta1"}) {
  return
}

// -----

// expected-error @below {{result 0 of @unknown has the attribute hadal.output, which the dialect does not have}}
func.func @unknown(%x: tensor<4xf32>) -> (tensor<4xf32> {hadal.output = "x"}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{result 0 of @nameless is named by "", which is no name}}
func.func @nameless(%x: tensor<4xf32>) -> (tensor<4xf32> {hadal.result = ""}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{result 0 of @both is both read by its name and tied to an argument: it is one of them}}
func.func @both(%x: tensor<4xf32>) -> (tensor<4xf32> {hadal.result = "x", hadal.tied = 0 : index}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{result 0 of @nowhere is tied to argument -1 : index, which does not exist}}
func.func @nowhere(%x: tensor<4xf32>) -> (tensor<4xf32> {hadal.tied = -1 : index}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{result 0 of @other is tied to argument 1 of another type: 'tensor<4xf32>' and 'tensor<5xf32>'}}
func.func @other(%x: tensor<4xf32>, %y: tensor<5xf32>) -> (tensor<4xf32> {hadal.tied = 1 : index}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{the attribute hadal.loads of an entry point names a parameter, not "w"}}
func.func private @f() attributes {hadal.loads = "w"}

// -----

// expected-error @below {{argument 0 of an entry point that loads @w is something else: it reads that parameter first, and parameters alone}}
func.func @f(%x: tensor<4xf32> {hadal.parameter = @v}) attributes {hadal.loads = @w} { return }

// -----

// expected-error @below {{result 0 of an entry point that loads @w is no packed form of it (hadal.packed)}}
func.func @f(%x: tensor<4xf32> {hadal.parameter = @w}) -> (tensor<4xf32> {hadal.result = "y"}) attributes {hadal.loads = @w} {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{result 0 of @f is a packed form of a parameter, which entry points make that are run when it is loaded (hadal.loads), or that write it}}
func.func @f(%x: tensor<4xf32> {hadal.parameter = @w}) -> (tensor<4xf32> {hadal.packed = @w}) {
  return %x : tensor<4xf32>
}

// -----

// expected-error @below {{result 0 of @f is a packed form of "w", which is no parameter}}
func.func @f(%x: tensor<4xf32> {hadal.parameter = @w}) -> (tensor<4xf32> {hadal.packed = "w"}) {
  return %x : tensor<4xf32>
}

// -----

!turned = tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
// expected-error @below {{argument 0 of @f is 'tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>'; what is no packed form of a parameter lies row by row}}
func.func @f(%x: !turned {hadal.parameter = @w}) { return }

// -----

!turned = tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
// expected-error @below {{result 0 of @f is 'tensor<4x8xf32, #hadal.encoding<layout = <outer = [1, 0]>>>'; what the runtime reads lies row by row}}
func.func @f(%x: !turned {hadal.packed = @w}) -> (!turned {hadal.result = "y"}) { return %x : !turned }
