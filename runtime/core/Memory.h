// Memory of a program comes straight from the kernel, in a few large mappings made once at start-up: aligned to 2 MiB
// and marked for huge pages. GuardedMapping is the careful variant for programs built with --check-memory.
#ifndef HADAL_RUNTIME_CORE_MEMORY_H
#define HADAL_RUNTIME_CORE_MEMORY_H

#include "runtime/core/ProcessLimits.h"

#include <cstddef>
#include <cstdint>
#include <string>

namespace hadal {

/// "1.50 GiB" for messages.
std::string describeBytes(uint64_t bytes);

/// "1.50 GiB are available (limited by ulimit -v)".
std::string describeAvailable(const AvailableMemory &available);

/// Fills memory with the lower `elementBytes` (1, 2 or 4) bytes of an element; `bytes` is a multiple of them.
void fillElements(std::byte *target, uint64_t bytes, uint32_t element, uint32_t elementBytes);

/// Anonymous zero-filled memory, 2 MiB aligned, on huge pages where the kernel has them.
class Mapping {
public:
  Mapping() = default;
  /// `purpose` names the mapping when there is not enough memory.
  Mapping(uint64_t size, const std::string &purpose);
  Mapping(Mapping &&other) noexcept;
  Mapping &operator=(Mapping &&other) noexcept;
  ~Mapping();

  std::byte *data() const { return begin; }
  uint64_t size() const { return length; }

private:
  void *base = nullptr;
  uint64_t mapped = 0;
  std::byte *begin = nullptr;
  uint64_t length = 0;
};

/// A buffer between two inaccessible pages. Its end lies against the upper one, so that the first byte behind it
/// faults; the slack between the lower page and its beginning holds a pattern that `slackIntact` checks.
class GuardedMapping {
public:
  static constexpr unsigned char poison = 0xff; // a NaN in every float type, -1 as an integer

  GuardedMapping() = default;
  GuardedMapping(uint64_t size, const std::string &purpose);
  GuardedMapping(GuardedMapping &&other) noexcept;
  GuardedMapping &operator=(GuardedMapping &&other) noexcept;
  ~GuardedMapping();

  std::byte *data() const { return begin; }
  uint64_t size() const { return length; }

  /// Whether the address lies in the buffer, its slack, or one of its guard pages.
  bool owns(const void *address) const;

  /// Fills the buffer with the poison pattern.
  void fillWithPoison();
  /// False when something wrote before the buffer's beginning.
  bool slackIntact() const;

  /// Gives the pages back and makes every access fault, until `allowAccess`.
  void forbidAccess();
  void allowAccess();
  bool accessible() const { return accessAllowed; }

private:
  std::byte *base = nullptr; // the lower guard page
  uint64_t mapped = 0;
  std::byte *begin = nullptr;
  uint64_t length = 0;
  bool accessAllowed = true;

  std::byte *usable() const;
  uint64_t usableSize() const;
  void fillSlack();
};

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_MEMORY_H
