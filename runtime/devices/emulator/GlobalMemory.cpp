// Which buffer an address lies in.
#include "runtime/devices/emulator/GlobalMemory.h"

#include <algorithm>
#include <functional>
#include <iterator>

namespace hadal::emulator {

void GlobalMemory::reset(std::span<const GlobalBuffer> buffers) {
  sorted.assign(buffers.begin(), buffers.end());
  std::sort(sorted.begin(), sorted.end(),
            [](const GlobalBuffer &a, const GlobalBuffer &b) { return std::less<>()(a.begin, b.begin); });
  std::fill(std::begin(recent), std::end(recent), nullptr);
}

const GlobalBuffer *GlobalMemory::nearest(const void *address) const {
  auto behind =
      std::upper_bound(sorted.begin(), sorted.end(), address, [](const void *value, const GlobalBuffer &buffer) {
        return std::less<>()(value, buffer.begin);
      });
  if (behind != sorted.begin())
    return &*std::prev(behind);
  return sorted.empty() ? nullptr : &sorted.front();
}

const GlobalBuffer *GlobalMemory::search(const char *begin, size_t bytes) {
  const GlobalBuffer *candidate = nearest(begin);
  if (!candidate || !contains(*candidate, begin, bytes))
    return nullptr;
  recent[nextRecent++ % std::size(recent)] = candidate;
  return candidate;
}

} // namespace hadal::emulator
