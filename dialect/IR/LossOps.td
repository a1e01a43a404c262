// The head fused with its cross entropy, and multi-token prediction.
#ifndef HADAL_DIALECT_IR_LOSSOPS_TD
#define HADAL_DIALECT_IR_LOSSOPS_TD

include "dialect/IR/OpsCommon.td"

def Hadal_CrossEntropyOp : Hadal_ParametersOp<"cross_entropy", [Evaluable, Differentiable, TokenLoss, Kernel,
                                                                 ProductWithStatistics, Hadal_HeadOpInterface]> {
  let summary = "the output head and its cross entropy, a mean over tokens, in nats";
  let description = [{
    Logits z = hidden Wᵀ with W [vocabulary, channels]; the result is the mean over tokens of log Σ_v exp(z_v) - z_target. The
    logits of a whole batch never exist: a kernel of the head kind loops over chunks of tokens. hidden and W have one type, f32
    or bf16; logits and loss are f32.

    ```mlir
    // %h: tensor<?x?x7168xf32>, %next: tensor<?x?xi32>
    %loss = hadal.cross_entropy %h, %next "lm_head.weight" {vocabulary = 129280} : tensor<?x?x7168xf32>, tensor<?x?xi32>
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$hidden, Hadal_Tokens:$targets, I64Attr:$vocabulary), parameterArguments);
  let results = (outs Hadal_Scalar:$result);
  let assemblyFormat = [{
    $hidden `,` $targets (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($hidden) `,`
    type($targets)
  }];
  let extraClassDeclaration = [{
    ::mlir::Value getWeight() { return getWeights().front(); }
    ::mlir::Value getLoss() { return getResult(); }
  }];
}

def Hadal_CrossEntropyGradientOp : Hadal_PureOp<"cross_entropy_gradient", [Evaluable, Kernel, ProductWithStatistics,
                                                                            InnerFactors, Hadal_HeadOpInterface]> {
  let summary = "the cross entropy with both its gradients, in one pass over chunks of tokens";
  let description = [{
    `gradient` is the gradient of the loss and scales both results: dz = gradient/tokens · (softmax(z) - onehot(target)),
    hidden_gradient = dz W, weight_gradient = dzᵀ hidden. `loss` is hadal.cross_entropy's result, unscaled. hidden and W have
    one type, f32 or bf16; sums are formed in f32, and each gradient is f32 or of that type.

    ```mlir
    // %h: tensor<4x512x256xf32>, %next: tensor<4x512xi32>, %w: tensor<8192x256xf32>, %g: tensor<f32>
    %loss, %dh, %dw = hadal.cross_entropy_gradient %h, %next, %w, %g
                        : (tensor<4x512x256xf32>, tensor<4x512xi32>, tensor<8192x256xf32>, tensor<f32>)
                        -> (tensor<f32>, tensor<4x512x256xf32>, tensor<8192x256xf32>)
    ```
  }];
  let arguments = (ins Hadal_Activation:$hidden, Hadal_Tokens:$targets, Hadal_Tensor:$weight, Hadal_Scalar:$gradient);
  let results = (outs Hadal_Scalar:$loss, Hadal_Activation:$hidden_gradient, Hadal_Tensor:$weight_gradient);
  let assemblyFormat = "$hidden `,` $targets `,` $weight `,` $gradient attr-dict `:` functional-type(operands, results)";
}

def Hadal_LogProbabilitiesOp : Hadal_PureOp<"log_probabilities", [Evaluable, Kernel, ProductWithStatistics,
                                                                 Hadal_HeadOpInterface]> {
  let summary = "the logarithm of every target's probability under the output head, in nats, and their cross entropy";
  let description = [{
    What hadal.cross_entropy is in programs that score tokens: with logits z = hidden Wᵀ, `log_probabilities` is
    z_target - log Σ_v exp(z_v) of every token, batch × sequence, and `loss` is hadal.cross_entropy's result, the mean over
    tokens of their negatives, formed in the same order. The logits of a whole batch never exist. hidden and W have one type,
    f32 or bf16; both results are f32.

    ```mlir
    // %h: tensor<4x512x256xf32>, %next: tensor<4x512xi32>, %w: tensor<8192x256xf32>
    %loss, %scores = hadal.log_probabilities %h, %next, %w
                       : (tensor<4x512x256xf32>, tensor<4x512xi32>, tensor<8192x256xf32>)
                       -> (tensor<f32>, tensor<4x512xf32>)
    ```
  }];
  let arguments = (ins Hadal_Activation:$hidden, Hadal_Tokens:$targets, Hadal_Tensor:$weight);
  let results = (outs Hadal_Scalar:$loss, RankedTensorOf<[F32]>:$log_probabilities);
  let assemblyFormat = "$hidden `,` $targets `,` $weight attr-dict `:` functional-type(operands, results)";
}

def Hadal_LogitsOp : Hadal_PureOp<"logits", [Evaluable, Kernel, ProductWithStatistics, Hadal_HeadOpInterface, EncodedFactors]> {
  let summary = "the logits of every row under the output head, and what turns them into log-probabilities";
  let description = [{
    What hadal.cross_entropy is in programs that generate: `logits` is z = hidden Wᵀ, the hidden state's rows × vocabulary, and
    `normalizers` has two numbers for every row: the largest logit M, and log Σ_v exp(z_v - M). The log-probability of token v is
    then -((M - z_v) + log Σ_v exp(z_v - M)), formed in this order that of hadal.log_probabilities to the bit. hidden and W have one
    type, f32 or bf16; both results are f32.

    ```mlir
    // %h: tensor<4x1x256xf32>, %w: tensor<8192x256xf32>
    %logits, %normalizers = hadal.logits %h, %w
                              : (tensor<4x1x256xf32>, tensor<8192x256xf32>) -> (tensor<4x1x8192xf32>, tensor<4x1x2xf32>)
    ```
  }];
  let arguments = (ins Hadal_Activation:$hidden, Hadal_Tensor:$weight);
  let results = (outs RankedTensorOf<[F32]>:$logits, RankedTensorOf<[F32]>:$normalizers);
  let assemblyFormat = "$hidden `,` $weight attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    ::mlir::Value getTargets() { return {}; }
    ::mlir::Value getLoss() { return {}; }
  }];
}

def Hadal_MTPMergeOp : Hadal_ParametersOp<"mtp_merge", [
    AllTypesMatch<["hidden", "embedding", "result"]>, Evaluable,
    Decomposable]> {
  let summary = "eh_proj [RMSNorm(embedding); RMSNorm(hidden)]";
  let description = [{
    Parameters in order: the norm of the embedding (`enorm`), the norm of the hidden state (`hnorm`), the projection
    (`eh_proj`, [channels, 2·channels]). The embedding comes first, as the released weights have it; the technical report's
    eq. 21 has the reverse order.

    ```mlir
    // %h: tensor<?x?x7168xf32>, %e: tensor<?x?x7168xf32>
    %m = hadal.mtp_merge %h, %e "enorm.weight", "hnorm.weight", "eh_proj.weight" {eps = 1.0e-6} : tensor<?x?x7168xf32>
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$hidden, Hadal_Activation:$embedding, F64Attr:$eps), parameterArguments);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $hidden `,` $embedding (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($hidden)
  }];
}

