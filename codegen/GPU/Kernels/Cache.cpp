//===- Cache.cpp - rows to and from the pages of a cache, on NVIDIA GPUs ------------------------------------------===//
//
// read_pages and pick_rows copy rows, or clear them where there is nothing to copy: every vector of the result is a
// thread's. Rows that a sequence does not have are left as they are.
//
// write_pages has a warp for every row that is written. Of rows that go to one place the last one stays: a warp looks
// at the places of all later rows, a lane each, and leaves its own row out when it finds it among them. They are few, a
// step's. Where the result does not lie in the cache's memory, a stage before takes over the cache; where it does, as
// in programs, its few blocks have nothing to do.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Emit/CachePages.h"
#include "codegen/GPU/Frames/GPUAnchoredStrategy.h"
#include "codegen/GPU/GPUStrategies.h"

using namespace mlir;
using namespace hadal;

namespace {

constexpr int64_t threadsOfBlock = 256;
/// Blocks that take over a cache, at most.
constexpr int64_t mostBlocksOfCopy = 1024;

/// Numbers of a row that a thread moves at a time: up to 16 bytes.
int64_t lanesOf(Value rows, int64_t numbers) {
  int64_t bytes = cast<RankedTensorType>(rows.getType()).getElementTypeBitWidth() / 8;
  return commonLanes(16 / bytes, {numbers});
}
int64_t lanesOf(Value rows) { return lanesOf(rows, columnsOf(rows)); }

void addCopyStage(KernelConfiguration &configuration, Value result) {
  int64_t vectors = elementsOf(result) / lanesOf(result);
  configuration.addGPUStage("copy", llvm::divideCeil(vectors, threadsOfBlock), threadsOfBlock);
}

/// Visits every vector of the result, one to a thread: its row and its first column.
void forVectorsOf(GPUAnchorContext &context, Value result, function_ref<void(Value row, Value column)> body) {
  KernelBuilder &k = context.k;
  int64_t lanes = k.lanes = lanesOf(result), perRow = columnsOf(result) / lanes;
  Value item = k.add(k.mul(context.stage.block(), threadsOfBlock), context.stage.thread());
  k.ifThen(k.less(item, k.i64(rowsOf(result) * perRow)),
           [&] { body(k.div(item, perRow), k.mul(k.rem(item, perRow), lanes)); });
}

/// Copies a vector of a row of operand 0, or zeros unless there is such a row.
void copyVector(GPUAnchorContext &context, Value isThere, Value from, Value row, Value column, int64_t columns) {
  KernelBuilder &k = context.k;
  from = k.add(k.mul(k.select(isThere, from, k.i64(0)), columns), column);
  Value numbers = k.loadAligned(context.numbers(0), from, k.lanes);
  context.store(0, k.select(isThere, numbers, k.splat(0.0)), k.add(k.mul(row, columns), column), k.lanes);
}

class GPUReadPagesStrategy : public GPUAnchoredStrategy<ReadPagesOp> {
public:
  GPUReadPagesStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "copy_pages") {}

protected:
  void plan(ReadPagesOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    addCopyStage(configuration, op.getResult());
  }
  void emitStage(ReadPagesOp op, unsigned, GPUAnchorContext &context) const override {
    KernelBuilder &k = context.k;
    CachePages pages(op);
    int64_t columns = columnsOf(op.getResult()), keys = op.getType().getDimSize(1);
    forVectorsOf(context, op.getResult(), [&](Value row, Value column) {
      Value sequence = k.div(row, keys), position = k.rem(row, keys);
      Value length = k.extend(k.load(k.i32(), context.operand(2), sequence));
      k.ifThen(k.less(position, length), [&] {
        Value page = pages.pageOf(k, context.operand(1), sequence, position);
        copyVector(context, pages.hasPage(k, page), pages.rowOf(k, page, position), row, column, columns);
      });
    });
  }
};

class GPUPickRowsStrategy : public GPUAnchoredStrategy<PickRowsOp> {
public:
  GPUPickRowsStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "copy_rows") {}

protected:
  void plan(PickRowsOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    addCopyStage(configuration, op.getResult());
  }
  void emitStage(PickRowsOp op, unsigned, GPUAnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), picked = columnsOf(op.getIndices());
    int64_t rows = op.getInput().getType().getDimSize(1);
    forVectorsOf(context, op.getResult(), [&](Value row, Value column) {
      Value index = k.extend(k.load(k.i32(), context.operand(1), row));
      Value from = k.add(k.mul(k.div(row, picked), rows), index);
      copyVector(context, isBelow(k, index, k.i64(rows)), from, row, column, columns);
    });
  }
};

