// Kernels of one operation (attention, the head, reductions, routing, updates) whose bodies hold anything else are refused,
// with the operation and the reason.
// RUN: hadal-opt %s --split-input-file --hadal-select-strategies=cpu=x86-64-v3 --verify-diagnostics
// RUN: hadal-opt %s --split-input-file --hadal-select-strategies=target=sm_90a --verify-diagnostics

// expected-error @below {{serves the kernel 'attention_and_more' of kind attention}}
hadal.kernel attention @attention_and_more(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>) {
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  // expected-note @below {{'arith.addf' cannot stand beside attention}}
  %s = arith.addf %y, %y : tensor<2x3x6xf32>
  hadal.yield %s, %l : tensor<2x3x6xf32>, tensor<2x2x3xf32>
}

// -----

// expected-error @below {{serves the kernel 'results_exchanged'}}
hadal.kernel attention @results_exchanged(%q: tensor<2x3x12xf32>, %kv: tensor<2x3x14xf32>, %k: tensor<2x3x2xf32>) -> (tensor<2x2x3xf32>, tensor<2x3x6xf32>) {
  // expected-note @below {{'hadal.attention' has to read the kernel's operands in their order}}
  %y, %l = hadal.attention %q, %kv, %k {heads = 2, nope = 4, value = 3, scale = 0.5} : (tensor<2x3x12xf32>, tensor<2x3x14xf32>, tensor<2x3x2xf32>) -> (tensor<2x3x6xf32>, tensor<2x2x3xf32>)
  hadal.yield %l, %y : tensor<2x2x3xf32>, tensor<2x3x6xf32>
}

// -----

// An operand is no result of the head: nothing would be stored.
// expected-error @below {{serves the kernel 'operand_as_result' of kind head}}
hadal.kernel head @operand_as_result(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>) -> (tensor<f32>, tensor<5x8xf32>) {
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<5x8xf32>) {vocabulary = 5} : tensor<2x3x8xf32>, tensor<2x3xi32>
  // expected-note @below {{'hadal.yield' has a result that is none of the head's}}
  hadal.yield %l, %w : tensor<f32>, tensor<5x8xf32>
}

// -----

// expected-error @below {{serves the kernel 'sum_of_operands'}}
hadal.kernel head @sum_of_operands(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>) -> (tensor<f32>, tensor<5x8xf32>) {
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<5x8xf32>) {vocabulary = 5} : tensor<2x3x8xf32>, tensor<2x3xi32>
  %s = arith.addf %w, %w : tensor<5x8xf32>
  // expected-note @below {{'hadal.yield' has a result that is none of the head's}}
  hadal.yield %l, %s : tensor<f32>, tensor<5x8xf32>
}

// -----

// expected-error @below {{serves the kernel 'loss_twice'}}
hadal.kernel head @loss_twice(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>) -> (tensor<f32>, tensor<f32>) {
  // expected-note @below {{'hadal.cross_entropy' reads operands of the kernel, and each of its results is yielded once}}
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<5x8xf32>) {vocabulary = 5} : tensor<2x3x8xf32>, tensor<2x3xi32>
  hadal.yield %l, %l : tensor<f32>, tensor<f32>
}

// -----

// expected-error @below {{serves the kernel 'scaled_head'}}
hadal.kernel head @scaled_head(%h: tensor<2x3x8xf32>, %t: tensor<2x3xi32>, %w: tensor<5x8xf32>) -> tensor<f32> {
  %l = hadal.cross_entropy %h, %t weights(%w : tensor<5x8xf32>) {vocabulary = 5} : tensor<2x3x8xf32>, tensor<2x3xi32>
  // expected-note @below {{'arith.mulf' cannot stand beside the head}}
  %s = arith.mulf %l, %l : tensor<f32>
  hadal.yield %s : tensor<f32>
}

// -----

