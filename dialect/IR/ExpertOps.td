// Mixtures of experts: the router, balance losses, dropless dispatch, grouped products, combination.
//
// Notation: T tokens in all (batch · sequence), k experts per token, E experts, N = T·k rows sorted by expert.
#ifndef HADAL_DIALECT_IR_EXPERTOPS_TD
#define HADAL_DIALECT_IR_EXPERTOPS_TD

include "dialect/IR/OpsCommon.td"

defvar routerAttributes = (ins
  Hadal_ScoreFunction:$score_function, I64Attr:$top_k, DefaultValuedAttr<I64Attr, "1">:$groups,
  DefaultValuedAttr<I64Attr, "1">:$top_groups,
  DefaultValuedAttr<Hadal_GroupScoreAttr, "::hadal::GroupScore::Top2Sum">:$group_score,
  DefaultValuedAttr<Hadal_ExcludedGroupsAttr, "::hadal::ExcludedGroups::NegativeInfinity">:$excluded_groups,
  UnitAttr:$normalize, DefaultValuedAttr<F64Attr, "1.0">:$scale);

def Hadal_RouterOp : Hadal_ParametersOp<"router", [Evaluable, Differentiable, Kernel, FullPrecision]> {
  let summary = "chooses k experts for every token";
  let description = [{
    From logits (batch × sequence × E, f32): s = score_function(logits); c = s + bias (the bias, an optional parameter
    [E], takes part in the selection only). With groups > 1 the experts form equal consecutive groups; a group's score is
    `group_score` of its c; the `top_groups` best are kept and the others' c become `excluded_groups`. `indices` are the
    k largest c, the largest first, the lower index first among equals. w = s[indices]; with `normalize`, w /= Σ w +
    1e-20; then w *= scale. `load` counts the tokens of each expert over the whole operand (f32). Source: DeepSeek-V3
    technical report eq. 12-16, inference/model.py `Gate`; transformers `DeepseekV3TopkRouter`.
    A bias that is a parameter is not trained by gradient: the update adds the sign of its load's deficit (technical
    report section 2.1.2).

    ```mlir
    // %logits: tensor<?x?x256xf32>
    %i, %w, %load = hadal.router sigmoid %logits "mlp.gate.e_score_correction_bias"
                      {top_k = 8, groups = 8, top_groups = 4, normalize, scale = 2.5}
                      : tensor<?x?x256xf32> -> tensor<?x?x8xi32>, tensor<?x?x8xf32>, tensor<256xf32>
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$logits), routerAttributes, parameterArguments);
  let results = (outs Hadal_Indices:$indices, Hadal_Tensor:$expert_weights, Hadal_Tensor:$load);
  let assemblyFormat = [{
    $score_function $logits (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($logits) `->`
    type(results)
  }];
}

def Hadal_RouterGradientOp : Hadal_PureOp<"router_gradient", [AllTypesMatch<["logits", "result"]>, Evaluable, Kernel]> {
  let summary = "gradient of the router's logits from that of the experts' weights";
  let description = [{
    ```mlir
    // %logits: tensor<4x512x16xf32>, %i: tensor<4x512x2xi32>, %dw: tensor<4x512x2xf32>
    %d = hadal.router_gradient sigmoid %logits, %i, %dw {normalize, scale = 2.5}
           : tensor<4x512x16xf32>, tensor<4x512x2xi32>, tensor<4x512x2xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$logits, Hadal_Indices:$indices, Hadal_Tensor:$gradient,
                       Hadal_ScoreFunction:$score_function, UnitAttr:$normalize,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $score_function $logits `,` $indices `,` $gradient attr-dict `:` type($logits) `,` type($indices) `,` type($gradient)
  }];
}