class GPUWritePagesStrategy : public GPUAnchoredStrategy<WritePagesOp> {
public:
  GPUWritePagesStrategy() : GPUAnchoredStrategy(KernelKind::Routing, "write_last_rows") {}

protected:
  void plan(WritePagesOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addGPUStage("take_over", blocksOfCopy(op), threadsOfBlock);
    configuration.addGPUStage("write", GPUStage::blocksOfWarps(rowsOf(op.getRows()), threadsOfBlock), threadsOfBlock);
  }
  void emitStage(WritePagesOp op, unsigned stage, GPUAnchorContext &context) const override {
    if (stage == 0)
      emitCopy(op, context);
    else
      emitRows(op, context);
  }

private:
  static int64_t vectorsOfCache(WritePagesOp op) {
    int64_t elements = elementsOf(op.getCache());
    return elements / lanesOf(op.getCache(), elements);
  }
  static int64_t blocksOfCopy(WritePagesOp op) {
    return std::min<int64_t>(mostBlocksOfCopy, llvm::divideCeil(vectorsOfCache(op), threadsOfBlock));
  }

  static void emitCopy(WritePagesOp op, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    int64_t lanes = k.lanes = lanesOf(op.getCache(), elementsOf(op.getCache()));
    Value differs =
        LLVM::ICmpOp::create(k.builder, k.loc, LLVM::ICmpPredicate::ne, context.operand(0), context.result(0));
    k.ifThen(differs, [&] {
      Value first = k.add(k.mul(context.stage.block(), threadsOfBlock), context.stage.thread());
      k.forLoop(first, k.i64(vectorsOfCache(op)), blocksOfCopy(op) * threadsOfBlock, [&](Value vector) {
        Value element = k.mul(vector, lanes);
        context.store(0, k.loadAligned(context.numbers(0), element, lanes), element, lanes);
      });
    });
  }

  static void emitRows(WritePagesOp op, GPUAnchorContext &context) {
    KernelBuilder &k = context.k;
    GPUStage &stage = context.stage;
    int64_t rows = rowsOf(op.getRows()), columns = columnsOf(op.getRows()), lanes = k.lanes = lanesOf(op.getRows());
    stage.forWarps(rows, [&](Value row) {
      Value place = placeOf(op, context, row);
      k.ifThen(k.less(k.i64(-1), place), [&] {
        Value begin = k.add(k.add(row, 1), stage.lane());
        Value found = k.forReduce(begin, k.i64(rows), warpSize, {k.i32(0)}, [&](Value later, ValueRange carried) {
          Value isSame = k.equal(placeOf(op, context, later), place);
          return SmallVector<Value>{k.select(isSame, k.i32(1), carried[0])};
        })[0];
        k.ifThen(k.equal(stage.warpReduceMax(found), k.i32(0)), [&] {
          Value from = k.mul(row, columns), to = k.mul(place, columns);
          k.forLoop(k.mul(stage.lane(), lanes), k.i64(columns), warpSize * lanes, [&](Value column) {
            Value numbers = k.loadAligned(context.numbers(1), k.add(from, column), lanes);
            context.store(0, numbers, k.add(to, column), lanes);
          });
        });
      });
    });
  }

  /// The row of the cache that a row goes to; -1: to none.
  static Value placeOf(WritePagesOp op, GPUAnchorContext &context, Value row) {
    KernelBuilder &k = context.k;
    CachePages pages(op);
    Value position = k.extend(k.load(k.i32(), context.operand(3), row));
    Value isKnown = pages.hasPosition(k, position);
    position = k.select(isKnown, position, k.i64(0));
    Value page = pages.pageOf(k, context.operand(2), k.div(row, op.getRows().getType().getDimSize(1)), position);
    Value isThere = arith::AndIOp::create(k.builder, k.loc, isKnown, pages.hasPage(k, page));
    return k.select(isThere, pages.rowOf(k, page, position), k.i64(-1));
  }
};

} // namespace

void hadal::registerGPUCacheStrategies() {
  registerStrategy(std::make_unique<GPUReadPagesStrategy>());
  registerStrategy(std::make_unique<GPUPickRowsStrategy>());
  registerStrategy(std::make_unique<GPUWritePagesStrategy>());
}
