// The frame of a model and of a program: the model, its layers, the token window, losses, parameters and states.
#ifndef HADAL_DIALECT_IR_MODELOPS_TD
#define HADAL_DIALECT_IR_MODELOPS_TD

include "dialect/IR/OpsCommon.td"

def Hadal_ModelOp : Hadal_Op<"model", [IsolatedFromAbove, AutomaticAllocationScope, FunctionOpInterface, Symbol,
                                       OpAsmOpInterface, SingleBlock]> {
  let summary = "a language model, from a window of tokens to its losses";
  let description = [{
    The only argument is the token window, `tensor<?x?xi32>`: batch × positions. For training with a sequence length T and
    D MTP depths the window holds T + 1 + D tokens of each sequence; `hadal.tokens` takes the views that the model reads.
    `initializer_std` is the standard deviation of every matrix that no weights are loaded for (DeepSeek-V3: 0.006,
    technical report section 4.2). The other attributes do not change what the model computes. `context_length` is the
    longest sequence that it is made for, `token_ids` holds the ids of the tokens with a meaning (`bos`, `eos`, `pad`: a
    number, a list, or `unit` for none) and `family` the name under which transformers knows it, where the computation
    does not tell: all three are handed on to exported configurations. `stored_weights` says how the weights that the
    model was published with are encoded (`quantization_config` of config.json, `quant_method` being the format's name).
    The body ends in `hadal.losses`.

    ```mlir
    hadal.model @bigram(%window: tensor<?x?xi32>) attributes {initializer_std = 0.02} {
      %tokens = hadal.tokens %window ahead 0 : tensor<?x?xi32> -> tensor<?x?xi32>
      %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
      %x = hadal.embedding %tokens "model.embed_tokens.weight" {vocabulary = 256} : tensor<?x?xi32> -> tensor<?x?x64xf32>
      %loss = hadal.cross_entropy %x, %next "lm_head.weight" {vocabulary = 256} : tensor<?x?x64xf32>, tensor<?x?xi32>
      hadal.losses main(%loss)
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type,
                       DefaultValuedAttr<F64Attr, "0.006">:$initializer_std,
                       OptionalAttr<I64Attr>:$context_length,
                       OptionalAttr<DictionaryAttr>:$token_ids, OptionalAttr<Hadal_FamilyAttr>:$family,
                       OptionalAttr<DictionaryAttr>:$stored_weights,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::mlir::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
    /// How many tokens beyond the next one the losses look ahead.
    int64_t getTokensAhead();
  }];
}

def Hadal_LossesOp : Hadal_Op<"losses", [Pure, Terminator, HasParent<"ModelOp">, AttrSizedOperandSegments]> {
  let summary = "ends a model: the parts of its training loss";
  let description = [{
    loss = main + λ·mtp + α·Σ balance, with λ and α chosen at run time. `main` and `mtp` are means over tokens (mtp over
    depths as well), each `balance` is a sum over MoE layers of a mean over sequences, unweighted. All are tensor<f32>.
  }];
  let arguments = (ins Hadal_Scalar:$main, Optional<Hadal_Scalar>:$mtp, Variadic<Hadal_Scalar>:$balance);
  let assemblyFormat = "`main` `(` $main `)` (`mtp` `(` $mtp^ `)`)? (`balance` `(` $balance^ `)`)? attr-dict";
}

def Hadal_TokensOp : Hadal_PureOp<"tokens", [Evaluable, Kernel]> {
  let summary = "the tokens that lie a number of places ahead in the window";
  let description = [{
    Element (b, i) of the result is element (b, i + ahead) of the window. With a sequence length T the window holds T +
    1 + D tokens and the result T. `ahead = 0` is the input, 1 the target of the main head, 1 + d that of MTP depth d.

    ```mlir
    // %window: tensor<?x?xi32>
    %next = hadal.tokens %window ahead 1 : tensor<?x?xi32> -> tensor<?x?xi32>
    ```
  }];
  let arguments = (ins Hadal_Tokens:$window, ConfinedAttr<I64Attr, [IntNonNegative]>:$ahead);
  let results = (outs Hadal_Tokens:$result);
  let assemblyFormat = "$window `ahead` $ahead attr-dict `:` type($window) `->` type($result)";
}

def Hadal_LayersOp : Hadal_Op<"layers", [DeclareOpInterfaceMethods<SymbolUserOpInterface>, Stack]> {
  let summary = "a stack of equal layers, its depth one number";
  let description = [{
    Runs the functions in turn for every layer i in [start, end): the first result of one is the argument of the next.
    A function takes the hidden state and returns the hidden state and any number of tensor<f32> losses; the operation
    yields the last hidden state and one result per loss of the functions, in order, each the sum over the layers.
    Parameters inside the functions are scoped by `prefix`, a dot, and the layer's number, as PyTorch modules are:
    "mlp.gate.weight" in layer 7 of "model.layers" is `model.layers.7.mlp.gate.weight`.

    ```mlir
    func.func private @block(%x: tensor<?x?x64xf32>) -> tensor<?x?x64xf32> {
      %n = hadal.rms_norm %x "post_attention_layernorm.weight" {eps = 1.0e-6} : tensor<?x?x64xf32>
      %y = hadal.gated_mlp %n "mlp" {width = 256} : tensor<?x?x64xf32>
      %r = arith.addf %x, %y : tensor<?x?x64xf32>
      return %r : tensor<?x?x64xf32>
    }
    // %x: tensor<?x?x64xf32>
    %h = hadal.layers %x "model.layers" 0 to 4 {@block} : tensor<?x?x64xf32>
    ```
  }];
  let arguments = (ins Hadal_Activation:$input, StrAttr:$prefix, I64Attr:$start, I64Attr:$end,
                       FlatSymbolRefArrayAttr:$functions);
  let results = (outs Hadal_Activation:$output, Variadic<Hadal_Scalar>:$losses);
  let assemblyFormat = [{
    $input $prefix $start `to` $end custom<SymbolList>($functions) attr-dict `:`
    custom<LayersTypes>(type($input), type($output), type($losses))
  }];
  let hasVerifier = 1;
}

def Hadal_ParameterOp : Hadal_Op<"parameter", [Symbol]> {
  let summary = "a parameter of a program, under its Hugging Face name";
  let description = [{
    `{e}` in the name stands for an expert's number: the parameter stacks the experts along dimension 0. `std` is the
    standard deviation of `normal`. A parameter that is not `trainable` has no gradient (the router's selection bias).
    `aliases` are further names under which files hold copies of it.

    ```mlir
    hadal.parameter @"model.layers.3.mlp.experts.{e}.up_proj.weight" normal {std = 0.006} : tensor<256x2048x7168xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type, Hadal_Initializer:$initializer,
                       DefaultValuedAttr<F64Attr, "0.0">:$std, DefaultValuedAttr<BoolAttr, "true">:$trainable,
                       OptionalAttr<StrArrayAttr>:$aliases);
  let assemblyFormat = "$sym_name $initializer attr-dict `:` $type";
  let hasVerifier = 1;
}

def Hadal_StateOp : Hadal_Op<"state", [Symbol]> {
  let summary = "a tensor that outlives runs of entry points: an expert's load, a cache";
  let description = [{
    It is zero at the start: in training of a step, over whose micro-batches the load of experts gathers; in generation of the
    session, whose entry points share caches of earlier positions.

    ```mlir
    hadal.state @model.layers.3.mlp.gate.e_score_correction_bias.load : tensor<256xf32>
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttr:$type);
  let assemblyFormat = "$sym_name attr-dict `:` $type";
  let hasVerifier = 1;
}

#endif // HADAL_DIALECT_IR_MODELOPS_TD
