//===- BlockProduct.cpp - one block of a matrix product -----------------------------------------------------------===//
//
// The loops, from the outside in: blocks of the depth; register tiles down the rows, whose panel of A then stays in the
// first-level cache; register tiles along the columns, whose panels of B stream from the second. Where few rows meet a
// B that lies packed in memory, it is the other way round: all of A is packed, and each panel of B is read once. When
// the depth is cut into several blocks, the block of C waits in scratch between them; otherwise one register tile at a
// time goes through scratch straight to the epilogue.
//
// Nothing else runs on a core that waits for memory. So what comes from there is asked for before: the next rows of A
// while those before them are packed, and what the epilogue reads and writes before the tile's last product. (Asking
// for the next depth block tile by tile took as much time as it saved.)
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/BlockProduct.h"
#include "codegen/CPU/TileProduct.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

BlockSource hadal::packedSource(KernelBuilder &k, TypedPointer base, const ContractionOperand &operand, int64_t columns,
                                int64_t depth, Value column) {
  BlockSource source{base, {}, operand.depthContiguous};
  source.panelStride = operand.panelDepth * operand.panelColumns;
  // Panels of a part of the depth lie behind all panels of the part before; those of tiles have the whole depth.
  bool isCut = operand.panelDepth < depth;
  int64_t panels = llvm::divideCeil(columns, operand.panelColumns);
  source.panelDepthStride = isCut ? panels * operand.panelColumns : operand.panelColumns;
  source.base = at(k, source.base, k.mul(k.div(column, operand.panelColumns), source.panelStride));
  return source;
}

BlockSource hadal::codedSource(KernelBuilder &k, Value codes, Value scales, const ContractionOperand &operand,
                               CodedExtent extent, Value batch, Value column) {
  CodeFormat format = *operand.codes;
  Type byte = k.builder.getI8Type(), scale = getScaleElement(k, format);
  int64_t panels = llvm::divideCeil(extent.columns, codePanelColumns);
  BlockSource source{{codes, byte}, {}, /*depthContiguous=*/true};
  source.panelStride = getCodePanelBytes(format, extent.depth);
  source.panelDepthStride = codePanelColumns / getCodeForm(format).perByte;
  source.codes = format;
  source.groups = countCodeGroups(format, extent.depth);
  source.column = column;
  source.base = at(k, source.base, k.mul(k.div(column, codePanelColumns), source.panelStride));
  if (batch) {
    source.base = at(k, source.base, k.mul(batch, panels * source.panelStride));
    scales = k.address(scales, k.mul(batch, countStoredScales(format, extent.columns, extent.depth)), scale);
  }
  source.scales = scales;
  return source;
}

BlockSource hadal::advanceDepth(KernelBuilder &k, BlockSource source, Value depth) {
  if (!source.depthContiguous)
    return advanceRows(k, source, depth);
  source.base = at(k, source.base, depth);
  return source;
}

BlockSource hadal::advanceRows(KernelBuilder &k, BlockSource source, Value row) {
  if (source.rows.indices)
    source.rows.indices = at(k, source.rows.indices, row);
  else
    source.base = at(k, source.base, k.mul(row, source.rows.stride));
  return source;
}

namespace {

/// Panels of the register tile's width, or as many narrower ones side by side.
struct PackedPanels {
  TypedPointer base;
  int64_t stride;
  Value panel(KernelBuilder &k, Value number) const { return at(k, base, k.mul(number, stride)).pointer; }
};

class BlockProductEmitter {
public:
  BlockProductEmitter(KernelBuilder &k, const ProductTiles &tiles, const BlockSource &lhs, const BlockSource &rhs,
                      const BlockExtent &extent, Value scratch, BlockEpilogue epilogue, BlockStart start,
                      BlockPrefetch prefetch)
      : k(k), tiles(tiles), lhs(lhs), rhs(rhs), extent(extent), epilogue(epilogue), start(start), prefetch(prefetch),
        width(tiles.vectors * k.lanes), storedRows(llvm::alignTo(tiles.rows, k.lanes)),
        rowStride(packedRowStride(tiles.depthBlock, k.lanes)), multiple(tiles.depthMultiple()) {
    bool inRows = lhs.depthContiguous;
    MicroKernel tile{tiles.rows, tiles.vectors, inRows ? rowStride : 1, inRows ? 1 : storedRows};
    microKernel = tiles.codes     ? getCodeKernel(k, tile, *tiles.codes, tiles.inSteps)
                  : tiles.inPairs ? getPairKernel(k, tile)
                  : tiles.inSteps ? getStepKernel(k, tile)
                                  : getMicroKernel(k, tile);
    packedLhs = {scratch, storedRows * tiles.depthBlock};
    packedRhs = {at(k, scratch, tiles.packedLhs(k.lanes, inRows)), width * tiles.depthBlock};
    result = at(k, packedRhs.base.pointer, rhs.isPacked() ? 0 : tiles.packedRhs(k.lanes));
    rowTiles = ceilDiv(k, extent.rows, tiles.rows);
    columnTiles = ceilDiv(k, extent.columns, width);
  }

