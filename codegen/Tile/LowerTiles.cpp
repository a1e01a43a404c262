//===- LowerTiles.cpp - hadal-lower-tiles: tiles, rings and products to single instructions -----------------------===//
//
// A tile becomes the shared pointer to its first byte, a ring the pointer to its first barrier; extents, layouts and
// numbers of stages are known from the types. Three pieces of arithmetic are all there is to it:
//
//  - *Swizzle.* The element at byte b of a tile (panel by panel, row by row) lies at b xor (((b / 128) mod chunks) ·
//  16),
//    where `chunks` are the 16-byte chunks of a panel's row: TMA and wgmma exchange address bits 4-6 and 7-9 so that
//    eight rows under each other fall into different banks. Tiles start at multiples of 1024 bytes, so the offset's
//    bits are the address's.
//
//  - *Descriptors.* With contiguous depth (K-major) wgmma walks 8 rows at a time: the stride is 8 rows, the leading
//    offset is not used, and the next 32 bytes of depth are 32 bytes further on in the panel (the hardware swizzles the
//    sum), after the panel's last ones in the next panel. With contiguous extent (MN-major) the leading offset leads
//    from panel to panel, the stride over 8 numbers of the depth, and the next 16 numbers of the depth are 16 rows on.
//    A descriptor holds the address divided by 16 in its low bits, so a step is one addition to it.
//
//  - *Phases.* Fill n of a ring of S stages uses stage n mod S for the (n / S)th time. Consumers wait for the end of
//    phase n / S of `full`, producers for that of phase n / S - 1 of `empty`; mbarriers take the parity, and count a
//    fresh barrier as one whose phase -1 (odd) has ended.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Tile/LowerTiles.h"
#include "dialect/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Transforms/DialectConversion.h"

namespace hadal {
#define GEN_PASS_DEF_LOWERTILES
#include "codegen/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;
using namespace hadal::tile;

namespace {

constexpr int64_t barrierBytes = 8;

/// The arithmetic of the patterns: i32 numbers and shared pointers. Constants fold.
struct Emitter {
  OpBuilder &builder;
  Location loc;

  Value i32(int64_t value) {
    return arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(int32_t(value)));
  }
  Value i64(int64_t value) { return arith::ConstantOp::create(builder, loc, builder.getI64IntegerAttr(value)); }
  Value add(Value a, Value b) { return arith::AddIOp::create(builder, loc, a, b); }
  Value mul(Value a, int64_t b) { return b == 1 ? a : arith::MulIOp::create(builder, loc, a, i32(b)).getResult(); }
  Value div(Value a, int64_t b) { return b == 1 ? a : arith::DivUIOp::create(builder, loc, a, i32(b)).getResult(); }
  Value rem(Value a, int64_t b) {
    return b == 1 ? i32(0) : arith::RemUIOp::create(builder, loc, a, i32(b)).getResult();
  }
  Value bitAnd(Value a, int64_t b) { return arith::AndIOp::create(builder, loc, a, i32(b)); }
  Value bitXor(Value a, Value b) { return arith::XOrIOp::create(builder, loc, a, b); }
  Value less(Value a, Value b) { return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, a, b); }

  Type sharedPointer() { return LLVM::LLVMPointerType::get(builder.getContext(), 3); }
  /// `pointer` plus bytes.
  Value at(Value pointer, Value bytes) {
    return LLVM::GEPOp::create(builder, loc, pointer.getType(), builder.getI8Type(), pointer,
                               ArrayRef<LLVM::GEPArg>{bytes});
  }
  Value at(Value pointer, int64_t bytes) {
    if (bytes == 0)
      return pointer;
    return LLVM::GEPOp::create(builder, loc, pointer.getType(), builder.getI8Type(), pointer,
                               ArrayRef<LLVM::GEPArg>{int32_t(bytes)});
  }

  /// Where the element of a row and a column of a tile lies.
  Value element(MatrixType type, Value base, Value row, Value column) {
    Value panel = div(column, type.panelElements());
    Value inside = mul(rem(column, type.panelElements()), type.elementBytes());
    Value offset = add(add(mul(panel, type.panelBytes()), mul(row, type.panelWidth())), inside);
    Value bits = bitAnd(div(offset, 128), type.panelWidth() / 16 - 1);
    return at(base, bitXor(offset, mul(bits, 16)));
  }

