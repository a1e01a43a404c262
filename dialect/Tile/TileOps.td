// The steps that tensor-core kernels are written in: tiles in shared memory, rings of stages that TMA fills while warp
// groups multiply, products of a pair of tiles, roles of warp groups.
//
// Every operation stands for a short, fixed sequence of `ptx` operations (hadal-lower-tiles), and hides the arithmetic
// that is easy to get wrong: matrix descriptors and their steps, swizzles, boxes, phases of barriers. What is a single
// instruction already (named barriers, waiting for products, clusters' barriers) is written with `ptx` itself.
#ifndef HADAL_DIALECT_TILE_TILEOPS_TD
#define HADAL_DIALECT_TILE_TILEOPS_TD

include "dialect/PTX/PTXOps.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::hadal::tile";
  let summary = "tiles, rings of stages and products for tensor-core kernels of NVIDIA GPUs";
  let description = [{
    A *tile* is a matrix in shared memory whose layout both TMA and wgmma know. A *ring* is a row of stages with two
    mbarriers each: `full` completes when a stage's tiles have arrived, `empty` when its consumers have read them. Fill
    number n (0, 1, 2, ...) uses stage n mod stages, and the parity of the phase to wait for follows from n / stages:
    every operation on a ring takes n, and nothing else is kept.
  }];
  let dependentDialects = ["::hadal::ptx::PTXDialect", "::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
  let useDefaultTypePrinterParser = 1;
}

class Tile_Type<string name, string typeMnemonic> : TypeDef<Tile_Dialect, name> { let mnemonic = typeMnemonic; }

def Tile_Matrix : Tile_Type<"Matrix", "matrix"> {
  let summary = "a tile in shared memory: extent × depth elements";
  let description = [{
    One operand of a product: `extent` is its dimension of rows (A) or columns (B), `depth` the one that is summed over.
    `major` says which of them is contiguous: k the depth, mn the extent. The contiguous dimension is cut into *panels*
    as wide as the swizzle (32, 64 or 128 bytes); a panel holds its rows one after the other, and panels follow each
    other. So a panel is one box of TMA, and 16-byte chunk c of row r lies at chunk c xor (r·width / 128) of its row,
    modulo the chunks of a row. A tile starts at a multiple of 1024 bytes.

    `!tile.matrix<128 x 64 x bf16, k, b128>`: 128 rows of 64 numbers, one panel of 16 KiB.
  }];
  let parameters = (ins "int64_t":$extent, "int64_t":$depth, "::hadal::ptx::OperandType":$element,
                        "::hadal::ptx::Major":$major, "::hadal::ptx::Swizzle":$swizzle);
  let assemblyFormat = "`<` $extent `by` $depth `of` $element `,` $major `,` $swizzle `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Bytes of an element, and of a panel's row.
    int64_t elementBytes() const;
    int64_t panelWidth() const;
    /// Elements of the contiguous and of the other dimension.
    int64_t contiguous() const { return getMajor() == ptx::Major::K ? getDepth() : getExtent(); }
    int64_t rows() const { return getMajor() == ptx::Major::K ? getExtent() : getDepth(); }
    int64_t panelElements() const { return panelWidth() / elementBytes(); }
    int64_t panels() const { return contiguous() / panelElements(); }
    int64_t panelBytes() const { return rows() * panelWidth(); }
    int64_t bytes() const { return panels() * panelBytes(); }
  }];
}

def Tile_Ring : Tile_Type<"Ring", "ring"> {
  let summary = "a ring of stages: their barriers";
  let parameters = (ins "int64_t":$stages);
  let assemblyFormat = "`<` $stages `>`";
  let genVerifyDecl = 1;
}

def Tile_Accumulator : VectorOfRankAndType<[1], [F32]>;
def Tile_Registers : VectorOfRankAndType<[1], [I32]>;

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