class Hadal_BalanceLossOp<string mnemonic> : Hadal_PureOp<mnemonic, [Evaluable, Differentiable, Kernel, FullPrecision]> {
  let results = (outs Hadal_Scalar:$result);
  let assemblyFormat = "$score_function $logits attr-dict `:` type($logits)";
}
class Hadal_BalanceLossGradientOp<string mnemonic> : Hadal_PureOp<mnemonic, [
    AllTypesMatch<["logits", "result"]>, Evaluable, Kernel]> {
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$score_function $logits `,` $gradient attr-dict `:` type($logits)";
}

def Hadal_SequenceBalanceLossOp : Hadal_BalanceLossOp<"sequence_balance_loss"> {
  let summary = "the sequence-wise balance loss, a mean over sequences";
  let description = [{
    Per sequence of T tokens, with s the scores of all E experts: f_i = E/(k T) · #{t : i in TopK(s_t)} (neither bias nor
    group limit), P_i = (1/T) Σ_t s_i,t / Σ_j s_j,t; the loss is Σ_i f_i P_i, and the result its mean over the sequences,
    without α. f is constant for the gradient. Source: DeepSeek-V3 technical report eq. 17-20.

    ```mlir
    // %logits: tensor<?x?x256xf32>
    %loss = hadal.sequence_balance_loss sigmoid %logits {top_k = 8} : tensor<?x?x256xf32>
    ```
  }];
  let arguments = (ins Hadal_ScoreFunction:$score_function, Hadal_Activation:$logits, I64Attr:$top_k);
}
def Hadal_SequenceBalanceLossGradientOp : Hadal_BalanceLossGradientOp<"sequence_balance_loss_gradient"> {
  let summary = "gradient of hadal.sequence_balance_loss; `gradient` is that of its result";
  let description = [{
    ```mlir
    // %logits: tensor<4x512x16xf32>, %g: tensor<f32>
    %d = hadal.sequence_balance_loss_gradient sigmoid %logits, %g {top_k = 2} : tensor<4x512x16xf32>
    ```
  }];
  let arguments = (ins Hadal_ScoreFunction:$score_function, Hadal_Activation:$logits, Hadal_Scalar:$gradient,
                       I64Attr:$top_k);
}
def Hadal_VarianceBalanceLossOp : Hadal_BalanceLossOp<"variance_balance_loss"> {
  let summary = "the variance balance loss, a mean over sequences";
  let description = [{
    Per sequence: Σ_i (mean_t g_i,t - 1/E)² with g the scores of a token normalised to sum 1. Result: the mean over the
    sequences, without α.

    ```mlir
    // %logits: tensor<?x?x256xf32>
    %loss = hadal.variance_balance_loss sigmoid %logits : tensor<?x?x256xf32>
    ```
  }];
  let arguments = (ins Hadal_ScoreFunction:$score_function, Hadal_Activation:$logits);
}
def Hadal_VarianceBalanceLossGradientOp : Hadal_BalanceLossGradientOp<"variance_balance_loss_gradient"> {
  let summary = "gradient of hadal.variance_balance_loss; `gradient` is that of its result";
  let description = [{
    ```mlir
    // %logits: tensor<4x512x16xf32>, %g: tensor<f32>
    %d = hadal.variance_balance_loss_gradient sigmoid %logits, %g : tensor<4x512x16xf32>
    ```
  }];
  let arguments = (ins Hadal_ScoreFunction:$score_function, Hadal_Activation:$logits, Hadal_Scalar:$gradient);
}

