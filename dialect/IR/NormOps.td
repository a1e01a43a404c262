// RMSNorm and its gradients; the primitives in which rowwise kernels are written.
#ifndef HADAL_DIALECT_IR_NORMOPS_TD
#define HADAL_DIALECT_IR_NORMOPS_TD

include "dialect/IR/OpsCommon.td"

def Hadal_RMSNormOp : Hadal_ParametersOp<"rms_norm", [AllTypesMatch<["input", "result"]>, Evaluable, Differentiable,
                                                      Rowwise, Kernel]> {
  let summary = "root mean square normalisation along the last dimension";
  let description = [{
    y = w · x / sqrt(mean(x²) + eps), in f32. w has the row's length. Source: Zhang and Sennrich 2019; transformers
    models/deepseek_v3 `DeepseekV3RMSNorm`.

    ```mlir
    // %x: tensor<?x?x7168xf32>
    %n = hadal.rms_norm %x "input_layernorm.weight" {eps = 1.0e-6} : tensor<?x?x7168xf32>
    ```
  }];
  let arguments = !con((ins Hadal_Activation:$input, F64Attr:$eps), parameterArguments);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$input (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($input)";
}

def Hadal_RMSNormGradientOp : Hadal_PureOp<"rms_norm_gradient", [AllTypesMatch<["input", "gradient", "result"]>, Evaluable, Rowwise, Kernel]> {
  let summary = "gradient of hadal.rms_norm's input";
  let description = [{
    With r = 1/sqrt(mean(x²) + eps), g = gradient · w: dx = r (g - x r² mean(g x)).

    ```mlir
    // %x: tensor<4x512x256xf32>, %w: tensor<256xf32>, %g: tensor<4x512x256xf32>
    %dx = hadal.rms_norm_gradient %x, %w, %g {eps = 1.0e-6} : tensor<4x512x256xf32>, tensor<256xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$input, Hadal_Tensor:$weight, Hadal_Activation:$gradient, F64Attr:$eps);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$input `,` $weight `,` $gradient attr-dict `:` type($input) `,` type($weight)";
}

def Hadal_RMSNormWeightGradientOp : Hadal_PureOp<"rms_norm_weight_gradient", [AllTypesMatch<["input", "gradient"]>, Evaluable, WideningKernel]> {
  let summary = "gradient of hadal.rms_norm's weight: Σ over rows of gradient · x · r";
  let description = [{ Reduction kind: rows are added in an order that depends on the shape only.

    ```mlir
    // %x: tensor<4x512x256xf32>, %g: tensor<4x512x256xf32>
    %dw = hadal.rms_norm_weight_gradient %x, %g {eps = 1.0e-6} : tensor<4x512x256xf32> -> tensor<256xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$input, Hadal_Activation:$gradient, F64Attr:$eps);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$input `,` $gradient attr-dict `:` type($input) `->` type($result)";
}

def Hadal_RowReduceOp : Hadal_PureOp<"row_reduce", [Evaluable, Differentiable, Kernel, Hadal_RowReductionOpInterface]> {
  let summary = "reduces the last dimension to length 1";
  let description = [{ tensor<...xCxf32> -> tensor<...x1xf32>.

    ```mlir
    // %x: tensor<4x512x256xf32>
    %sum = hadal.row_reduce add %x : tensor<4x512x256xf32> -> tensor<4x512x1xf32>
    ```
  }];
  let arguments = (ins Hadal_Reduction:$reduction, Hadal_Tensor:$input);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$reduction $input attr-dict `:` type($input) `->` type($result)";
}

def Hadal_ExpandOp : Hadal_PureOp<"expand", [Evaluable, Differentiable, Kernel, Columns]> {
  let summary = "repeats a tensor to a larger shape";
  let description = [{
    NumPy's broadcasting: shapes are aligned at the last dimension; missing dimensions and dimensions of length 1 repeat.

    ```mlir
    // %weight: tensor<256xf32>
    %w = hadal.expand %weight : tensor<256xf32> -> tensor<4x512x256xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$input);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
}

#endif // HADAL_DIALECT_IR_NORMOPS_TD
