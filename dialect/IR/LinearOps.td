// Embedding, linear layers and their products, SwiGLU, and the views along channels.
#ifndef HADAL_DIALECT_IR_LINEAROPS_TD
#define HADAL_DIALECT_IR_LINEAROPS_TD

include "dialect/IR/OpsCommon.td"

def Hadal_EmbeddingOp : Hadal_ParametersOp<"embedding", [Evaluable, Differentiable, Kernel, Hadal_TokenTableOpInterface]> {
  let summary = "rows of the embedding table";
  let description = [{
    result(b, i, :) = W(tokens(b, i), :) with W of shape [vocabulary, channels]. Reduction kind: its gradient adds rows in token order.

    ```mlir
    // %tokens: tensor<?x?xi32>
    %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 129280} : tensor<?x?xi32> -> tensor<?x?x7168xf32>
    ```
  }];
  let arguments = !con((ins Hadal_Tokens:$tokens, I64Attr:$vocabulary), parameterArguments);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $tokens (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($tokens) `->` type($result)
  }];
}

def Hadal_EmbeddingGradientOp : Hadal_PureOp<"embedding_gradient", [Evaluable, Kernel]> {
  let summary = "gradient of the embedding table";
  let description = [{
    result(v, :) = Σ over positions with tokens(b, i) = v, in rising order of b·T + i, of gradient(b, i, :). Deterministic:
    the order of the sum depends on shapes and tokens only.

    ```mlir
    // %tokens: tensor<4x512xi32>, %g: tensor<4x512x256xf32>
    %d = hadal.embedding_gradient %tokens, %g : (tensor<4x512xi32>, tensor<4x512x256xf32>) -> tensor<8192x256xf32>
    ```
  }];
  let arguments = (ins Hadal_Tokens:$tokens, Hadal_Activation:$gradient);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$tokens `,` $gradient attr-dict `:` functional-type(operands, results)";
}