def Hadal_ExpertsOp : Hadal_ParametersOp<"experts", [
    AllTypesMatch<["input", "result"]>, Evaluable, Decomposable]> {
  let summary = "routed experts, dropless: Σ_j w_j down_e(silu(gate_e(x)) · up_e(x)) with e = indices_j";
  let description = [{
    `count` experts of `width`. Parameters under the prefix, stacked: `{e}.gate_proj.weight`, `{e}.up_proj.weight` [count,
    width, channels], `{e}.down_proj.weight` [count, channels, width]. No token is dropped whatever the load. Passes
    expand it into dispatch, gathered grouped products, SwiGLU, a grouped product and the combination.

    ```mlir
    // %x: tensor<?x?x7168xf32>, %i: tensor<?x?x8xi32>, %w: tensor<?x?x8xf32>
    %y = hadal.experts %x, %i, %w "mlp.experts" {count = 256, width = 2048}
           : tensor<?x?x7168xf32>, tensor<?x?x8xi32>, tensor<?x?x8xf32>
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$input, Hadal_Indices:$indices, Hadal_Tensor:$expert_weights,
                            I64Attr:$count, I64Attr:$width), parameterArguments);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $input `,` $indices `,` $expert_weights (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:`
    type($input) `,` type($indices) `,` type($expert_weights)
  }];
  let extraClassDeclaration = [{ unsigned getNameCount() { return 1; } }];
}

def Hadal_DispatchOp : Hadal_PureOp<"dispatch", [Evaluable, Kernel]> {
  let summary = "sorts the chosen (token, choice) pairs by expert, stably";
  let description = [{
    indices: batch × sequence × k. Pair p = t·k + j names choice j of token t. Results: `pairs` [N]: the pair that lies
    in sorted row r; `rows` (shape of indices): the sorted row of a pair, the inverse; `offsets` [E+1]: expert e owns the rows
    offsets[e] to offsets[e+1]. Pairs of one expert keep their order.

    ```mlir
    // %i: tensor<4x512x8xi32>
    %pairs, %rows, %offsets = hadal.dispatch %i : tensor<4x512x8xi32> -> tensor<16384xi32>, tensor<4x512x8xi32>, tensor<257xi32>
    ```
  }];
  let arguments = (ins Hadal_Indices:$indices);
  let results = (outs Hadal_Indices:$pairs, Hadal_Indices:$rows, Hadal_Indices:$offsets);
  let assemblyFormat = "$indices attr-dict `:` type($indices) `->` type(results)";
}

