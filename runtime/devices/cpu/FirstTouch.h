// Which threads touch the pages of a mapping first: the kernel places a page on the memory node of the CPU that does.
// Only where a machine has several nodes; on others pages come when they are used.
#ifndef HADAL_RUNTIME_DEVICES_CPU_FIRSTTOUCH_H
#define HADAL_RUNTIME_DEVICES_CPU_FIRSTTOUCH_H

#include "runtime/core/Memory.h"
#include "runtime/devices/cpu/TeamPlan.h"
#include "runtime/devices/cpu/ThreadTeam.h"

#include <cstdint>
#include <vector>

namespace hadal {

class FirstTouch {
public:
  /// Nobody has a page yet.
  FirstTouch(const Mapping &mapping, unsigned parts);

  /// Gives the pages of a buffer that nobody has to the parts, one behind the other: of what is used in tasks, part i
  /// of n is worked on by tasks of that part. A page with several buffers belongs to the first that claims it.
  void split(uint64_t offset, uint64_t size);
  /// The part of each page; those that nobody has go by turns.
  std::vector<unsigned> parts() const;
  /// Lets the team touch all pages: those of a part by the threads of that group, or, where threads are one group,
  /// those of part t by thread t. They stay zero.
  void touch(ThreadTeam &team, const TeamPlan &plan) const;

  static constexpr uint64_t pageSize = uint64_t{2} << 20; // a huge page

private:
  const Mapping &mapping;
  unsigned count;
  std::vector<int> owners; // -1: nobody
};

/// How many parts a plan's memory has.
inline unsigned countParts(const TeamPlan &plan) { return plan.groups > 1 ? plan.groups : plan.threads; }

} // namespace hadal

#endif // HADAL_RUNTIME_DEVICES_CPU_FIRSTTOUCH_H
