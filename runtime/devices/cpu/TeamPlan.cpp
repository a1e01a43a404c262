// Threads that are not pinned go wherever the kernel puts them: they are one group.
#include "runtime/devices/cpu/TeamPlan.h"

#include "runtime/core/CpuSet.h"
#include "runtime/core/ProcessLimits.h"
#include "runtime/core/Topology.h"

#include <map>

namespace hadal {

static unsigned countThreads(const DeviceOptions &options) {
  if (options.threads)
    return options.threads;
  if (!options.pin.empty() && options.pin != pinToCores)
    return static_cast<unsigned>(parseCpuList(options.pin).value_or(std::vector{0u}).size());
  return availableCpus();
}

TeamPlan TeamPlan::of(const DeviceOptions &options) {
  Topology topology = readTopology(options.systemRoot, CpuSet::ofThisThread().numbers());
  TeamPlan plan;
  plan.threads = countThreads(options);
  plan.hasNodes = topology.nodes > 1;
  plan.groupOf.resize(plan.threads);
  if (options.pin.empty())
    return plan;
  std::map<unsigned, unsigned> groups; // of nodes with a thread
  for (const Cpu &cpu : choosePins(options.pin, plan.threads, topology, options.systemRoot)) {
    plan.groupOf[plan.cpus.size()] = groups.try_emplace(cpu.node, groups.size()).first->second;
    plan.cpus.push_back(cpu.number);
  }
  plan.groups = static_cast<unsigned>(groups.size());
  return plan;
}

} // namespace hadal