  //===- Rings ------------------------------------------------------------------------------------------------------//

  Value full(RingType type, Value ring, Value fill) { return at(ring, mul(rem(fill, type.getStages()), barrierBytes)); }
  Value empty(RingType type, Value ring, Value fill) {
    return at(ring, add(mul(rem(fill, type.getStages()), barrierBytes), i32(type.getStages() * barrierBytes)));
  }
  Value parity(RingType type, Value fill) { return bitAnd(div(fill, type.getStages()), 1); }

  /// Asks until the phase is complete.
  void wait(Value barrier, Value parity) {
    scf::WhileOp::create(
        builder, loc, TypeRange(), ValueRange(),
        [&](OpBuilder &inner, Location, ValueRange) {
          Value complete = ptx::MBarrierTryWaitOp::create(inner, loc, inner.getI1Type(), barrier, parity);
          Value yes = arith::ConstantOp::create(inner, loc, inner.getBoolAttr(true));
          Value again = arith::XOrIOp::create(inner, loc, complete, yes);
          scf::ConditionOp::create(inner, loc, again, ValueRange());
        },
        [&](OpBuilder &inner, Location, ValueRange) { scf::YieldOp::create(inner, loc); });
  }

  //===- Products ---------------------------------------------------------------------------------------------------//

  /// The descriptor of a tile from `first` of its extent on.
  Value descriptor(MatrixType type, Value base, Value first) {
    bool depthContiguous = type.getMajor() == ptx::Major::K;
    if (first)
      base = at(base, depthContiguous ? mul(first, type.panelWidth())
                                      : mul(div(first, type.panelElements()), type.panelBytes()));
    int64_t leading = depthContiguous ? 16 : type.panelBytes(), stride = 8 * type.panelWidth();
    return ptx::MatrixDescriptorOp::create(builder, loc, builder.getI64Type(), base, leading, stride,
                                           type.getSwizzle());
  }
  /// The descriptor of step `step` of the depth.
  Value descriptorAt(MatrixType type, Value descriptor, int64_t step) {
    int64_t bytes;
    if (type.getMajor() == ptx::Major::K) {
      int64_t steps = type.panelWidth() / 32;
      bytes = step / steps * type.panelBytes() + step % steps * 32;
    } else {
      bytes = step * (32 / type.elementBytes()) * type.panelWidth();
    }
    return bytes == 0 ? descriptor : arith::AddIOp::create(builder, loc, descriptor, i64(bytes / 16)).getResult();
  }
};

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

struct LowerView : OpConversionPattern<ViewOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(ViewOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, adaptor.getPointer());
    return success();
  }
};

struct LowerElement : OpConversionPattern<ElementOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(ElementOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    rewriter.replaceOp(op, e.element(op.getTile().getType(), adaptor.getTile(), adaptor.getRow(), adaptor.getColumn()));
    return success();
  }
};

/// Coordinates of panel `panel` counted from the first one.
SmallVector<Value> panelCoordinates(Emitter &e, MatrixType type, ValueRange coordinates, int64_t panel) {
  SmallVector<Value> result(coordinates);
  if (panel != 0)
    result[0] = e.add(result[0], e.i32(panel * type.panelElements()));
  return result;
}

struct LowerLoad : OpConversionPattern<LoadOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(LoadOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    MatrixType type = op.getTile().getType();
    int64_t count = op.getPanels() == 0 ? type.panels() - op.getFirstPanel() : op.getPanels();
    Value barrier = e.full(op.getRing().getType(), adaptor.getRing(), adaptor.getFill());
    Value base = adaptor.getTile();
    if (adaptor.getFirstRow())
      base = e.at(base, e.mul(adaptor.getFirstRow(), type.panelWidth()));
    for (int64_t panel = 0; panel < count; ++panel)
      ptx::TMALoadOp::create(rewriter, op.getLoc(), e.at(base, (op.getFirstPanel() + panel) * type.panelBytes()),
                             adaptor.getMap(), barrier, panelCoordinates(e, type, adaptor.getCoordinates(), panel),
                             adaptor.getMulticast());
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerStore : OpConversionPattern<StoreOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(StoreOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    MatrixType type = op.getTile().getType();
    for (int64_t panel = 0; panel < type.panels(); ++panel)
      ptx::TMAStoreOp::create(rewriter, op.getLoc(), adaptor.getMap(),
                              e.at(adaptor.getTile(), panel * type.panelBytes()),
                              panelCoordinates(e, type, adaptor.getCoordinates(), panel));
    rewriter.eraseOp(op);
    return success();
  }
};

