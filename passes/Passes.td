// The passes, in the order of the pipelines that use them. Each is one file, named after it, in the folder of its kind.
#ifndef HADAL_PASSES_PASSES_TD
#define HADAL_PASSES_PASSES_TD

include "mlir/Pass/PassBase.td"

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

#endif // HADAL_PASSES_PASSES_TD
