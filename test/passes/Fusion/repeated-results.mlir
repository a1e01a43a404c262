// A value that is returned twice, or that is an argument, needs no kernel for it, whatever its type: that each result has
// storage of its own is the memory plan's to see to (test/codegen/Host/copies.mlir).
// RUN: hadal-opt %s --hadal-fuse | FileCheck %s
// RUN: hadal-check-kernels %s | FileCheck %s --check-prefix=SAME
// RUN: hadal-check-kernels %s --target=sm_90a | FileCheck %s --check-prefix=SAME
// SAME: 3 of 3 kernels pass

// CHECK: %[[I:.*]] = hadal.launch @fptosi_4x8_{{[0-9a-f]+}}(%arg0)
// CHECK: %[[B:.*]] = hadal.launch @truncf_4x8_{{[0-9a-f]+}}(%arg0)
// CHECK: %[[F:.*]] = hadal.launch @addf_8_{{[0-9a-f]+}}(%arg2)
// CHECK: return %[[I]], %[[I]], %arg1, %[[B]], %[[B]], %[[F]], %[[F]]
func.func @repeated(%x: tensor<4x8xf32>, %i: tensor<4x8xi32>, %z: tensor<8xf32>)
    -> (tensor<4x8xi32>, tensor<4x8xi32>, tensor<4x8xi32>, tensor<4x8xbf16>, tensor<4x8xbf16>, tensor<8xf32>, tensor<8xf32>) {
  %y = arith.fptosi %x : tensor<4x8xf32> to tensor<4x8xi32>
  %b = arith.truncf %x : tensor<4x8xf32> to tensor<4x8xbf16>
  %f = arith.addf %z, %z : tensor<8xf32>
  return %y, %y, %i, %b, %b, %f, %f : tensor<4x8xi32>, tensor<4x8xi32>, tensor<4x8xi32>, tensor<4x8xbf16>, tensor<4x8xbf16>, tensor<8xf32>, tensor<8xf32>
}
