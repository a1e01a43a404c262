// The interfaces on which behaviour hangs: no pass switches over operation names.
//
// Parameters:      which named parameters an operation reads.
// Stack:           which functions an operation runs for every layer, and under which prefix.
// Decomposable:    how a model operation is written in program operations.
// Differentiable:  how gradients flow backwards through an operation.
// TokenLoss:       what a loss of tokens yields in programs that score them, or generate more of them.
// Sequence:        what an operation reads of other rows of a sequence, and how it does so row by row, from a cache, or
//                  on the cache itself.
// Evaluable:       what an operation means, in float64 (the reference evaluator).
// Kernel:          which kind of kernel serves an operation.
// Product:         which operands are multiplied, so that they may be narrower than f32.
// Contraction:     how far a matrix product runs and where its numbers lie, so that one strategy serves them all.
// InnerFactors:    what an operation means when the numbers that it computes and multiplies again are rounded.
// Rowwise:         how an operation along one row is written in elementwise arithmetic and row reductions.
// Columns:         from which columns of its operands an operation takes those of its results.
// Rotation:        by which angles an operation turns pairs of columns.
// RowReduction:    how an operation makes one number of a row.
// Sum:             which operation adds two tensors, so that a kernel may add to what is there already.
// Head, Attention: what the kernels of these kinds read and yield.
// Length:          how much an operation has to do for sequences of a length that only a run tells.
// TokenTable:      the vocabulary that an operation looks tokens up in.
// EncodedTensors:  which operands and results may lie in memory otherwise than row by row.
#ifndef HADAL_DIALECT_INTERFACES_HADALINTERFACES_TD
#define HADAL_DIALECT_INTERFACES_HADALINTERFACES_TD

include "mlir/IR/OpBase.td"

def Hadal_ParametersOpInterface : OpInterface<"ParametersOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation that reads parameters. Before binding, the attribute `parameters` holds what the user wrote (names or
    name prefixes, relative to the enclosing scope) and `weights` is empty; after binding it is the other way round.
  }];
  let methods = [
    InterfaceMethod<"The parameters that the operation reads, in the order of its weights.",
      "::llvm::SmallVector<::hadal::ParameterSlot>", "getParameterSlots">,
    InterfaceMethod<"How many names or prefixes the user writes: one per parameter, or one prefix for several.",
      "unsigned", "getNameCount", (ins), [{}], [{ return $_op.getParameterSlots().size(); }]>,
    InterfaceMethod<"The names or prefixes as written.", "::mlir::ArrayAttr", "getParametersAttr">,
    InterfaceMethod<"Replaces the names or prefixes.", "void", "setParametersAttr", (ins "::mlir::ArrayAttr":$names)>,
    InterfaceMethod<"Drops the names.", "::mlir::Attribute", "removeParametersAttr">,
    InterfaceMethod<"The bound values.", "::mlir::OperandRange", "getWeights">,
    InterfaceMethod<"The bound values.", "::mlir::MutableOperandRange", "getWeightsMutable">
  ];
  let verify = "return ::hadal::detail::verifyParameters($_op);";
}

def Hadal_StackOpInterface : OpInterface<"StackOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation that runs layer functions once for every layer in [start, end). Parameters of the functions are scoped
    by the prefix, a dot and the layer's number. It stands in a model, not in a layer function.
  }];
  let methods = [
    InterfaceMethod<"The prefix of all layers.", "::llvm::StringRef", "getPrefix">,
    InterfaceMethod<"The first layer.", "uint64_t", "getStart">,
    InterfaceMethod<"One past the last layer.", "uint64_t", "getEnd">,
    InterfaceMethod<"The functions, in the order in which they run.", "::mlir::ArrayAttr", "getFunctions">,
    InterfaceMethod<"The parameters that the operation reads itself in each layer, beside those of its functions.",
      "::llvm::SmallVector<::hadal::ParameterSlot>", "getLayerSlots", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<[{
      Whether the layers serve a further loss in training only, so that the published size of a model leaves them out.
    }], "bool", "isAuxiliary", (ins), [{}], [{ return false; }]>,
    InterfaceMethod<"How many tokens beyond the next one its losses look ahead.", "int64_t", "getTokensAhead", (ins), [{}],
      [{ return 0; }]>,
    InterfaceMethod<[{
      Writes the layers out at the writer's place, with the operands that the operation has there, and returns a value
      per result. Failure has been reported.
    }], "::llvm::FailureOr<::llvm::SmallVector<::mlir::Value>>", "writeLayers",
      (ins "::hadal::LayerWriter &":$writer, "::mlir::ValueRange":$operands)>,
    InterfaceMethod<[{
      As evaluate of EvaluableOpInterface, with a runner for the functions.
    }], "::llvm::LogicalResult", "evaluateLayers",
      (ins "::hadal::reference::LayerRunner &":$runner, "::llvm::ArrayRef<::hadal::reference::Tensor>":$operands,
           "::llvm::SmallVectorImpl<::hadal::reference::Tensor> &":$results)>
  ];
}

