//===- Cache.cpp - rows to and from the pages of a cache ----------------------------------------------------------===//
//
// read_pages and pick_rows copy rows, or clear them where there is nothing to copy: a task is a block of rows of the
// result. Rows that a sequence does not have are left as they are.
//
// write_pages writes few rows, a step's, so one task does it, in their order. Where the result does not lie in the
// cache's memory, it first takes over the cache.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/CPU/AnchoredStrategy.h"
#include "codegen/CPU/CPUStrategies.h"
#include "codegen/Emit/CachePages.h"

using namespace mlir;
using namespace hadal;

namespace {

/// Copies a row of operand 0, or clears the row of the result.
void copyRow(AnchorContext &context, Value from, Value to, int64_t columns) {
  KernelBuilder &k = context.k;
  k.forVectors(0, columns, [&](Value column, Value mask) {
    Value numbers = from ? k.loadVector(context.numbers(0), k.add(k.mul(from, columns), column), mask) : k.splat(0.0);
    context.store(0, numbers, k.add(k.mul(to, columns), column), mask);
  });
}

class ReadPagesStrategy : public AnchoredStrategy<ReadPagesOp> {
public:
  ReadPagesStrategy() : AnchoredStrategy(KernelKind::Routing, "copy_pages") {}

protected:
  std::optional<Share> share(ReadPagesOp op, const TargetDescription &) const override {
    int64_t rows = rowsOf(op.getResult());
    return Share{rowsPerTask(rows, columnsOf(op.getResult())), rows};
  }
  void plan(ReadPagesOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("copy", llvm::divideCeil(rowsOf(op.getResult()), configuration.share()));
  }
  void emitStage(ReadPagesOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    CachePages pages(op);
    int64_t columns = columnsOf(op.getResult()), keys = op.getType().getDimSize(1);
    context.forItems(rowsOf(op.getResult()), context.configuration.share(), [&](Value row) {
      Value sequence = k.div(row, keys), position = k.rem(row, keys);
      Value length = k.extend(k.load(k.i32(), context.operand(2), sequence));
      k.ifThen(k.less(position, length), [&] {
        Value page = pages.pageOf(k, context.operand(1), sequence, position);
        k.ifThen(
            pages.hasPage(k, page), [&] { copyRow(context, pages.rowOf(k, page, position), row, columns); },
            [&] { copyRow(context, Value(), row, columns); });
      });
    });
  }
};

class WritePagesStrategy : public AnchoredStrategy<WritePagesOp> {
public:
  WritePagesStrategy() : AnchoredStrategy(KernelKind::Routing, "write_rows_in_order") {}

protected:
  void plan(WritePagesOp, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("write", 1);
  }
  void emitStage(WritePagesOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    CachePages pages(op);
    auto cache = op.getCache().getType();
    int64_t columns = columnsOf(op.getRows()), rowsOfSequence = op.getRows().getType().getDimSize(1);
    context.stage.forTasks([&](Value) {
      takeOver(context, cache.getNumElements() * cache.getElementTypeBitWidth() / 8);
      k.forLoop(k.i64(0), k.i64(rowsOf(op.getRows())), 1, [&](Value row) {
        Value position = k.extend(k.load(k.i32(), context.operand(3), row));
        k.ifThen(pages.hasPosition(k, position), [&] {
          Value page = pages.pageOf(k, context.operand(2), k.div(row, rowsOfSequence), position);
          k.ifThen(pages.hasPage(k, page), [&] {
            Value from = k.mul(row, columns), to = k.mul(pages.rowOf(k, page, position), columns);
            k.forVectors(0, columns, [&](Value column, Value mask) {
              Value numbers = k.loadVector(context.numbers(1), k.add(from, column), mask);
              context.store(0, numbers, k.add(to, column), mask);
            });
          });
        });
      });
    });
  }

private:
  static void takeOver(AnchorContext &context, int64_t bytes) {
    KernelBuilder &k = context.k;
    Value from = context.operand(0), to = context.result(0);
    Value differs = LLVM::ICmpOp::create(k.builder, k.loc, LLVM::ICmpPredicate::ne, from, to);
    k.ifThen(differs, [&] { LLVM::MemcpyOp::create(k.builder, k.loc, to, from, k.i64(bytes), /*isVolatile=*/false); });
  }
};

class PickRowsStrategy : public AnchoredStrategy<PickRowsOp> {
public:
  PickRowsStrategy() : AnchoredStrategy(KernelKind::Routing, "copy_rows") {}

protected:
  void plan(PickRowsOp op, const TargetDescription &, KernelConfiguration &configuration) const override {
    configuration.addStage("copy", rowsOf(op.getResult()));
  }
  void emitStage(PickRowsOp op, unsigned, AnchorContext &context) const override {
    KernelBuilder &k = context.k;
    int64_t columns = columnsOf(op.getResult()), picked = columnsOf(op.getIndices());
    int64_t rows = op.getInput().getType().getDimSize(1);
    context.stage.forTasks([&](Value row) {
      Value index = k.extend(k.load(k.i32(), context.operand(1), row));
      k.ifThen(
          isBelow(k, index, k.i64(rows)),
          [&] { copyRow(context, k.add(k.mul(k.div(row, picked), rows), index), row, columns); },
          [&] { copyRow(context, Value(), row, columns); });
    });
  }
};

} // namespace

void hadal::registerCacheStrategies() {
  registerStrategy(std::make_unique<ReadPagesStrategy>());
  registerStrategy(std::make_unique<WritePagesStrategy>());
  registerStrategy(std::make_unique<PickRowsStrategy>());
}
