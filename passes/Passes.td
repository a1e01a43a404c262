// The passes, in the order of the pipelines that use them. Each is one file, named after it, in the folder of its kind.
#ifndef HADAL_PASSES_PASSES_TD
#define HADAL_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

//===------------------------------------------------------------------------------------------------------------------===//
// From a model to a program
//===------------------------------------------------------------------------------------------------------------------===//

def CheckModel : Pass<"hadal-check-model", "::mlir::ModuleOp"> {
  let summary = "checks that the module is one model, and a program and precision that can be built from it";
  let description = [{
    A module must hold exactly one `hadal.model`. Records the choice in the module's attributes `hadal.program` and
    `hadal.precision`. Test: test/passes/Programs/check-model.mlir.
  }];
  let options = [
    Option<"program", "program", "std::string", "\"train\"", "the program to build: train, evaluate">,
    Option<"precision", "precision", "std::string", "\"f32\"", "the type in which products are formed: f32, bf16">
  ];
}

def CloseShapes : Pass<"hadal-close-shapes", "::mlir::ModuleOp"> {
  let summary = "turns the open batch and sequence dimensions into numbers";
  let description = [{
    Every type whose first two dimensions are open becomes micro-batch × sequence. The model's token window becomes
    micro-batch × (sequence + 1 + D) with D the number of multi-token prediction depths. Records
    `hadal.tokens_ahead` (1 + D). Test:
    test/passes/Transforms/close-shapes.mlir.
  }];
  let options = [
    Option<"microBatchSize", "micro-batch-size", "int64_t", "0", "sequences that one pass through the model takes">,
    Option<"sequenceLength", "seq-length", "int64_t", "0", "tokens of a sequence">
  ];
}

def ExpandLayers : Pass<"hadal-expand-layers", "::mlir::ModuleOp"> {
  let summary = "writes every layer out and names its parameters absolutely";
  let description = [{
    Replaces `hadal.layers` and `hadal.mtp` by the bodies of their functions, one copy per layer, and prefixes the
    parameters' names with the layer's. Every copy carries the location of the operation in the layer function, called
    from the layer. Test: test/passes/Transforms/expand-layers.mlir.
  }];
}

