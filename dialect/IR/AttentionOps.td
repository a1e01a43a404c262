// Multi-head latent attention: the model's operation, rotary embedding, and the attention core with its gradient.
#ifndef HADAL_DIALECT_IR_ATTENTIONOPS_TD
#define HADAL_DIALECT_IR_ATTENTIONOPS_TD

include "dialect/IR/OpsCommon.td"

def Hadal_MLAAttentionOp : Hadal_ParametersOp<"mla_attention", [Evaluable, Decomposable]> {
  let summary = "multi-head latent attention, causal, from queries and the compressed latent to the heads' outputs";
  let description = [{
    `query` is batch × sequence × heads·(nope + rope), each head nope first. `latent` is batch × sequence × (rank + rope):
    the compressed latent c, then the rotary key k_pe that all heads share. With n = RMSNorm(c; norm weight, eps) and
    kv = n Wᵀ (each head (nope key | value)), head h at position i yields Σ_{j ≤ i} softmax_j(s·(q_nope·k_nope + rope(q_pe)·
    rope(k_pe))) v_j, where s = scale, by default 1/sqrt(nope + rope) times YaRN's factor. Parameters in order: the
    up-projection [heads·(nope + value), rank] and the norm weight [rank]. A pass chooses the plain form (training,
    prefill) or the absorbed form (decode). Source: DeepSeek-V3 technical report eq. 1-11, inference/model.py.

    ```mlir
    // %q: tensor<?x?x384xf32>, %latent: tensor<?x?x80xf32>
    %o = hadal.mla_attention %q, %latent "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
           {heads = 8, nope = 32, value = 32, rope = #hadal.rope<theta = 1.0e4, dim = 16>, eps = 1.0e-6}
           : tensor<?x?x384xf32>, tensor<?x?x80xf32> -> tensor<?x?x256xf32>
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$query, Hadal_Activation:$latent, I64Attr:$heads, I64Attr:$nope,
                            I64Attr:$value, Hadal_RopeAttr:$rope, F64Attr:$eps, OptionalAttr<F64Attr>:$scale),
                       parameterArguments);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $query `,` $latent (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($query) `,`
    type($latent) `->` type($result)
  }];
}

def Hadal_RopeOp : Hadal_PureOp<"rope", [SameOperandsAndResultType, Evaluable, Differentiable, Kernel, Hadal_RotationOpInterface]> {
  let summary = "rotates the last channels of every head by the position";
  let description = [{
    The channels are `heads` equal heads; the last rope.dim channels of each are rotated by position i (index along the
    sequence, dimension 1), the rest pass. `inverse` rotates back: the gradient. Position-dependent, so not rowwise: a
    kernel of the rowwise kind that also knows its row's position.

    ```mlir
    // %q: tensor<?x?x384xf32>
    %r = hadal.rope %q {heads = 8, rope = #hadal.rope<theta = 1.0e4, dim = 16>} : tensor<?x?x384xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$input, I64Attr:$heads, Hadal_RopeAttr:$rope, UnitAttr:$inverse);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$input attr-dict `:` type($result)";
}

def Hadal_AttentionOp : Hadal_PureOp<"attention", [Evaluable, Differentiable, Kernel, ProductWithStatistics, InnerFactors,
                                                    Hadal_AttentionOpInterface]> {
  let summary = "the causal attention core with a shared rotary key";
  let description = [{
    query: batch × sequence × heads·(nope + rope), rotated; key_value: batch × sequence × heads·(nope + value);
    rotary_key: batch × sequence × rope, rotated, one for all heads. Head h: scores = scale·(q_nope·k_nope + q_pe·k_pe), causal
    softmax, times v. Results: batch × sequence × heads·value, and the log of the softmax denominators (with the maximum
    folded in), batch × heads × sequence, which the gradient needs. No sequence² buffer exists. The three operands have one
    type, f32 or bf16; scores, softmax and sums are formed in f32, the result is f32 or of the operands' type, and the
    statistics are always f32.

    ```mlir
    // %q: tensor<4x512x384xf32>, %kv: tensor<4x512x512xf32>, %key: tensor<4x512x16xf32>
    %o, %lse = hadal.attention %q, %kv, %key {heads = 8, nope = 32, value = 32, scale = 0.144}
                 : (tensor<4x512x384xf32>, tensor<4x512x512xf32>, tensor<4x512x16xf32>)
                 -> (tensor<4x512x256xf32>, tensor<4x8x512xf32>)
    ```
  }];
  let arguments = (ins Hadal_Activation:$query, Hadal_Activation:$key_value, Hadal_Activation:$rotary_key,
                       I64Attr:$heads, I64Attr:$nope, I64Attr:$value, F64Attr:$scale);
  let results = (outs Hadal_Activation:$result, Hadal_Tensor:$log_sum_exp);
  let assemblyFormat = "$query `,` $key_value `,` $rotary_key attr-dict `:` functional-type(operands, results)";
}

def Hadal_AttentionGradientOp : Hadal_PureOp<"attention_gradient", [Evaluable, Kernel, Product, InnerFactors,
                                                                     Hadal_AttentionOpInterface]> {
  let summary = "gradients of hadal.attention's three operands";
  let description = [{
    `output` and `log_sum_exp` are the results of hadal.attention, `gradient` is that of its result. The operands but
    log_sum_exp (always f32) have one type, f32 or bf16; sums are formed in f32, and each result is f32 or of that type.

    ```mlir
    // %q: tensor<2x8x12xf32>, %kv: tensor<2x8x14xf32>, %k: tensor<2x8x2xf32>, %o: tensor<2x8x6xf32>, %lse: tensor<2x2x8xf32>, %do: tensor<2x8x6xf32>
    %dq, %dkv, %dk = hadal.attention_gradient %q, %kv, %k, %o, %lse, %do {heads = 2, nope = 4, value = 3, scale = 0.4}
      : (tensor<2x8x12xf32>, tensor<2x8x14xf32>, tensor<2x8x2xf32>, tensor<2x8x6xf32>, tensor<2x2x8xf32>, tensor<2x8x6xf32>)
      -> (tensor<2x8x12xf32>, tensor<2x8x14xf32>, tensor<2x8x2xf32>)
    ```
  }];
  let arguments = (ins Hadal_Activation:$query, Hadal_Activation:$key_value, Hadal_Activation:$rotary_key,
                       Hadal_Activation:$output, Hadal_Tensor:$log_sum_exp, Hadal_Activation:$gradient,
                       I64Attr:$heads, I64Attr:$nope, I64Attr:$value, F64Attr:$scale);
  let results = (outs Hadal_Activation:$query_gradient, Hadal_Activation:$key_value_gradient,
                      Hadal_Activation:$rotary_key_gradient);
  let assemblyFormat = [{
    $query `,` $key_value `,` $rotary_key `,` $output `,` $log_sum_exp `,` $gradient attr-dict `:`
    functional-type(operands, results)
  }];
  let extraClassDeclaration = [{ bool isGradient() { return true; } }];
}

#endif // HADAL_DIALECT_IR_ATTENTIONOPS_TD
