// How a tensor lies in memory when it is not simply whole, closed and in the order of its rows: the encoding of its type.
#ifndef HADAL_DIALECT_IR_ENCODINGATTRS_TD
#define HADAL_DIALECT_IR_ENCODINGATTRS_TD

include "dialect/IR/HadalBase.td"
include "mlir/IR/TensorEncoding.td"

// A list of numbers in brackets, as it stands among other parameters.
class Hadal_Numbers<string desc = ""> : ArrayRefParameter<"int64_t", desc> {
  let parser = "::hadal::parseNumbers($_parser)";
  let printer = "::hadal::printNumbers($_printer, $_self)";
}
class Hadal_OptionalNumbers<string desc = ""> : OptionalArrayRefParameter<"int64_t", desc> {
  let parser = "::hadal::parseNumbers($_parser)";
  let printer = "::hadal::printNumbers($_printer, $_self)";
}

def Hadal_LayoutAttr : Hadal_Attr<"Layout", "layout"> {
  let summary = "the order of a tensor's elements in memory";
  let description = [{
    In the words of `linalg.pack`: dimension `inner[i]` is cut into tiles of `tiles[i]` elements; in memory come first the numbers of
    the tiles, in the order `outer` of their dimensions, then the places inside the tiles, in the order of the list; the last of
    all is contiguous. A dimension that stands twice in `inner` is cut again. What hangs over a dimension's end in its last tile is
    the *padding*; it is zero.

    For W [columns, depth] as PyTorch stores it:

    | memory | layout |
    |---|---|
    | columns by columns | `<outer = [1, 0]>` |
    | panels of 32 columns, of each depth the columns side by side, the depth filled up to a multiple of 4 | `<outer = [0, 1], inner = [1, 0], tiles = [4, 32]>` |
    | pairs along the depth, as VNNI reads them | `<outer = [1, 0], inner = [1], tiles = [2]>` |
    | tiles of AMX, 16 pairs by 16 columns | `<outer = [0, 1], inner = [1, 0, 1], tiles = [16, 16, 2]>` |

    Rows one after the other are no layout: such a type has none.
  }];
  let parameters = (ins Hadal_Numbers<"all dimensions, the slowest first">:$outer,
                        Hadal_OptionalNumbers<"the dimensions that are cut">:$inner,
                        Hadal_OptionalNumbers<"the lengths of their tiles, at least 2">:$tiles);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Hadal_BoundAttr : Hadal_Attr<"Bound", "bound"> {
  let summary = "a length that a number of the running program tells";
  let description = [{
    `<"pages", 512>`: the open length is the number `pages`, which the runtime writes before a run, at most 512; memory is reserved
    for so many.
  }];
  let parameters = (ins "::mlir::StringAttr":$number, "int64_t":$most);
  let assemblyFormat = "`<` $number `,` $most `>`";
  let genVerifyDecl = 1;
}

def Hadal_ShardAttr : Hadal_Attr<"Shard", "shard"> {
  let summary = "the box of a larger tensor that a device holds";
  let description = [{
    `<global = [1024, 768], offsets = [512, 0], axes = [["tp"], []]>`: of a tensor of 1024 × 768, what begins at (512, 0); its
    extents are those of the type. `axes` names, for every dimension, the axes of the grid of devices that it is cut along.
  }];
  let parameters = (ins Hadal_Numbers<"the lengths of the whole tensor">:$global,
                        Hadal_Numbers<"where the box begins">:$offsets,
                        "::mlir::ArrayAttr":$axes);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Hadal_EncodingAttr : Hadal_Attr<"Encoding", "encoding", [DeclareAttrInterfaceMethods<VerifiableTensorEncoding>]> {
  let summary = "how a tensor lies in memory: its layout, the bounds of its open lengths, the box that it is";
  let description = [{
    Stands in a tensor's type and has at least one part:

    ```
    tensor<768x256xf32, #hadal.encoding<layout = <outer = [0, 1], inner = [1, 0], tiles = [4, 32]>>>
    tensor<?x64xf32, #hadal.encoding<bounds = [<"pages", 512>]>>
    tensor<512x768xf32, #hadal.encoding<shard = <global = [1024, 768], offsets = [512, 0], axes = [["tp"], []]>>>
    ```

    `bounds` has an entry for each open length, in their order. The value of such a tensor is what it would be without an encoding:
    which element has which index does not depend on where it lies. Operations take encoded tensors only where they say so
    (EncodedTensorsOpInterface).
  }];
  let parameters = (ins OptionalParameter<"::hadal::LayoutAttr">:$layout,
                        OptionalArrayRefParameter<"::hadal::BoundAttr">:$bounds,
                        OptionalParameter<"::hadal::ShardAttr">:$shard);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
}

#endif // HADAL_DIALECT_IR_ENCODINGATTRS_TD