def Hadal_DecomposableOpInterface : OpInterface<"DecomposableOpInterface"> {
  let cppNamespace = "::hadal";
  let methods = [
    InterfaceMethod<[{
      Writes the operation in smaller ones at the builder's insertion point and returns a value per result. Parameters
      are bound and shapes are closed.
    }], "::llvm::SmallVector<::mlir::Value>", "decompose", (ins "::mlir::OpBuilder &":$builder)>
  ];
}

def Hadal_DifferentiableOpInterface : OpInterface<"DifferentiableOpInterface"> {
  let cppNamespace = "::hadal";
  let methods = [
    InterfaceMethod<[{
      Builds the gradients of the operands from the gradients of the results. A null result gradient stands for zero (at
      least one is not null); a null operand gradient says that the operand has none (integers) or that it is zero. An
      empty answer says that the operation has no gradient here; it has emitted an error that says why.
    }], "::llvm::SmallVector<::mlir::Value>", "buildGradient",
      (ins "::mlir::OpBuilder &":$builder, "::mlir::ValueRange":$resultGradients)>
  ];
}

def Hadal_TokenLossOpInterface : OpInterface<"TokenLossOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    A loss that is the mean over the tokens of a batch. It is written for training; this is its form in a program that
    scores tokens one by one (`evaluate`), and in one that generates more (`generate`).
  }];
  let methods = [
    InterfaceMethod<[{
      Builds the operation that scores the tokens instead. Parameters are bound and shapes are closed. Its loss is this
      operation's, to the bit, on every target.
    }], "::hadal::TokenScores", "buildScores", (ins "::mlir::OpBuilder &":$builder)>,
    InterfaceMethod<[{
      Builds the operation that yields logits instead, for the rows that `pickRows` picks of the hidden state. Targets
      are not read. Log-probabilities that follow from it are those of buildScores, to the bit.
    }], "::hadal::TokenLogits", "buildLogits",
      (ins "::mlir::OpBuilder &":$builder, "::llvm::function_ref<::mlir::Value(::mlir::Value)>":$pickRows)>
  ];
}

def Hadal_SequenceOpInterface : OpInterface<"SequenceOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation whose rows depend on where they stand in a sequence, or on other rows of it. A model is written for whole
    sequences from position 0 on; this is its form in a program that adds rows to sequences run by run. Every operation
    without this interface computes a row from that row alone.
  }];
  let methods = [
    InterfaceMethod<[{
      Builds the operation for rows at given positions, which see what was kept of the rows before them, and returns a
      value per result. A row's numbers are those that it has in the whole sequence, to the bit, where what is kept is
      not rounded.
    }], "::llvm::SmallVector<::mlir::Value>", "buildCached",
      (ins "::mlir::OpBuilder &":$builder, "const ::hadal::CachedRows &":$rows)>,
    InterfaceMethod<[{
      Builds it for the same rows so that it reads what was kept where it lies, with the weight of a product that would
      be formed of it (CachedRows::findProduct) taken to the rows of this run. The numbers are those of buildCached but
      for their rounding. Returns a value per result, null where nothing reads the result; or none at all, where the
      operation has no such form.
    }], "::llvm::SmallVector<::mlir::Value>", "buildAbsorbed",
      (ins "::mlir::OpBuilder &":$builder, "const ::hadal::CachedRows &":$rows), [{}], [{ return {}; }]>
  ];
}

def Hadal_EvaluableOpInterface : OpInterface<"EvaluableOpInterface"> {
  let cppNamespace = "::hadal";
  let methods = [
    InterfaceMethod<[{
      Computes the results in float64 from the operation's definition, as plainly as it can be written. Returns failure
      after emitting an error.
    }], "::llvm::LogicalResult", "evaluate",
      (ins "::llvm::ArrayRef<::hadal::reference::Tensor>":$operands,
           "::llvm::SmallVectorImpl<::hadal::reference::Tensor> &":$results)>,
    InterfaceMethod<[{
      Whether the evaluator rounds the results to their element types where these are narrower than f32.
    }], "bool", "roundsResults", (ins), [{}], [{ return true; }]>
  ];
}

