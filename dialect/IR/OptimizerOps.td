// The gradients of a training step and its update: accumulation, norm, clipping, AdamW, the router's bias.
#ifndef HADAL_DIALECT_IR_OPTIMIZEROPS_TD
#define HADAL_DIALECT_IR_OPTIMIZEROPS_TD

include "dialect/IR/OpsCommon.td"

def Hadal_AccumulateOp : Hadal_PureOp<"accumulate", [AllTypesMatch<["sum", "term", "result"]>, Evaluable,
                                                     DeclareOpInterfaceMethods<Hadal_SumOpInterface, ["getSummands"]>]> {
  let summary = "a term added to a sum, or put in its place";
  let description = [{
    result = sum + term where the number `condition` is not 0, and term where it is: then nothing depends on `sum`, and a
    kernel does not read it. So the first micro-batch of a step writes its gradients and those behind it add to them, and
    nobody has to clear what was there.

    ```mlir
    // %gradient: tensor<512x256xf32>, %term: tensor<512x256xf32>, %adds: tensor<f32>
    %g = hadal.accumulate %gradient, %term if %adds : tensor<512x256xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$sum, Hadal_Tensor:$term, Hadal_Scalar:$condition);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$sum `,` $term `if` $condition attr-dict `:` type($result)";
  let hasVerifier = 0;
}

def Hadal_SquaredNormOp : Hadal_PureOp<"squared_norm", [Evaluable, Kernel]> {
  let summary = "the sum of the squares of all elements";
  let description = [{ Update kind: summed in an order that depends on the shape only.

    ```mlir
    // %g: tensor<512x256xf32>
    %s = hadal.squared_norm %g : tensor<512x256xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$input);
  let results = (outs Hadal_Scalar:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasVerifier = 0;
}

def Hadal_GradientNormOp : Hadal_PureOp<"gradient_norm", [Evaluable, Kernel]> {
  let summary = "the norm of all gradients from their squared norms, and the factor that clips them";
  let description = [{
    norm = sqrt(Σ squared), scale = min(1, limit / norm), 1 when norm is 0. `limit` infinity turns clipping off.

    ```mlir
    // %s0: tensor<f32>, %s1: tensor<f32>, %limit: tensor<f32>
    %norm, %scale = hadal.gradient_norm %s0, %s1 limit %limit
    ```
  }];
  let arguments = (ins Hadal_Scalar:$limit, Variadic<Hadal_Scalar>:$squared);
  let results = (outs Hadal_Scalar:$norm, Hadal_Scalar:$scale);
  let assemblyFormat = "$squared `limit` $limit attr-dict";
  let hasVerifier = 0;
}

def Hadal_AdamWOp : Hadal_PureOp<"adamw", [Evaluable, InPlaceKernel]> {
  let summary = "one AdamW step for one parameter";
  let description = [{
    With g = gradient_scale · gradient: m' = β1 m + (1-β1) g; v' = β2 v + (1-β2) g²; p' = p - η (weight_decay p [with `decay`] + (m'/c1) /
    (sqrt(v'/c2) + ε)), c1 and c2 being the bias corrections 1 - β^step. The gradient stays as it is. Source: Loshchilov
    and Hutter 2019; the same result as torch.optim.AdamW. All scalars are tensor<f32>, in the order learning rate, weight
    decay, β1, β2, ε, c1, c2, gradient scale.

    ```mlir
    // %p: tensor<8x4xf32>, %g: tensor<8x4xf32>, %m: tensor<8x4xf32>, %v: tensor<8x4xf32>, %s: tensor<f32>
    %p1, %m1, %v1 = hadal.adamw %p, %g, %m, %v scalars(%s, %s, %s, %s, %s, %s, %s, %s) {decay}
      : tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>
      -> tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$parameter, Hadal_Tensor:$gradient, Hadal_Tensor:$first_moment,
                       Hadal_Tensor:$second_moment, Hadal_Scalar:$learning_rate, Hadal_Scalar:$weight_decay,
                       Hadal_Scalar:$beta1, Hadal_Scalar:$beta2, Hadal_Scalar:$epsilon, Hadal_Scalar:$bias_correction1,
                       Hadal_Scalar:$bias_correction2, Hadal_Scalar:$gradient_scale, UnitAttr:$decay);
  let results = (outs Hadal_Tensor:$new_parameter, Hadal_Tensor:$new_first_moment, Hadal_Tensor:$new_second_moment);
  let assemblyFormat = [{
    $parameter `,` $gradient `,` $first_moment `,` $second_moment `scalars` `(` $learning_rate `,` $weight_decay `,`
    $beta1 `,` $beta2 `,` $epsilon `,` $bias_correction1 `,` $bias_correction2 `,` $gradient_scale `)` attr-dict `:`
    type($parameter) `,` type($gradient) `,` type($first_moment) `,` type($second_moment) `->` type(results)
  }];
}

def Hadal_RouterBiasUpdateOp : Hadal_PureOp<"router_bias_update", [AllTypesMatch<["bias", "load", "new_bias", "new_load"]>, Evaluable, InPlaceKernel]> {
  let summary = "the bias update without auxiliary loss, and the cleared load";
  let description = [{
    bias'_i = bias_i + rate · sign(mean(load) - load_i), sign(0) = 0; `new_load` is zero. Source: DeepSeek-V3 technical report
    section 2.1.2.

    ```mlir
    // %bias: tensor<256xf32>, %load: tensor<256xf32>, %rate: tensor<f32>
    %new_bias, %cleared = hadal.router_bias_update %bias, %load rate %rate : tensor<256xf32>
    ```
  }];
  let arguments = (ins Hadal_Tensor:$bias, Hadal_Tensor:$load, Hadal_Scalar:$rate);
  let results = (outs Hadal_Tensor:$new_bias, Hadal_Tensor:$new_load);
  let assemblyFormat = "$bias `,` $load `rate` $rate attr-dict `:` type($bias)";
}

#endif // HADAL_DIALECT_IR_OPTIMIZEROPS_TD
