// What the verifiers of the expert family turn away.
// RUN: hadal-opt %s --split-input-file --verify-diagnostics

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{expects top_k to lie between 1 and 8 (the number of experts), got 9}}
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 9} : tensor<?x?x8xf32> -> tensor<?x?x9xi32>, tensor<?x?x9xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{expects top_k to lie between 1 and 8 (the number of experts), got 0}}
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 0} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{cannot divide 8 experts into 3 equal groups: `groups` must divide the number of experts}}
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 2, groups = 3} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{expects top_groups to lie between 1 and 4 (the number of groups), got 5}}
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 2, groups = 4, top_groups = 5} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{expects groups to lie between 1 and 8 (the number of experts), got 0}}
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 2, groups = 0} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{chooses 3 experts, but the 1 selected groups hold only 2: lower top_k or raise top_groups}}
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 3, groups = 4, top_groups = 1} : tensor<?x?x8xf32> -> tensor<?x?x3xi32>, tensor<?x?x3xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{cannot score groups of one expert by the sum of their two best}}
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 2, groups = 8, top_groups = 4} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{expects scale to be a positive number, got 0}}
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 2, scale = 0.0} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{expects the indices to have shape ?x?x3 (the logits' rows × top_k), got ?x?x2}}
  %i, %w, %l = hadal.router sigmoid %s "bias" {top_k = 3} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{expects 1 parameter name, got 2}}
  %i, %w, %l = hadal.router sigmoid %s "a", "b" {top_k = 2} : tensor<?x?x8xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<?x?x8xf32>) {
  // expected-error @below {{expects top_k to lie between 1 and 8}}
  %l = hadal.sequence_balance_loss sigmoid %s {top_k = 9} : tensor<?x?x8xf32>
  return
}

// -----

func.func @invalid(%s: tensor<4x8xf32>) {
  // expected-error @below {{expects the logits to have 3 dimensions (batch × sequence × experts), got 4x8}}
  %l = hadal.variance_balance_loss sigmoid %s : tensor<4x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x8xf32>, %i: tensor<?x?x2xi32>, %w: tensor<?x?x2xf32>) {
  // expected-error @below {{expects the number of indices to lie between 1 and 1 (the number of experts, `count`), got 2}}
  %y = hadal.experts %x, %i, %w "e" {count = 1, width = 5} : tensor<?x?x8xf32>, tensor<?x?x2xi32>, tensor<?x?x2xf32>
  return
}

// -----

func.func @invalid(%x: tensor<?x?x8xf32>, %i: tensor<?x?x2xi32>, %w: tensor<?x?x8xf32>) {
  // expected-error @below {{expects the expert weights to have shape ?x?x2 (the shape of the indices), got ?x?x8}}
  %y = hadal.experts %x, %i, %w "e" {count = 4, width = 5} : tensor<?x?x8xf32>, tensor<?x?x2xi32>, tensor<?x?x8xf32>
  return
}

// -----

func.func @invalid(%i: tensor<2x3x2xi32>) {
  // expected-error @below {{expects the pairs to have shape 12 (tokens · choices), got 11}}
  %p, %r, %o = hadal.dispatch %i : tensor<2x3x2xi32> -> tensor<11xi32>, tensor<2x3x2xi32>, tensor<9xi32>
  return
}

// -----

func.func @invalid(%x: tensor<2x3x8xf32>, %p: tensor<12xi32>, %r: tensor<2x3x2xi32>) {
  // expected-error @below {{expects the result to have shape 12x8 (tokens · choices × channels), got 12x7}}
  %y = hadal.gather_rows %x, %p, %r : (tensor<2x3x8xf32>, tensor<12xi32>, tensor<2x3x2xi32>) -> tensor<12x7xf32>
  return
}

// -----

func.func @invalid(%x: tensor<12x8xf32>, %w: tensor<4x5x8xf32>, %o: tensor<5xi32>) {
  // expected-error @below {{got 8 on the left and 5 on the right: check transpose_rhs}}
  %y = hadal.grouped_matmul %x, %w, %o : (tensor<12x8xf32>, tensor<4x5x8xf32>, tensor<5xi32>) -> tensor<12x8xf32>
  return
}

// -----

func.func @invalid(%x: tensor<12x8xf32>, %w: tensor<4x8x5xf32>, %o: tensor<4xi32>) {
  // expected-error @below {{expects the offsets to have shape 5 (experts + 1), got 4}}
  %y = hadal.grouped_matmul %x, %w, %o : (tensor<12x8xf32>, tensor<4x8x5xf32>, tensor<4xi32>) -> tensor<12x5xf32>
  return
}

// -----

func.func @invalid(%x: tensor<12x8xf32>, %g: tensor<12x5xf32>, %o: tensor<5xi32>) {
  // expected-error @below {{expects the result to have shape 4x8x5}}
  %y = hadal.grouped_outer_product %x, %g, %o : (tensor<12x8xf32>, tensor<12x5xf32>, tensor<5xi32>) -> tensor<5x8x5xf32>
  return
}

// -----

func.func @invalid(%x: tensor<12x8xbf16>, %w: tensor<4x5x8xf32>, %o: tensor<5xi32>) {
  // expected-error @below {{expects tensors of one element type, got 'bf16' and 'f32'}}
  %y = hadal.grouped_matmul %x, %w, %o {transpose_rhs} : (tensor<12x8xbf16>, tensor<4x5x8xf32>, tensor<5xi32>) -> tensor<12x5xf32>
  return
}

// -----

func.func @another_number_of_experts(%x: tensor<?x?x8xf32>, %l: tensor<?x?x6xf32>) -> tensor<?x?x8xf32> {
  // expected-note @below {{the router is here}}
  %i, %w, %load = hadal.router sigmoid %l {top_k = 2}
    : tensor<?x?x6xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<6xf32>
  // expected-error @below {{has 5 experts (`count`), but its router chooses among 6}}
  %y = hadal.experts %x, %i, %w "mlp.experts" {count = 5, width = 4}
    : tensor<?x?x8xf32>, tensor<?x?x2xi32>, tensor<?x?x2xf32>
  return %y : tensor<?x?x8xf32>
}

// -----

func.func @misspelt(%l: tensor<?x?x6xf32>) -> tensor<6xf32> {
  // expected-error @below {{'hadal.router' op has no attribute 'normalise'; it has}}
  %i, %w, %load = hadal.router sigmoid %l {top_k = 2, normalise}
    : tensor<?x?x6xf32> -> tensor<?x?x2xi32>, tensor<?x?x2xf32>, tensor<6xf32>
  return %load : tensor<6xf32>
}
