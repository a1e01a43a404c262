//===- TileProduct.cpp - one block of a matrix product on AMX -----------------------------------------------------===//
//
// Block by block of the depth, A and, unless it lies so, B are packed as tiles, and one call multiplies all of them
// into the block of C, which waits in scratch as tiles of f32 from the first to the last. Then the epilogue gets it row
// by row.
//
// The multiplying function walks over squares of two by two tiles of C, which stay in tile registers while the depth of
// the block goes by: four loads for four products. It is emitted once for a module (TileOperations.h): of instructions,
// of their emulation, or both. A program for a CPU with AMX has both, since the operating system may refuse the tile
// registers: the runtime says which (runtime/devices/cpu/Features.cpp), and the bits are the same.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/TileProduct.h"
#include "codegen/CPU/FlushedCalls.h"
#include "codegen/CPU/PackTiles.h"
#include "codegen/CPU/TileOperations.h"
#include "codegen/Target/Arithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace hadal;

namespace {

/// The arguments of the multiplying function.
struct TileBlock {
  Value a, b, c, rowSquares, columnSquares, steps;
  /// Bytes from a panel of A to the next, from one of B, and from a row of C's tiles to the next.
  Value lhsPanelBytes, rhsPanelBytes, resultRowBytes;

  explicit TileBlock(ValueRange values)
      : a(values[0]), b(values[1]), c(values[2]), rowSquares(values[3]), columnSquares(values[4]), steps(values[5]),
        lhsPanelBytes(values[6]), rhsPanelBytes(values[7]), resultRowBytes(values[8]) {}
  static SmallVector<Type> types(KernelBuilder &k) {
    SmallVector<Type> result(3, k.pointerType());
    result.append(6, k.i64Type());
    return result;
  }
};

/// C += A B for all squares of a block.
void emitSquares(KernelBuilder &k, TileOperations &operations, const TileBlock &block) {
  Value rowBytes = k.i64(tileRowBytes);
  auto offset = [&](Value pointer, Value bytes) { return k.address(pointer, bytes, k.builder.getI8Type()); };
  k.forLoop(k.i64(0), block.rowSquares, 1, [&](Value i) {
    k.forLoop(k.i64(0), block.columnSquares, 1, [&](Value j) {
      Value panelsOfA[2], panelsOfB[2], places[4];
      SmallVector<Value> sums;
      for (int64_t row = 0; row < 2; ++row) {
        Value rowTile = k.add(k.mul(i, 2), row), columnTile = k.add(k.mul(j, 2), row);
        panelsOfA[row] = offset(block.a, k.mul(rowTile, block.lhsPanelBytes));
        panelsOfB[row] = offset(block.b, k.mul(columnTile, block.rhsPanelBytes));
      }
      for (int64_t square = 0; square < 4; ++square) {
        Value rowTile = k.add(k.mul(i, 2), square / 2), columnTile = k.add(k.mul(j, 2), square % 2);
        places[square] = offset(block.c, k.add(k.mul(rowTile, block.resultRowBytes), k.mul(columnTile, tileBytes)));
        sums.push_back(operations.load(places[square], rowBytes));
      }
      sums = k.forReduce(k.i64(0), block.steps, 1, sums, [&](Value step, ValueRange carried) -> SmallVector<Value> {
        Value here = k.mul(step, tileBytes);
        auto load = [&](Value panel) { return operations.load(offset(panel, here), rowBytes); };
        Value a0 = load(panelsOfA[0]), b0 = load(panelsOfB[0]), b1 = load(panelsOfB[1]), a1 = load(panelsOfA[1]);
        return {operations.multiply(carried[0], a0, b0), operations.multiply(carried[1], a0, b1),
                operations.multiply(carried[2], a1, b0), operations.multiply(carried[3], a1, b1)};
      });
      for (auto [place, sum] : llvm::zip(places, sums))
        operations.store(sum, place, rowBytes);
    });
  });
}

void callEmulated(KernelBuilder &k, ValueRange arguments) {
  auto function = getFlushedFunction(k, "hadal.tile_block.emulated", TileBlock::types(k),
                                     [](KernelBuilder &inner, ValueRange values) {
                                       EmulatedTiles operations(inner);
                                       emitSquares(inner, operations, TileBlock(values));
                                     });
  callFlushing(k, function, arguments);
}

/// Whether the runtime lets tile registers be used.
Value mayUseTileRegisters(KernelBuilder &k) {
  auto module = k.builder.getBlock()->getParent()->getParentOfType<ModuleOp>();
  if (!module.lookupSymbol(tileRegistersSymbol)) {
    OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
    LLVM::GlobalOp::create(builder, UnknownLoc::get(module.getContext()), builder.getI32Type(), /*isConstant=*/false,
                           LLVM::Linkage::External, tileRegistersSymbol, Attribute());
  }
  Value address = LLVM::AddressOfOp::create(k.builder, k.loc, k.pointerType(), tileRegistersSymbol);
  return arith::CmpIOp::create(k.builder, k.loc, arith::CmpIPredicate::ne, k.load(k.i32(), address), k.i32(0));
}

/// The shared function with TileBlock's arguments.
LLVM::LLVMFuncOp getTileBlock(KernelBuilder &outer) {
  SmallVector<Type> types = TileBlock::types(outer);
  return getSharedFunction(outer, "hadal.tile_block", types, [&](KernelBuilder &k, ValueRange arguments) {
    if (k.target.emulatesTiles)
      return callEmulated(k, arguments);
    auto function =
        getSharedFunction(k, "hadal.tile_block.registers", types, [](KernelBuilder &inner, ValueRange values) {
          TileInstructions operations(inner);
          emitSquares(inner, operations, TileBlock(values));
        });
    k.ifThen(
        mayUseTileRegisters(k), [&] { callFunction(k, function, arguments); }, [&] { callEmulated(k, arguments); });
  });
}

/// The block of C in scratch.
struct ResultTiles {
  Value base;
  int64_t columnBlock;

