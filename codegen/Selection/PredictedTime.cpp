//===- PredictedTime.cpp - how long a kernel is expected to take --------------------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Selection/PredictedTime.h"

using namespace mlir;
using namespace hadal;

PredictedTime &PredictedTime::operator+=(const PredictedTime &other) {
  compute += other.compute;
  memory += other.memory;
  overhead += other.overhead;
  total += other.total;
  return *this;
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

Prices hadal::getPrices(const TargetDescription &target) {
  bool isCPU = target.kind() == TargetKind::CPU;
  constexpr double picoseconds = 1e12;
  double cycles = double(workersOf(target)) * target.clock;
  double lanes = isCPU ? double(target.registerLanes) : multiprocessorLanes;
  double products = isCPU ? lanes : target.tensorProductsPerCycle;
  Prices prices;
  prices.memoryByte = picoseconds / (target.memoryBandwidth * (isCPU ? double(modelledCores) : 1.0));
  prices.cachedByte = picoseconds / (target.cacheBytesPerCycle * cycles);
  prices.multiplyAdd = picoseconds / (products * cycles);
  prices.operation = picoseconds / (lanes * cycles);
  prices.launch = picoseconds * target.launchSeconds();
  // On a CPU a value takes as many registers as its lanes fill, on a GPU one register for each element of an access; a
  // thread there has 255.
  constexpr int64_t registersOfThread = 255;
  prices.liveValues =
      isCPU ? target.vectorRegisters * target.registerLanes / target.lanes : registersOfThread / target.lanes;
  return prices;
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
