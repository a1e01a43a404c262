// The memory and the CPUs that this process may have. A machine shared by jobs (systemd, Slurm, Docker, Kubernetes)
// gives each a part by control groups, and ends without a word what takes more memory than that: a program has to know
// its part before it begins.
#ifndef HADAL_RUNTIME_CORE_PROCESSLIMITS_H
#define HADAL_RUNTIME_CORE_PROCESSLIMITS_H

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

namespace hadal {

/// Bytes of which there is no limit.
inline constexpr uint64_t unlimited = std::numeric_limits<uint64_t>::max();

struct AvailableMemory {
  uint64_t bytes = unlimited;
  /// What leaves no more, for messages: "ulimit -v", "the control group /sys/fs/cgroup/job"; "" when it is the machine.
  std::string limitedBy;
};

/// What this process may still claim: free memory and swap of the machine, the limits of its control groups, and those
/// of its own (RLIMIT_AS, RLIMIT_DATA), whichever is least.
AvailableMemory availableMemory();

/// CPUs that this process may use: its affinity mask, cut to the CPU quota of its control groups; at least one.
unsigned availableCpus();

/// What the control groups of this process leave to it. `root` is "/", or where a test has put /proc and the control
/// groups' folders.
AvailableMemory controlGroupMemory(const std::filesystem::path &root);

/// CPUs that the quotas of its control groups grant, rounded up.
uint64_t controlGroupCpus(const std::filesystem::path &root);

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_PROCESSLIMITS_H
