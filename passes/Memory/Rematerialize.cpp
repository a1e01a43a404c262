//===- Rematerialize.cpp - hadal-rematerialize: launches that are repeated so that a program fits ----------------===//
//
// While an entry point wants more memory than it is given, look at the launch during which most bytes are live. Of the
// values that are only kept there, for readers behind it, the one that costs least seconds per byte to make again is
// made again right before the first of these readers, if the list of launches then wants less (LaunchList.h). What
// wants least is not known in advance: when nothing is left to repeat, the entry point does not fit, and the error says
// how much it takes at least.
//
// A launch that is repeated is the same kernel on the same numbers: no bit changes, and there is no code more.
//
// What costs little is made again even where there is room: as long as a share of the program's memory costs no larger
// share of the entry point's seconds than the pass is told that it may. That is only done where it makes the arena
// smaller, which the entry points share.
//
// The list counts live bytes; what the planner makes of it is measured on a copy of the entry point as soon as the
// count, in proportion to what was measured last, says that it could fit.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "mlir/IR/OwningOpRef.h"
#include "passes/Memory/LaunchList.h"
#include "passes/Passes.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"
#include <limits>
#include <map>

namespace hadal {
#define GEN_PASS_DEF_REMATERIALIZE
#include "passes/Passes.h.inc"
} // namespace hadal

using namespace mlir;
using namespace hadal;

namespace {

/// The search in one entry point.
class Rematerializer {
public:
  Rematerializer(func::FuncOp entry, const Kernels &kernels, int64_t alignment, LaunchList list)
      : entry(entry), kernels(kernels), alignment(alignment), secondsBefore(list.getSeconds()), state{std::move(list)} {
  }

  /// Plans the entry point as it is. Fails with a diagnostic where that cannot be done.
  LogicalResult begin() {
    if (failed(measure()))
      return failure();
    arenaBefore = arena;
    return success();
  }

  /// Repeats launches until the arena takes no more than `available` bytes, if that can be.
  LogicalResult fit(int64_t available) {
    while (arena > available) {
      if (!repeatOne(std::numeric_limits<double>::infinity()))
        return measure();
      double expected = double(peak()) * double(arena) / double(measuredPeak);
      if (expected <= double(available) && failed(measure()))
        return failure();
    }
    return success();
  }

  /// Repeats launches that cost no more than so many seconds a byte, while more than `enough` bytes are live.
  LogicalResult save(double secondsPerByte, int64_t enough) {
    auto costs = [&] { return state.list.getSeconds() + secondsPerByte * double(peak()); };
    // One repetition alone may lower nothing, where other launches need as much: what they come to together counts.
    State before = state, best = state;
    int64_t arenaBefore = arena;
    for (double least = costs(); peak() > enough && repeatOne(secondsPerByte);)
      if (costs() < least) {
        least = costs();
        best = state;
      }
    state = std::move(best);
    if (failed(measure()))
      return failure();
    // Fewer live bytes need not be a smaller arena.
    if (arena >= arenaBefore) {
      state = std::move(before);
      arena = arenaBefore;
    }
    return success();
  }

  void apply() {
    if (arena < arenaBefore)
      state.list.applyTo(entry);
  }

  int64_t getArena() const { return arena; }
  int64_t getArenaBefore() const { return arenaBefore; }
  double getSecondsBefore() const { return secondsBefore; }
  LaunchOp getPeakLaunch() const { return state.list.getLaunch(state.list.getPeak().place); }
  void print(raw_ostream &stream) const;

private:
  /// Repetitions of the same kernels, in one line of the report.
  struct Noted {
    int64_t times = 0, savedBytes = 0;
    double seconds = 0;
  };
  /// The list of launches, and how it came about.
  struct State {
    LaunchList list;
    llvm::MapVector<std::string, Noted, std::map<std::string, unsigned>> noted = {};
  };

  int64_t peak() const { return state.list.getPeak().bytes; }

  /// Plans a copy of the entry point.
  LogicalResult measure() {
    OwningOpRef<func::FuncOp> copy(entry.clone());
    state.list.applyTo(*copy);
    FailureOr<EntryPlan> plan = planEntry(*copy, kernels, alignment);
    if (failed(plan))
      return failure();
    arena = plan->arenaSize;
    measuredPeak = std::max<int64_t>(1, peak());
    return success();
  }

  bool repeatOne(double mostSecondsPerByte) {
    for (const Repetition &repetition : state.list.findRepetitions()) {
      if (repetition.seconds > mostSecondsPerByte * double(repetition.savedBytes))
        return false;
      LaunchList next = state.list.withRepetition(repetition);
      if (!(next.getPeak() < state.list.getPeak()))
        continue;
      note(repetition, next.getSeconds() - state.list.getSeconds());
      state.list = std::move(next);
      return true;
    }
    return false;
  }

  void note(const Repetition &repetition, double seconds) {
    std::string names;
    llvm::raw_string_ostream stream(names);
    llvm::interleave(
        repetition.launches, stream, [&](unsigned place) { stream << "@" << state.list.getLaunch(place).getKernel(); },
        " and ");
    stream << " (" << formatLocation(state.list.getLaunch(repetition.launches.back()).getLoc()) << ")";
    Noted &known = state.noted[names];
    ++known.times;
    known.savedBytes += repetition.savedBytes;
    known.seconds += seconds;
  }

