// Placement of the exchanged tensors, and the copies around a run.
#include "runtime/devices/cuda/ExchangedTensors.h"

#include "runtime/core/Commands.h"

#include <algorithm>
#include <cstring>

namespace hadal::cuda {

static constexpr uint64_t alignment = 256;
static uint64_t alignUp(uint64_t value) { return (value + alignment - 1) / alignment * alignment; }

ExchangedTensors::ExchangedTensors(const Program &program, Stream stream) : stream(stream) {
  for (const hadal_tensor &tensor : program.tensors()) {
    uint64_t &bytes = isResult(tensor) ? resultBytes : inputBytes;
    places.push_back({0, bytes, isResult(tensor)});
    if (isInput(tensor) || isResult(tensor))
      bytes += alignUp(byteSize(tensor));
  }
  numbersOffset = inputBytes;
  inputBytes += alignUp(program.numbers().size() * numberStride);
  uint64_t total = std::max(alignment, inputBytes + resultBytes);
  driver.check(driver->memoryAllocate(memory.receive(), total), "device memory for inputs and results");
  driver.check(driver->memset8Async(memory.get(), 0, total, stream), "clearing inputs and results");
  auto pin = [&](PinnedMemory &mirror, uint64_t bytes) {
    bytes = std::max(alignment, bytes);
    driver.check(driver->memoryAllocateHost(mirror.receive(), bytes), "pinned memory for inputs and results");
    std::memset(mirror.get(), 0, bytes);
  };
  for (PinnedMemory &mirror : inputs)
    pin(mirror, inputBytes);
  pin(results, resultBytes);
  for (OwnedEvent &event : copied)
    driver.check(driver->eventCreate(event.receive(), 0), "an event");
  for (uint32_t i = 0; i < places.size(); ++i)
    if (isInput(program.tensors()[i]) || isResult(program.tensors()[i]))
      places[i].address = memory.get() + places[i].offset + (places[i].result ? inputBytes : 0);
  for (const hadal_entry &entry : program.entries())
    written.push_back(findWritten(program, entry));
}

/// The results among an entry point's arguments; neighbours are one range.
std::vector<ExchangedTensors::Range> ExchangedTensors::findWritten(const Program &program,
                                                                   const hadal_entry &entry) const {
  std::vector<Range> ranges;
  for (const hadal_argument &argument : argumentsOf(entry)) {
    if (argument.kind != HADAL_ARGUMENT_TENSOR || !isResult(program.tensors()[argument.index]))
      continue;
    uint64_t begin = places[argument.index].offset;
    ranges.push_back({begin, begin + alignUp(byteSize(program.tensors()[argument.index]))});
  }
  std::ranges::sort(ranges, {}, &Range::begin);
  std::vector<Range> joined;
  for (const Range &range : ranges)
    if (!joined.empty() && range.begin <= joined.back().end)
      joined.back().end = std::max(joined.back().end, range.end);
    else
      joined.push_back(range);
  return joined;
}

const std::byte *ExchangedTensors::host(uint32_t tensor) const {
  const Place &place = places[tensor];
  return static_cast<const std::byte *>((place.result ? results : inputs[current]).get()) + place.offset;
}

void ExchangedTensors::write(uint32_t tensor, uint64_t offset, std::span<const std::byte> source) {
  writeInput(places[tensor].offset + offset, source);
}

void ExchangedTensors::writeNumber(uint32_t number, int64_t value) {
  writeInput(numbersOffset + number * numberStride, std::as_bytes(std::span(&value, 1)));
}

void ExchangedTensors::writeInput(uint64_t offset, std::span<const std::byte> source) {
  if (copying) {
    unsigned next = 1 - current;
    driver.check(driver->eventSynchronize(copied[next].get()), "copying the inputs");
    std::memcpy(inputs[next].get(), inputs[current].get(), inputBytes);
    current = next;
    copying = false;
  }
  std::memcpy(static_cast<std::byte *>(inputs[current].get()) + offset, source.data(), source.size());
  isNew = true;
}

void ExchangedTensors::copyInputs() {
  if (!isNew)
    return;
  driver.check(driver->copyToDeviceAsync(memory.get(), inputs[current].get(), inputBytes, stream),
               "copying the inputs");
  driver.check(driver->eventRecord(copied[current].get(), stream), "copying the inputs");
  isNew = false;
  copying = true;
}

void ExchangedTensors::copyResults(uint32_t entry) {
  for (const Range &range : written[entry])
    driver.check(driver->copyToHostAsync(static_cast<std::byte *>(results.get()) + range.begin,
                                         memory.get() + inputBytes + range.begin, range.end - range.begin, stream),
                 "copying the results");
}

} // namespace hadal::cuda
