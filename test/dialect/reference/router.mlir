// RUN: hadal-opt %s --hadal-evaluate -o /dev/null | FileCheck %s
// Routers in their V3 and V2 forms; expected values computed with NumPy.

// V3 without groups: the bias takes part in the choice, not in the weights.
// CHECK{LITERAL}: @sigmoid#0: tensor<1x3x2xi32> [[[0, 3], [3, 5], [3, 0]]]
// CHECK-NEXT{LITERAL}: @sigmoid#1: tensor<1x3x2xf32> [[[1.68702, 0.812975], [1.58407, 0.915932], [1.03936, 1.46064]]]
// CHECK-NEXT: @sigmoid#2: tensor<6xf32> [2, 0, 0, 3, 0, 1]
func.func @sigmoid() -> (tensor<1x3x2xi32>, tensor<1x3x2xf32>, tensor<6xf32>) {
  %z = arith.constant dense<[[[0.25, 1.78, -0.48, -0.99, -0.17, 0.63], [-1.6, -0.48, -1.47, 0.65, 1.32, -0.49], [-0.51, 0.16, -1.14, -1.01, -0.68, -0.17]]]> : tensor<1x3x6xf32>
  %bias = arith.constant dense<[0.3, -0.2, 0.0, 0.5, -0.4, 0.1]> : tensor<6xf32>
  %i, %w, %load = hadal.router sigmoid %z weights(%bias : tensor<6xf32>) {top_k = 2 : i64, normalize, scale = 2.5 : f64} :
         tensor<1x3x6xf32> -> tensor<1x3x2xi32>, tensor<1x3x2xf32>, tensor<6xf32>
  return %i, %w, %load : tensor<1x3x2xi32>, tensor<1x3x2xf32>, tensor<6xf32>
}

// V3: four groups of two, scored by the sum of their two best; two stay.
// CHECK{LITERAL}: @sigmoid_groups#0: tensor<2x2x3xi32> [[[1, 2, 3], [5, 2, 3]], [[1, 6, 7], [1, 0, 4]]]
// CHECK-NEXT{LITERAL}: @sigmoid_groups#1: tensor<2x2x3xf32> [[[1.12955, 0.892713, 0.477736], [1.03407, 1.09334, 0.372598]], [[0.871787, 0.796265, 0.831949], [0.524271, 0.939545, 1.03618]]]
// CHECK-NEXT: @sigmoid_groups#2: tensor<8xf32> [1, 3, 2, 2, 1, 1, 1, 1]
func.func @sigmoid_groups() -> (tensor<2x2x3xi32>, tensor<2x2x3xf32>, tensor<8xf32>) {
  %z = arith.constant dense<[[[-1.67, 1.01, 0.32, -0.8, -1.69, 1.05, -1.48, -1.47], [-1.48, -1.67, 1.63, -0.92, -0.77, 1.33, 0.48, -1.25]], [[-0.26, 1.54, -0.5, 0.84, -1.61, 0.91, 1.11, 1.3], [0.7, -0.52, -1.74, 0.08, 1.03, -1.24, -0.94, 0.14]]]> : tensor<2x2x8xf32>
  %bias = arith.constant dense<[-0.2, 0.4, 0.1, 0.0, -0.3, 0.2, 0.3, -0.5]> : tensor<8xf32>
  %i, %w, %load = hadal.router sigmoid %z weights(%bias : tensor<8xf32>) {top_k = 3 : i64, groups = 4 : i64, top_groups = 2 : i64, normalize, scale = 2.5 : f64} :
         tensor<2x2x8xf32> -> tensor<2x2x3xi32>, tensor<2x2x3xf32>, tensor<8xf32>
  return %i, %w, %load : tensor<2x2x3xi32>, tensor<2x2x3xf32>, tensor<8xf32>
}

