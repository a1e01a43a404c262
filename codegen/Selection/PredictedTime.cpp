//===- PredictedTime.cpp - how long a kernel is expected to take --------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/PredictedTime.h"
#include "llvm/Support/Format.h"

using namespace mlir;
using namespace hadal;

PredictedTime &PredictedTime::operator+=(const PredictedTime &other) {
  compute += other.compute;
  memory += other.memory;
  overhead += other.overhead;
  total += other.total;
  return *this;
}

void hadal::printSeconds(raw_ostream &stream, double seconds) {
  static constexpr std::pair<double, StringLiteral> units[] = {{1.0, "s"}, {1e-3, "ms"}, {1e-6, "µs"}};
  for (auto [unit, name] : units)
    if (seconds >= unit || unit == 1e-6) {
      stream << llvm::format("%.3g ", seconds / unit) << name;
      return;
    }
}

void PredictedTime::print(raw_ostream &stream) const {
  printSeconds(stream, total);
  stream << " (";
  bool first = true;
  for (auto [name, part] : {std::pair("compute", compute), {"memory", memory}, {"overhead", overhead}}) {
    if (part <= 0)
      continue;
    stream << (first ? "" : ", ") << name << " ";
    printSeconds(stream, part);
    first = false;
  }
  stream << ")";
}

/// Bytes of all operands and results.
static double bytesOf(KernelOp kernel) {
  double bytes = 0;
  for (TypeRange types : {TypeRange(kernel.getArgumentTypes()), TypeRange(kernel.getResultTypes())})
    for (Type type : types)
      if (auto tensor = dyn_cast<RankedTensorType>(type); tensor && tensor.hasStaticShape())
        bytes += double(tensor.getNumElements()) * double(tensor.getElementTypeBitWidth()) / 8.0;
  return bytes;
}

static int64_t workersOf(const TargetDescription &target) {
  return target.kind() == TargetKind::CPU ? modelledCores : target.multiprocessors;
}

PredictedTime hadal::predictStream(KernelOp kernel, const TargetDescription &target, int64_t launches) {
  double sharers = target.kind() == TargetKind::CPU ? double(modelledCores) : 1.0;
  return PredictedTime::sum(0, bytesOf(kernel) / (target.memoryBandwidth * sharers),
                            double(launches) * target.launchSeconds());
}

PredictedTime hadal::predictMultiplyAdds(double multiplyAdds, KernelOp kernel, const TargetDescription &target,
                                         int64_t launches) {
  PredictedTime time = predictStream(kernel, target, launches);
  double lanes = target.kind() == TargetKind::CPU ? double(target.registerLanes) : multiprocessorLanes;
  double seconds = multiplyAdds / (lanes * double(workersOf(target)) * target.clock);
  return PredictedTime::overlapped(seconds, time.memory, time.overhead);
}
