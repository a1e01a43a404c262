// Tensors brought from one layout into another.
#ifndef HADAL_DIALECT_IR_LAYOUTOPS_TD
#define HADAL_DIALECT_IR_LAYOUTOPS_TD

include "dialect/IR/EncodingAttrs.td"
include "dialect/IR/OpsCommon.td"

class Hadal_RelayoutOp<string mnemonic>
    : Hadal_PureOp<mnemonic, [Evaluable, Kernel, Hadal_EncodedTensorsOpInterface]> {
  let arguments = (ins Hadal_Any:$input);
  let results = (outs Hadal_Any:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasFolder = 1;
  let hasCanonicalizeMethod = 1;
}

def Hadal_PackOp : Hadal_RelayoutOp<"pack"> {
  let summary = "the same tensor in the layout of the result's type";
  let description = [{
    Moves every element to its place in the layout, and writes zeros into the padding. The value stays what it is, so that a reader
    may be given either. Packing kind.

    ```mlir
    // %w: tensor<768x256xf32>
    %panels = hadal.pack %w : tensor<768x256xf32>
      -> tensor<768x256xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [4, 32]>>>
    ```
  }];
}

def Hadal_UnpackOp : Hadal_RelayoutOp<"unpack"> {
  let summary = "the same tensor row by row";
  let description = [{
    The inverse of hadal.pack; the padding is left behind. Packing kind.

    ```mlir
    // %panels: tensor<768x256xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [4, 32]>>>
    %w = hadal.unpack %panels : tensor<768x256xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [4, 32]>>>
      -> tensor<768x256xf32>
    ```
  }];
}

#endif // HADAL_DIALECT_IR_LAYOUTOPS_TD