def Hadal_KernelOpInterface : OpInterface<"KernelOpInterface"> {
  let cppNamespace = "::hadal";
  let methods = [
    InterfaceMethod<"The kind of the kernel that serves this operation when it stands alone.", "::hadal::KernelKind",
      "getKernelKind">,
    InterfaceMethod<[{
      Result i may share its buffer with this operand (-1: none): the kernel reads an element of the operand before it
      writes the same element of the result, and never later.
    }], "int64_t", "getInPlaceOperand", (ins "unsigned":$result), [{}], [{ return -1; }]>,
    InterfaceMethod<[{
      Whether the kernel reads this operand a row at a time, so that an operation that only selects rows can be read
      through: its result then never exists.
    }], "bool", "readsRows", (ins "unsigned":$operand), [{}], [{ return false; }]>,
    InterfaceMethod<[{
      Which rows of an operand the result consists of, when every row of it is one of them, chosen by indices; else
      nothing. Kernels that read rows (see readsRows) can do without the result, and read the operand by the indices.
    }], "::std::optional<::hadal::RowSelection>", "getRowSelection", (ins), [{}], [{ return std::nullopt; }]>,
    InterfaceMethod<[{
      Whether it moves numbers and computes none, so that they may have any type.
    }], "bool", "onlyMoves", (ins), [{}], [{ return $_op.getRowSelection().has_value(); }]>,
    InterfaceMethod<[{
      Whether the kernel can read this operand, of f32, from a narrower tensor: the widening `arith.extf` is then part
      of the kernel. Rowwise kernels can read all of their operands so.
    }], "bool", "widensOperand", (ins "unsigned":$operand), [{}], [{ return false; }]>,
    InterfaceMethod<[{
      Whether the kernel can write this result, of f32, to a narrower tensor: the rounding `arith.truncf` is then part
      of the kernel. Rowwise kernels and contractions can write all of their results so.
    }], "bool", "roundsResult", (ins "unsigned":$result), [{}], [{ return false; }]>
  ];
}

def Hadal_ProductOpInterface : OpInterface<"ProductOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation that is made of products of its operands: matrix products, attention, the head. Its factors may be bf16
    where its other operands are f32. Products of bf16 numbers are exact in f32, and they are always summed in f32; a
    result in bf16 is the sum rounded to nearest even, once. The pass hadal-lower-precision works on this interface.
  }];
  let methods = [
    InterfaceMethod<"The operands that are multiplied, by their number.", "::llvm::SmallVector<unsigned>", "getFactors">,
    InterfaceMethod<"Whether a result may have the type of the factors; else it is f32 (sums of losses, statistics).",
      "bool", "mayNarrowResult", (ins "unsigned":$result), [{}], [{ return true; }]>,
    InterfaceMethod<[{
      The type that the model asks for this product to be formed in, whatever the program's precision; null: none.
    }], "::mlir::Type", "getRequestedType", (ins), [{}], [{
      auto compute = $_op->template getAttrOfType<::mlir::TypeAttr>("compute");
      return compute ? compute.getValue() : ::mlir::Type();
    }]>,
    InterfaceMethod<"Asks for a type, or (null) for none.", "void", "setRequestedType", (ins "::mlir::Type":$type), [{}], [{
      if (type)
        $_op->setAttr("compute", ::mlir::TypeAttr::get(type));
      else
        $_op->removeAttr("compute");
    }]>
  ];
}

def Hadal_ContractionOpInterface : OpInterface<"ContractionOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    A matrix product, which a contraction kernel is made around. It states its form (dialect/Interfaces/Contraction.h):
    extents, the strides of both factors and of the result, what is grouped by offsets, scales of blocks, the type of
    the sums. Strategies work on the form alone, so that a product that no target has heard of is served by stating it.
    The operation's factors also belong to its ProductOpInterface where they may be narrower than f32.
  }];
  let methods = [
    InterfaceMethod<"The form; nothing while shapes are open or parameters are not bound.",
      "::std::optional<::hadal::ContractionForm>", "getContraction">
  ];
  // After the operation's own verifier, which knows better what is wrong with its shapes.
  let verifyWithRegions = 1;
  let verify = "return ::hadal::detail::verifyContraction($_op);";
}