// expected-error @below {{serves the kernel 'scaled_norm' of kind update}}
hadal.kernel update @scaled_norm(%x: tensor<4x8xf32>) -> tensor<f32> {
  %n = hadal.squared_norm %x : tensor<4x8xf32>
  // expected-note @below {{'arith.mulf' is no result of this kernel's operation}}
  %s = arith.mulf %n, %n : tensor<f32>
  hadal.yield %s : tensor<f32>
}

// -----

// expected-error @below {{serves the kernel 'norm_of_sum'}}
hadal.kernel update @norm_of_sum(%x: tensor<4x8xf32>) -> tensor<f32> {
  %s = arith.addf %x, %x : tensor<4x8xf32>
  // expected-note @below {{'hadal.squared_norm' reads what the kernel computes}}
  %n = hadal.squared_norm %s : tensor<4x8xf32>
  hadal.yield %n : tensor<f32>
}

// -----

// expected-error @below {{serves the kernel 'norm_twice'}}
hadal.kernel update @norm_twice(%x: tensor<4x8xf32>) -> (tensor<f32>, tensor<f32>) {
  // expected-note @below {{'hadal.squared_norm' is no result of this kernel's operation, its sum with an operand, or its rounding, each once}}
  %n = hadal.squared_norm %x : tensor<4x8xf32>
  hadal.yield %n, %n : tensor<f32>, tensor<f32>
}

// -----

// expected-error @below {{serves the kernel 'idle_sum'}}
hadal.kernel update @idle_sum(%x: tensor<4x8xf32>) -> tensor<f32> {
  %n = hadal.squared_norm %x : tensor<4x8xf32>
  // expected-note @below {{'arith.addf' has no part in what this kernel yields}}
  %s = arith.addf %x, %x : tensor<4x8xf32>
  hadal.yield %n : tensor<f32>
}

// -----

// The kind chooses the strategy.
// expected-error @below {{serves the kernel 'other_kind' of kind routing}}
hadal.kernel routing @other_kind(%x: tensor<4x8xf32>) -> tensor<f32> {
  // expected-note @below {{it holds hadal.squared_norm}}
  %n = hadal.squared_norm %x : tensor<4x8xf32>
  hadal.yield %n : tensor<f32>
}

// -----

// A copy in a layout that no product reads; a GPU's kernel makes none at all.
!turned = tensor<8x4xf32, #hadal.encoding<layout = <outer = [1, 0]>>>
// expected-error @below {{serves the kernel 'turned_copy' of kind update}}
hadal.kernel update @turned_copy(%p: tensor<8x4xf32>, %g: tensor<8x4xf32>, %m: tensor<8x4xf32>, %v: tensor<8x4xf32>, %s: tensor<f32>)
    -> (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, !turned) {
  // expected-note-re @below {{'hadal.adamw' {{makes copies of the new parameter in bf16, in panels and in tiles, and not as 'tensor<8x4xf32, .*>'|has a result that is copied, rounded or packed, which its kernel does not do here}}}}
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%s, %s, %s, %s, %s, %s, %s, %s)
    : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32> -> tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>
  %1 = hadal.pack %0#0 : tensor<8x4xf32> -> !turned
  hadal.yield %0#0, %0#1, %0#2, %1 : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, !turned
}

// -----

// What is copied stands before its copies.
// expected-error @below {{serves the kernel 'copy_alone' of kind update}}
hadal.kernel update @copy_alone(%p: tensor<8x4xf32>, %g: tensor<8x4xf32>, %m: tensor<8x4xf32>, %v: tensor<8x4xf32>, %s: tensor<f32>) -> tensor<8x4xbf16> {
  %0:3 = hadal.adamw %p, %g, %m, %v scalars(%s, %s, %s, %s, %s, %s, %s, %s)
    : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32> -> tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>
  // expected-note @below {{nor a copy of one that stands before it}}
  %1 = arith.truncf %0#0 : tensor<8x4xf32> to tensor<8x4xbf16>
  hadal.yield %1 : tensor<8x4xbf16>
}
