//===- PredictedTime.h - how long a kernel is expected to take ----------------------------------------------------===//
//
// In seconds, on a GPU or on a CPU's team of `modelledCores` threads. It decides between candidates and nothing else;
// the constants that it is made from stand in the table of targets (codegen/Target/KnownTargets.cpp).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_CODEGEN_SELECTION_PREDICTEDTIME_H
#define HADAL_CODEGEN_SELECTION_PREDICTEDTIME_H

#include "codegen/Target/Target.h"
#include "passes/Fusion/KernelPrice.h"

namespace hadal {

struct PredictedTime {
  /// Arithmetic; bytes that are moved, packing included; launches, rounds of blocks and whatever else is neither.
  double compute = 0, memory = 0, overhead = 0;
  /// All of it: at most the sum of the parts, which may overlap.
  double total = 0;

  /// One part after the other.
  static PredictedTime sum(double compute, double memory, double overhead) {
    return {compute, memory, overhead, compute + memory + overhead};
  }
  /// Arithmetic while bytes are moved.
  static PredictedTime overlapped(double compute, double memory, double overhead) {
    return {compute, memory, overhead, std::max(compute, memory) + overhead};
  }
  PredictedTime &operator+=(const PredictedTime &other);
  PredictedTime operator*(double factor) const {
    return {compute * factor, memory * factor, overhead * factor, total * factor};
  }

  /// `12.3 µs (compute 10.1 µs, memory 1.2 µs, overhead 1 µs)`.
  void print(llvm::raw_ostream &stream) const;
};

/// What a target asks for bytes, operations and launches: what fusion and rematerialization decide by, long before
/// there are candidates.
Prices getPrices(const TargetDescription &target);

/// Of a kernel that does little with the bytes of its operands and results: their time at memory's bandwidth, and that
/// of so many launches.
PredictedTime predictStream(KernelOp kernel, const TargetDescription &target, int64_t launches);

/// Of so many multiply-adds in f32 registers of all cores, beside the kernel's bytes.
PredictedTime predictMultiplyAdds(double multiplyAdds, KernelOp kernel, const TargetDescription &target,
                                  int64_t launches);

} // namespace hadal

#endif // HADAL_CODEGEN_SELECTION_PREDICTEDTIME_H