def Tile_ViewOp : Tile_Op<"view", [Pure]> {
  let summary = "the tile that starts at a place in shared memory";
  let arguments = (ins PTX_Shared:$pointer);
  let results = (outs Tile_Matrix:$tile);
  let assemblyFormat = "$pointer attr-dict `:` type($tile)";
}
def Tile_ElementOp : Tile_Op<"element", [Pure]> {
  let summary = "where an element of a tile lies";
  let description = [{
    `row` counts along the dimension that is not contiguous, `column` along the contiguous one. The pointer is good for
    the rest of the 16-byte chunk that the element lies in.
  }];
  let arguments = (ins Tile_Matrix:$tile, I32:$row, I32:$column);
  let results = (outs PTX_Shared:$pointer);
  let assemblyFormat = "$tile `[` $row `,` $column `]` attr-dict `:` type($tile)";
}
def Tile_LoadOp : Tile_Op<"load", [AttrSizedOperandSegments]> {
  let summary = "loads a tile, or some of its panels, from a tensor; fills stage `fill` of a ring";
  let description = [{
    One thread issues it: a TMA load per panel. The coordinates are those of the first element, the contiguous dimension
    first; they advance along it from panel to panel. `first_panel` and `panels` (0: all) choose part of the tile. The
    box of the tensor map is one panel, or with `multicast` the rows of a panel that every block of the cluster loads
    for all: `rows` of them from row `first_row` of the panel on.
  }];
  let arguments = (ins PTX_Generic:$map, Variadic<I32>:$coordinates, Tile_Matrix:$tile, Tile_Ring:$ring, I32:$fill,
                       Optional<I32>:$first_row, Optional<I16>:$multicast,
                       DefaultValuedAttr<I64Attr, "0">:$first_panel, DefaultValuedAttr<I64Attr, "0">:$panels);
  let assemblyFormat = [{
    $map `[` $coordinates `]` `into` $tile (`from` `row` $first_row^)? `on` $ring `[` $fill `]` (`multicast` $multicast^)?
    attr-dict `:` type($tile) `,` type($ring)
  }];
  let hasVerifier = 1;
}
def Tile_StoreOp : Tile_Op<"store"> {
  let summary = "stores a tile to a tensor, asynchronously; what is out of bounds is not written";
  let description = [{
    One thread issues it after the writers' `ptx.fence_proxy_async` and a barrier: a TMA store per panel. It is complete
    after `ptx.tma_commit` and `ptx.tma_wait`.
  }];
  let arguments = (ins Tile_Matrix:$tile, PTX_Generic:$map, Variadic<I32>:$coordinates);
  let assemblyFormat = "$tile `to` $map `[` $coordinates `]` attr-dict `:` type($tile)";
  let hasVerifier = 1;
}
def Tile_ClearRowsOp : Tile_Op<"clear_rows"> {
  let summary = "writes zeros to the rows of a tile from `first` on";
  let description = [{
    Rows count along the dimension that is not contiguous: with major mn they are numbers of the depth, so that a sum
    ends at `first`. `threads` threads share the work; this one is number `thread`. wgmma sees the zeros after
    `ptx.fence_proxy_async` and a barrier of these threads.
  }];
  let arguments = (ins Tile_Matrix:$tile, I32:$first, I32:$thread, I32Attr:$threads);
  let assemblyFormat = "$tile `from` $first `by` $thread `of` $threads attr-dict `:` type($tile)";
}
def Tile_WriteOp : Tile_Op<"write"> {
  let summary = "writes a warp group's numbers, packed in pairs, into a tile";
  let description = [{
    The registers hold a block of 64 rows of 16-bit numbers in the layout of wgmma's accumulators (see tile.pack), with
    four times as many columns as a thread has registers. They are written from row `row` and
    column `column` of the tile on (both multiples of 8), their rows along the dimension that is not contiguous; with
    `transpose` along the contiguous one. All threads of the warp group take part. PTX: stmatrix.
  }];
  let arguments = (ins Tile_Registers:$registers, Tile_Matrix:$tile, I32:$row, I32:$column, UnitAttr:$transpose);
  let assemblyFormat = [{
    $registers `,` $tile `[` $row `,` $column `]` (`transpose` $transpose^)? attr-dict `:` type($registers) `,` type($tile)
  }];
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Rings
//===----------------------------------------------------------------------===//

def Tile_RingOp : Tile_Op<"ring", [Pure]> {
  let summary = "the ring whose barriers lie at an offset of the shared memory: all full ones, then all empty ones";
  let arguments = (ins I64Attr:$offset);
  let results = (outs Tile_Ring:$ring);
  let assemblyFormat = "$offset attr-dict `:` type($ring)";
}
def Tile_RingInitOp : Tile_Op<"ring_init"> {
  let summary = "makes the barriers: a stage is full after `producers` arrivals (and the bytes they announce), empty after `consumers`";
  let description = "One thread does it; the others see them after `ptx.fence_mbarrier_init` and a barrier.";
  let arguments = (ins Tile_Ring:$ring, I32Attr:$producers, I32Attr:$consumers);
  let assemblyFormat = "$ring `producers` $producers `consumers` $consumers attr-dict `:` type($ring)";
}
class Tile_FillOp<string mnemonic> : Tile_Op<mnemonic> {
  let arguments = (ins Tile_Ring:$ring, I32:$fill);
  let assemblyFormat = "$ring `[` $fill `]` attr-dict `:` type($ring)";
}
def Tile_RingTileOp : Tile_Op<"ring_tile", [Pure]> {
  let summary = "the tile of a fill: at `offset` of the shared memory plus `stride` bytes per stage";
  let arguments = (ins Tile_Ring:$ring, I32:$fill, I64Attr:$offset, I64Attr:$stride);
  let results = (outs Tile_Matrix:$tile);
  let assemblyFormat = "$ring `[` $fill `]` `at` $offset `stride` $stride attr-dict `:` type($ring) `->` type($tile)";
  let hasVerifier = 1;
}
def Tile_RingAcquireOp : Tile_FillOp<"ring_acquire"> {
  let summary = "a producer waits until the stage of a fill is empty";
}
def Tile_RingExpectOp : Tile_Op<"ring_expect"> {
  let summary = "a producer arrives, and announces the bytes that TMA will bring";
  let arguments = (ins Tile_Ring:$ring, I32:$fill, I32Attr:$bytes);
  let assemblyFormat = "$ring `[` $fill `]` `bytes` $bytes attr-dict `:` type($ring)";
}
def Tile_RingCommitOp : Tile_FillOp<"ring_commit"> {
  let summary = "a producer that wrote its part with ordinary stores makes it visible to wgmma and arrives";
}
def Tile_RingWaitOp : Tile_FillOp<"ring_wait"> {
  let summary = "a consumer waits until the stage of a fill is full";
}
def Tile_RingReleaseOp : Tile_Op<"ring_release"> {
  let summary = "a consumer gives the stage of a fill back, in every block of the cluster that loads for it";
  let arguments = (ins Tile_Ring:$ring, I32:$fill, DefaultValuedAttr<I32Attr, "1">:$cluster);
  let assemblyFormat = "$ring `[` $fill `]` attr-dict `:` type($ring)";
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

def Tile_ProductOp : Tile_Op<"product", [AllTypesMatch<["accumulator", "result"]>, AttrSizedOperandSegments]> {
  let summary = "accumulator + A · B over the whole depth of a pair of tiles, asynchronously";
  let description = [{
    A warp group multiplies 64 rows of A, from row `a_row` on, with as many columns of B, from `b_column` on, as the
    accumulator has (its length times 2). A is a tile or lies in registers (tile.pack of a 64 × depth block). With
    `accumulate` false the accumulator counts as zero. A fence, one wgmma per 32 bytes of depth, and a commit: one group
    for `ptx.wgmma_wait`. FP8 operands are K-major.
  }];
  let arguments = (ins AnyTypeOf<[Tile_Matrix, Tile_Registers]>:$a, Tile_Matrix:$b, Tile_Accumulator:$accumulator,
                       I1:$accumulate, Optional<I32>:$a_row, Optional<I32>:$b_column);
  let results = (outs Tile_Accumulator:$result);
  let assemblyFormat = [{
    $a (`row` $a_row^)? `,` $b (`column` $b_column^)? `,` $accumulator `,` $accumulate attr-dict `:` type($a) `,` type($b)
    `,` type($accumulator)
  }];
  let hasVerifier = 1;
}
def Tile_PackOp : Tile_Op<"pack", [Pure]> {
  let summary = "rounds accumulators to pairs of bf16, or to fours of e4m3, in the registers' order";
  let description = [{
    Register i holds numbers 2i (low) and 2i + 1 for bf16: the layout that wgmma takes A in. The type of an element
    follows from the lengths of both vectors.
  }];
  let arguments = (ins Tile_Accumulator:$accumulator);
  let results = (outs Tile_Registers:$registers);
  let assemblyFormat = "$accumulator attr-dict `:` type($accumulator) `->` type($registers)";
  let hasVerifier = 1;
}

//===----------------------------------------------------------------------===//
// Roles
//===----------------------------------------------------------------------===//

def Tile_SpecializeOp : Tile_Op<"specialize", [SingleBlockImplicitTerminator<"EndOp">]> {
  let summary = "gives the warp groups of a block their roles";
  let description = [{
    The first 128 threads produce with few registers, the others consume with many; `consumer`'s argument is the number
    of the consuming warp group. The counts are those that a thread keeps (multiples of 8): 128 · (producer + groups ·
    consumer) must not exceed the 65536 of a multiprocessor. Without counts all keep what the launch gave them, which is
    enough for two warp groups: 255 each.
  }];
  let arguments = (ins OptionalAttr<I32Attr>:$producer_registers, OptionalAttr<I32Attr>:$consumer_registers);
  let regions = (region SizedRegion<1>:$producer, SizedRegion<1>:$consumer);
  let assemblyFormat = "(`registers` $producer_registers^ `,` $consumer_registers)? attr-dict-with-keyword $producer `consumer` $consumer";
  let hasVerifier = 1;
}
def Tile_EndOp : Tile_Op<"end", [Pure, Terminator, HasParent<"SpecializeOp">]> {
  let summary = "ends a role";
  let assemblyFormat = "attr-dict";
}

#endif // HADAL_DIALECT_TILE_TILEOPS_TD