def Hadal_InnerFactorsOpInterface : OpInterface<"InnerFactorsOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation that multiplies numbers which it has computed itself: softmax's weights, derivatives of scores. Where it
    multiplies operands in bf16 with them, a kernel may round them to bf16 as well, since units for matrix products want
    both factors so. Results that no such product enters (losses, logarithms of denominators) are not off by it.
  }];
  let methods = [
    InterfaceMethod<[{
      As evaluate of EvaluableOpInterface, with every such number passed through `round` before it is multiplied.
    }], "::llvm::LogicalResult", "evaluateRounding",
      (ins "::llvm::ArrayRef<::hadal::reference::Tensor>":$operands,
           "::llvm::function_ref<double(double)>":$round,
           "::llvm::SmallVectorImpl<::hadal::reference::Tensor> &":$results)>
  ];
}

def Hadal_RowwiseOpInterface : OpInterface<"RowwiseOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation whose every result row depends on the same row of its operands (the last dimension is the row) and on
    operands that are the same for all rows.
  }];
  let methods = [
    InterfaceMethod<[{
      Writes the operation in `arith` and `math` on tensors, `hadal.row_reduce` and `hadal.expand`, and returns a value
      per result.
    }], "::llvm::SmallVector<::mlir::Value>", "expandRows", (ins "::mlir::OpBuilder &":$builder)>
  ];
}

def Hadal_ColumnsOpInterface : OpInterface<"ColumnsOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation that only moves numbers along rows: every column of a result is a column of an operand, of the same row
    or of the one row that the operand has for all. Kernels of the rowwise kind read through it; nothing is moved.
  }];
  let methods = [
    InterfaceMethod<"The ranges of columns that a result is made of, from its first column to its last.",
      "::llvm::SmallVector<::hadal::ColumnRange>", "getColumnRanges", (ins "unsigned":$result)>
  ];
}

def Hadal_RotationOpInterface : OpInterface<"RotationOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation that turns pairs of columns by angles which depend on the position of the row, its index in dimension 1 of
    three or what an operand says: the last columns of each of `heads` equal parts, as the rotary embedding says. All other
    columns pass.
  }];
  let methods = [
    InterfaceMethod<"What is turned, of the type of the only result.", "::mlir::Value", "getInput">,
    InterfaceMethod<"The number of equal parts.", "uint64_t", "getHeads">,
    InterfaceMethod<"The angles, and which columns are pairs.", "::hadal::RopeAttr", "getRope">,
    InterfaceMethod<"Whether it turns backwards.", "bool", "getInverse">,
    InterfaceMethod<[{
      The position of every row, i32, with the leading two dimensions of the input. Null: the index in dimension 1.
    }], "::mlir::Value", "getPositions", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<[{
      How many positions a row can have: they lie in [0, count), or else what would be turned becomes NaN.
    }], "int64_t", "getPositionCount", (ins), [{}], [{
      return ::llvm::cast<::mlir::RankedTensorType>($_op.getInput().getType()).getDimSize(1);
    }]>
  ];
}

def Hadal_RowReductionOpInterface : OpInterface<"RowReductionOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{ An operation that makes one number of every row, its only result. }];
  let methods = [
    InterfaceMethod<"What is reduced.", "::mlir::Value", "getInput">,
    InterfaceMethod<"How.", "::hadal::Reduction", "getReduction">
  ];
}

def Hadal_SumOpInterface : OpInterface<"SumOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    The sum of two tensors, element by element: `arith.addf`, `hadal.accumulate`. A kernel that makes one of them may add
    it to the other, which is there already (the gradient of a weight that is used twice, or over micro-batches).
  }];
  let methods = [
    InterfaceMethod<"The two tensors.", "::mlir::OperandRange", "getSummands", (ins), [{}],
      [{ return $_op->getOperands(); }]>,
    InterfaceMethod<[{
      A number (tensor<f32>) that is 0 where the first of them does not count, and is not read; null: both always count.
    }], "::mlir::Value", "getCondition", (ins), [{}], [{ return {}; }]>
  ];
}