def Hadal_GatherRowsOp : Hadal_PureOp<"gather_rows", [Evaluable, Differentiable, RowSelectingKernel]> {
  let summary = "result(r, :) = input(token of pairs(r), :): the rows of all experts, sorted";
  let description = [{ The token of a pair is pair / top_k, over the flattened batch and sequence; `rows` is the inverse
    that the gradient (hadal.combine_rows with unit weights) needs.

    ```mlir
    // %x: tensor<4x512x256xf32>, %pairs: tensor<4096xi32>, %rows: tensor<4x512x2xi32>
    %sorted = hadal.gather_rows %x, %pairs, %rows
                : (tensor<4x512x256xf32>, tensor<4096xi32>, tensor<4x512x2xi32>) -> tensor<4096x256xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$input, Hadal_Indices:$pairs, Hadal_Indices:$rows);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$input `,` $pairs `,` $rows attr-dict `:` functional-type(operands, results)";
}

def Hadal_CombineRowsOp : Hadal_PureOp<"combine_rows", [Evaluable, Differentiable, WideningKernel]> {
  let summary = "result(t, :) = Σ_j w(t, j) · input(rows(t, j), :), j rising";
  let description = [{ Without `expert_weights` every w is 1. The fixed order makes the sum deterministic.

    ```mlir
    // %y: tensor<4096x256xf32>, %rows: tensor<4x512x2xi32>, %pairs: tensor<4096xi32>, %w: tensor<4x512x2xf32>
    %x = hadal.combine_rows %y, %rows, %pairs weighted(%w)
           : (tensor<4096x256xf32>, tensor<4x512x2xi32>, tensor<4096xi32>, tensor<4x512x2xf32>) -> tensor<4x512x256xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$input, Hadal_Indices:$rows, Hadal_Indices:$pairs,
                       Optional<Hadal_Tensor>:$expert_weights);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $input `,` $rows `,` $pairs (`weighted` `(` $expert_weights^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
}

def Hadal_CombineRowsGradientOp : Hadal_PureOp<"combine_rows_gradient", [AllTypesMatch<["input", "input_gradient"]>,
    AllTypesMatch<["expert_weights", "weights_gradient"]>, Evaluable, ConvertingKernel]> {
  let summary = "gradients of hadal.combine_rows' input and weights";
  let description = [{
    With p = pairs(r), t = p / k: input_gradient(r, :) = w(p) · gradient(t, :), weights_gradient(p) = gradient(t, :) · input(r, :).

    ```mlir
    // %y: tensor<4096x256xf32>, %pairs: tensor<4096xi32>, %w: tensor<4x512x2xf32>, %g: tensor<4x512x256xf32>
    %dy, %dw = hadal.combine_rows_gradient %y, %pairs, %w, %g
                 : (tensor<4096x256xf32>, tensor<4096xi32>, tensor<4x512x2xf32>, tensor<4x512x256xf32>)
                 -> (tensor<4096x256xf32>, tensor<4x512x2xf32>)
    ```
  }];
  let arguments = (ins Hadal_Tensor:$input, Hadal_Indices:$pairs, Hadal_Tensor:$expert_weights,
                       Hadal_Activation:$gradient);
  let results = (outs Hadal_Tensor:$input_gradient, Hadal_Tensor:$weights_gradient);
  let assemblyFormat = [{
    $input `,` $pairs `,` $expert_weights `,` $gradient attr-dict `:` functional-type(operands, results)
  }];
}

def Hadal_GroupedMatmulOp : Hadal_PureOp<"grouped_matmul", [Evaluable, Differentiable, RowReadingKernel, Product, Contraction, EncodedFactors]> {
  let summary = "a matrix product per expert over its rows";
  let description = [{
    lhs [N, K], rows sorted by expert; rhs [E, K, C], or [E, C, K] with `transpose_rhs` (the forward product with PyTorch's
    layout); offsets [E+1]. result(r, :) = lhs(r, :) op(rhs_e) for offsets[e] <= r < offsets[e+1]. Types and `compute` are those
    of hadal.matmul.

    ```mlir
    // %x: tensor<16384x256xf32>, %w: tensor<16x512x256xf32>, %offsets: tensor<17xi32>
    %y = hadal.grouped_matmul %x, %w, %offsets {transpose_rhs}
           : (tensor<16384x256xf32>, tensor<16x512x256xf32>, tensor<17xi32>) -> tensor<16384x512xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$lhs, Hadal_Tensor:$rhs, Hadal_Indices:$offsets, UnitAttr:$transpose_rhs,
                       OptionalAttr<TypeAttr>:$compute);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs `,` $offsets attr-dict `:` functional-type(operands, results)";
}

def Hadal_GroupedOuterProductOp : Hadal_PureOp<"grouped_outer_product", [Evaluable, RowReadingKernel, Product, Contraction]> {
  let summary = "result(e) = Σ over expert e's rows r of lhs(r, :)ᵀ rhs(r, :); zero for an expert without rows";
  let description = [{ lhs [N, A], rhs [N, B], offsets [E+1]; the result is [E, A, B]: the weight gradient of the experts.
    Types and `compute` are those of hadal.matmul.

    ```mlir
    // %g: tensor<4096x512xf32>, %x: tensor<4096x256xf32>, %offsets: tensor<17xi32>
    %dw = hadal.grouped_outer_product %g, %x, %offsets
            : (tensor<4096x512xf32>, tensor<4096x256xf32>, tensor<17xi32>) -> tensor<16x512x256xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$lhs, Hadal_Tensor:$rhs, Hadal_Indices:$offsets,
                       OptionalAttr<TypeAttr>:$compute);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs `,` $offsets attr-dict `:` functional-type(operands, results)";
}

#endif // HADAL_DIALECT_IR_EXPERTOPS_TD
