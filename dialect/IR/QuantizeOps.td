// Block-scaled FP8, and weights that are kept as codes: codes and scales are separate values; a product never hides a scale.
#ifndef HADAL_DIALECT_IR_QUANTIZEOPS_TD
#define HADAL_DIALECT_IR_QUANTIZEOPS_TD

include "dialect/IR/OpsCommon.td"

def Hadal_Codes : RankedTensorOf<[F8E4M3FN]>;

def Hadal_BlockScaleAttr : Hadal_Attr<"BlockScale", "block_scale"> {
  let summary = "one scale per block of rows × columns";
  let description = [{
    `#hadal.block_scale<1x128>`: a scale for every 128 channels of a row (activations); `<128x128>` for weights; `<128x1>` for
    transposed activations. `power_of_two` rounds scales up to powers of two (UE8M0). Ragged edges have blocks of their own.
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$columns, DefaultValuedParameter<"bool", "false">:$power_of_two);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

def Hadal_QuantizeOp : Hadal_PureOp<"quantize", [Evaluable, Differentiable, Kernel]> {
  let summary = "block-scaled FP8 codes of a matrix";
  let description = [{
    Leading dimensions are rows. Per block: a = max(max |x|, 1e-4), scale = a / 448 (or 2^ceil(log2(a / 448))), code =
    round to nearest even, saturating, of x / scale to E4M3. scales has shape [⌈rows/block rows⌉, ⌈columns/block columns⌉]. Its gradient is
    straight-through: that of `input` is the gradient of the dequantized value. Source: technical report section 3.3;
    DeepSeek-V3 inference/kernel.py.

    ```mlir
    // %x: tensor<4x512x300xf32>
    %codes, %scales = hadal.quantize %x <1x128> : tensor<4x512x300xf32> -> tensor<4x512x300xf8E4M3FN>, tensor<2048x3xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$input, Hadal_BlockScaleAttr:$block);
  let results = (outs Hadal_Codes:$codes, Hadal_Tensor:$scales);
  let assemblyFormat = "$input $block attr-dict `:` type($input) `->` type(results)";
}

def Hadal_DequantizeOp : Hadal_PureOp<"dequantize", [Evaluable, Differentiable, Kernel]> {
  let summary = "codes times the scale of their block";
  let description = [{
    ```mlir
    // %codes: tensor<4x512x300xf8E4M3FN>, %scales: tensor<2048x3xf32>
    %x = hadal.dequantize %codes, %scales <1x128>
           : (tensor<4x512x300xf8E4M3FN>, tensor<2048x3xf32>) -> tensor<4x512x300xf32>
    ```
  }];
  let arguments = (ins Hadal_Codes:$codes, Hadal_Tensor:$scales, Hadal_BlockScaleAttr:$block);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$codes `,` $scales $block attr-dict `:` functional-type(operands, results)";
}

def Hadal_ScaledLinearOp : Hadal_PureOp<"scaled_linear", [Evaluable, Kernel, Contraction]> {
  let summary = "y = x Wᵀ of block-scaled FP8 operands";
  let description = [{
    Products of a block of K are summed in f32 and multiplied by both scales before they join the result. Source:
    DeepSeek-V3 inference/kernel.py `fp8_gemm_kernel`. Differentiated at the level of quantize and dequantize.

    ```mlir
    // %x: tensor<64x256xf8E4M3FN>, %s: tensor<64x2xf32>, %w: tensor<384x256xf8E4M3FN>, %t: tensor<3x2xf32>
    %y = hadal.scaled_linear %x, %s <1x128>, %w, %t <128x128>
           : (tensor<64x256xf8E4M3FN>, tensor<64x2xf32>, tensor<384x256xf8E4M3FN>, tensor<3x2xf32>) -> tensor<64x384xf32>
    ```
  }];
  let arguments = (ins Hadal_Codes:$input, Hadal_Tensor:$input_scales, Hadal_Codes:$weight,
                       Hadal_Tensor:$weight_scales, Hadal_BlockScaleAttr:$input_block,
                       Hadal_BlockScaleAttr:$weight_block);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $input_scales $input_block `,` $weight `,` $weight_scales $weight_block attr-dict `:`
    functional-type(operands, results)
  }];
}

def Hadal_WeightCodes : RankedTensorOf<[I8, F8E4M3FN]>;
def Hadal_WeightScales : RankedTensorOf<[BF16, F32]>;

def Hadal_QuantizeWeightOp : Hadal_PureOp<"quantize_weight", [Evaluable, Kernel, Hadal_EncodedTensorsOpInterface]> {
  let summary = "a weight as codes and their scales";
  let description = [{
    The last two dimensions of the weight, f32, are a matrix of columns × depth of a product, those before them number such
    matrices. A matrix is cut into groups, from its first column and depth on, with a scale s for each; a code is the quotient
    x / s, rounded to f32 and then to what is nearest to it among

    | format | codes | group: columns × depth | scales |
    |---|---|---|---|
    | `int8` | -127 to 127, i8 | 1 × 32 | bf16: the least one that is not below max |x| / 127 |
    | `int4` | -7 to 7, two in an i8: depths 2i and 2i + 1 in its low and its high half | 1 × 32 | bf16: not below max |x| / 7 |
    | `fp8` | E4M3, saturating | 128 × 128 | f32: max |x| / 448 |

    (to even among equals; quotients of f32 are rounded to f32). A group of zeros has the scale 1. Groups at the edges are as
    ragged as the matrix. With `given` a group of `fp8` has the scale that is given for it, unless that is 0: a weight that was
    multiplied out of codes and scales gets its own codes back. Codes lie in panels of 16 columns by 32 of the depth and the scales
    of single columns beside them (dialect/IR/WeightCodes.h). Packing kind.

    ```mlir
    // %w: tensor<48x96xf32>
    %codes, %scales = hadal.quantize_weight int8 %w : (tensor<48x96xf32>)
      -> (tensor<48x96xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>,
          tensor<48x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>)
    ```
  }];
  let arguments = (ins RankedTensorOf<[F32]>:$weight, Optional<RankedTensorOf<[F32]>>:$given, Hadal_CodeFormat:$format);
  let results = (outs Hadal_WeightCodes:$codes, Hadal_WeightScales:$scales);
  let assemblyFormat = [{
    $format $weight (`given` `(` $given^ `)`)? attr-dict `:` functional-type(operands, results)
  }];
}

def Hadal_DequantizeWeightOp : Hadal_PureOp<"dequantize_weight", [EvaluableExactly, Kernel, Hadal_EncodedTensorsOpInterface]> {
  let summary = "the weight that codes and scales stand for, for the product that reads it";
  let description = [{
    Codes times scales, as hadal.quantize_weight has them. Kernels of products read codes and scales themselves, along the depth
    of the product: nothing else reads the result, and it never lies in memory. Its numbers are not rounded to its
    element type, which says only what the product's other factor is. How the product is summed:
    docs/rationale/arithmetic.md, rule 13.

    ```mlir
    // %codes: tensor<48x96xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>, %scales: tensor<48x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>, %x: tensor<4x96xf32>
    %w = hadal.dequantize_weight int8 %codes, %scales
      : (tensor<48x96xi8, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [32, 16]>>>,
         tensor<48x3xbf16, #hadal.encoding<layout = <outer = [0, 1], inner = [0], tiles = [16]>>>) -> tensor<48x96xf32>
    %y = hadal.matmul %x, %w {transpose_rhs} : (tensor<4x96xf32>, tensor<48x96xf32>) -> tensor<4x48xf32>
    ```
  }];
  let arguments = (ins Hadal_WeightCodes:$codes, Hadal_WeightScales:$scales, Hadal_CodeFormat:$format);
  let results = (outs Hadal_Tensor:$weight);
  let assemblyFormat = "$format $codes `,` $scales attr-dict `:` functional-type(operands, results)";
}

#endif // HADAL_DIALECT_IR_QUANTIZEOPS_TD
