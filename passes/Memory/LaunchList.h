//===- LaunchList.h - launches that may be repeated, and the memory they need -------------------------------------===//
//
// A list of the launches of an entry point in numbers, so that another order of it can be tried in microseconds: which
// values a launch reads and makes, how many bytes these take, and how long they are wanted. The list starts as the
// entry point is; a launch may then be repeated, so that a value need not be kept until then.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_MEMORY_LAUNCHLIST_H
#define HADAL_PASSES_MEMORY_LAUNCHLIST_H

#include "passes/Fusion/KernelPrice.h"
#include "passes/Memory/MemoryPlan.h"
#include <memory>

namespace hadal {

/// A launch again, with what it needs again, to stand before another.
struct Repetition {
  /// Places in the list of the launches that are repeated, in the order of the list; the last is the one whose results
  /// are wanted.
  llvm::SmallVector<unsigned, 4> launches;
  /// The results that are read from the repetition from there on.
  llvm::SmallVector<unsigned, 2> values;
  /// Place of the launch that they stand before.
  unsigned before = 0;
  /// What the repetition costs, and the bytes that it saves where the list needs most.
  double seconds = 0;
  int64_t savedBytes = 0;
};

class LaunchList {
public:
  /// Of an entry point as fusion leaves it. Fails with a diagnostic.
  static mlir::FailureOr<LaunchList> read(mlir::func::FuncOp entry, const Kernels &kernels, KernelPricer &pricer,
                                          int64_t alignment);

  /// The most bytes that are live during one launch; how many launches need so many, and the first of them.
  struct Peak {
    int64_t bytes = 0;
    size_t launches = 0;
    unsigned place = 0;
    /// Whether this is less to ask for.
    bool operator<(const Peak &other) const {
      return std::tie(bytes, launches) < std::tie(other.bytes, other.launches);
    }
  };
  Peak getPeak() const { return peak; }
  /// Seconds of all launches.
  double getSeconds() const;

  /// Every repetition that saves bytes at the peak, by seconds per byte.
  std::vector<Repetition> findRepetitions() const;
  /// The list with a repetition.
  LaunchList withRepetition(const Repetition &repetition) const;

  /// Repeats the launches in the entry point, or in a copy of it.
  void applyTo(mlir::func::FuncOp entry) const;
  /// The launch of the entry point at a place of the list.
  LaunchOp getLaunch(unsigned place) const { return factsOf(launches[place]).launch; }

private:
  /// What is the same of all repetitions of a launch.
  struct Facts {
    LaunchOp launch;
    int64_t workspace = 0;
    double seconds = 0;
    /// Whether it makes the same again: it writes nothing that persists, and reads nothing that is overwritten.
    bool mayRepeat = false;
    /// Result and operand, by their number, that may share a buffer.
    llvm::SmallVector<std::pair<unsigned, unsigned>, 2> inPlace;
  };
  struct Launch {
    unsigned original;
    bool isRepeated = false, isDropped = false;
    llvm::SmallVector<unsigned, 6> operands;
    llvm::SmallVector<unsigned, 2> results;
  };

  const Facts &factsOf(const Launch &launch) const { return (*facts)[launch.original]; }
  void dropUnread();
  void readLifetimes();
  bool isOnlyReadBehindPeak(const Launch &launch) const;
  int64_t sharedBytes(unsigned place) const;
  bool crossesPeak(unsigned value) const;
  std::optional<Repetition> findRepetition(unsigned place, bool repeatsOperands) const;
  bool addOperands(unsigned place, bool repeatsOperands, Repetition &repetition) const;

  /// By place in the entry point; all lists that were made of one share them.
  std::shared_ptr<const std::vector<Facts>> facts;
  std::vector<Launch> launches;
  /// By value: bytes in the arena (0: none), whether it is a result of the entry point, and whether it lies in the
  /// arena until the end for that.
  std::vector<int64_t> bytes;
  std::vector<bool> isReturned, isKept;
  /// By value: the launch that makes it, the first that reads it, and the last that touches it.
  std::vector<unsigned> maker, firstReader, last;
  Peak peak;
};

} // namespace hadal

#endif // HADAL_PASSES_MEMORY_LAUNCHLIST_H
