// Mappings.
#include "runtime/core/Memory.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace hadal {

std::string describeBytes(uint64_t bytes) {
  static constexpr const char *units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  unsigned unit = 0;
  while (value >= 1024 && unit < 4) {
    value /= 1024;
    ++unit;
  }
  char text[32];
  std::snprintf(text, sizeof text, unit ? "%.2f %s" : "%.0f %s", value, units[unit]);
  return text;
}

std::string describeAvailable(const AvailableMemory &available) {
  std::string text = describeBytes(available.bytes) + " are available";
  return available.limitedBy.empty() ? text : concat(text, " (limited by ", available.limitedBy, ")");
}

void fillElements(std::byte *target, uint64_t bytes, uint32_t element, uint32_t elementBytes) {
  if (elementBytes == 1 || element == 0) {
    std::memset(target, static_cast<int>(element), bytes);
    return;
  }
  for (uint64_t offset = 0; offset < bytes; offset += elementBytes)
    std::memcpy(target + offset, &element, elementBytes);
}

static void *mapAnonymous(uint64_t size, int protection, const std::string &purpose) {
  void *address = mmap(nullptr, size, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (address == MAP_FAILED)
    fail(HADAL_EXIT_OUT_OF_MEMORY, "out of memory: ", describeBytes(size), " for ", purpose, " could not be mapped (",
         std::strerror(errno), "), ", describeAvailable(availableMemory()),
         "; compile with a smaller --micro-batch-size or --seq-length");
  return address;
}

//===----------------------------------------------------------------------===//
// Mapping
//===----------------------------------------------------------------------===//

static constexpr uint64_t hugePage = uint64_t{2} << 20;

Mapping::Mapping(uint64_t size, const std::string &purpose) : length(size) {
  if (!size)
    return;
  mapped = size + hugePage;
  base = mapAnonymous(mapped, PROT_READ | PROT_WRITE, purpose);
  uint64_t address = reinterpret_cast<uint64_t>(base);
  begin = reinterpret_cast<std::byte *>((address + hugePage - 1) / hugePage * hugePage);
  madvise(begin, size, MADV_HUGEPAGE); // a hint: a kernel without huge pages refuses it, and nothing depends on it
}

Mapping::Mapping(Mapping &&other) noexcept { *this = std::move(other); }

Mapping &Mapping::operator=(Mapping &&other) noexcept {
  std::swap(base, other.base);
  std::swap(mapped, other.mapped);
  std::swap(begin, other.begin);
  std::swap(length, other.length);
  return *this;
}

Mapping::~Mapping() {
  if (base)
    munmap(base, mapped);
}

//===----------------------------------------------------------------------===//
// GuardedMapping
//===----------------------------------------------------------------------===//

GuardedMapping::GuardedMapping(uint64_t size, const std::string &purpose) : length(size) {
  uint64_t page = static_cast<uint64_t>(getpagesize());
  uint64_t pages = (size + page - 1) / page * page;
  mapped = pages + 2 * page;
  base = static_cast<std::byte *>(mapAnonymous(mapped, PROT_NONE, purpose));
  begin = base + page + pages - size;
  allowAccess();
}

GuardedMapping::GuardedMapping(GuardedMapping &&other) noexcept { *this = std::move(other); }

GuardedMapping &GuardedMapping::operator=(GuardedMapping &&other) noexcept {
  std::swap(base, other.base);
  std::swap(mapped, other.mapped);
  std::swap(begin, other.begin);
  std::swap(length, other.length);
  std::swap(accessAllowed, other.accessAllowed);
  return *this;
}

GuardedMapping::~GuardedMapping() {
  if (base)
    munmap(base, mapped);
}

std::byte *GuardedMapping::usable() const { return base + getpagesize(); }
uint64_t GuardedMapping::usableSize() const { return mapped - 2 * static_cast<uint64_t>(getpagesize()); }

bool GuardedMapping::owns(const void *address) const {
  const std::byte *byte = static_cast<const std::byte *>(address);
  return byte >= base && byte < base + mapped;
}

void GuardedMapping::fillWithPoison() { std::memset(begin, poison, length); }

void GuardedMapping::fillSlack() { std::memset(usable(), poison, static_cast<size_t>(begin - usable())); }

bool GuardedMapping::slackIntact() const {
  return std::all_of(usable(), begin, [](std::byte byte) { return byte == std::byte{poison}; });
}

void GuardedMapping::forbidAccess() {
  if (!usableSize())
    return;
  madvise(usable(), usableSize(), MADV_DONTNEED);
  mprotect(usable(), usableSize(), PROT_NONE);
  accessAllowed = false;
}

void GuardedMapping::allowAccess() {
  if (!usableSize())
    return;
  if (mprotect(usable(), usableSize(), PROT_READ | PROT_WRITE))
    fail(HADAL_EXIT_OUT_OF_MEMORY, "out of memory: a guarded buffer of ", describeBytes(length),
         " could not be made accessible (", std::strerror(errno),
         "); programs built with --check-memory need more mappings than vm.max_map_count may allow");
  accessAllowed = true;
  fillSlack();
}

} // namespace hadal