  func::FuncOp entry;
  const Kernels &kernels;
  int64_t alignment;
  double secondsBefore;
  State state;
  int64_t arena = 0, arenaBefore = 0, measuredPeak = 1;
};

void Rematerializer::print(raw_ostream &stream) const {
  double seconds = state.list.getSeconds() - secondsBefore;
  stream << "recomputed in @" << func::FuncOp(entry).getSymName() << ": arena " << formatMiB(arena) << " instead of "
         << formatMiB(arenaBefore) << ", for ";
  printSeconds(stream, seconds);
  stream << " beside ";
  printSeconds(stream, secondsBefore);
  stream << "\n";
  for (const auto &[names, known] : state.noted) {
    stream << "  " << formatMiB(known.savedBytes);
    // Of a launch that only moves, sums of seconds leave some noise.
    if (constexpr double picosecond = 1e-12; known.seconds > picosecond) {
      stream << " for ";
      printSeconds(stream, known.seconds);
      stream << llvm::format(" (%.3g ps a byte), ", known.seconds / picosecond / double(known.savedBytes));
    } else {
      stream << " by launches later, ";
    }
    stream << known.times << (known.times == 1 ? " time: " : " times: ") << names << "\n";
  }
}

struct Rematerialize : hadal::impl::RematerializeBase<Rematerialize> {
  using RematerializeBase::RematerializeBase;

  /// What the program takes beside its arena.
  LogicalResult refuse(func::FuncOp entry, const Rematerializer &rematerializer, int64_t persistent) {
    constexpr int64_t mebibyte = 1 << 20;
    auto wanted = [&](int64_t arena) { return llvm::divideCeil(uint64_t(persistent + arena), mebibyte); };
    InFlightDiagnostic error = entry.emitError("@")
                               << entry.getSymName() << " does not fit into a memory limit of "
                               << formatMiB(memoryLimit) << ": the tensors of the program take "
                               << formatMiB(persistent) << ", and the arena takes "
                               << formatMiB(rematerializer.getArena()) << " when whatever can be is computed again ("
                               << formatMiB(rematerializer.getArenaBefore()) << " when nothing is): give a limit of "
                               << wanted(rematerializer.getArena())
                               << "MiB or more, a smaller micro-batch or shorter sequences";
    LaunchOp launch = rematerializer.getPeakLaunch();
    error.attachNote(launch.getLoc()) << "most is live during the launch of @" << launch.getKernel();
    return error;
  }

  FailureOr<Rematerializer> read(func::FuncOp entry, const Kernels &kernels, KernelPricer &pricer) {
    for (auto launch : entry.getOps<LaunchOp>())
      if (!kernels.contains(launch.getKernelAttr().getAttr()))
        return launch.emitOpError("names no kernel");
    FailureOr<LaunchList> list = LaunchList::read(entry, kernels, pricer, alignment);
    if (failed(list))
      return failure();
    Rematerializer rematerializer(entry, kernels, alignment, std::move(*list));
    if (failed(rematerializer.begin()))
      return failure();
    return rematerializer;
  }

  /// `enough`: bytes of the arena that other entry points take in any case.
  LogicalResult shrink(func::FuncOp entry, Rematerializer &rematerializer, int64_t persistent, int64_t enough) {
    int64_t available = memoryLimit - persistent;
    if (failed(rematerializer.fit(available)))
      return failure();
    if (rematerializer.getArena() > available)
      return refuse(entry, rematerializer, persistent);
    double memory = double(persistent + rematerializer.getArenaBefore());
    if (worth > 0 && failed(rematerializer.save(worth * rematerializer.getSecondsBefore() / memory, enough)))
      return failure();
    rematerializer.apply();
    if (printMemoryPlan && rematerializer.getArena() < rematerializer.getArenaBefore())
      rematerializer.print(llvm::errs());
    return success();
  }

  void runOnOperation() override {
    Prices prices{memoryByte, cachedByte, multiplyAdd, operation, launch, liveValues};
    ModuleOp module = getOperation();
    if (failed(prices.verify(module)) || failed(verifyAlignment(module, alignment)))
      return signalPassFailure();
    if (memoryLimit < 1) {
      module.emitError("a memory limit of ") << memoryLimit.getValue() << " bytes: give a number from 1 up";
      return signalPassFailure();
    }
    if (!(worth >= 0)) {
      module.emitError("a share of the memory is worth ")
          << llvm::formatv("{0:f2}", worth.getValue()).str() << " of a share of the seconds: give a number from 0 up";
      return signalPassFailure();
    }
    KernelPricer pricer(prices);
    Kernels kernels = findKernels(module);
    int64_t persistent = PersistentMemory::count(module).total();
    std::vector<std::pair<func::FuncOp, Rematerializer>> entries;
    for (auto entry : module.getOps<func::FuncOp>()) {
      if (entry.isDeclaration())
        continue;
      FailureOr<Rematerializer> read = this->read(entry, kernels, pricer);
      if (failed(read))
        return signalPassFailure();
      entries.push_back({entry, std::move(*read)});
    }
    for (auto &[entry, rematerializer] : entries) {
      int64_t enough = 0;
      for (auto &[other, ofOther] : entries)
        if (other != entry)
          enough = std::max(enough, ofOther.getArena());
      if (failed(shrink(entry, rematerializer, persistent, enough)))
        return signalPassFailure();
    }
  }
};

} // namespace
