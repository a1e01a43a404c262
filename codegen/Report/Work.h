//===- Work.h - what a kernel has to do, and how fast that could be done ------------------------------------------===//
//
// The work of a launch follows from what is computed, not from who computes it: the multiply-adds of its products and
// the bytes of its operands and results, each counted once. The least time that a machine needs for it, its *bound*, is
// the largest of three:
//
//   memory    bytes over memory's bandwidth, unless all of them fit the second-level cache, from where they may come
//   cache     bytes over the bandwidth of the second-level cache
//   products  multiply-adds over the rate of products
//
// Rates are those of the table of targets (codegen/Target), times the threads of a team or the GPU's multiprocessors.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_REPORT_WORK_H
#define HADAL_CODEGEN_REPORT_WORK_H

#include "codegen/Anatomy/KernelAnatomy.h"
#include "codegen/Target/Target.h"

namespace hadal {

struct KernelWork {
  /// Of all products of a launch, and whether their factors are bf16.
  double multiplyAdds = 0;
  bool isBF16 = false;
  /// Numbers that the operations beside products make, one operation each.
  double elementOperations = 0;
  /// Bytes of each operand and of each result. Of a tensor whose rows are chosen by indices, no more than are chosen.
  llvm::SmallVector<int64_t> read, written;

  double operations() const { return 2 * multiplyAdds + elementOperations; }
  int64_t readBytes() const;
  int64_t writtenBytes() const;
  int64_t bytes() const { return readBytes() + writtenBytes(); }

  static KernelWork of(const KernelAnatomy &anatomy);
};

/// How fast a whole machine is.
struct Roofs {
  /// Threads of a team, or multiprocessors.
  int64_t workers = 1;
  /// Bytes per second of memory and of the second-level caches, and the bytes that these hold together.
  double memoryBandwidth = 0, cacheBandwidth = 0;
  int64_t cacheBytes = 0;
  /// Multiply-adds per second.
  double products = 0, bf16Products = 0;

  /// Of a team of so many threads; a GPU has the multiprocessors of its board.
  static Roofs of(const TargetDescription &target, int64_t threads);
};

struct Bound {
  /// Seconds.
  double memory = 0, cache = 0, products = 0;

  double seconds() const { return std::max({memory, cache, products}); }
  /// Which of the three it is, in a word.
  llvm::StringRef limit() const;

  static Bound of(const KernelWork &work, const Roofs &roofs);
};

} // namespace hadal

#endif // HADAL_CODEGEN_REPORT_WORK_H
