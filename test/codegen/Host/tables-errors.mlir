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