  void emit() {
    if (!extent.depthIsCut)
      return emitDepthBlock({k.i64(0), extent.depth, {}});
    // A depth of 0 still takes one turn, which stores zeros.
    k.forLoop(k.i64(0), k.max(extent.depth, k.i64(1)), tiles.depthBlock, [&](Value first) {
      Value left = k.sub(extent.depth, first), block = k.i64(tiles.depthBlock);
      emitDepthBlock({first, k.min(left, block), lessOrEqual(k, left, block)});
    });
  }

private:
  /// A depth block, and whether it is the last (null when there is one in all).
  struct Depth {
    Value first, depth, isLast;
  };

  void emitDepthBlock(const Depth &depth) {
    if (!lhs.depthContiguous)
      packColumnsOf(lhs, packedLhs, extent.rows, tiles.rows, storedRows, depth);
    if (!rhs.isPacked() && rhs.depthContiguous) {
      BlockSource b = advanceDepth(k, rhs, depth.first);
      packTransposed(k, packedRhs.base.pointer, b.base, b.rows, extent.columns, depth.depth, tiles.vectors,
                     packedRhs.stride, multiple);
    } else if (!rhs.isPacked()) {
      packColumnsOf(rhs, packedRhs, extent.columns, width, width, depth);
    }
    PackedPanels panels = packedRhs;
    if (rhs.isPacked())
      panels = {at(k, rhs.base, k.mul(depth.first, rhs.panelDepthStride)),
                rhs.panelStride * (tiles.readsNarrowPanels() ? tiles.vectors : 1)};
    if (tiles.columnsOutside)
      return emitColumnByColumn(depth, panels);
    k.forLoop(k.i64(0), rowTiles, 1, [&](Value i) {
      Value panelOfA = packedLhs.panel(k, i);
      if (lhs.depthContiguous) {
        panelOfA = packedLhs.base.pointer; // it serves one row of tiles after the other
        packPanel(depth, k.mul(i, tiles.rows), panelOfA);
      }
      k.forLoop(k.i64(0), columnTiles, 1, [&](Value j) { emitTile(depth, i, j, panelOfA, panels.panel(k, j)); });
    });
  }

  void emitColumnByColumn(const Depth &depth, const PackedPanels &panels) {
    auto panelOfA = [&](Value i) { return at(k, packedLhs.base, k.mul(i, tiles.rows * rowStride)).pointer; };
    k.forLoop(k.i64(0), rowTiles, 1, [&](Value i) { packPanel(depth, k.mul(i, tiles.rows), panelOfA(i)); });
    k.forLoop(k.i64(0), columnTiles, 1, [&](Value j) {
      Value panelOfB = panels.panel(k, j);
      k.forLoop(k.i64(0), rowTiles, 1, [&](Value i) { emitTile(depth, i, j, panelOfA(i), panelOfB); });
    });
  }

  void packColumnsOf(const BlockSource &source, const PackedPanels &panels, Value count, int64_t panelWidth,
                     int64_t storedWidth, const Depth &depth) {
    BlockSource block = advanceDepth(k, source, depth.first);
    packColumns(k, panels.base.pointer, block.base, block.rows, count, depth.depth, panelWidth, storedWidth,
                panels.stride, multiple);
  }

  /// Rows along the depth are packed when their turn comes, into a panel that stays in the first-level cache.
  void packPanel(const Depth &depth, Value firstRow, Value panel) {
    BlockSource a = advanceRows(k, advanceDepth(k, lhs, depth.first), firstRow);
    Value left = k.sub(extent.rows, firstRow), count = k.min(left, k.i64(tiles.rows));
    packRows(k, panel, a.base, a.rows, count, depth.depth, tiles.rows, rowStride, multiple, k.sub(left, count));
  }

