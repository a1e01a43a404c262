// What host and GPU exchange around every run: inputs, scalars and numbers on the way in, results on the way out. They
// lie side by side in device memory, each way with a mirror in pinned host memory, so that a run needs one copy a way
// (of the results as many as those of its entry point lie in places), in the stream, beside which the host goes on.
// Inputs have two mirrors in turn: while a run's copy may still be under way, the next run's inputs are written to the
// other.
#ifndef HADAL_RUNTIME_DEVICES_CUDA_EXCHANGEDTENSORS_H
#define HADAL_RUNTIME_DEVICES_CUDA_EXCHANGEDTENSORS_H

#include "runtime/core/Program.h"
#include "runtime/devices/cuda/Resources.h"

#include <cstddef>
#include <span>

namespace hadal::cuda {

class ExchangedTensors {
public:
  /// Places the program's inputs, scalars and results; all are zero.
  ExchangedTensors(const Program &program, Stream stream);

  static bool isInput(const hadal_tensor &tensor) { return tensor.role == HADAL_INPUT || tensor.role == HADAL_SCALAR; }
  static bool isResult(const hadal_tensor &tensor) { return tensor.role == HADAL_RESULT; }

  /// The tensor's place in device memory, or 0 when it is none of these.
  DevicePointer address(uint32_t tensor) const { return places[tensor].address; }

  /// Writes an input for the next run.
  void write(uint32_t tensor, uint64_t offset, std::span<const std::byte> source);
  /// A number's place in device memory, and a value for the next run.
  DevicePointer numberAddress(uint32_t number) const { return memory.get() + numbersOffset + number * numberStride; }
  void writeNumber(uint32_t number, int64_t value);
  /// The tensor as the host sees it: for results, once the stream has been waited for.
  const std::byte *host(uint32_t tensor) const;

  /// Puts the copies into the stream: of the inputs, when any was written since the last time, and of the results that
  /// an entry point writes.
  void copyInputs();
  void copyResults(uint32_t entry);

private:
  struct Place {
    DevicePointer address = 0;
    uint64_t offset = 0; // in the mirror
    bool result = false;
  };

  /// Bytes of the results' mirror.
  struct Range {
    uint64_t begin = 0, end = 0;
  };

  const Driver &driver = Driver::get();
  Stream stream;
  std::vector<Place> places;
  std::vector<std::vector<Range>> written; // by every entry point
  static constexpr uint64_t numberStride = sizeof(int64_t);
  uint64_t inputBytes = 0, resultBytes = 0, numbersOffset = 0; // numbers lie behind the inputs and count as such
  DeviceMemory memory;                                         // inputs, then results
  PinnedMemory inputs[2], results;
  OwnedEvent copied[2]; // when the copy of a mirror of the inputs is done
  unsigned current = 0;
  bool isNew = false, copying = false;

  std::vector<Range> findWritten(const Program &program, const hadal_entry &entry) const;
  void writeInput(uint64_t offset, std::span<const std::byte> source);
};

} // namespace hadal::cuda

#endif // HADAL_RUNTIME_DEVICES_CUDA_EXCHANGEDTENSORS_H
