// The CPUs that this process may use, which of them share a core, and on which memory node each is; and the choice of
// those that the threads of a team are pinned to.
#ifndef HADAL_RUNTIME_CORE_TOPOLOGY_H
#define HADAL_RUNTIME_CORE_TOPOLOGY_H

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

struct Cpu {
  unsigned number = 0;
  /// The CPU of the lowest number on the same core.
  unsigned core = 0;
  /// The memory node, counted from 0 among those with a CPU of this process.
  unsigned node = 0;
};

struct Topology {
  std::vector<Cpu> cpus; // by number
  unsigned nodes = 1;
};

/// The CPUs of these numbers as the kernel describes them. `root` is "/", or where a test has put /sys. What is not
/// described has a core of its own, on the first node.
Topology readTopology(const std::filesystem::path &root, const std::vector<unsigned> &allowed);

/// The numbers in a list as the kernel and taskset write it, "0-3,8": in the order of the list; nothing when it is
/// none.
std::optional<std::vector<unsigned>> parseCpuList(std::string_view text);
/// Such a list of numbers that rise.
std::string describeCpus(const std::vector<unsigned> &numbers);

/// The word of --pin for a CPU of our choice for every thread.
inline constexpr std::string_view pinToCores = "cores";

/// A CPU for every thread of a team. `where` is pinToCores (a core for each thread as long as there are any, on all
/// nodes alike, threads of a node side by side) or a list of CPUs in the order of the threads. Fails when there are too
/// few, or when one is named that this process may not use, and says why.
std::vector<Cpu> choosePins(std::string_view where, unsigned threads, const Topology &topology,
                            const std::filesystem::path &root);

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_TOPOLOGY_H
