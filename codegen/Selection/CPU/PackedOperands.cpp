//===- PackedOperands.cpp - in which layouts products on CPUs read their right-hand side --------------------------===//
#include "codegen/Selection/CPU/PackedOperands.h"

using namespace mlir;
using namespace hadal;

/// The largest panel of f32, in elements: of deeper ones that cannot be cut into depth blocks, nothing would stay in a
/// cache.
static constexpr int64_t largestPanel = 1 << 18;

/// AMX reads panels of tiles two at a time, and so does whoever writes them (codegen/CPU/MatrixCopy.h).
static constexpr int64_t columnsOfSquares = 2 * tileColumns;

/// Whether the depth of a stretch ends where what is read at a time does: behind it lies the next one.
static bool fillsPanels(const ContractionOperand &rhs, const ProductShape &shape, int64_t depthAtATime) {
  return rhs.stretchedRows == 0 || rhs.depthContiguous || shape.depth % depthAtATime == 0;
}

SmallVector<LayoutAttr> hadal::listReadableLayouts(ProductUnit unit, const ContractionOperand &rhs,
                                                   const ProductShape &shape, const TargetDescription &target) {
  auto type = cast<RankedTensorType>(rhs.tensor.getType());
  SmallVector<LayoutAttr> layouts;
  auto add = [&](LayoutAttr layout) {
    if (layout)
      layouts.push_back(layout);
  };
  if (unit == ProductUnit::AMX && !target.hasTiles())
    return layouts;
  if (shape.factorsAreBF16 && shape.columns % columnsOfSquares == 0 && fillsPanels(rhs, shape, tileDepth))
    add(getTileLayout(rhs, type));
  if (unit == ProductUnit::Registers && type.getElementType().isF32() && fillsPanels(rhs, shape, registerTileUnroll))
    for (Panel panel : listPanels(shape, target))
      if (panel.columns * panel.depth <= largestPanel)
        add(getPanelLayout(rhs, type, panel.columns, panel.depth));
  return layouts;
}

std::string hadal::findPackingFault(ProductUnit unit, const ContractionOperand &rhs, const ProductShape &shape,
                                    const TargetDescription &target) {
  if (rhs.codes && unit == ProductUnit::AMX)
    return "reads a right-hand side in codes, which are no factors of AMX";
  if (!rhs.isPacked() || rhs.codes)
    return "";
  if (rhs.isInTiles && !shape.factorsAreBF16)
    return "reads a right-hand side in tiles, which are for two factors of bf16";
  if (rhs.isInTiles && unit == ProductUnit::AMX && shape.columns % columnsOfSquares != 0)
    return "reads a right-hand side of " + std::to_string(shape.columns) + " columns in tiles, and AMX reads " +
           std::to_string(columnsOfSquares) + " columns at a time";
  bool isFilled = fillsPanels(rhs, shape, rhs.isInTiles ? tileDepth : registerTileUnroll);
  if (rhs.isInTiles && isFilled)
    return "";
  if (rhs.isInTiles)
    return "reads stretches of the depth in tiles, and they do not fill the tiles";
  if (unit == ProductUnit::AMX)
    return "reads a right-hand side in panels, and AMX reads tiles";
  if (!getElementTypeOrSelf(rhs.tensor.getType()).isF32())
    return "reads a right-hand side in panels of f32, and this one has others";
  if (!isFilled)
    return "reads stretches of the depth in panels, and they do not fill what a register tile takes at a time";
  return findPanelFault(shape, {rhs.panelColumns, rhs.panelDepth}, target);
}
