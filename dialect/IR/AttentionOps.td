// Multi-head latent attention: the model's operation, rotary embedding, and the attention core with its gradient.
#ifndef HADAL_DIALECT_IR_ATTENTIONOPS_TD
#define HADAL_DIALECT_IR_ATTENTIONOPS_TD

include "dialect/IR/OpsCommon.td"

// Where a call knows more than one stretch of tokens from position 0 on: the positions of its rows, and how many keys
// of each sample there are to be seen. Without them rows stand at positions 0, 1, 2, ..., and all keys are there.
defvar sightArguments = (ins Optional<Hadal_Indices>:$positions, Optional<Hadal_Indices>:$key_lengths);

def Hadal_MLAAttentionOp : Hadal_ParametersOp<"mla_attention", [Evaluable, Decomposable, AttrSizedOperandSegments]> {
  let summary = "multi-head latent attention, causal, from queries and the compressed latent to the heads' outputs";
  let description = [{
    `query` is batch × sequence × heads·(nope + rope), each head nope first. `latent` is batch × sequence × (rank + rope):
    the compressed latent c, then the rotary key k_pe that all heads share. With n = RMSNorm(c; norm weight, eps) and
    kv = n Wᵀ (each head (nope key | value)), head h at position i yields Σ_{j ≤ i} softmax_j(s·(q_nope·k_nope + rope(q_pe)·
    rope(k_pe))) v_j, where s = scale, by default 1/sqrt(nope + rope) times YaRN's factor. Parameters in order: the
    up-projection [heads·(nope + value), rank] and the norm weight [rank]. A pass chooses the plain form (training,
    prefill) or the absorbed form (decode). Source: DeepSeek-V3 technical report eq. 1-11, inference/model.py.

    With `positions` (batch × sequence) queries stand at any positions, and `latent` holds another number of tokens than
    `query`: batch × keys × (rank + rope), that of position j at index j, as a cache does. `key_lengths` (batch) says how
    many of a sample's there are. Both are those of `hadal.attention`; a query whose position no token of the latent has
    is turned into NaN, as `hadal.rope` says, unless it sees no key.

    ```mlir
    // %q: tensor<?x?x384xf32>, %latent: tensor<?x?x80xf32>
    %o = hadal.mla_attention %q, %latent "self_attn.kv_b_proj.weight", "self_attn.kv_a_layernorm.weight"
           {heads = 8, nope = 32, value = 32, rope = #hadal.rope<theta = 1.0e4, dim = 16>, eps = 1.0e-6}
           : tensor<?x?x384xf32>, tensor<?x?x80xf32> -> tensor<?x?x256xf32>
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$query, Hadal_Activation:$latent), sightArguments,
                       (ins I64Attr:$heads, I64Attr:$nope, I64Attr:$value, Hadal_RopeAttr:$rope, F64Attr:$eps,
                            OptionalAttr<F64Attr>:$scale),
                       parameterArguments);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $query `,` $latent (`positions` `(` $positions^ `:` type($positions) `)`)?
    (`key_lengths` `(` $key_lengths^ `:` type($key_lengths) `)`)?
    (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($query) `,` type($latent) `->`
    type($result)
  }];
  let hasCanonicalizeMethod = 1;
}

def Hadal_RopeOp : Hadal_PureOp<"rope", [AllTypesMatch<["input", "result"]>, Evaluable, Differentiable, Kernel,
                                         Sequence, Hadal_RotationOpInterface]> {
  let summary = "rotates the last channels of every head by the position";
  let description = [{
    The channels are `heads` equal heads; the last rope.dim channels of each are rotated by the position of the row, the
    rest pass. `inverse` rotates back: the gradient. Position-dependent, so not rowwise: a kernel of the rowwise kind that
    also knows its row's position.

    The position of a row is its index along the sequence (dimension 1), or what `positions` says: batch × sequence, one
    per row of the input, in any order, any number of times. Angles are constants of the program, so the number of
    positions is one, too: `position_limit`, given with `positions` and only with them. A row at a position outside
    [0, position_limit) has no angles: the channels that would be rotated become NaN (no memory is read for them), so a
    mistake is seen in whatever is computed from the row, and a row that nothing is computed from (an empty place in a
    batch) does no harm.

    ```mlir
    // %q: tensor<?x?x384xf32>, %last: tensor<4x1x384xf32>, %p: tensor<4x1xi32>
    %r = hadal.rope %q {heads = 8, rope = #hadal.rope<theta = 1.0e4, dim = 16>} : tensor<?x?x384xf32>
    %s = hadal.rope %last positions(%p : tensor<4x1xi32>)
           {heads = 8, position_limit = 4096, rope = #hadal.rope<theta = 1.0e4, dim = 16>} : tensor<4x1x384xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$input, Optional<Hadal_Indices>:$positions, I64Attr:$heads,
                       Hadal_RopeAttr:$rope, UnitAttr:$inverse, OptionalAttr<I64Attr>:$position_limit);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$input (`positions` `(` $positions^ `:` type($positions) `)`)? attr-dict `:` type($result)";
  let builders = [
    // By the index along the sequence.
    OpBuilder<(ins "::mlir::Value":$input, "uint64_t":$heads, "::hadal::RopeAttr":$rope), [{
      build($_builder, $_state, input.getType(), input, ::mlir::Value(), heads, rope, /*inverse=*/false,
            ::mlir::IntegerAttr());
    }]>
  ];
  let extraClassDeclaration = [{
    /// How many positions the rows can have; open while the sequence is.
    int64_t getPositionCount() {
      return getPositionLimit() ? int64_t(*getPositionLimit()) : getType().getDimSize(1);
    }
  }];
  let hasCanonicalizeMethod = 1;
}

def Hadal_AttentionOp : Hadal_PureOp<"attention", [Evaluable, Differentiable, Kernel, ProductWithStatistics, InnerFactors, AbsorbingSequence, FollowsLength,
                                                    Hadal_AttentionOpInterface, AttrSizedOperandSegments]> {
  let summary = "the causal attention core with a shared rotary key";
  let description = [{
    query: batch × sequence × heads·(nope + rope), rotated; key_value: batch × sequence × heads·(nope + value);
    rotary_key: batch × sequence × rope, rotated, one for all heads. Head h: scores = scale·(q_nope·k_nope + q_pe·k_pe), causal
    softmax, times v. Results: batch × sequence × heads·value, and the log of the softmax denominators (with the maximum
    folded in), batch × heads × sequence, which the gradient needs. No sequence² buffer exists. The three operands have one
    type, f32 or bf16; scores, softmax and sums are formed in f32, the result is f32 or of the operands' type, and the
    statistics are always f32.

    A key's position is its index, as in a cache. A query's is its index too, and it sees the keys up to itself. With
    `positions` (batch × sequence, one per query) a query at position p sees the keys j ≤ p, and there may be more or fewer
    keys than queries: key_value is then batch × keys × heads·(nope + value), rotary_key batch × keys × rope. With
    `key_lengths` (batch) sample b has the keys j < key_lengths[b] only; what lies behind them is never read, whatever it
    holds, NaN included. So query i sees max(0, min(positions[i] + 1, key_lengths[b], keys)) keys from index 0 on. One
    that sees none (an empty place in a batch: length 0, or position -1) yields zeros, and a log-sum-exp of -∞. A query's
    numbers follow from its position and the keys that it sees, to the bit: prefill in one piece or several, decode and
    scoring agree.

    ```mlir
    // %q: tensor<4x512x384xf32>, %kv: tensor<4x512x512xf32>, %key: tensor<4x512x16xf32>, %last: tensor<4x1x384xf32>, %p: tensor<4x1xi32>, %n: tensor<4xi32>
    %o, %lse = hadal.attention %q, %kv, %key {heads = 8, nope = 32, value = 32, scale = 0.144}
                 : (tensor<4x512x384xf32>, tensor<4x512x512xf32>, tensor<4x512x16xf32>)
                 -> (tensor<4x512x256xf32>, tensor<4x8x512xf32>)
    %d, %dlse = hadal.attention %last, %kv, %key positions(%p) key_lengths(%n) {heads = 8, nope = 32, value = 32, scale = 0.144}
                  : (tensor<4x1x384xf32>, tensor<4x512x512xf32>, tensor<4x512x16xf32>, tensor<4x1xi32>, tensor<4xi32>)
                  -> (tensor<4x1x256xf32>, tensor<4x8x1xf32>)
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$query, Hadal_Activation:$key_value, Hadal_Activation:$rotary_key),
                       sightArguments, (ins I64Attr:$heads, I64Attr:$nope, I64Attr:$value, F64Attr:$scale));
  let results = (outs Hadal_Activation:$result, Hadal_Tensor:$log_sum_exp);
  let assemblyFormat = [{
    $query `,` $key_value `,` $rotary_key (`positions` `(` $positions^ `)`)? (`key_lengths` `(` $key_lengths^ `)`)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasCanonicalizeMethod = 1;
}

def Hadal_AttentionGradientOp : Hadal_PureOp<"attention_gradient", [Evaluable, Kernel, Product, InnerFactors,
                                                                     Hadal_AttentionOpInterface,
                                                                     AttrSizedOperandSegments]> {
  let summary = "gradients of hadal.attention's three operands";
  let description = [{
    `output` and `log_sum_exp` are the results of hadal.attention, `gradient` is that of its result. The operands but
    log_sum_exp (always f32) have one type, f32 or bf16; sums are formed in f32, and each result is f32 or of that type.
    `positions` and `key_lengths` say which keys a query sees, as in hadal.attention; a key that no query sees has a
    gradient of zero, and a query that sees no key as well.

    ```mlir
    // %q: tensor<2x8x12xf32>, %kv: tensor<2x8x14xf32>, %k: tensor<2x8x2xf32>, %o: tensor<2x8x6xf32>, %lse: tensor<2x2x8xf32>, %do: tensor<2x8x6xf32>
    %dq, %dkv, %dk = hadal.attention_gradient %q, %kv, %k, %o, %lse, %do {heads = 2, nope = 4, value = 3, scale = 0.4}
      : (tensor<2x8x12xf32>, tensor<2x8x14xf32>, tensor<2x8x2xf32>, tensor<2x8x6xf32>, tensor<2x2x8xf32>, tensor<2x8x6xf32>)
      -> (tensor<2x8x12xf32>, tensor<2x8x14xf32>, tensor<2x8x2xf32>)
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$query, Hadal_Activation:$key_value, Hadal_Activation:$rotary_key,
                            Hadal_Activation:$output, Hadal_Tensor:$log_sum_exp, Hadal_Activation:$gradient),
                       sightArguments, (ins I64Attr:$heads, I64Attr:$nope, I64Attr:$value, F64Attr:$scale));
  let results = (outs Hadal_Activation:$query_gradient, Hadal_Activation:$key_value_gradient,
                      Hadal_Activation:$rotary_key_gradient);
  let assemblyFormat = [{
    $query `,` $key_value `,` $rotary_key `,` $output `,` $log_sum_exp `,` $gradient
    (`positions` `(` $positions^ `)`)? (`key_lengths` `(` $key_lengths^ `)`)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{ bool isGradient() { return true; } }];
}

#endif // HADAL_DIALECT_IR_ATTENTIONOPS_TD