/// A row is a whole number of 128-byte lines or a part of one, and the swizzle stays within: rows are cleared chunk by
/// chunk, in the order of memory.
struct LowerClearRows : OpConversionPattern<ClearRowsOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(ClearRowsOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Emitter e{rewriter, loc};
    MatrixType type = op.getTile().getType();
    auto chunk = VectorType::get({4}, rewriter.getI32Type());
    int64_t chunksPerRow = type.panelWidth() / 16;
    Value begin = e.add(e.mul(adaptor.getFirst(), chunksPerRow), adaptor.getThread());
    Value end = e.i32(type.rows() * chunksPerRow), step = e.i32(op.getThreads());
    auto loop = scf::ForOp::create(rewriter, loc, begin, end, step);
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPointToStart(loop.getBody());
    Value zero = arith::ConstantOp::create(rewriter, loc, rewriter.getZeroAttr(chunk));
    Value place = e.at(adaptor.getTile(), e.mul(loop.getInductionVar(), 16));
    for (int64_t panel = 0; panel < type.panels(); ++panel)
      LLVM::StoreOp::create(rewriter, loc, zero, e.at(place, panel * type.panelBytes()), /*alignment=*/16);
    rewriter.eraseOp(op);
    return success();
  }
};

/// Four registers are the 8 × 8 blocks of a 16 × 16 square: (rows 0-7, 8-15) × (columns 0-7, then 8-15). Lane 8·i + r
/// names where row r of block i goes.
struct LowerWrite : OpConversionPattern<WriteOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(WriteOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Emitter e{rewriter, loc};
    MatrixType type = op.getTile().getType();
    Value thread = ptx::ThreadIdOp::create(rewriter, loc, rewriter.getI32Type());
    Value lane = e.rem(thread, 32), warpRow = e.mul(e.div(e.rem(thread, 128), 32), 16);
    // The block's place in the square, and the row in the block; transposed blocks take their rows along the columns.
    Value blockRow = e.mul(e.rem(e.div(lane, 8), 2), 8), blockColumn = e.mul(e.div(lane, 16), 8),
          inside = e.rem(lane, 8);
    Value along = e.add(warpRow, op.getTranspose() ? blockRow : e.add(blockRow, inside));
    Value across = op.getTranspose() ? e.add(blockColumn, inside) : blockColumn;
    int64_t squares = op.getRegisters().getType().getNumElements() / 4;
    for (int64_t square = 0; square < squares; ++square) {
      Value column = e.add(across, e.i32(square * 16));
      Value tileRow = op.getTranspose() ? column : along, tileColumn = op.getTranspose() ? along : column;
      Value place =
          e.element(type, adaptor.getTile(), e.add(adaptor.getRow(), tileRow), e.add(adaptor.getColumn(), tileColumn));
      Value part =
          vector::ExtractStridedSliceOp::create(rewriter, loc, adaptor.getRegisters(), ArrayRef<int64_t>{square * 4},
                                                ArrayRef<int64_t>{4}, ArrayRef<int64_t>{1});
      ptx::StoreMatrixOp::create(rewriter, loc, place, part, op.getTranspose());
    }
    rewriter.eraseOp(op);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Rings
//===----------------------------------------------------------------------===//

struct LowerRing : OpConversionPattern<RingOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(RingOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    rewriter.replaceOpWithNewOp<ptx::SharedMemoryOp>(op, e.sharedPointer(), op.getOffset());
    return success();
  }
};

struct LowerRingInit : OpConversionPattern<RingInitOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(RingInitOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    int64_t stages = op.getRing().getType().getStages();
    for (int64_t i = 0; i < 2 * stages; ++i)
      ptx::MBarrierInitOp::create(rewriter, op.getLoc(), e.at(adaptor.getRing(), i * barrierBytes),
                                  i < stages ? op.getProducers() : op.getConsumers());
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerRingTile : OpConversionPattern<RingTileOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(RingTileOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    Value base = ptx::SharedMemoryOp::create(rewriter, op.getLoc(), e.sharedPointer(), op.getOffset());
    Value stage = e.rem(adaptor.getFill(), op.getRing().getType().getStages());
    rewriter.replaceOp(op, e.at(base, e.mul(stage, op.getStride())));
    return success();
  }
};

