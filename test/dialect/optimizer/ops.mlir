// Accumulation, gradient norm, AdamW and the bias update.
// RUN: hadal-opt %s --verify-roundtrip | FileCheck %s

// CHECK-LABEL: @accumulate(
// CHECK: hadal.accumulate %{{.*}}, %{{.*}} if %{{.*}} : tensor<4x8xf32>
func.func @accumulate(%sum: tensor<4x8xf32>, %term: tensor<4x8xf32>, %adds: tensor<f32>) -> tensor<4x8xf32> {
  %0 = hadal.accumulate %sum, %term if %adds : tensor<4x8xf32>
  return %0 : tensor<4x8xf32>
}

// CHECK-LABEL: @squared_norm(
// CHECK: hadal.squared_norm
func.func @squared_norm(%g: tensor<4x8xf32>) {
  %n = hadal.squared_norm %g : tensor<4x8xf32>
  return
}

// CHECK-LABEL: @gradient_norm(
// CHECK: hadal.gradient_norm
func.func @gradient_norm(%a: tensor<f32>, %b: tensor<f32>, %c: tensor<f32>) {
  %n, %s = hadal.gradient_norm %a, %b limit %c
  return
}

// CHECK-LABEL: @adamw(
// CHECK: hadal.adamw
func.func @adamw(%p: tensor<4x8xf32>, %s0: tensor<f32>, %s1: tensor<f32>, %s2: tensor<f32>, %s3: tensor<f32>, %s4: tensor<f32>, %s5: tensor<f32>, %s6: tensor<f32>, %s7: tensor<f32>) {
  %n:3 = hadal.adamw %p, %p, %p, %p scalars(%s0, %s1, %s2, %s3, %s4, %s5, %s6, %s7) {decay} : tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32> -> tensor<4x8xf32>, tensor<4x8xf32>, tensor<4x8xf32>
  return
}

// CHECK-LABEL: @router_bias_update(
// CHECK: hadal.router_bias_update
func.func @router_bias_update(%b: tensor<8xf32>, %l: tensor<8xf32>, %r: tensor<f32>) {
  %n, %c = hadal.router_bias_update %b, %l rate %r : tensor<8xf32>
  return
}
