// Operations of a dialect that the compiler knows nothing of: what they mean, how they are differentiated and which kernels
// serve them is said by the interfaces of dialect/Interfaces alone. docs/adding-an-operation.md tells how they are made.
#ifndef HADAL_TEST_OUTSIDE_OUTSIDEOPS_TD
#define HADAL_TEST_OUTSIDE_OUTSIDEOPS_TD

include "dialect/IR/OpsCommon.td"

def Outside_Dialect : Dialect {
  let name = "outside";
  let cppNamespace = "::outside";
  let dependentDialects = ["::hadal::HadalDialect"];
}

class Outside_Op<string mnemonic, list<Trait> traits> : Op<Outside_Dialect, mnemonic, !listconcat([Pure], traits)>;

def Outside_SoftmaxOp : Outside_Op<"softmax", [SameOperandsAndResultType, Evaluable, Differentiable, Rowwise, Kernel]> {
  let summary = "softmax along the last dimension at a temperature";
  let description = [{ y_c = exp(x_c / temperature) / Σ_d exp(x_d / temperature). }];
  let arguments = (ins Hadal_Activation:$input, F64Attr:$temperature);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$input attr-dict `:` type($input)";
  let hasVerifier = 1;
}

def Outside_SoftmaxGradientOp : Outside_Op<"softmax_gradient", [SameOperandsAndResultType, Evaluable, Rowwise, Kernel]> {
  let summary = "gradient of the operand of outside.softmax, from its result y";
  let description = [{ dx_c = y_c (g_c - Σ_d g_d y_d) / temperature. }];
  let arguments = (ins Hadal_Activation:$output, Hadal_Activation:$gradient, F64Attr:$temperature);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$output `,` $gradient attr-dict `:` type($output)";
}

def Outside_BlockLinearOp : Outside_Op<"block_linear", [WithParameters, Evaluable, Differentiable, Kernel, Product, Contraction]> {
  let summary = "a linear layer whose matrix is zero but for blocks on its diagonal";
  let description = [{
    W has shape [heads, out, in]; the columns of a row are heads of `in`, those of the result heads of `out`:
    y(r, h, o) = Σ_i x(r, h, i) W(h, o, i).
  }];
  let arguments = !con((ins Hadal_Activation:$input, I64Attr:$heads), parameterArguments, (ins OptionalAttr<TypeAttr>:$compute));
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = [{
    $input (custom<Parameters>($parameters, $weights, type($weights))^)? attr-dict `:` type($input) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Outside_BlockMatmulOp : Outside_Op<"block_matmul", [Evaluable, Kernel, Product, Contraction]> {
  let summary = "gradient of the rows of outside.block_linear: dx(r, h, i) = Σ_o dy(r, h, o) W(h, o, i)";
  let arguments = (ins Hadal_Activation:$gradient, Hadal_Tensor:$weight, OptionalAttr<TypeAttr>:$compute);
  let results = (outs Hadal_Activation:$result);
  let assemblyFormat = "$gradient `,` $weight attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

def Outside_BlockOuterProductOp : Outside_Op<"block_outer_product", [Evaluable, Kernel, Product, Contraction]> {
  let summary = "gradient of the weight of outside.block_linear: dW(h, o, i) = Σ_r dy(r, h, o) x(r, h, i)";
  let arguments = (ins Hadal_Activation:$gradient, Hadal_Activation:$input, OptionalAttr<TypeAttr>:$compute);
  let results = (outs Hadal_Tensor:$result);
  let assemblyFormat = "$gradient `,` $input attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
}

#endif // HADAL_TEST_OUTSIDE_OUTSIDEOPS_TD
