// A huge page comes whole with the first touch; where there are none, every small page needs one.
#include "runtime/devices/cpu/FirstTouch.h"

#include <algorithm>
#include <unistd.h>

namespace hadal {

FirstTouch::FirstTouch(const Mapping &mapping, unsigned parts)
    : mapping(mapping), count(parts), owners((mapping.size() + pageSize - 1) / pageSize, -1) {}

void FirstTouch::split(uint64_t offset, uint64_t size) {
  if (size == 0)
    return;
  for (uint64_t page = offset / pageSize; page <= (offset + size - 1) / pageSize; ++page) {
    if (owners[page] >= 0)
      continue;
    // By the middle of what the page has of the buffer.
    uint64_t begin = std::max(offset, page * pageSize), end = std::min(offset + size, (page + 1) * pageSize);
    double middle = static_cast<double>(begin / 2 + end / 2 - offset) / static_cast<double>(size);
    owners[page] = std::clamp(static_cast<int>(middle * count), 0, static_cast<int>(count) - 1);
  }
}

std::vector<unsigned> FirstTouch::parts() const {
  std::vector<unsigned> result;
  unsigned turn = 0;
  for (int owner : owners)
    result.push_back(owner >= 0 ? static_cast<unsigned>(owner) : turn++ % count);
  return result;
}

void FirstTouch::touch(ThreadTeam &team, const TeamPlan &plan) const {
  struct Work {
    const FirstTouch &self;
    const TeamPlan &plan;
    std::vector<unsigned> parts;
  } work{*this, plan, parts()};
  auto touchOwn = [](void *context, unsigned thread) {
    const Work &work = *static_cast<Work *>(context);
    const std::vector<unsigned> &groupOf = work.plan.groupOf;
    bool hasGroups = work.plan.groups > 1;
    // The threads of a group take its pages in turn.
    auto isMate = [&](unsigned other) { return other == thread || (hasGroups && groupOf[other] == groupOf[thread]); };
    unsigned part = hasGroups ? groupOf[thread] : thread, mates = 0, own = 0;
    for (unsigned other = 0; other < work.plan.threads; ++other) {
      own = other == thread ? mates : own;
      mates += isMate(other);
    }
    uint64_t step = static_cast<uint64_t>(getpagesize()), seen = 0;
    for (uint64_t page = 0; page < work.parts.size(); ++page) {
      if (work.parts[page] != part || seen++ % mates != own)
        continue;
      uint64_t end = std::min((page + 1) * pageSize, work.self.mapping.size());
      for (uint64_t offset = page * pageSize; offset < end; offset += step)
        *reinterpret_cast<volatile char *>(work.self.mapping.data() + offset) = 0;
    }
  };
  team.run(touchOwn, &work);
}

} // namespace hadal
