//===- ArenaAllocator.h - best fit in one arena ------------------------------------------------------------------===//
//
// Declares the allocator with which the memory planner walks through the launches.
//
//===------------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_MEMORY_ARENAALLOCATOR_H
#define HADAL_PASSES_MEMORY_ARENAALLOCATOR_H

#include <cstdint>
#include <map>
#include <set>

namespace hadal {

/// Hands out ranges of an arena that grows as needed. The smallest free range that is large enough is taken, the lowest
/// among equals; free neighbours are joined. Every call costs the logarithm of the number of free ranges.
class ArenaAllocator {
public:
  int64_t allocate(int64_t size);
  void release(int64_t offset, int64_t size);

private:
  void insertFree(int64_t offset, int64_t size);
  void eraseFree(std::map<int64_t, int64_t>::iterator range);

  /// Free ranges: offset to size, and (size, offset).
  std::map<int64_t, int64_t> byOffset;
  std::set<std::pair<int64_t, int64_t>> bySize;
  int64_t end = 0;
};

} // namespace hadal

#endif // HADAL_PASSES_MEMORY_ARENAALLOCATOR_H
