// A value that is returned twice, or that is an argument, has storage of its own for each result, of whatever type.
// RUN: hadal-opt %s --hadal-fuse | FileCheck %s
// RUN: hadal-check-kernels %s | FileCheck %s --check-prefix=SAME
// RUN: hadal-check-kernels %s --target=sm_90a | FileCheck %s --check-prefix=SAME
// SAME: 4 of 4 kernels pass

// CHECK: %[[I:.*]]:2 = hadal.launch @fptosi_ori_4x8(%arg0)
// CHECK: %[[B:.*]]:2 = hadal.launch @truncf_extf_4x8(%arg0)
// CHECK: %[[F:.*]]:2 = hadal.launch @addf_mulf_8(%arg2)
// CHECK: %[[A:.*]] = hadal.launch @ori_4x8(%arg1)
// CHECK: return %[[I]]#0, %[[I]]#1, %[[A]], %[[B]]#0, %[[B]]#1, %[[F]]#0, %[[F]]#1
func.func @repeated(%x: tensor<4x8xf32>, %i: tensor<4x8xi32>, %z: tensor<8xf32>)
    -> (tensor<4x8xi32>, tensor<4x8xi32>, tensor<4x8xi32>, tensor<4x8xbf16>, tensor<4x8xbf16>, tensor<8xf32>, tensor<8xf32>) {
  %y = arith.fptosi %x : tensor<4x8xf32> to tensor<4x8xi32>
  %b = arith.truncf %x : tensor<4x8xf32> to tensor<4x8xbf16>
  %f = arith.addf %z, %z : tensor<8xf32>
  return %y, %y, %i, %b, %b, %f, %f : tensor<4x8xi32>, tensor<4x8xi32>, tensor<4x8xi32>, tensor<4x8xbf16>, tensor<4x8xbf16>, tensor<8xf32>, tensor<8xf32>
}
