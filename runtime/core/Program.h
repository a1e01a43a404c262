// A checked view of the descriptor that generated code exports (hadal/program.h). Construction verifies everything that
// the rest of the runtime relies on: versions, roles, shapes, owners, argument indices, lifetimes. A descriptor that
// fails was written by a compiler that does not fit this runtime, and the message says which entry is wrong.
#ifndef HADAL_RUNTIME_CORE_PROGRAM_H
#define HADAL_RUNTIME_CORE_PROGRAM_H

#include "hadal/program.h"
#include "runtime/core/Error.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// Bytes of one element of an `enum hadal_element_type`.
uint64_t elementSize(uint32_t elementType);

uint64_t elementCount(const hadal_tensor &tensor);
/// Bytes of memory, padding of its layout included.
uint64_t byteSize(const hadal_tensor &tensor);
std::span<const int64_t> dimensions(const hadal_tensor &tensor);

/// Fails with "malformed program: " and the parts, unless the condition holds.
template <class... Parts> void requireOfProgram(bool condition, const Parts &...parts) {
  if (!condition)
    fail(HADAL_EXIT_INPUT, "malformed program: ", parts...);
}

/// Behind the name of a parameter: that of the scales of its blocks, in files and in programs that keep them.
constexpr std::string_view scalesSuffix = "_scale_inv";
/// The name of the tensor whose scales a tensor of this name would be; "" where it is no name of scales.
std::string_view ownerOfScales(std::string_view name);

/// "f32" for messages.
const char *describeElementType(uint32_t elementType);

/// "[4, 257]" for messages.
std::string describeShape(std::span<const int64_t> dimensions);

class Program {
public:
  /// Keeps a reference: the descriptor lives in the object's read-only data.
  explicit Program(const struct hadal_program &descriptor);

  const struct hadal_program &operator*() const { return descriptor; }
  const struct hadal_program *operator->() const { return &descriptor; }

  /// Whether the kernels were compiled for a GPU, emulated or not; and whether they are to run on a real one.
  bool isForGPU() const { return std::string_view(descriptor.target) != "cpu"; }
  bool needsGPU() const { return isForGPU() && !descriptor.emulated; }

  std::span<const hadal_tensor> tensors() const { return {descriptor.tensors, descriptor.tensor_count}; }
  std::span<const hadal_entry> entries() const { return {descriptor.entries, descriptor.entry_count}; }
  std::span<const hadal_number> numbers() const { return {descriptor.numbers, descriptor.number_count}; }
  std::span<const hadal_image> images() const { return {descriptor.images, descriptor.image_count}; }

  /// The first tensor of the name. Inputs and results of several entry points may share a name.
  std::optional<uint32_t> findTensor(hadal_role role, std::string_view name) const;
  std::optional<uint32_t> findEntry(std::string_view name) const;
  std::optional<uint32_t> findNumber(std::string_view name) const;
  /// The tensor of that name that an entry point reads or writes.
  std::optional<uint32_t> findInput(uint32_t entry, std::string_view name) const;
  std::optional<uint32_t> findResult(uint32_t entry, std::string_view name) const;

  /// The tensors of one role, in the order of the descriptor.
  std::vector<uint32_t> tensorsOf(hadal_role role) const;

  /// Whether a parameter is the scales with which files hold another one, whose name they have with a suffix.
  bool areScales(uint32_t parameter) const;

  /// Number of elements of all parameters but scales.
  uint64_t parameterCount() const;

private:
  const struct hadal_program &descriptor;

  void verifyLoaded(uint32_t index) const;
  std::optional<uint32_t> findAmong(std::span<const uint32_t> indices, std::string_view name) const;
};

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_PROGRAM_H
