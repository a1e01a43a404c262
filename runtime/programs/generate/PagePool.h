// The pages of the caches, lent to sequences, several of which may hold one. In which order they are lent shows in
// nothing that is computed; a seed permutes it, so that tests can see that it does not.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_PAGEPOOL_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_PAGEPOOL_H

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <vector>

namespace hadal {

class PagePool {
public:
  explicit PagePool(int64_t pages, std::optional<uint64_t> seed = std::nullopt)
      : free(static_cast<size_t>(pages)), counts(free.size()) {
    std::iota(free.rbegin(), free.rend(), 0);
    if (seed)
      std::shuffle(free.begin(), free.end(), std::mt19937_64(*seed));
  }

  /// There are so many. The caller is the only one that holds them.
  std::vector<int32_t> take(size_t count) {
    std::vector<int32_t> taken(free.rbegin(), free.rbegin() + static_cast<int64_t>(count));
    free.resize(free.size() - count);
    hold(taken);
    return taken;
  }
  /// One more holds the pages.
  void hold(std::span<const int32_t> pages) {
    for (int32_t page : pages)
      ++counts[static_cast<size_t>(page)];
  }
  /// One fewer does; what nobody holds is lent again.
  void giveBack(std::span<const int32_t> pages) {
    for (int32_t page : pages)
      if (--counts[static_cast<size_t>(page)] == 0)
        free.push_back(page);
  }

  size_t available() const { return free.size(); }
  uint32_t holders(int32_t page) const { return counts[static_cast<size_t>(page)]; }

private:
  std::vector<int32_t> free;    // the next one last
  std::vector<uint32_t> counts; // of every page, how many hold it
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_PAGEPOOL_H
