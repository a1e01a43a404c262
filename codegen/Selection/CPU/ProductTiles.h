//===- ProductTiles.h - tile sizes of matrix products on CPUs -----------------------------------------------------===//
//
// Every product, alone or inside attention and the head, is cut the same way. A task computes a block of C, rowBlock by
// columnBlock. It walks the depth in blocks of depthBlock, packs the two blocks of A and B that belong to each, and
// runs the register tile (rows by vectors of columns) over them. This file chooses the tile and the block of C; the
// depth block is no choice, since it decides the bits (docs/rationale/arithmetic.md).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_CPU_PRODUCTTILES_H
#define HADAL_CODEGEN_SELECTION_CPU_PRODUCTTILES_H

#include "codegen/Anatomy/ProductShape.h"
#include "codegen/Selection/Strategy.h"

namespace hadal {

/// What multiplies: register tiles, or the tiles of AMX, which take bf16 factors only.
enum class ProductUnit { Registers, AMX };

struct ProductTiles {
  /// The register tile.
  int64_t rows = 0, vectors = 0;
  /// The block of one task: multiples of the register tile.
  int64_t rowBlock = 0, columnBlock = 0;
  /// The depth that is packed at a time: arithmetic::depthBlock, or what a shorter depth needs of it. With pairs it is
  /// none of the arithmetic's, and more.
  int64_t depthBlock = 0;
  /// Whether the depth is added in steps (arithmetic::depthStep), as products of two bf16 factors are.
  bool inSteps = false;
  /// Whether B lies in pairs: the register tile reads as many panels as it has vectors.
  bool inPairs = false;
  /// Where B is in codes: their format. The register tile reads as many panels as it has vectors here as well.
  std::optional<CodeFormat> codes = std::nullopt;
  /// Whether all of the block's A is packed, and the tiles of a panel of B follow one another: it is read once.
  bool columnsOutside = false;
  /// Whether the block is made of AMX's tiles (codegen/Selection/CPU/TileBlocks.h). There is no register tile then, and
  /// the depth block is none of the arithmetic's.
  bool inTileRegisters = false;

  /// As a choice, and back.
  choices::ProductTilesAttr toChoice(mlir::MLIRContext *context) const;
  static ProductTiles of(choices::ProductTilesAttr choice, const ProductShape &shape);
  static ProductTiles of(choices::TileBlocksAttr choice, const ProductShape &shape);
  static ProductTiles of(ChoiceInterface choice, const ProductShape &shape);
  /// Of AMX, with a block of C.
  static ProductTiles onTileRegisters(int64_t rowBlock, int64_t columnBlock, const ProductShape &shape);

  /// Whether nothing of B is packed, and it takes less memory than f32.
  bool readsNarrowPanels() const { return inPairs || codes; }

  /// Elements of scratch memory: the packed block of A (a panel of it, where its rows run along the depth), that of B
  /// unless it lies packed, and the block of C (one register tile when the depth is not cut).
  int64_t packedLhs(int64_t lanes, bool depthContiguous) const;
  int64_t packedRhs(int64_t lanes) const { return columnBlock * depthBlock; }
  int64_t result(int64_t lanes, bool depthIsCut) const;
  /// What the depth of panels is a multiple of: they are padded with zeros.
  int64_t depthMultiple() const;
  bool depthIsCut(const ProductShape &shape) const { return shape.depthIsDynamic || shape.depth > depthBlock; }
  int64_t scratch(const ProductShape &shape, int64_t lanes) const;
};

/// The columns of the panels that a register tile of the product reads, and their depth: a depth block, or the whole
/// depth where it is no multiple of that.
struct Panel {
  int64_t columns, depth;
};
/// Those of the register tiles whose columns divide a depth block: what is a panel of columns for one product is a part
/// of the depth for another, and whoever writes both goes over the same rows.
llvm::SmallVector<Panel, 2> listPanels(const ProductShape &shape, const TargetDescription &target);
/// Why register tiles cannot read panels of this form; empty when they can.
std::string findPanelFault(const ProductShape &shape, Panel panel, const TargetDescription &target);

/// The depth that a register tile takes per turn of its loop.
constexpr int64_t registerTileUnroll = 4;

/// The elements between rows of A that are packed with the depth contiguous: a little more than the block, so that the
/// rows of a register tile fall into different sets of the cache.
inline int64_t packedRowStride(int64_t depthBlock, int64_t lanes) { return depthBlock + lanes; }

struct ProductCandidate {
  ProductTiles tiles;
  PredictedTime time;
};

/// Register tiles and blocks with the times that a model of the CPU predicts, in the order in which they are tried.
/// They depend on the shape and the class of CPU alone.
llvm::SmallVector<ProductCandidate, 0> proposeProductTiles(const ProductShape &shape, const TargetDescription &target);
/// The fastest of them; of equal ones the first.
ProductCandidate chooseProductTiles(const ProductShape &shape, const TargetDescription &target);

/// Whether the tiles are some that the CPU has micro-kernels for, and fit its cache.
mlir::LogicalResult checkProductTiles(choices::ProductTilesAttr tiles, const ProductShape &shape,
                                      const TargetDescription &target, EmitError emitError);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_CPU_PRODUCTTILES_H