def Hadal_LinearOp : Hadal_ParametersOp<"linear", [Evaluable, Differentiable, Kernel, Product, Contraction, EncodedFactors]> {
  let summary = "y = x Wᵀ, without bias";
  let description = [{
    W has shape [out, in], as PyTorch stores it; leading dimensions of x are rows. x and W have one type, f32 or bf16, in
    which they are multiplied; sums are formed in f32, and y is f32 or, rounded at the end, of the factors' type.

    In a model factors are f32, and `compute` asks for the type in which they are multiplied, whatever the program's
    precision (absent: the program's): a pass then rounds them to it. The gradients of the product inherit it.

    ```mlir
    // %x: tensor<?x?x1536xf32>
    %q = hadal.linear %x "self_attn.q_b_proj.weight" : tensor<?x?x1536xf32> -> tensor<?x?x24576xf32>
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$input), parameterArguments,
                       (ins OptionalAttr<TypeAttr>:$compute));
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $input (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($input) `->` type($result)
  }];
}

def Hadal_MatmulOp : Hadal_PureOp<"matmul", [Evaluable, Differentiable, Kernel, Product, Contraction, EncodedFactors]> {
  let summary = "a matrix product with either side transposed";
  let description = [{
    result = op(lhs) op(rhs). lhs is a matrix or has leading dimensions that count as rows (all but the last dimension
    flattened) before transposition; so is rhs. The result's leading dimensions are lhs's when it is not transposed. The
    backward products of `hadal.linear` are dx = matmul(dy, W) and dW = matmul(dy, x) {transpose_lhs}. Types and `compute`
    are those of hadal.linear: both sides f32 or bf16, sums in f32, the result f32 or of the sides' type.

    ```mlir
    // %gradient: tensor<4x512x96xf32>, %x: tensor<4x512x256xf32>
    %dw = hadal.matmul %gradient, %x {transpose_lhs} : (tensor<4x512x96xf32>, tensor<4x512x256xf32>) -> tensor<96x256xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$lhs, Hadal_Tensor:$rhs, UnitAttr:$transpose_lhs, UnitAttr:$transpose_rhs,
                       OptionalAttr<TypeAttr>:$compute);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Hadal_HeadMatmulOp : Hadal_PureOp<"head_matmul", [Evaluable, Kernel, Product, Contraction, EncodedFactors]> {
  let summary = "a matrix product per head with a stretch of the rows of its matrix";
  let description = [{
    The channels of lhs are `heads` equal heads, the rows of rhs as many equal matrices. Head h is multiplied with rows
    [first, first + count) of matrix h: with `transpose_rhs` all its channels by these rows, which yields `count` channels;
    else its first `count` channels by these rows' columns, which yields as many channels as rhs has columns. So one
    up-projection of latent attention serves the absorbed form twice without being cut or copied: with the rows of the keys
    it brings queries to the latent, with those of the values it brings latents to the heads' outputs. Types and `compute`
    are those of hadal.matmul. Source: DeepSeek-V2 technical report, section 2.1.2.

    ```mlir
    // %q: tensor<4x1x768xf32>, %w: tensor<1024x128xf32>, %c: tensor<4x1x1024xf32>
    %absorbed = hadal.head_matmul %q, %w {heads = 8, first = 0, count = 64} : (tensor<4x1x768xf32>, tensor<1024x128xf32>) -> tensor<4x1x1024xf32>
    %o = hadal.head_matmul %c, %w {heads = 8, first = 64, count = 64, transpose_rhs}
           : (tensor<4x1x1024xf32>, tensor<1024x128xf32>) -> tensor<4x1x512xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$lhs, Hadal_Tensor:$rhs, I64Attr:$heads, I64Attr:$first, I64Attr:$count,
                       UnitAttr:$transpose_rhs, OptionalAttr<TypeAttr>:$compute);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$lhs `,` $rhs attr-dict `:` functional-type(operands, results)";
}

def Hadal_CountedMatmulOp : Hadal_PureOp<"counted_matmul", [Evaluable, Kernel, Product, Contraction, EncodedFactors, FollowsLength]> {
  let summary = "a matrix product for the rows that a sequence has";
  let description = [{
    result(b, i, :) = lhs(b, i, :) op(rhs) for i < counts(b). Rows behind those are not computed: whatever is in their
    memory stays there, lhs is not read there, and nobody may read them (the reference makes them NaN). So what is formed
    of a cache costs what the sequence's length is, not what it may become. Types and `compute` are those of
    hadal.matmul.

    ```mlir
    // %latent: tensor<2x1024x128xf32>, %w: tensor<1024x128xf32>, %lengths: tensor<2xi32>
    %kv = hadal.counted_matmul %latent, %w, %lengths {transpose_rhs}
            : (tensor<2x1024x128xf32>, tensor<1024x128xf32>, tensor<2xi32>) -> tensor<2x1024x1024xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$lhs, Hadal_Tensor:$rhs, Hadal_Indices:$counts, UnitAttr:$transpose_rhs,
                       OptionalAttr<TypeAttr>:$compute);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$lhs `,` $rhs `,` $counts attr-dict `:` functional-type(operands, results)";
}

def Hadal_SwiGLUOp : Hadal_PureOp<"swiglu", [Elementwise, SameOperandsAndResultType, Evaluable, Differentiable, Rowwise, Kernel]> {
  let summary = "silu(gate) · up, elementwise; silu(x) = x / (1 + exp(-x))";
  let description = [{
    ```mlir
    // %gate: tensor<?x?x2048xf32>, %up: tensor<?x?x2048xf32>
    %y = hadal.swiglu %gate, %up : tensor<?x?x2048xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$gate, Hadal_Activation:$up);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$gate `,` $up attr-dict `:` type($result)";
  let hasVerifier = 0;
}

def Hadal_SwiGLUGradientOp : Hadal_PureOp<"swiglu_gradient", [Elementwise, SameOperandsAndResultType, Evaluable, Rowwise, Kernel]> {
  let summary = "gradients of both operands of hadal.swiglu";
  let description = [{ With σ = sigmoid(gate): d gate = gradient · up · σ (1 + gate (1 - σ)); d up = gradient · gate · σ.

    ```mlir
    // %gate: tensor<4x512x96xf32>, %up: tensor<4x512x96xf32>, %g: tensor<4x512x96xf32>
    %dgate, %dup = hadal.swiglu_gradient %gate, %up, %g : tensor<4x512x96xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$gate, Hadal_Activation:$up, Hadal_Activation:$gradient);
  let results = (outs Hadal_Activation:$gate_gradient, Hadal_Activation:$up_gradient);
  let assemblyFormat = "$gate `,` $up `,` $gradient attr-dict `:` type($gate)";
  let hasVerifier = 0;
}

def Hadal_GatedMLPOp : Hadal_ParametersOp<"gated_mlp", [AllTypesMatch<["input", "result"]>, Evaluable, Decomposable]> {
  let summary = "down(silu(gate(x)) · up(x)): a dense feed-forward block, or shared experts";
  let description = [{
    Parameters under the prefix: `gate_proj.weight` and `up_proj.weight` [width, channels], `down_proj.weight` [channels,
    width]. n shared experts are one of n times the width.

    ```mlir
    // %x: tensor<?x?x7168xf32>
    %y = hadal.gated_mlp %x "mlp.shared_experts" {width = 2048} : tensor<?x?x7168xf32>
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$input, I64Attr:$width), parameterArguments);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$input (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($input)";
  let extraClassDeclaration = [{ unsigned getNameCount() { return 1; } }];
}

def Hadal_SplitOp : Hadal_PureOp<"split", [Evaluable, Differentiable, Columns, Kernel]> {
  let summary = "cuts the last dimension into consecutive parts";
  let description = [{
    ```mlir
    // %x: tensor<?x?x576xf32>
    %latent, %key = hadal.split %x : tensor<?x?x576xf32> -> tensor<?x?x512xf32>, tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$input);
  let results = (outs Variadic<Hadal_Tensor>:$parts);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($parts)";
  let hasFolder = 1;
}

def Hadal_ConcatOp : Hadal_PureOp<"concat", [Evaluable, Differentiable, Columns, Kernel]> {
  let summary = "joins tensors along the last dimension";
  let description = [{
    ```mlir
    // %a: tensor<?x?x512xf32>, %b: tensor<?x?x64xf32>
    %x = hadal.concat %a, %b : tensor<?x?x512xf32>, tensor<?x?x64xf32> -> tensor<?x?x576xf32>
    ```
  }];
  let arguments = (ins Variadic<Hadal_Tensor>:$parts);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$parts attr-dict `:` type($parts) `->` type($result)";
  let hasFolder = 1;
}

#endif // HADAL_DIALECT_IR_LINEAROPS_TD
