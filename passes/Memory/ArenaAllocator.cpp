//===- ArenaAllocator.cpp - best fit in one arena ----------------------------------------------------------------===//
//
// The free ranges are kept twice, by offset (to join neighbours) and by size (to find the best fit). A free range at
// the arena's end is extended before a new one is opened.
//
//===------------------------------------------------------------------------------------------------------------------===//
#include "passes/Memory/ArenaAllocator.h"
#include <iterator>

using namespace hadal;

void ArenaAllocator::insertFree(int64_t offset, int64_t size) {
  if (size == 0)
    return;
  byOffset.emplace(offset, size);
  bySize.emplace(size, offset);
}

void ArenaAllocator::eraseFree(std::map<int64_t, int64_t>::iterator range) {
  bySize.erase({range->second, range->first});
  byOffset.erase(range);
}

int64_t ArenaAllocator::allocate(int64_t size) {
  auto best = bySize.lower_bound({size, 0});
  int64_t offset, available;
  if (best != bySize.end()) {
    available = best->first;
    offset = best->second;
    eraseFree(byOffset.find(offset));
  } else if (!byOffset.empty() && std::prev(byOffset.end())->first + std::prev(byOffset.end())->second == end) {
    offset = std::prev(byOffset.end())->first;
    available = size;
    eraseFree(std::prev(byOffset.end()));
    end = offset + size;
  } else {
    offset = end;
    available = size;
    end += size;
  }
  insertFree(offset + size, available - size);
  return offset;
}

void ArenaAllocator::release(int64_t offset, int64_t size) {
  auto next = byOffset.lower_bound(offset);
  if (next != byOffset.end() && next->first == offset + size) {
    size += next->second;
    eraseFree(next);
  }
  auto previous = byOffset.lower_bound(offset);
  if (previous != byOffset.begin()) {
    --previous;
    if (previous->first + previous->second == offset) {
      offset = previous->first;
      size += previous->second;
      eraseFree(previous);
    }
  }
  insertFree(offset, size);
}
