// glibc's sets of a size that is known when they are made.
#include "runtime/core/CpuSet.h"

#include <algorithm>
#include <sched.h>

namespace hadal {

static constexpr size_t wordBits = 8 * sizeof(unsigned long);
static constexpr size_t fewest = 1024, most = size_t{1} << 20;

CpuSet::CpuSet(size_t known) : words((known + wordBits - 1) / wordBits) {}

size_t CpuSet::bytes() const { return words.size() * sizeof(unsigned long); }

CpuSet CpuSet::ofThisThread() {
  // The kernel refuses a set that is smaller than its own.
  for (size_t known = fewest; known <= most; known *= 2) {
    CpuSet set(known);
    if (sched_getaffinity(0, set.bytes(), reinterpret_cast<cpu_set_t *>(set.words.data())) == 0)
      return set;
  }
  return CpuSet(0);
}

CpuSet CpuSet::of(unsigned cpu) {
  CpuSet set(std::max<size_t>(fewest, cpu + 1));
  set.words[cpu / wordBits] |= 1ul << (cpu % wordBits);
  return set;
}

std::vector<unsigned> CpuSet::numbers() const {
  std::vector<unsigned> result;
  for (size_t cpu = 0; cpu < words.size() * wordBits; ++cpu)
    if (words[cpu / wordBits] >> (cpu % wordBits) & 1)
      result.push_back(static_cast<unsigned>(cpu));
  return result;
}

int CpuSet::pin(pthread_t thread) const {
  return pthread_setaffinity_np(thread, bytes(), reinterpret_cast<const cpu_set_t *>(words.data()));
}

void CpuSet::readThisThread() { sched_getaffinity(0, bytes(), reinterpret_cast<cpu_set_t *>(words.data())); }

} // namespace hadal
