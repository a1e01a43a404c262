//===- KernelPrice.h - what a kernel is expected to cost ----------------------------------------------------------===//
//
// Fusion and rematerialization decide by seconds. The prices of bytes, operations and launches are a target's, and are
// told to the passes as options (codegen/Selection/PredictedTime.h fills them in from the table of targets); what a
// kernel has of each is found here, from its body:
//
//   price = max(memory, arithmetic + cache) + launch
//
// memory      every operand is read and every result written once;
// arithmetic  multiply-adds of the products, operations of everything else: a row is passed over once for every
//             reduction that waits for another (RowProgram.h), and what a later pass needs again is computed again;
// cache       operands that a later pass reads again, rows that are read through a gather, and values beyond those that
//             registers hold, which are stored and loaded again.
//
// The prediction is for choosing between kernels that do the same. It is coarser than that of codegen/Selection, which
// knows how a kernel will be run; neither can change a bit of a result.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_FUSION_KERNELPRICE_H
#define HADAL_PASSES_FUSION_KERNELPRICE_H

#include "dialect/IR/Hadal.h"
#include "llvm/ADT/StringMap.h"

namespace hadal {

/// What a target asks for what kernels do, in picoseconds of the whole target. A CPU is a team of threads.
struct Prices {
  /// For a byte that comes from memory or goes there; for one that lies in a cache nearby.
  double memoryByte, cachedByte;
  /// For a multiply-add of a product; for another operation on one element.
  double multiplyAdd, operation;
  /// For a launch besides what it does.
  double launch;
  /// How many values of an element registers hold while a loop goes over a row.
  int64_t liveValues;

  /// Fails with a diagnostic at `where` that names the option whose price cannot be one.
  mlir::LogicalResult verify(mlir::Operation *where) const;
  /// A line that says them all.
  void print(llvm::raw_ostream &stream) const;
};

/// The seconds of one launch, in their parts.
struct KernelPrice {
  double memory = 0, arithmetic = 0, cache = 0, launch = 0;

  double total() const { return std::max(memory, arithmetic + cache) + launch; }
  /// `12.3 µs (memory 11.8 µs, arithmetic 1.2 µs, launch 500 ns)`.
  void print(llvm::raw_ostream &stream) const;
};

/// A time with three digits and its unit.
void printSeconds(llvm::raw_ostream &stream, double seconds);

/// Prices kernels. What an operation costs is found once for all operations of its form.
class KernelPricer {
public:
  explicit KernelPricer(const Prices &prices) : prices(prices) {}

  /// Of a kernel with this body, in an order that may run; values that it does not define are `operands`. `anchor` is
  /// null in a rowwise kernel.
  KernelPrice price(mlir::Operation *anchor, llvm::ArrayRef<mlir::Operation *> body, mlir::ValueRange operands,
                    mlir::ValueRange results);
  KernelPrice price(KernelOp kernel);

private:
  /// What a rowwise operation does with whole tensors.
  struct RowCost {
    /// How many passes over a row have to end before its result can be formed.
    unsigned passes = 0;
    /// Operations of these passes together; those of forming the result once more in any pass.
    double reducing = 0, forming = 0;
    /// Values of an element that live at once while it forms its result, besides operands and results.
    int64_t temporaries = 0;
    /// Whether its result is formed from its operands' rows, so that forming it reads them again.
    bool readsAgain = true;
  };
  const RowCost &costOf(mlir::Operation *op);
  RowCost findCost(mlir::Operation *op);
  struct RowPasses;

  const Prices &prices;
  llvm::StringMap<RowCost> costs;
};

} // namespace hadal

#endif // HADAL_PASSES_FUSION_KERNELPRICE_H