def Hadal_HeadOpInterface : OpInterface<"HeadOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    The output head fused with its loss: logits are products of the rows of `hidden` and `weight`, and the loss compares
    them with the target of each row. Null stands for an operand or a result that the operation does not have.
  }];
  let methods = [
    InterfaceMethod<"Rows of channels.", "::mlir::Value", "getHidden">,
    InterfaceMethod<"A token per row; null where rows are not compared with one.", "::mlir::Value", "getTargets">,
    InterfaceMethod<"Vocabulary × channels.", "::mlir::Value", "getWeight">,
    InterfaceMethod<"The gradient of the loss; null where only the loss is made.", "::mlir::Value", "getGradient", (ins),
      [{}], [{ return {}; }]>,
    InterfaceMethod<"The loss; null where none is made.", "::mlir::Value", "getLoss">,
    InterfaceMethod<"The logarithm of the probability of every token; null where it is not asked for.", "::mlir::Value",
      "getLogProbabilities", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<"The logits themselves; null where they are not kept.", "::mlir::Value", "getLogits", (ins), [{}],
      [{ return {}; }]>,
    InterfaceMethod<"The largest logit of every row and the logarithm of the sum of exponentials from there; null where "
                    "they are not asked for.", "::mlir::Value", "getNormalizers", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<"The gradient of `hidden`.", "::mlir::Value", "getHiddenGradient", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<"The gradient of `weight`.", "::mlir::Value", "getWeightGradient", (ins), [{}], [{ return {}; }]>
  ];
}

def Hadal_AttentionOpInterface : OpInterface<"AttentionOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    Causal attention with a rotary key that all heads share, or its gradients: the operands and results are those of
    `hadal.attention` or of `hadal.attention_gradient`, in their order.
  }];
  let methods = [
    InterfaceMethod<"Batch × sequence × heads·(nope + rope).", "::mlir::Value", "getQuery">,
    InterfaceMethod<"Batch × keys × heads·(nope + value).", "::mlir::Value", "getKeyValue">,
    InterfaceMethod<"Batch × keys × rope.", "::mlir::Value", "getRotaryKey">,
    InterfaceMethod<[{
      The position of every query, i32, batch × sequence: it sees the keys up to there. Null: the index of the query,
      and there are as many keys as queries.
    }], "::mlir::Value", "getPositions", (ins), [{}], [{ return {}; }]>,
    InterfaceMethod<"How many keys a sample has, i32, batch; null: all.", "::mlir::Value", "getKeyLengths", (ins), [{}],
      [{ return {}; }]>,
    InterfaceMethod<"The number of heads.", "uint64_t", "getHeads">,
    InterfaceMethod<"Channels of a head's query that are not rotated.", "uint64_t", "getNope">,
    InterfaceMethod<"Channels of a head's value.", "uint64_t", "getValue">,
    InterfaceMethod<"What scores are multiplied by.", "::llvm::APFloat", "getScale">,
    InterfaceMethod<"Whether the results are the gradients of the first three operands.", "bool", "isGradient", (ins), [{}],
      [{ return false; }]>
  ];
}

def Hadal_LengthOpInterface : OpInterface<"LengthOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation with operands that say how many positions sequences have, and whose work follows these numbers.
  }];
  let methods = [
    InterfaceMethod<"How many positions there is room for; 0 where the operation has no such operand.", "int64_t",
      "getMostLength">,
    InterfaceMethod<"Multiply-adds where every sequence has so many positions.", "double", "countMultiplyAdds",
      (ins "int64_t":$length)>
  ];
}

def Hadal_TokenTableOpInterface : OpInterface<"TokenTableOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{ An operation by which a model reads tokens. }];
  let methods = [
    InterfaceMethod<"How many tokens there are.", "uint64_t", "getVocabulary">
  ];
}

def Hadal_EncodedTensorsOpInterface : OpInterface<"EncodedTensorsOpInterface"> {
  let cppNamespace = "::hadal";
  let description = [{
    An operation that takes or yields tensors whose types have an encoding (`#hadal.encoding`): it hands them on, or asks
    where their elements lie. Any other operation is refused by its verifier when it is given one. Which layouts a kernel
    reads, its strategy decides.
  }];
  let methods = [
    InterfaceMethod<"Whether the operand's type may have an encoding.", "bool", "takesEncoding",
      (ins "unsigned":$operand), [{}], [{ return true; }]>,
    InterfaceMethod<"Whether the result's type may have one.", "bool", "yieldsEncoding", (ins "unsigned":$result), [{}],
      [{ return true; }]>
  ];
}

#endif // HADAL_DIALECT_INTERFACES_HADALINTERFACES_TD