def Hadal_MTPOp : Hadal_Op<"mtp", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>, AuxiliaryStack]> {
  let summary = "multi-token prediction: D sequential depths, each with one block, sharing embedding and head";
  let description = [{
    Depth d = 1..D, D = end - start, is layer start + d - 1 under `prefix`. With h the previous depth's hidden state (depth 1: the
    operand, the main model's last layer output): m = hadal.mtp_merge(h', embedding of the token d ahead), where h' is h
    after its final norm (`post_norm`: `norm` for depth 1, the previous `shared_head.norm.weight` afterwards) or h itself
    (`pre_norm`); h_d = the functions applied to m; loss_d = cross entropy of RMSNorm(h_d; shared_head.norm.weight) under the
    shared head against the token d + 1 ahead. Rotary positions stay those of the main model. The first result is the
    mean of loss_d over the depths, the others are the sums of the functions' losses. `embedding`, `norm` and `head` name
    parameters of the main model, absolutely; files may hold copies under the layer's `embed_tokens.weight` and
    `shared_head.head.weight`. Source: technical report section 2.2 (eq. 21-25); released weights (order of the merge).

    ```mlir
    func.func private @block(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
      %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : tensor<?x?x64xf32>
      %y = hadal.gated_mlp %n "mlp" {width = 256} : tensor<?x?x64xf32>
      %r = arith.addf %x, %y : tensor<?x?x64xf32>
      return %r : tensor<?x?x64xf32>
    }
    // %h: tensor<?x?x64xf32>, %window: tensor<?x?xi32>
    %loss = hadal.mtp %h, %window "model.layers" 4 to 5 {@block}
              embedding "model.embed_tokens.weight" norm "model.norm.weight" head "lm_head.weight"
              {vocabulary = 256, eps = 1.0e-6} : tensor<?x?x64xf32>, tensor<?x?xi32> -> tensor<f32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$hidden, Hadal_Tokens:$window, StrAttr:$prefix, I64Attr:$start, I64Attr:$end,
                       FlatSymbolRefArrayAttr:$functions, StrAttr:$embedding, StrAttr:$norm, StrAttr:$head,
                       I64Attr:$vocabulary, F64Attr:$eps,
                       DefaultValuedAttr<Hadal_MTPHiddenStateAttr, "::hadal::MTPHiddenState::PostNorm">:$hidden_state);
  let results = (outs Hadal_Scalar:$loss, Variadic<Hadal_Scalar>:$losses);
  let assemblyFormat = [{
    $hidden `,` $window $prefix $start `to` $end custom<SymbolList>($functions) `embedding` $embedding `norm` $norm
    `head` $head attr-dict `:` type($hidden) `,` type($window) custom<MTPResults>(type($loss), type($losses))
  }];
  let hasVerifier = 1;
}

#endif // HADAL_DIALECT_IR_LOSSOPS_TD
