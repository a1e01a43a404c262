// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// The update of a training step; expected values computed with NumPy.

// Clipped by one half; below the limit; norm zero.
// CHECK: @gradient_norm#0: tensor<f32> 25
// CHECK-NEXT: @gradient_norm#1: tensor<f32> 13
// CHECK-NEXT: @gradient_norm#2: tensor<f32> 0.5
// CHECK-NEXT: @gradient_norm#3: tensor<f32> 1
// CHECK-NEXT: @gradient_norm#4: tensor<f32> 1
func.func @gradient_norm() -> (tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>) {
  %a = arith.constant dense<[3.0, 0.0, 4.0]> : tensor<3xf32>
  %b = arith.constant dense<[[12.0]]> : tensor<1x1xf32>
  %limit = arith.constant dense<6.5> : tensor<f32>
  %zero = arith.constant dense<[0.0]> : tensor<1xf32>
  %sa = hadal.squared_norm %a : tensor<3xf32>
  %sb = hadal.squared_norm %b : tensor<1x1xf32>
  %sz = hadal.squared_norm %zero : tensor<1xf32>
  %n, %s = hadal.gradient_norm %sa, %sb limit %limit
  %n1, %s1 = hadal.gradient_norm %sb limit %sa
  %n2, %s2 = hadal.gradient_norm %sz limit %limit
  return %sa, %n, %s, %s1, %s2 : tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>, tensor<f32>
}

// Added, and put in the place of what may be no number.
// CHECK: @accumulate#0: tensor<2xf32> [4, 6]
// CHECK-NEXT: @accumulate#1: tensor<2xf32> [1, 2]
func.func @accumulate() -> (tensor<2xf32>, tensor<2xf32>) {
  %sum = arith.constant dense<[3.0, 4.0]> : tensor<2xf32>
  %nan = arith.constant dense<0x7FC00000> : tensor<2xf32>
  %term = arith.constant dense<[1.0, 2.0]> : tensor<2xf32>
  %one = arith.constant dense<1.0> : tensor<f32>
  %zero = arith.constant dense<0.0> : tensor<f32>
  %0 = hadal.accumulate %sum, %term if %one : tensor<2xf32>
  %1 = hadal.accumulate %nan, %term if %zero : tensor<2xf32>
  return %0, %1 : tensor<2xf32>, tensor<2xf32>
}

// Step 3 with weight decay.
// CHECK{LITERAL}: @adamw#0: tensor<2x2xf32> [[0.696035, 0.544472], [-0.157069, 0.390173]]
// CHECK-NEXT{LITERAL}: @adamw#1: tensor<2x2xf32> [[-0.10875, -0.005], [0.12, 0.035]]
// CHECK-NEXT{LITERAL}: @adamw#2: tensor<2x2xf32> [[0.0707781, 0.0277625], [0.0512, 0.0358]]
func.func @adamw() -> (tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>) {
  %p = arith.constant dense<[[0.69, 0.57], [-0.11, 0.43]]> : tensor<2x2xf32>
  %g = arith.constant dense<[[-0.93, -0.22], [0.72, 0.16]]> : tensor<2x2xf32>
  %m = arith.constant dense<[[0.01, 0.03], [0.04, 0.02]]> : tensor<2x2xf32>
  %v = arith.constant dense<[[0.05, 0.03], [0.04, 0.04]]> : tensor<2x2xf32>
  %lr = arith.constant dense<0.1> : tensor<f32>
  %wd = arith.constant dense<0.5> : tensor<f32>
  %b1 = arith.constant dense<0.75> : tensor<f32>
  %b2 = arith.constant dense<0.875> : tensor<f32>
  %eps = arith.constant dense<0.001> : tensor<f32>
  %c1 = arith.constant dense<0.578125> : tensor<f32>
  %c2 = arith.constant dense<0.330078> : tensor<f32>
  %gs = arith.constant dense<0.5> : tensor<f32>
  %p1, %m1, %v1 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %eps, %c1, %c2, %gs) {decay} :
         tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
         -> tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
  return %p1, %m1, %v1 : tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
}

// CHECK{LITERAL}: @adamw_without_decay: tensor<2x2xf32> [[0.730535, 0.572972], [-0.162569, 0.411673]]
func.func @adamw_without_decay() -> tensor<2x2xf32> {
  %p = arith.constant dense<[[0.69, 0.57], [-0.11, 0.43]]> : tensor<2x2xf32>
  %g = arith.constant dense<[[-0.93, -0.22], [0.72, 0.16]]> : tensor<2x2xf32>
  %m = arith.constant dense<[[0.01, 0.03], [0.04, 0.02]]> : tensor<2x2xf32>
  %v = arith.constant dense<[[0.05, 0.03], [0.04, 0.04]]> : tensor<2x2xf32>
  %lr = arith.constant dense<0.1> : tensor<f32>
  %wd = arith.constant dense<0.5> : tensor<f32>
  %b1 = arith.constant dense<0.75> : tensor<f32>
  %b2 = arith.constant dense<0.875> : tensor<f32>
  %eps = arith.constant dense<0.001> : tensor<f32>
  %c1 = arith.constant dense<0.578125> : tensor<f32>
  %c2 = arith.constant dense<0.330078> : tensor<f32>
  %gs = arith.constant dense<0.5> : tensor<f32>
  %p1, %m1, %v1 = hadal.adamw %p, %g, %m, %v scalars(%lr, %wd, %b1, %b2, %eps, %c1, %c2, %gs) :
         tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
         -> tensor<2x2xf32>, tensor<2x2xf32>, tensor<2x2xf32>
  return %p1 : tensor<2x2xf32>
}

// Below the mean, at the mean, above it.
// CHECK: @router_bias_update#0: tensor<3xf32> [0.25, 0.5, -0.75]
// CHECK-NEXT: @router_bias_update#1: tensor<3xf32> [0, 0, 0]
func.func @router_bias_update() -> (tensor<3xf32>, tensor<3xf32>) {
  %b = arith.constant dense<[0.0, 0.5, -0.5]> : tensor<3xf32>
  %l = arith.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %rate = arith.constant dense<0.25> : tensor<f32>
  %b1, %l1 = hadal.router_bias_update %b, %l rate %rate : tensor<3xf32>
  return %b1, %l1 : tensor<3xf32>, tensor<3xf32>
}