struct LowerRingAcquire : OpConversionPattern<RingAcquireOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(RingAcquireOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    RingType type = op.getRing().getType();
    e.wait(e.empty(type, adaptor.getRing(), adaptor.getFill()), e.bitXor(e.parity(type, adaptor.getFill()), e.i32(1)));
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerRingExpect : OpConversionPattern<RingExpectOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(RingExpectOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    ptx::MBarrierArriveExpectOp::create(rewriter, op.getLoc(),
                                        e.full(op.getRing().getType(), adaptor.getRing(), adaptor.getFill()),
                                        e.i32(op.getBytes()));
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerRingCommit : OpConversionPattern<RingCommitOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(RingCommitOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    ptx::FenceProxyAsyncOp::create(rewriter, op.getLoc());
    ptx::MBarrierArriveOp::create(rewriter, op.getLoc(),
                                  e.full(op.getRing().getType(), adaptor.getRing(), adaptor.getFill()));
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerRingWait : OpConversionPattern<RingWaitOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(RingWaitOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    RingType type = op.getRing().getType();
    e.wait(e.full(type, adaptor.getRing(), adaptor.getFill()), e.parity(type, adaptor.getFill()));
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerRingRelease : OpConversionPattern<RingReleaseOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(RingReleaseOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Emitter e{rewriter, op.getLoc()};
    Value barrier = e.empty(op.getRing().getType(), adaptor.getRing(), adaptor.getFill());
    auto anywhere = LLVM::LLVMPointerType::get(rewriter.getContext(), 7);
    if (op.getCluster() == 1)
      ptx::MBarrierArriveOp::create(rewriter, op.getLoc(), barrier);
    for (int64_t rank = 0; op.getCluster() > 1 && rank < int64_t(op.getCluster()); ++rank)
      ptx::MBarrierArriveRemoteOp::create(
          rewriter, op.getLoc(), ptx::MapSharedOp::create(rewriter, op.getLoc(), anywhere, barrier, e.i32(rank)));
    rewriter.eraseOp(op);
    return success();
  }
};

//===----------------------------------------------------------------------===//
// Products and roles
//===----------------------------------------------------------------------===//

struct LowerProduct : OpConversionPattern<ProductOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(ProductOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Emitter e{rewriter, loc};
    MatrixType b = op.getB().getType();
    auto a = dyn_cast<MatrixType>(op.getA().getType());
    Value rhs = e.descriptor(b, adaptor.getB(), adaptor.getBColumn());
    Value lhs = a ? e.descriptor(a, adaptor.getA(), adaptor.getARow()) : Value();
    ptx::WgmmaFenceOp::create(rewriter, loc);
    Value sum = adaptor.getAccumulator();
    Value yes = arith::ConstantOp::create(rewriter, loc, rewriter.getBoolAttr(true));
    for (int64_t step = 0, steps = b.getDepth() * b.elementBytes() / 32; step < steps; ++step) {
      Value left = a ? e.descriptorAt(a, lhs, step)
                     : vector::ExtractStridedSliceOp::create(rewriter, loc, adaptor.getA(), ArrayRef<int64_t>{step * 4},
                                                             ArrayRef<int64_t>{4}, ArrayRef<int64_t>{1})
                           .getResult();
      sum = ptx::WgmmaOp::create(rewriter, loc, sum.getType(), left, e.descriptorAt(b, rhs, step), sum,
                                 step == 0 ? adaptor.getAccumulate() : yes, a ? a.getElement() : b.getElement(),
                                 b.getElement(), a ? a.getMajor() : ptx::Major::K, b.getMajor());
    }
    ptx::WgmmaCommitOp::create(rewriter, loc);
    rewriter.replaceOp(op, sum);
    return success();
  }
};

struct LowerPack : OpConversionPattern<tile::PackOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(tile::PackOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    VectorType type = op.getRegisters().getType();
    int64_t perRegister = op.getAccumulator().getType().getNumElements() / type.getNumElements();
    auto number = [&](int64_t i) -> Value {
      return vector::ExtractOp::create(rewriter, loc, adaptor.getAccumulator(), ArrayRef<int64_t>{i});
    };
    SmallVector<Value> registers;
    for (int64_t i = 0; i < type.getNumElements(); ++i) {
      if (perRegister == 2) {
        registers.push_back(
            ptx::PackBF16Op::create(rewriter, loc, type.getElementType(), number(2 * i), number(2 * i + 1)));
        continue;
      }
      Value halves[2];
      for (int64_t half = 0; half < 2; ++half) {
        Value pair = ptx::PackE4M3Op::create(rewriter, loc, rewriter.getI16Type(), number(4 * i + 2 * half),
                                             number(4 * i + 2 * half + 1));
        halves[half] = arith::ExtUIOp::create(rewriter, loc, type.getElementType(), pair);
      }
      Value sixteen = arith::ConstantOp::create(rewriter, loc, rewriter.getI32IntegerAttr(16));
      Value high = arith::ShLIOp::create(rewriter, loc, halves[1], sixteen);
      registers.push_back(arith::OrIOp::create(rewriter, loc, halves[0], high));
    }
    rewriter.replaceOpWithNewOp<vector::FromElementsOp>(op, type, registers);
    return success();
  }
};

struct LowerSpecialize : OpConversionPattern<SpecializeOp> {
  using OpConversionPattern::OpConversionPattern;
  LogicalResult matchAndRewrite(SpecializeOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Emitter e{rewriter, loc};
    Value thread = ptx::ThreadIdOp::create(rewriter, loc, rewriter.getI32Type());
    auto branch = scf::IfOp::create(rewriter, loc, TypeRange(), e.less(thread, e.i32(128)), /*withElseRegion=*/true);
    auto move = [&](Block &role, Block *target, ptx::RegisterAction action, std::optional<uint32_t> registers,
                    ValueRange arguments) {
      OpBuilder::InsertionGuard guard(rewriter);
      rewriter.setInsertionPointToStart(target);
      if (registers)
        ptx::SetMaxRegistersOp::create(rewriter, loc, action, *registers);
      rewriter.eraseOp(role.getTerminator());
      rewriter.inlineBlockBefore(&role, target->getTerminator(), arguments);
    };
    // Before the branch, where whole warps are together: a number that comes from lane 0 is known to be the same in all
    // lanes, so what follows from it (matrix descriptors above all) lies in registers of the warp, not of its threads.
    rewriter.setInsertionPoint(branch);
    Value own = e.add(e.div(thread, 128), e.i32(-1));
    Value group = ptx::ShuffleOp::create(rewriter, loc, own.getType(), ptx::ShuffleKind::Index, own, e.i32(0));
    move(op.getProducer().front(), branch.thenBlock(), ptx::RegisterAction::Decrease, op.getProducerRegisters(), {});
    move(op.getConsumer().front(), branch.elseBlock(), ptx::RegisterAction::Increase, op.getConsumerRegisters(),
         {group});
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerTiles : hadal::impl::LowerTilesBase<LowerTiles> {
  void runOnOperation() override {
    TypeConverter converter;
    converter.addConversion([](Type type) { return type; });
    auto toPointer = [](Type type) -> Type { return LLVM::LLVMPointerType::get(type.getContext(), 3); };
    converter.addConversion([&](MatrixType type) { return toPointer(type); });
    converter.addConversion([&](RingType type) { return toPointer(type); });
    ConversionTarget target(getContext());
    target.markUnknownOpDynamicallyLegal([](Operation *) { return true; });
    target.addIllegalDialect<TileDialect>();
    RewritePatternSet patterns(&getContext());
    patterns.add<LowerView, LowerElement, LowerLoad, LowerStore, LowerClearRows, LowerWrite, LowerRing, LowerRingInit,
                 LowerRingTile, LowerRingAcquire, LowerRingExpect, LowerRingCommit, LowerRingWait, LowerRingRelease,
                 LowerProduct, LowerPack, LowerSpecialize>(converter, &getContext());
    if (failed(applyPartialConversion(getOperation(), target, std::move(patterns))))
      signalPassFailure();
  }
};

} // namespace
