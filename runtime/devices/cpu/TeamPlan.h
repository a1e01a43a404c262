// How the team of a program is placed on a machine: so many threads, each pinned to a CPU or to none, and in groups by
// the memory node that they are on.
//
// Tasks that lie beside each other work on memory that lies beside each other. So every group has a part of the tasks
// of each command, one behind the other, takes these first and helps the others afterwards; and the same parts of the
// memory are first touched by its threads, which is what lets the kernel place them on its node. Which thread runs
// which task decides no bit.
#ifndef HADAL_RUNTIME_DEVICES_CPU_TEAMPLAN_H
#define HADAL_RUNTIME_DEVICES_CPU_TEAMPLAN_H

#include "runtime/core/Device.h"

#include <vector>

namespace hadal {

struct TeamPlan {
  unsigned threads = 1;
  /// The CPU of each thread; none when they are not pinned.
  std::vector<unsigned> cpus;
  /// The group of each thread, from 0.
  std::vector<unsigned> groupOf;
  unsigned groups = 1;
  /// Whether the machine has memory on several nodes, so that it matters who touches it first.
  bool hasNodes = false;

  /// What the options ask for on this machine. Fails with a message that says which option does not fit.
  static TeamPlan of(const DeviceOptions &options);
};

} // namespace hadal

#endif // HADAL_RUNTIME_DEVICES_CPU_TEAMPLAN_H
