//===- CachePages.h - where the positions of sequences lie in a cache ---------------------------------------------===//
//
// What the kernels that read or write a cache by a table of pages share (dialect/IR/CacheOps.td).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_CACHEPAGES_H
#define HADAL_CODEGEN_EMIT_CACHEPAGES_H

#include "codegen/Emit/KernelBuilder.h"

namespace hadal {

/// 0 <= a < b, by one unsigned comparison.
inline mlir::Value isBelow(KernelBuilder &k, mlir::Value a, mlir::Value b) {
  return mlir::arith::CmpIOp::create(k.builder, k.loc, mlir::arith::CmpIPredicate::ult, a, b);
}

struct CachePages {
  using Value = mlir::Value;

  /// Of the cache, positions of one, and of a sequence.
  int64_t pages, length, perSequence;

  CachePages(mlir::RankedTensorType cache, mlir::RankedTensorType table)
      : pages(cache.getDimSize(0)), length(cache.getDimSize(1)), perSequence(table.getDimSize(1)) {}
  template <typename CacheUser>
  explicit CachePages(CacheUser op) : CachePages(op.getCache().getType(), op.getPages().getType()) {}

  /// Positions that the table of a sequence reaches to.
  int64_t positions() const { return perSequence * length; }
  /// Whether the table of a sequence reaches to a position.
  Value hasPosition(KernelBuilder &k, Value position) const { return isBelow(k, position, k.i64(positions())); }
  /// The page that the table names for a position that it reaches to, and whether the cache has it.
  Value pageOf(KernelBuilder &k, Value table, Value sequence, Value position) const {
    return k.extend(k.load(k.i32(), table, k.add(k.mul(sequence, perSequence), k.div(position, length))));
  }
  Value hasPage(KernelBuilder &k, Value page) const { return isBelow(k, page, k.i64(pages)); }
  /// The row of the cache, over all its pages.
  Value rowOf(KernelBuilder &k, Value page, Value position) const {
    return k.add(k.mul(page, length), k.rem(position, length));
  }
};

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_CACHEPAGES_H
