//===- Accumulation.h - results that are added to what is there already -------------------------------------------===//
//
// A result of a kernel's operation may be added to an argument of the kernel, always or where a number says so
// (hadal.accumulate). Where it says no the argument is not read: the first micro-batch of a step costs its gradients
// one write and no read.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_EMIT_ACCUMULATION_H
#define HADAL_CODEGEN_EMIT_ACCUMULATION_H

#include "codegen/Anatomy/KernelBody.h"
#include "codegen/Emit/KernelBuilder.h"

namespace hadal {

/// Whether a condition of hadal.accumulate lets the sum so far count.
mlir::Value emitCounts(KernelBuilder &k, mlir::Value condition);

class Accumulation {
public:
  using Value = mlir::Value;
  Accumulation() = default;
  /// Reads the condition, where there is one, at the builder's place: before the loops that ask for it.
  Accumulation(KernelBuilder &k, const Accumulated &accumulated);

  bool exists() const { return from.exists(); }
  int64_t argument() const { return from.argument; }

  /// What load() reads plus the term; the term alone where nothing is added to it.
  Value add(KernelBuilder &k, Value term, llvm::function_ref<Value()> load) const;
  /// Emits `counted` for where something is added, and `cleared` for where nothing is.
  void branch(KernelBuilder &k, llvm::function_ref<void()> counted, llvm::function_ref<void()> cleared) const;
  /// Of a sum of several parts: whether nothing is there before this one. Null: something always is.
  Value isEmptyBefore(KernelBuilder &k, Value isFirstPart) const;

private:
  Accumulated from;
  /// Whether it counts; null: it always does.
  Value counts;
};

} // namespace hadal

#endif // HADAL_CODEGEN_EMIT_ACCUMULATION_H
