// Operands in, results out, and conversions between element types.
#include "runtime/programs/kernels/KernelEntry.h"

#include "runtime/core/HalfPrecision.h"
#include "runtime/core/Initializer.h"
#include "runtime/io/NamedTensors.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstring>

namespace hadal {

//===----------------------------------------------------------------------===//
// Element types
//===----------------------------------------------------------------------===//

template <class Element> static Element load(std::span<const std::byte> bytes, size_t index) {
  Element element;
  std::memcpy(&element, bytes.data() + index * sizeof(Element), sizeof(Element));
  return element;
}

std::vector<double> toDoubles(std::span<const std::byte> bytes, std::string_view dtype) {
  std::vector<double> values(bytes.size() * 8 / std::max<uint64_t>(1, safetensorsBits(dtype)));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = dtype == "F32"    ? static_cast<double>(load<float>(bytes, i))
                : dtype == "I32"  ? static_cast<double>(load<int32_t>(bytes, i))
                : dtype == "BF16" ? static_cast<double>(widenBfloat16(load<uint16_t>(bytes, i)))
                : dtype == "F16"  ? static_cast<double>(widenFloat16(load<uint16_t>(bytes, i)))
                                  : NAN;
  return values;
}

/// The upper half of the f32, rounded to nearest, ties to even.
static uint16_t roundToBfloat16(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  if (std::isnan(value))
    return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

std::vector<std::byte> fromDoubles(std::span<const double> values, uint32_t elementType) {
  std::vector<std::byte> bytes(values.size() * elementSize(elementType));
  auto store = [&](size_t index, auto element) {
    std::memcpy(bytes.data() + index * sizeof element, &element, sizeof element);
  };
  for (size_t i = 0; i < values.size(); ++i)
    if (elementType == HADAL_F32)
      store(i, static_cast<float>(values[i]));
    else if (elementType == HADAL_I32)
      store(i, static_cast<int32_t>(values[i]));
    else if (elementType == HADAL_BF16)
      store(i, roundToBfloat16(static_cast<float>(values[i])));
    else
      fail(HADAL_EXIT_INPUT, "operands of the element type ", safetensorsType(elementType), " cannot be written yet");
  return bytes;
}

//===----------------------------------------------------------------------===//
// A kernel
//===----------------------------------------------------------------------===//

KernelEntry::KernelEntry(Session &session, uint32_t entry) : session(session), entry(entry) {
  const hadal_entry &table = session.program().entries()[entry];
  std::string_view name = table.name;
  kernel = name.substr(0, name.rfind("_entry"));
  const hadal_launch &launch = table.launches[table.commands[0].index];
  firstResult = launch.first_argument;
  for (; firstResult < launch.first_argument + launch.argument_count; ++firstResult) {
    const hadal_argument &argument = table.arguments[firstResult];
    if (argument.kind != HADAL_ARGUMENT_TENSOR)
      break;
    operands.push_back(argument.index);
  }
}

static const SafetensorsEntry *findEntry(const SafetensorsFile &file, const std::string &name) {
  auto found = file.entries().find(name);
  return found == file.entries().end() ? nullptr : &found->second;
}

void KernelEntry::writeOperands(const SafetensorsFile *cases, uint64_t seed) {
  for (size_t i = 0; i < operands.size(); ++i) {
    const hadal_tensor &tensor = session.tensor(operands[i]);
    std::vector<double> values(elementCount(tensor));
    std::string name = concat(kernel, ".operand.", i);
    if (const SafetensorsEntry *given = cases ? findEntry(*cases, name) : nullptr) {
      values = toDoubles(cases->read(*given), given->dtype);
      if (values.size() != elementCount(tensor))
        fail(HADAL_EXIT_INPUT, cases->path().string(), ": '", name, "' has ", values.size(),
             " elements, the kernel takes ", elementCount(tensor));
    } else if (tensor.element_type != HADAL_I32) {
      std::vector<float> normals(values.size());
      fillNormal(normals, 0, 1.0f, seed, name);
      std::ranges::copy(normals, values.begin());
    }
    session.write(operands[i], 0, fromDoubles(values, tensor.element_type));
  }
}

std::vector<std::byte> KernelEntry::readResult(size_t number, uint64_t size) const {
  const hadal_entry &table = session.program().entries()[entry];
  uint64_t argument = firstResult + number;
  if (argument >= table.argument_count || table.arguments[argument].kind != HADAL_ARGUMENT_ARENA ||
      table.arena_buffers[table.arguments[argument].index].size < size)
    fail(HADAL_EXIT_INPUT, "the kernel '", kernel, "' has no result ", number, " of ", size, " bytes");
  std::vector<std::byte> bytes(size);
  session.device().downloadArgument(entry, argument, bytes);
  return bytes;
}

void KernelEntry::wait() const {
  std::byte byte;
  session.device().downloadArgument(entry, firstResult, std::span(&byte, 1));
}

double KernelEntry::time(unsigned repeat) {
  using Clock = std::chrono::steady_clock;
  run(); // makes the graph
  run();
  wait();
  double best = INFINITY;
  for (int row = 0; row < 3; ++row) {
    Clock::time_point begin = Clock::now();
    for (unsigned i = 0; i < repeat; ++i)
      run();
    wait();
    best = std::min(best, std::chrono::duration<double>(Clock::now() - begin).count() / repeat);
  }
  return best;
}

} // namespace hadal
