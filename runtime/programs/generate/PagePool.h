// The pages of the caches, lent to sequences. In which order they are lent shows in nothing that is computed; a seed
// permutes it, so that tests can see that it does not.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_PAGEPOOL_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_PAGEPOOL_H

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <optional>
#include <random>
#include <vector>

namespace hadal {

class PagePool {
public:
  explicit PagePool(int64_t pages, std::optional<uint64_t> seed = std::nullopt) : free(static_cast<size_t>(pages)) {
    std::iota(free.rbegin(), free.rend(), 0);
    if (seed)
      std::shuffle(free.begin(), free.end(), std::mt19937_64(*seed));
  }

  /// There are so many.
  std::vector<int32_t> take(size_t count) {
    std::vector<int32_t> taken(free.rbegin(), free.rbegin() + static_cast<int64_t>(count));
    free.resize(free.size() - count);
    return taken;
  }
  void giveBack(const std::vector<int32_t> &pages) { free.insert(free.end(), pages.begin(), pages.end()); }
  size_t available() const { return free.size(); }

private:
  std::vector<int32_t> free; // the next one last
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_PAGEPOOL_H