// Excluded experts have selection score zero and beat negative ones.
// CHECK{LITERAL}: @excluded_zero#0: tensor<2x2x3xi32> [[[4, 5, 6], [0, 1, 6]], [[1, 2, 3], [2, 3, 6]]]
// CHECK-NEXT{LITERAL}: @excluded_zero#1: tensor<2x2x3xf32> [[[0.155776, 0.740775, 0.185427], [0.185427, 0.158424, 0.617748]], [[0.823465, 0.377541, 0.698465], [0.149313, 0.519989, 0.2809]]]
// CHECK-NEXT: @excluded_zero#2: tensor<8xf32> [1, 2, 2, 2, 1, 1, 3, 0]
func.func @excluded_zero() -> (tensor<2x2x3xi32>, tensor<2x2x3xf32>, tensor<8xf32>) {
  %z = arith.constant dense<[[[-1.67, 1.01, 0.32, -0.8, -1.69, 1.05, -1.48, -1.47], [-1.48, -1.67, 1.63, -0.92, -0.77, 1.33, 0.48, -1.25]], [[-0.26, 1.54, -0.5, 0.84, -1.61, 0.91, 1.11, 1.3], [0.7, -0.52, -1.74, 0.08, 1.03, -1.24, -0.94, 0.14]]]> : tensor<2x2x8xf32>
  %bias = arith.constant dense<[-1.4, -0.8, -1.1, -1.2, -1.5, -1.0, -0.9, -1.7]> : tensor<8xf32>
  %i, %w, %load = hadal.router sigmoid %z weights(%bias : tensor<8xf32>) {top_k = 3 : i64, groups = 4 : i64, top_groups = 2 : i64, excluded_groups = #hadal.excluded_groups<zero>} :
         tensor<2x2x8xf32> -> tensor<2x2x3xi32>, tensor<2x2x3xf32>, tensor<8xf32>
  return %i, %w, %load : tensor<2x2x3xi32>, tensor<2x2x3xf32>, tensor<8xf32>
}

// V2: softmax scores, a group's score is its best, no normalisation.
// CHECK{LITERAL}: @softmax_groups#0: tensor<2x2x2xi32> [[[5, 7], [2, 3]], [[1, 3], [4, 7]]]
// CHECK-NEXT{LITERAL}: @softmax_groups#1: tensor<2x2x2xf32> [[[5.53538, 0.445374], [6.76855, 0.5285]], [[4.20555, 2.08842], [5.27357, 2.16562]]]
// CHECK-NEXT: @softmax_groups#2: tensor<8xf32> [0, 1, 1, 2, 1, 1, 0, 2]
func.func @softmax_groups() -> (tensor<2x2x2xi32>, tensor<2x2x2xf32>, tensor<8xf32>) {
  %z = arith.constant dense<[[[-1.67, 1.01, 0.32, -0.8, -1.69, 1.05, -1.48, -1.47], [-1.48, -1.67, 1.63, -0.92, -0.77, 1.33, 0.48, -1.25]], [[-0.26, 1.54, -0.5, 0.84, -1.61, 0.91, 1.11, 1.3], [0.7, -0.52, -1.74, 0.08, 1.03, -1.24, -0.94, 0.14]]]> : tensor<2x2x8xf32>
  %i, %w, %load = hadal.router softmax %z {top_k = 2 : i64, groups = 2 : i64, top_groups = 1 : i64, group_score = #hadal.group_score<max>, scale = 16.0 : f64} :
         tensor<2x2x8xf32> -> tensor<2x2x2xi32>, tensor<2x2x2xf32>, tensor<8xf32>
  return %i, %w, %load : tensor<2x2x2xi32>, tensor<2x2x2xf32>, tensor<8xf32>
}

// The lower index wins among equals.
// CHECK{LITERAL}: @ties#0: tensor<1x1x3xi32> [[[1, 2, 0]]]
// CHECK-NEXT{LITERAL}: @ties#1: tensor<1x1x3xf32> [[[0.731059, 0.731059, 0.622459]]]
// CHECK-NEXT: @ties#2: tensor<4xf32> [1, 1, 1, 0]
func.func @ties() -> (tensor<1x1x3xi32>, tensor<1x1x3xf32>, tensor<4xf32>) {
  %z = arith.constant dense<[[[0.5, 1.0, 1.0, 0.5]]]> : tensor<1x1x4xf32>
  %i, %w, %load = hadal.router sigmoid %z {top_k = 3 : i64} :
         tensor<1x1x4xf32> -> tensor<1x1x3xi32>, tensor<1x1x3xf32>, tensor<4xf32>
  return %i, %w, %load : tensor<1x1x3xi32>, tensor<1x1x3xf32>, tensor<4xf32>
}

// Expected: numerical differentiation.
// CHECK{LITERAL}: @sigmoid_gradient: tensor<1x2x4xf32> [[[-0.0447214, 0.0369778, 0, 0], [-0.167693, 0, 0, 0.128209]]]
func.func @sigmoid_gradient() -> tensor<1x2x4xf32> {
  %z = arith.constant dense<[[[0.5, 0.79, -0.75, -0.63], [0.6, 0.29, 0.44, 0.99]]]> : tensor<1x2x4xf32>
  %i = arith.constant dense<[[[1, 0], [3, 0]]]> : tensor<1x2x2xi32>
  %g = arith.constant dense<[[[0.88, 0.69], [0.55, -0.21]]]> : tensor<1x2x2xf32>
  %y = hadal.router_gradient sigmoid %z, %i, %g {normalize, scale = 2.5 : f64} : tensor<1x2x4xf32>, tensor<1x2x2xi32>, tensor<1x2x2xf32>
  return %y : tensor<1x2x4xf32>
}

// Expected: numerical differentiation.
// CHECK{LITERAL}: @softmax_gradient: tensor<1x2x4xf32> [[[0.0196039, 0.00789105, -0.274763, 0.247268], [0.0371632, -0.044311, 0.00343103, 0.00371679]]]
func.func @softmax_gradient() -> tensor<1x2x4xf32> {
  %z = arith.constant dense<[[[0.28, -0.63, 0.52, 0.52], [0.44, -0.11, -0.24, -0.16]]]> : tensor<1x2x4xf32>
  %i = arith.constant dense<[[[2, 3], [0, 1]]]> : tensor<1x2x2xi32>
  %g = arith.constant dense<[[[-0.93, 0.69], [0.08, -0.22]]]> : tensor<1x2x2xf32>
  %y = hadal.router_gradient softmax %z, %i, %g {} : tensor<1x2x4xf32>, tensor<1x2x2xi32>, tensor<1x2x2xf32>
  return %y : tensor<1x2x4xf32>
}

// CHECK: @sequence_balance_sigmoid#0: tensor<f32> 1.18723
// CHECK-NEXT{LITERAL}: @sequence_balance_sigmoid#1: tensor<2x3x4xf32> [[[0.00240879, -0.0050705, -0.0139322, 0.00732299], [7.20945e-05, -0.00903861, -0.0117851, 0.00754529], [0.00110817, -0.00350653, -0.0114915, 0.0072143]], [[0.000938152, -0.0109222, 0.000970555, 0.000772532], [0.00262525, -0.0168856, 0.00438628, 0.00443662], [0.0017674, -0.012657, 0.00120671, 0.00165894]]]
func.func @sequence_balance_sigmoid() -> (tensor<f32>, tensor<2x3x4xf32>) {
  %z = arith.constant dense<[[[0.19, 0.89, -0.47, 1.32], [1.68, -0.45, -1.45, 1.04], [1.97, -1.41, 0.85, 1.3]], [[1.68, -1.51, -1.63, 1.95], [-1.53, -1.29, 0.3, -0.21], [1.0, -1.24, 1.66, -1.13]]]> : tensor<2x3x4xf32>
  %g = arith.constant dense<0.75> : tensor<f32>
  %l = hadal.sequence_balance_loss sigmoid %z {top_k = 2 : i64} : tensor<2x3x4xf32>
  %d = hadal.sequence_balance_loss_gradient sigmoid %z, %g {top_k = 2 : i64} : tensor<2x3x4xf32>
  return %l, %d : tensor<f32>, tensor<2x3x4xf32>
}

// CHECK: @variance_balance_sigmoid#0: tensor<f32> 0.0222674
// CHECK-NEXT{LITERAL}: @variance_balance_sigmoid#1: tensor<2x3x4xf32> [[[0.00156153, -0.00159753, -0.00206525, 0.00113714], [0.000546378, -0.00277355, -0.00196567, 0.000911621], [0.000512319, -0.00135014, -0.00199165, 0.000887755]], [[0.000326254, -0.00288217, 0.000361618, 0.00012575], [0.000785193, -0.00449543, 0.00137455, 0.000854792], [0.000496174, -0.0034182, 0.000362647, 0.000221107]]]
func.func @variance_balance_sigmoid() -> (tensor<f32>, tensor<2x3x4xf32>) {
  %z = arith.constant dense<[[[0.19, 0.89, -0.47, 1.32], [1.68, -0.45, -1.45, 1.04], [1.97, -1.41, 0.85, 1.3]], [[1.68, -1.51, -1.63, 1.95], [-1.53, -1.29, 0.3, -0.21], [1.0, -1.24, 1.66, -1.13]]]> : tensor<2x3x4xf32>
  %g = arith.constant dense<0.75> : tensor<f32>
  %l = hadal.variance_balance_loss sigmoid %z : tensor<2x3x4xf32>
  %d = hadal.variance_balance_loss_gradient sigmoid %z, %g : tensor<2x3x4xf32>
  return %l, %d : tensor<f32>, tensor<2x3x4xf32>
}

// CHECK: @sequence_balance_softmax#0: tensor<f32> 1.31049
// CHECK-NEXT{LITERAL}: @sequence_balance_softmax#1: tensor<2x3x4xf32> [[[-9.1483e-05, -0.0255096, -0.0130474, 0.0386485], [-0.00936818, -0.00697365, -0.00472137, 0.0210632], [0.00415888, -0.00137402, -0.0276916, 0.0249067]], [[0.00120367, -0.00282439, 4.39534e-05, 0.00157676], [0.00141224, -0.0155026, 0.00880377, 0.00528662], [0.00177677, -0.00542559, 0.00343768, 0.000211146]]]
func.func @sequence_balance_softmax() -> (tensor<f32>, tensor<2x3x4xf32>) {
  %z = arith.constant dense<[[[0.19, 0.89, -0.47, 1.32], [1.68, -0.45, -1.45, 1.04], [1.97, -1.41, 0.85, 1.3]], [[1.68, -1.51, -1.63, 1.95], [-1.53, -1.29, 0.3, -0.21], [1.0, -1.24, 1.66, -1.13]]]> : tensor<2x3x4xf32>
  %g = arith.constant dense<0.75> : tensor<f32>
  %l = hadal.sequence_balance_loss softmax %z {top_k = 2 : i64} : tensor<2x3x4xf32>
  %d = hadal.sequence_balance_loss_gradient softmax %z, %g {top_k = 2 : i64} : tensor<2x3x4xf32>
  return %l, %d : tensor<f32>, tensor<2x3x4xf32>
}

// CHECK: @variance_balance_softmax#0: tensor<f32> 0.0693315
// CHECK-NEXT{LITERAL}: @variance_balance_softmax#1: tensor<2x3x4xf32> [[[0.00567786, -0.0109651, -0.00355697, 0.00884423], [0.0077929, -0.00425708, -0.00181241, -0.00172341], [0.0111938, -0.00095936, -0.0108531, 0.000618649]], [[-0.00120739, -0.00100126, 0.000363223, 0.00184543], [-0.000794902, -0.00673779, 0.00859928, -0.00106659], [-0.00464605, -0.00235363, 0.00731689, -0.00031722]]]
func.func @variance_balance_softmax() -> (tensor<f32>, tensor<2x3x4xf32>) {
  %z = arith.constant dense<[[[0.19, 0.89, -0.47, 1.32], [1.68, -0.45, -1.45, 1.04], [1.97, -1.41, 0.85, 1.3]], [[1.68, -1.51, -1.63, 1.95], [-1.53, -1.29, 0.3, -0.21], [1.0, -1.24, 1.66, -1.13]]]> : tensor<2x3x4xf32>
  %g = arith.constant dense<0.75> : tensor<f32>
  %l = hadal.variance_balance_loss softmax %z : tensor<2x3x4xf32>
  %d = hadal.variance_balance_loss_gradient softmax %z, %g : tensor<2x3x4xf32>
  return %l, %d : tensor<f32>, tensor<2x3x4xf32>
}