def BindParameters : Pass<"hadal-bind-parameters", "::mlir::ModuleOp"> {
  let summary = "turns parameter names into arguments and the model into the function @forward";
  let description = [{
    Every name becomes a `hadal.parameter` symbol and an argument of `@forward`, in the order of first use; a name that
    is used twice is one parameter. The results of `@forward` are the parts of the loss (`loss.main`, `loss.mtp`, `loss.balance`).
    Records `hadal.model` and `hadal.vocabulary`. Test: test/passes/Transforms/bind-parameters.mlir.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect"];
}

def Decompose : Pass<"hadal-decompose", "::mlir::ModuleOp"> {
  let summary = "writes model operations in program operations";
  let description = [{
    Applies DecomposableOpInterface until no operation implements it: latent attention, the dense feed-forward block,
    routed experts, the merge of multi-token prediction. Test: test/passes/Transforms/decompose.mlir.
  }];
}

def Differentiate : Pass<"hadal-differentiate", "::mlir::ModuleOp"> {
  let summary = "makes @accumulate from @forward: losses, and gradients added to what they were";
  let description = [{
    A reverse sweep over the flat function. Every trainable parameter on which a loss depends gets a gradient argument
    and a result tied to it; contributions add to the argument in the order in which the sweep meets them. Test:
    test/passes/Autodiff/differentiate.mlir.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect"];
}

def ShareLosses : Pass<"hadal-share-losses", "::mlir::ModuleOp"> {
  let summary = "takes the loss of a head from the operation that makes its gradients";
  let description = [{
    A head whose gradients are formed in the same block, of the same hidden state, targets and weight, gives way to the
    loss that its gradient operation yields, and the sums that read the loss move behind that. A head that is computed
    twice all the same gets a remark. Test: test/passes/Autodiff/share-losses.mlir.
  }];
}

def BuildTrainingStep : Pass<"hadal-build-training-step", "::mlir::ModuleOp"> {
  let summary = "completes a training program: expert loads, @gradient_norm, @update and @evaluate";
  let description = [{
    Adds a `hadal.state` for the load of every router with a bias to @accumulate; builds @gradient_norm (the norm
    of all gradients and the factor that clips them), @update (AdamW, router bias) and turns @forward into @evaluate, which yields `loss.main` only. Test: test/passes/Programs/build-training-step.mlir.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def BuildEvaluation : Pass<"hadal-build-evaluation", "::mlir::ModuleOp"> {
  let summary = "makes @evaluate from @forward: the log-probability of every target";
  let description = [{
    The operation that the main loss scores tokens by (TokenLossOpInterface) gives way to its form that yields the
    log-probability of each; @evaluate has them and `loss.main` as results. Operations, arguments and parameters that
    these do not need go: multi-token prediction, balance losses. Records the names of the parameters that went as
    `hadal.unread_parameters`. Test: test/passes/Programs/build-evaluation.mlir.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def BuildGeneration : Pass<"hadal-build-generation", "::mlir::ModuleOp"> {
  let summary = "makes the entry points of a program that generates from a model: prefill, decode and drafts with a latent cache";
  let description = [{
    The model is brought to `@forward` (closed shapes, bound parameters, decided roundings) once for each shape that the
    program gets, and each becomes an entry point: `@decode.B` adds a token to each of B sequences, for powers of two up to
    the largest batch, `@decode.B.Q` up to Q tokens (the last one and drafts), `@prefill.C` reads C tokens of a prompt. Where
    the model has losses of further tokens, `@draft.D.` and each of these names is what depth D of them predicts: it reads
    the result `hidden` of the entry point of that name, or of the depth before it, and yields one of its own. Operations whose rows depend on other rows of a sequence give
    way to their form with a cache (SequenceOpInterface); what they remember lies in pages of 64 positions, in states
    `cache.0`, `cache.1`, ... (of depth D `draft.D.cache.0`, ...) that all entry points share. Where that is the product of narrower rows (the keys and values of
    all heads, of the latent), the narrower ones are kept; `@prefill.C` forms the product again, `@decode.B` and `@decode.B.Q` attend on what
    is kept (with `exact=train` they form the product, too, so that their bits are those of training). The loss of tokens gives way to logits (TokenLossOpInterface). The
    inputs `positions`, `lengths`, `pages` and `rows` say where the rows of a run stand. Test:
    test/passes/Programs/build-generation.mlir.
  }];
  let options = [
    Option<"maxSequence", "max-sequence", "int64_t", "0", "most tokens of a sequence; 0: as the model says, up to 1024">,
    Option<"maxBatch", "max-batch", "int64_t", "8", "most sequences at a time">,
    Option<"prefillChunk", "prefill-chunk", "int64_t", "0", "most tokens of a prompt at a time; 0: 256, or all of a sequence">,
    Option<"precision", "precision", "std::string", "\"f32\"", "the type of the factors: f32, bf16">,
    Option<"cacheType", "cache-type", "std::string", "\"\"", "the type of the cache: f32, bf16; empty: the precision">,
    Option<"speculate", "speculate", "int64_t", "-1", "most tokens that are drafted at a time; -1: one by each depth">,
    Option<"exact", "exact", "std::string", "\"\"", "the program whose bits every row has: train; empty: none">,
    Option<"weights", "weights", "std::string", "\"as-is\"",
           "the form of weights: as-is, bf16, fp8, int8, int4; recorded for hadal-quantize-weights">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect", "::mlir::arith::ArithDialect"];
}

def DecideRoundings : Pass<"hadal-decide-roundings", "::mlir::ModuleOp"> {
  let summary = "decides which results of products are rounded, for every program of the model";
  let description = [{
    Writes on each product of @forward which of its results hadal-lower-precision is to make in the products' type
    (`hadal.rounded_results`). Runs before programs are made of @forward, so that what training adds and what evaluation
    leaves out cannot change it. Test: test/passes/Precision/decide-roundings.mlir.
  }];
  let options = [
    Option<"precision", "precision", "std::string", "\"f32\"", "the type of the factors: f32, bf16">
  ];
}

def KeepFullPrecision : Pass<"hadal-keep-full-precision", "::mlir::ModuleOp"> {
  let summary = "asks for f32 in the products that make what a router decides by";
  let description = [{
    Sets `compute = f32` on every product whose result an operation reads that keeps its operands in full precision (the
    router, the balance losses), unless the model asks for a type itself. Runs before differentiation, so that the
    gradients of these products are formed in f32, too. Test: test/passes/Precision/keep-full-precision.mlir.
  }];
}

def LowerPrecision : Pass<"hadal-lower-precision", "::mlir::ModuleOp"> {
  let summary = "rounds the factors of products to the program's precision";
  let description = [{
    With `precision=bf16` the factors of matrix products, of attention and of the head, parameters included, are rounded to
    bf16 by `arith.truncf`, each value once in a function; a product with an attribute `compute` takes the type named
    there instead. Sums are formed in f32 as ever. A result is bf16 where all that read it take it for an activation, and
    f32 where it joins a sum: the residual stream and its gradient, and the gradients of parameters. Norms, rotations,
    activation functions, losses and statistics are computed in f32 from what they read, and parameters, their gradients
    and the optimizer's moments are kept in f32.

    The recipe is that of DeepSeek-V3's training before FP8 (technical report, section 3.3 and appendix B): master
    weights and gradients in FP32; gating and normalisation in the original precision, of which the router takes FP32 as the
    family's published code and transformers do; products, attention and the head in BF16. It is mixed precision as
    Micikevicius et al. (2018) describe it, and needs no loss scale, because bf16 has the range of f32.
    Test: test/passes/Precision/lower-precision.mlir.
  }];
  let options = [
    Option<"precision", "precision", "std::string", "\"f32\"", "the type in which products are formed: f32, bf16">
  ];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def QuantizeWeights : Pass<"hadal-quantize-weights", "::mlir::ModuleOp"> {
  let summary = "keeps the weights of products as codes with scales";
  let description = [{
    Every parameter that only products read, each along the rows of the weight, is kept as codes with scales: entry points take
    these (`hadal.packed`) and multiply with a `hadal.dequantize_weight` of them, and an entry point is added that makes them of the
    parameter when it has been loaded. What decides by small differences (the router), the table of embeddings, norms, and a weight that
    is read across its rows as well (the up-projection of latent attention, in the absorbed form) stay as they are.

    `int8` codes all of these weights, the head's among them; `int4` those of routed experts, and the others as `int8`; `fp8` all but the
    head's, as DeepSeek publishes them, and for each of them there is a further parameter, `NAME_scale_inv`: the scales with which files hold it,
    or 0 where they hold none. Without the option the module's attribute `hadal.weights` says it, and without that nothing changes. Test:
    test/passes/Precision/quantize-weights.mlir.
  }];
  let options = [
    Option<"weights", "weights", "std::string", "\"\"", "the form of weights: fp8, int8, int4; empty: as the module says">
  ];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def EliminateDeadOperations : Pass<"hadal-eliminate-dead-operations", "::mlir::func::FuncOp"> {
  let summary = "removes operations whose results nothing reads, in one sweep from the end";
  let description = [{
    Unlike canonicalization it leaves the order of everything else as it is. Test:
    test/passes/Transforms/eliminate-dead-operations.mlir.
  }];
}

//===------------------------------------------------------------------------------------------------------------------===//
// The reference evaluator
//===------------------------------------------------------------------------------------------------------------------===//

def EvaluatePass : Pass<"hadal-evaluate", "::mlir::ModuleOp"> {
  let summary = "runs the functions of a module in float64 and prints their results";
  let description = [{
    Runs every public `func.func` and every `hadal.model` with the reference evaluator. A result is printed as
    `@function: type value`, with `#i` after the name where there are several. Arguments take reproducible values: the
    constant `hadal.value`, numbers in [low, high) for `hadal.range = [low, high]`, tokens for the window, random
    parameters that depend on the seed and their names only: a model and what passes make of it print the same. Both
    can be taken from files instead, which is how the evaluator is held against other implementations.
    The module is left as it is. Example: test/dialect/reference/evaluate.mlir.
  }];
  let options = [
    Option<"digits", "digits", "unsigned", "6", "significant digits">,
    Option<"seed", "seed", "uint64_t", "0", "seed of the random arguments and parameters">,
    Option<"batch", "batch", "int64_t", "1", "length of an argument's first dimension where it is open">,
    Option<"positions", "positions", "int64_t", "8", "length of an argument's second dimension where it is open">,
    ListOption<"weights", "weights", "std::string", "safetensors files to take the parameters from">,
    Option<"tokens", "tokens", "std::string", "\"\"", "file of 16-bit little-endian tokens to take the window from">,
    Option<"stride", "stride", "int64_t", "0", "places between the starts of two sequences in the file of tokens">,
    Option<"summary", "summary", "bool", "false", "print the sum and the root mean square of a result only">
  ];
}

def CheckGradientsPass : Pass<"hadal-check-gradients", "::mlir::ModuleOp"> {
  let summary = "holds the gradients of operations against finite differences";
  let description = [{
    Runs every public function on random arguments (see hadal-evaluate). For every operation in it that can be
    differentiated, evaluates what it builds as gradient, for random gradients of those of its results that the function
    uses, in float64, and compares each operand's gradient with fourth-order central differences of its evaluation.
    Prints the error relative to the largest element and fails where it exceeds the tolerance. The module is left
    as it is. Example: test/dialect/reference/gradients.mlir.
  }];
  let options = [
    Option<"seed", "seed", "uint64_t", "0", "seed of the random arguments and gradients">,
    Option<"step", "step", "double", "1.0e-4", "step of the differences; it must not cross a router's decision">,
    Option<"tolerance", "tolerance", "double", "1.0e-6", "largest relative error">
  ];
}

def CheckDecompositionsPass : Pass<"hadal-check-decompositions", "::mlir::ModuleOp"> {
  let summary = "holds what operations are written in against their own definition";
  let description = [{
    Runs every public function on random arguments (see hadal-evaluate). For every operation in it that decomposes into
    smaller ones, or expands into elementwise arithmetic and row reductions, evaluates these in float64 and compares the
    results with the operation's own evaluation. Prints the error relative to the largest element and fails
    where it exceeds the tolerance. The module is left as it is. Example: test/dialect/reference/decompositions.mlir.
  }];
  let options = [
    Option<"seed", "seed", "uint64_t", "0", "seed of the random arguments">,
    Option<"tolerance", "tolerance", "double", "1.0e-12", "largest relative error">
  ];
}

def CheckTrainingStepPass : Pass<"hadal-check-training-step", "::mlir::ModuleOp"> {
  let summary = "holds the gradients that a program accumulates against differences of its loss";
  let description = [{
    For every entry point with a result marked `hadal.result = "loss"` and every parameter that has a gradient there:
    evaluates the entry point in float64 on random parameters and tokens, and compares the gradient along a random
    direction with fourth-order central differences of the loss. Works on program and kernel level. Prints the error
    relative to the gradient's norm and fails where it exceeds the tolerance. The module is left as it is. Example:
    test/dialect/reference/training-step.mlir.
  }];
  let options = [
    Option<"seed", "seed", "uint64_t", "0", "seed of the random parameters, tokens and directions">,
    Option<"step", "step", "double", "1.0e-5", "step of the differences; it must not cross a router's decision">,
    Option<"tolerance", "tolerance", "double", "1.0e-6", "largest relative error">
  ];
}

//===------------------------------------------------------------------------------------------------------------------===//
// Models
//===------------------------------------------------------------------------------------------------------------------===//

def CountParametersPass : Pass<"hadal-count-parameters", "::mlir::ModuleOp"> {
  let summary = "prints how many parameters a model has, in all and in its parts";
  let description = [{
    Counts on the model level, every absolute name once; parameters for multi-token prediction are counted apart. The
    module is left as it is. Example: test/models/parameters.test.
  }];
}

def ExportConfigurationPass : Pass<"hadal-export-config", "::mlir::ModuleOp"> {
  let summary = "prints the Hugging Face config.json of a model";
  let description = [{
    Describes the model as a deepseek_v2 or deepseek_v3 configuration that transformers loads, or says why that is not
    possible: names of functions and values and the order of independent operations are free, what is computed must be
    exactly what hadal-import writes for the same configuration. Example: test/passes/HuggingFace/export-config.mlir.
  }];
}

//===------------------------------------------------------------------------------------------------------------------===//
// Program to kernels
//===------------------------------------------------------------------------------------------------------------------===//

// What a target asks for what kernels do (passes/Fusion/KernelPrice.h), in picoseconds. hadalc takes the prices of the
// target from the table of targets; the defaults are those of --cpu=x86-64-v4.
defvar PriceOptions = [
  Option<"memoryByte", "memory-byte", "double", "1e3 / 120", "ps for a byte that comes from memory or goes there">,
  Option<"cachedByte", "cached-byte", "double", "1e3 / 1152", "ps for a byte that lies in a cache nearby">,
  Option<"multiplyAdd", "multiply-add", "double", "1e3 / 384", "ps for a multiply-add of a product">,
  Option<"operation", "operation", "double", "1e3 / 384", "ps for another operation on one element">,
  Option<"launch", "launch", "double", "500e3", "ps for a launch besides what it does">,
  Option<"liveValues", "live-values", "int64_t", "32", "how many values of an element registers hold">
];

def FusePass : Pass<"hadal-fuse", "::mlir::ModuleOp"> {
  let summary = "cuts entry points into kernels and their launches";
  let description = [{
    Starts from a kernel for every operation and makes one of two as long as that is cheaper, those first that save most:
    elementwise arithmetic joins the contraction before it, rowwise operations over the same rows join each other, the
    gather before the experts' products is read through. Equal kernels are shared. A result with `hadal.tied` is made in
    place of the argument that it names. Example: test/passes/Fusion/fuse.mlir.
  }];
  let options = !listconcat(PriceOptions, [
    Option<"printFusion", "print-fusion", "bool", "false",
           "print operations, bytes and price of every kernel, and why kernels that read others stay apart, on stderr">
  ]);
  let dependentDialects = ["::hadal::HadalDialect", "::mlir::arith::ArithDialect"];
}

def LaunchKernelsPass : Pass<"hadal-launch-kernels", "::mlir::ModuleOp"> {
  let summary = "gives every kernel an entry point of its own";
  let description = [{
    The entry points of the module go; each kernel gets one that launches it once, on states named after the kernel and the
    number of the operand. Such a module becomes a program that checks and times its kernels. Example:
    test/passes/Transforms/launch-kernels.mlir.
  }];
  let dependentDialects = ["::mlir::func::FuncDialect"];
}

def Rematerialize : Pass<"hadal-rematerialize", "::mlir::ModuleOp"> {
  let summary = "repeats launches, so that a program fits into a limit of memory";
  let description = [{
    While the persistent tensors and the arena of an entry point take more than the limit, a value that is only kept at
    the peak, for launches behind it, is made again there instead: the one that costs least seconds per byte. The launch
    that makes it is repeated, and those that make what it reads, if that is gone. No bit changes, and no kernel is added. A
    program that cannot fit is refused, with what it takes at least. Where a hundredth of the program's memory is worth so many
    hundredths of the seconds of an entry point, what costs less is made again in any case. Example: test/passes/Memory/rematerialize.mlir.
  }];
  let options = !listconcat(PriceOptions, [
    Option<"memoryLimit", "memory-limit", "int64_t", "int64_t(1) << 60", "bytes of persistent tensors and arena together">,
    Option<"worth", "worth", "double", "0", "share of the seconds that a share of the memory is worth">,
    Option<"printMemoryPlan", "print-memory-plan", "bool", "false", "print what is repeated, and what for, on stderr">,
    Option<"alignment", "alignment", "int64_t", "64", "that of hadal-plan-memory, which runs next">
  ]);
}

def PlanMemoryPass : Pass<"hadal-plan-memory", "::mlir::ModuleOp"> {
  let summary = "gives every buffer of an entry point its place in one arena";
  let description = [{
    Lifetimes come from the order of launches. A result takes over the buffer of an operand that dies with the launch where
    the kernel allows it; the others are placed by best fit at multiples of the alignment. A kernel's workspace
    lives during its launch only. The plan is verified. Example: test/passes/Memory/plan.mlir.
  }];
  let options = [Option<"printMemoryPlan", "print-memory-plan", "bool", "false",
                        "print arena, peak, the largest buffers and the persistent tensors on stderr">,
                 Option<"alignment", "alignment", "int64_t", "64",
                        "bytes at whose multiples buffers begin: 64 for CPUs, 256 for GPUs">];
}

def VerifyMemoryPlanPass : Pass<"hadal-verify-memory-plan", "::mlir::ModuleOp"> {
  let summary = "checks that buffers that are live at once do not overlap";
  let description = [{ Example: test/passes/Memory/verify.mlir. }];
}

#endif // HADAL_PASSES_PASSES_TD
