// What the operation families share: type constraints, trait lists and the syntax of parameters.
#ifndef HADAL_DIALECT_IR_OPSCOMMON_TD
#define HADAL_DIALECT_IR_OPSCOMMON_TD

include "dialect/IR/HadalBase.td"
include "dialect/Interfaces/HadalInterfaces.td"
include "mlir/IR/BuiltinAttributes.td"
include "mlir/IR/OpAsmInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/CallInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/FunctionInterfaces.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

// Activations: batch × sequence × channels (model level: the two leading dimensions open), or rows × channels for rows
// sorted by expert.
// Products take factors of bf16 as well as of f32 (see ProductOpInterface).
def Hadal_Float : AnyTypeOf<[F32, BF16, F16]>;
def Hadal_Activation : RankedTensorOf<[Hadal_Float]>;
def Hadal_Tensor : RankedTensorOf<[Hadal_Float]>;
def Hadal_Tokens : RankedTensorOf<[I32]>;
def Hadal_Indices : RankedTensorOf<[I32]>;
def Hadal_Scalar : Type<CPred<"$_self == ::mlir::RankedTensorType::get({}, ::mlir::Float32Type::get($_self.getContext()))">,
                         "tensor<f32>", "::mlir::RankedTensorType">,
                   BuildableType<"::mlir::RankedTensorType::get({}, $_builder.getF32Type())">;
def Hadal_Any : RankedTensorOf<[Hadal_Float, I32, I8, F8E4M3FN, F8E8M0FNU]>;

def Evaluable : DeclareOpInterfaceMethods<Hadal_EvaluableOpInterface>;
def EvaluableExactly : DeclareOpInterfaceMethods<Hadal_EvaluableOpInterface, ["roundsResults"]>;
def Differentiable : DeclareOpInterfaceMethods<Hadal_DifferentiableOpInterface>;
def Decomposable : DeclareOpInterfaceMethods<Hadal_DecomposableOpInterface>;
def TokenLoss : DeclareOpInterfaceMethods<Hadal_TokenLossOpInterface>;
def Sequence : DeclareOpInterfaceMethods<Hadal_SequenceOpInterface>;
def AbsorbingSequence : DeclareOpInterfaceMethods<Hadal_SequenceOpInterface, ["buildAbsorbed"]>;
def Rowwise : DeclareOpInterfaceMethods<Hadal_RowwiseOpInterface>;
def Columns : DeclareOpInterfaceMethods<Hadal_ColumnsOpInterface>;
def Kernel : DeclareOpInterfaceMethods<Hadal_KernelOpInterface>;
def InPlaceKernel : DeclareOpInterfaceMethods<Hadal_KernelOpInterface, ["getInPlaceOperand"]>;
def MovingKernel : DeclareOpInterfaceMethods<Hadal_KernelOpInterface, ["onlyMoves"]>;
def InPlaceMovingKernel : DeclareOpInterfaceMethods<Hadal_KernelOpInterface, ["getInPlaceOperand", "onlyMoves"]>;
def RowReadingKernel : DeclareOpInterfaceMethods<Hadal_KernelOpInterface, ["readsRows"]>;
def WideningKernel : DeclareOpInterfaceMethods<Hadal_KernelOpInterface, ["widensOperand"]>;
def ConvertingKernel : DeclareOpInterfaceMethods<Hadal_KernelOpInterface, ["widensOperand", "roundsResult"]>;
def RowSelectingKernel : DeclareOpInterfaceMethods<Hadal_KernelOpInterface, ["getRowSelection"]>;
def Stack : DeclareOpInterfaceMethods<Hadal_StackOpInterface>;
def AuxiliaryStack : DeclareOpInterfaceMethods<Hadal_StackOpInterface, ["getLayerSlots", "isAuxiliary", "getTokensAhead"]>;
def Product : DeclareOpInterfaceMethods<Hadal_ProductOpInterface>;
def Contraction : DeclareOpInterfaceMethods<Hadal_ContractionOpInterface>;
// A product whose factors may lie in any layout.
def EncodedFactors : DeclareOpInterfaceMethods<Hadal_EncodedTensorsOpInterface, ["takesEncoding", "yieldsEncoding"]>;
def ProductWithStatistics : DeclareOpInterfaceMethods<Hadal_ProductOpInterface, ["mayNarrowResult"]>;
def InnerFactors : DeclareOpInterfaceMethods<Hadal_InnerFactorsOpInterface>;
// An operation that decides by small differences (which expert is best): what it reads stays f32 in every precision, and
// so do the products that make it.
def FullPrecision : NativeOpTrait<"FullPrecision"> { let cppNamespace = "::hadal"; }
// Its work follows the lengths of sequences.
def FollowsLength : DeclareOpInterfaceMethods<Hadal_LengthOpInterface>;
def WithParameters : DeclareOpInterfaceMethods<Hadal_ParametersOpInterface, ["getParameterSlots"]>;

// An operation of the model or program level. `traits` come after Pure.
class Hadal_PureOp<string mnemonic, list<Trait> traits = []> : Hadal_Op<mnemonic, !listconcat([Pure], traits)> {
  let hasVerifier = 1;
}

// An operation with parameters: its arguments end with `weights` and `parameters`, and its syntax has
// custom<Parameters>($parameters, $weights, type($weights)) after the operands.
class Hadal_ParametersOp<string mnemonic, list<Trait> traits = []>
    : Hadal_PureOp<mnemonic, !listconcat([WithParameters], traits)>;

defvar parameterArguments = (ins Variadic<Hadal_Any>:$weights, OptionalAttr<StrArrayAttr>:$parameters);

#endif // HADAL_DIALECT_IR_OPSCOMMON_TD