  void emitTile(const Depth &depth, Value i, Value j, Value a, Value b) {
    Value row = k.mul(i, tiles.rows), column = k.mul(j, width), accumulate = depth.first, c = result;
    if (extent.depthIsCut)
      c = at(k, result, k.mul(k.add(k.mul(i, tiles.columnBlock / width), j), tiles.rows * width));
    if (start) {
      accumulate = k.i64(1);
      k.ifThen(k.equal(depth.first, k.i64(0)), [&] {
        forTileVectors(c, row, column, [&](Value r, Value n, Value sums, int64_t v, Value mask) {
          k.storeVector(start(r, n, mask), sums, k.i64(v));
        });
      });
    }
    auto ifLast = [&](function_ref<void()> body) { depth.isLast ? k.ifThen(depth.isLast, body) : body(); };
    if (prefetch)
      ifLast([&] { askForTile(row, column); });
    SmallVector<Value> arguments{a, b, c, roundUp(k, depth.depth, multiple), accumulate};
    if (tiles.inPairs)
      arguments.push_back(k.i64(rhs.panelStride / 2));
    if (tiles.codes)
      arguments.append({k.i64(rhs.panelStride), rhs.scales, k.add(rhs.column, column), depth.first, k.i64(rhs.groups)});
    callFunction(k, microKernel, arguments);
    ifLast([&] {
      forTileVectors(c, row, column, [&](Value r, Value n, Value sums, int64_t v, Value mask) {
        epilogue(r, n, k.loadVector(sums, k.i64(v)), mask);
      });
    });
  }

  void askForTile(Value row, Value column) {
    Value last = k.sub(extent.columns, k.i64(1));
    k.forLoop(k.i64(0), k.min(k.i64(tiles.rows), k.sub(extent.rows, row)), 1, [&](Value r) {
      for (int64_t v = 0; v < tiles.vectors; ++v)
        prefetch(k.add(row, r), k.min(k.add(column, v * k.lanes), last));
    });
  }

  /// Calls body for every vector of the register tile at (row, column) that lies in `sums`, as far as it lies in the
  /// block: the row and the column within the block, where the vector lies behind the row of sums, and its mask.
  void forTileVectors(Value sums, Value row, Value column,
                      function_ref<void(Value row, Value column, Value sums, int64_t offset, Value mask)> body) {
    Value rows = k.min(k.i64(tiles.rows), k.sub(extent.rows, row));
    Value columns = k.sub(extent.columns, column);
    k.forLoop(k.i64(0), rows, 1, [&](Value r) {
      Value sumsOfRow = at(k, sums, k.mul(r, width));
      Value rowInBlock = k.add(row, r);
      auto emit = [&](int64_t v, Value mask) {
        body(rowInBlock, k.add(column, v * k.lanes), sumsOfRow, v * k.lanes, mask);
      };
      auto emitAll = [&] {
        for (int64_t v = 0; v < tiles.vectors; ++v)
          emit(v, Value());
      };
      if (extent.columnMultiple % width == 0)
        return emitAll();
      k.ifThen(lessOrEqual(k, k.i64(width), columns), emitAll, [&] {
        for (int64_t v = 0; v < tiles.vectors; ++v) {
          k.ifThen(k.less(k.i64(v * k.lanes), columns), [&] {
            emit(v, extent.columnMultiple % k.lanes == 0 ? Value() : k.maskFor(k.sub(columns, k.i64(v * k.lanes))));
          });
        }
      });
    });
  }

  KernelBuilder &k;
  const ProductTiles &tiles;
  const BlockSource &lhs, &rhs;
  const BlockExtent &extent;
  const BlockEpilogue epilogue;
  const BlockStart start;
  const BlockPrefetch prefetch;
  const int64_t width, storedRows, rowStride, multiple;
  LLVM::LLVMFuncOp microKernel;
  PackedPanels packedLhs, packedRhs;
  Value result, rowTiles, columnTiles;
};

} // namespace

void hadal::emitBlockProduct(KernelBuilder &k, const ProductTiles &tiles, const BlockSource &lhs,
                             const BlockSource &rhs, const BlockExtent &extent, Value scratch, BlockEpilogue epilogue,
                             BlockStart start, BlockPrefetch prefetch) {
  if (tiles.inTileRegisters)
    return emitTileProduct(k, tiles, lhs, rhs, extent, scratch, epilogue, start);
  BlockProductEmitter(k, tiles, lhs, rhs, extent, scratch, epilogue, start, prefetch).emit();
}