  int64_t rowBytes() const { return columnBlock / tileRows * tileBytes; }
  /// Where a row's vector that begins with `column` lies.
  Value at(KernelBuilder &k, Value row, Value column) const {
    Value tile = k.add(k.mul(k.div(row, tileRows), columnBlock / tileRows), k.div(column, tileRows));
    return hadal::at(k, base, k.add(k.mul(tile, tileBytes / 4), k.mul(k.rem(row, tileRows), tileRows)));
  }
  void forVectors(KernelBuilder &k, const BlockExtent &extent,
                  function_ref<void(Value row, Value column, Value place, Value mask)> body) const {
    k.forLoop(k.i64(0), extent.rows, 1, [&](Value row) {
      hadal::forVectors(k, extent.columns, extent.columnMultiple,
                        [&](Value column, Value mask) { body(row, column, at(k, row, column), mask); });
    });
  }
};

} // namespace

void hadal::emitTileProduct(KernelBuilder &k, const ProductTiles &tiles, const BlockSource &lhs, const BlockSource &rhs,
                            const BlockExtent &extent, Value scratch, BlockEpilogue epilogue, BlockStart start) {
  assert(lhs.base.element && lhs.base.element.isBF16() && rhs.base.element && rhs.base.element.isBF16());
  int64_t panelBytes = tiles.depthBlock / arithmetic::depthStep * tileBytes, panelNumbers = panelBytes / 4;
  Value packedRhs = at(k, scratch, tiles.rowBlock / tileRows * panelNumbers);
  int64_t rhsNumbers = rhs.isPacked() ? 0 : tiles.columnBlock / tileRows * panelNumbers;
  ResultTiles result{at(k, packedRhs, rhsNumbers), tiles.columnBlock};
  Value rowSquares = ceilDiv(k, extent.rows, 2 * tileRows), columnSquares = ceilDiv(k, extent.columns, 2 * tileRows);

  k.forLoop(k.i64(0), k.mul(rowSquares, 2 * tileRows * tiles.columnBlock), k.lanes,
            [&](Value place) { k.storeVector(k.splat(0.0), result.base, place); });
  if (start)
    result.forVectors(k, extent, [&](Value row, Value column, Value place, Value mask) {
      k.storeVector(start(row, column, mask), place, k.i64(0));
    });
  k.forLoop(k.i64(0), extent.depth, tiles.depthBlock, [&](Value firstDepth) {
    Value depth = k.min(k.sub(extent.depth, firstDepth), k.i64(tiles.depthBlock));
    BlockSource a = advanceDepth(k, lhs, firstDepth);
    packTiles(k, TileSide::A, scratch, a.base, a.rows, a.depthContiguous, extent.rows, depth, k.i64(panelBytes));
    Value tilesOfB = packedRhs;
    if (rhs.isPacked()) {
      tilesOfB = at(k, rhs.base, k.mul(firstDepth, rhs.panelDepthStride)).pointer;
    } else {
      BlockSource b = advanceDepth(k, rhs, firstDepth);
      packTiles(k, TileSide::B, packedRhs, b.base, b.rows, b.depthContiguous, extent.columns, depth, k.i64(panelBytes));
    }
    int64_t rhsPanelBytes = rhs.isPacked() ? rhs.panelStride * 2 : panelBytes;
    callFunction(k, getTileBlock(k),
                 {scratch, tilesOfB, result.base, rowSquares, columnSquares, ceilDiv(k, depth, arithmetic::depthStep),
                  k.i64(panelBytes), k.i64(rhsPanelBytes), k.i64(result.rowBytes())});
  });
  result.forVectors(k, extent, [&](Value row, Value column, Value place, Value mask) {
    epilogue(row, column, k.loadVector(place, k.i64(0)), mask);
  });
}
