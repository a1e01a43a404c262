// Kernels: the pieces into which a program is cut, and their launches.
#ifndef HADAL_DIALECT_IR_KERNELOPS_TD
#define HADAL_DIALECT_IR_KERNELOPS_TD

include "dialect/IR/OpsCommon.td"

def Hadal_KernelPartsAttr : Hadal_Attr<"KernelParts", "parts"> {
  let summary = "what a kernel is made of";
  let description = [{
    `#hadal.parts<anchor = 1, prologue = [0], arguments = [gathered, anchor, element]>`: the numbers, in the body, of the
    operation that the kernel is made around (-1: none) and of those that compute what it reads; the others are the
    epilogue. Then, for every argument, how it is read: by the `anchor` as a whole, `gathered` for it by indices, or by
    the epilogue as `element`, shared `row`, `number_per_row` or `number`; several ways are joined by `|`.
  }];
  let parameters = (ins "int64_t":$anchor, ArrayRefParameter<"int64_t">:$prologue,
                        ArrayRefParameter<"::hadal::Access">:$arguments);
  let hasCustomAssemblyFormat = 1;
}

def Hadal_KernelOp : Hadal_Op<"kernel", [IsolatedFromAbove, FunctionOpInterface, Symbol, OpAsmOpInterface,
                                         SingleBlockImplicitTerminator<"YieldOp">, Hadal_EncodedTensorsOpInterface]> {
  let summary = "a piece of the program that a target runs as one";
  let description = [{
    The body holds program operations on tensors: one anchor (a contraction, an attention, ...) or none (rowwise), with what is fused
    before and after it. `kind` chooses the strategy. `parts` is what fusion knows of the body; a kernel written by hand may
    leave it out, and where it is there it says what the body shows. Equal kernels are one kernel. `configuration` is what the strategy has
    selected for a target: its name, what it chose (an attribute of the dialect `kernel`) and the stages that this entails;
    `workspace` is how many bytes of the arena its launches need beside operands and results.

    ```mlir
    hadal.kernel rowwise @residual(%x: tensor<4x512x256xf32>, %y: tensor<4x512x256xf32>) -> tensor<4x512x256xf32> {
      %sum = arith.addf %x, %y : tensor<4x512x256xf32>
      hadal.yield %sum : tensor<4x512x256xf32>
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, TypeAttrOf<FunctionType>:$function_type, Hadal_KernelKind:$kind,
                       OptionalAttr<DictArrayAttr>:$arg_attrs, OptionalAttr<DictArrayAttr>:$res_attrs,
                       OptionalAttr<Hadal_KernelPartsAttr>:$parts, OptionalAttr<DictionaryAttr>:$configuration,
                       OptionalAttr<I64Attr>:$workspace);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::ArrayRef<::mlir::Type> getArgumentTypes() { return getFunctionType().getInputs(); }
    ::mlir::ArrayRef<::mlir::Type> getResultTypes() { return getFunctionType().getResults(); }
    ::mlir::Region *getCallableRegion() { return &getBody(); }
  }];
}

def Hadal_YieldOp : Hadal_Op<"yield", [Pure, Terminator, ReturnLike, HasParent<"KernelOp">, Hadal_EncodedTensorsOpInterface]> {
  let summary = "the results of a kernel";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "($values^ `:` type($values))? attr-dict";
  let builders = [OpBuilder<(ins), [{ }]>];
}

def Hadal_LaunchOp : Hadal_Op<"launch", [Pure, DeclareOpInterfaceMethods<SymbolUserOpInterface>,
                                         DeclareOpInterfaceMethods<CallOpInterface>, Hadal_EncodedTensorsOpInterface]> {
  let summary = "runs a kernel";
  let description = [{
    `tied`: result i lies in the buffer of operand tied[i] (-1: in its own). `placement`: where result i starts in the arena,
    in bytes, once the memory plan is made (-1: not in the arena, because it is tied to a persistent tensor or is the
    entry point's result); `workspace` and `workspace_placement` are the bytes the kernel needs besides and where.

    ```mlir
    hadal.kernel rowwise @double(%x: tensor<4x8xf32>) -> tensor<4x8xf32> {
      %y = arith.addf %x, %x : tensor<4x8xf32>
      hadal.yield %y : tensor<4x8xf32>
    }
    // %x: tensor<4x8xf32>
    %y = hadal.launch @double(%x) {tied = array<i64: -1>, placement = array<i64: 64>} : (tensor<4x8xf32>) -> tensor<4x8xf32>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$kernel, Variadic<AnyRankedTensor>:$arguments,
                       OptionalAttr<DenseI64ArrayAttr>:$tied, OptionalAttr<DenseI64ArrayAttr>:$placement,
                       OptionalAttr<I64Attr>:$workspace, OptionalAttr<I64Attr>:$workspace_placement);
  let results = (outs Variadic<AnyRankedTensor>:$values);
  let assemblyFormat = "$kernel `(` $arguments `)` attr-dict `:` functional-type(operands, results)";
  let extraClassDeclaration = [{
    // A launch says nothing about its arguments and results that the kernel does not say.
    ::mlir::ArrayAttr getArgAttrsAttr() { return {}; }
    ::mlir::ArrayAttr getResAttrsAttr() { return {}; }
    void setArgAttrsAttr(::mlir::ArrayAttr) {}
    void setResAttrsAttr(::mlir::ArrayAttr) {}
    ::mlir::Attribute removeArgAttrsAttr() { return {}; }
    ::mlir::Attribute removeResAttrsAttr() { return {}; }
  }];
}

#endif // HADAL_DIALECT_IR_KERNELOPS_TD
