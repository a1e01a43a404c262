// Control groups, as /proc describes them, and the limits of a process.
//
// A process is in one group of every hierarchy: one hierarchy of version 2 (cgroup2), or several of version 1, one or
// more controllers in each, or both. /proc/self/cgroup names the groups:
//
//   4:memory:/slurm/uid_1000/job_7        version 1: number, controllers, group
//   0::/user.slice/run-u3.scope           version 2
//
// and /proc/self/mountinfo the folders at which the hierarchies are mounted. Such a mount may show a part of its
// hierarchy only: in a container its root is the container's own group. So the folder of a group is the mount's folder
// and what is left of the group's name behind the mount's root. A limit holds for a group and for all that is below it;
// the process has what the tightest of its group and the groups above it leaves.
#include "runtime/core/ProcessLimits.h"

#include "runtime/core/CpuSet.h"
#include "runtime/core/Error.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace hadal {

namespace fs = std::filesystem;

namespace {

//===----------------------------------------------------------------------===//
// Small files
//===----------------------------------------------------------------------===//

/// A whole word as a number; nothing for "max", -1 and whatever else is none.
std::optional<uint64_t> parseNumber(std::string_view word) {
  uint64_t value;
  auto [rest, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  return error == std::errc() && rest == word.data() + word.size() ? std::optional(value) : std::nullopt;
}

/// The words of a file; none when there is no such file.
std::vector<std::string> readWords(const fs::path &path) {
  std::ifstream file(path);
  std::vector<std::string> words;
  for (std::string word; file >> word;)
    words.push_back(word);
  return words;
}

/// The number that a file consists of, or no limit.
uint64_t readLimit(const fs::path &path) {
  std::vector<std::string> words = readWords(path);
  return words.size() == 1 ? parseNumber(words[0]).value_or(unlimited) : unlimited;
}

/// The number behind a key in a file of lines "key number".
std::optional<uint64_t> readEntry(const fs::path &path, std::string_view key) {
  std::vector<std::string> words = readWords(path);
  for (size_t i = 0; i + 1 < words.size(); i += 2)
    if (words[i] == key)
      return parseNumber(words[i + 1]);
  return std::nullopt;
}

//===----------------------------------------------------------------------===//
// Hierarchies
//===----------------------------------------------------------------------===//

/// A mounted hierarchy.
struct Mount {
  fs::path mountRoot; // the group that the folder shows
  fs::path folder;
  bool isVersion2;
  std::string options; // of version 1 they name the controllers: "rw,cpu,cpuacct"
};

/// Spaces, tabs, newlines and backslashes are written as "\040" in mountinfo.
std::string unescape(const std::string &text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned code = 0;
    const char *digits = text.data() + i + 1;
    bool isEscape = text[i] == '\\' && i + 3 < text.size() &&
                    std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3 && code < 256;
    result += isEscape ? static_cast<char>(code) : text[i];
    i += isEscape ? 3 : 0;
  }
  return result;
}

bool holds(const std::string &list, std::string_view name) {
  std::istringstream stream(list);
  for (std::string item; std::getline(stream, item, ',');)
    if (item == name)
      return true;
  return false;
}

/// "ID PARENT MAJOR:MINOR ROOT FOLDER OPTIONS [FIELD...] - TYPE SOURCE OPTIONS" in each line.
std::vector<Mount> readMounts(const fs::path &root) {
  std::ifstream file(root / "proc/self/mountinfo");
  std::vector<Mount> mounts;
  for (std::string line; std::getline(file, line);) {
    std::istringstream stream(line);
    std::string ignored, mountRoot, folder, word, type, options;
    stream >> ignored >> ignored >> ignored >> mountRoot >> folder;
    while (stream >> word && word != "-")
      ;
    stream >> type >> ignored >> options;
    if (type == "cgroup" || type == "cgroup2")
      mounts.push_back(
          {unescape(mountRoot), root / fs::path(unescape(folder)).relative_path(), type == "cgroup2", options});
  }
  return mounts;
}

/// The name of the process's group in the hierarchy of version 2, or in that of a controller; nothing when it is in
/// none.
std::optional<fs::path> readGroup(const fs::path &root, bool isVersion2, std::string_view controller) {
  std::ifstream file(root / "proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    size_t first = line.find(':'), second = first == line.npos ? line.npos : line.find(':', first + 1);
    if (second == line.npos)
      continue;
    std::string controllers = line.substr(first + 1, second - first - 1);
    if (isVersion2 ? line.starts_with("0::") : holds(controllers, controller))
      return fs::path(line.substr(second + 1));
  }
  return std::nullopt;
}

/// What is left of a group's name behind the root of a mount; nothing when the group does not lie below it.
std::optional<fs::path> below(const fs::path &group, const fs::path &mountRoot) {
  auto [rest, left] = std::mismatch(mountRoot.begin(), mountRoot.end(), group.begin(), group.end());
  if (rest != mountRoot.end() && !rest->empty()) // the name of the root group ends in an empty part
    return std::nullopt;
  fs::path name;
  for (; left != group.end(); ++left)
    name /= *left;
  return name.empty() || *name.begin() != ".." ? std::optional(name) : std::nullopt;
}

struct Group {
  fs::path folder;
  bool isVersion2;
};

/// The folders of the process's group in the hierarchy that has the controller, and of the groups above it, as far as
/// they can be seen. One that is not seen (a container without a namespace of its own) is taken for the root of its
/// mount.
std::vector<Group> findGroups(const fs::path &root, std::string_view controller) {
  std::vector<Group> groups;
  for (const Mount &mount : readMounts(root)) {
    if (!mount.isVersion2 && !holds(mount.options, controller))
      continue;
    std::optional<fs::path> group = readGroup(root, mount.isVersion2, controller);
    if (!group)
      continue;
    fs::path folder = mount.folder;
    groups.push_back({folder, mount.isVersion2});
    for (const fs::path &part : below(*group, mount.mountRoot).value_or(fs::path()))
      groups.push_back({folder /= part, mount.isVersion2});
  }
  return groups;
}

//===----------------------------------------------------------------------===//
// Memory
//===----------------------------------------------------------------------===//

/// What a group leaves. Cached files count as used and are given back when memory is short. Above memory.high a process
/// is not ended, but slowed down until it is of no use.
uint64_t memoryLeft(const Group &group) {
  const fs::path &folder = group.folder;
  fs::path statistics = folder / "memory.stat";
  uint64_t limit, used;
  std::string prefix; // of the figures that count the groups below as well
  if (group.isVersion2) {
    limit = std::min(readLimit(folder / "memory.max"), readLimit(folder / "memory.high"));
    used = readLimit(folder / "memory.current");
  } else {
    // The second is that of the groups above as well, also of those that a container does not see.
    limit = std::min(readLimit(folder / "memory.limit_in_bytes"),
                     readEntry(statistics, "hierarchical_memory_limit").value_or(unlimited));
    used = readLimit(folder / "memory.usage_in_bytes");
    prefix = "total_";
  }
  if (limit == unlimited)
    return unlimited;
  if (used == unlimited)
    used = 0;
  for (const char *list : {"active_file", "inactive_file"})
    used -= std::min(used, readEntry(statistics, prefix + list).value_or(0));
  return limit > used ? limit - used : 0;
}

uint64_t machineMemory() {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  uint64_t value, total = 0;
  while (file >> key >> value && std::getline(file, unit))
    if (key == "MemAvailable:" || key == "SwapFree:")
      total += value * 1024;
  return total ? total : unlimited;
}

/// What a limit of the process leaves; `field` counts the words of /proc/self/statm, which say in pages what is used.
uint64_t ownLimit(__rlimit_resource resource, size_t field) {
  rlimit limit;
  if (getrlimit(resource, &limit) || limit.rlim_cur == RLIM_INFINITY)
    return unlimited;
  std::vector<std::string> sizes = readWords("/proc/self/statm");
  uint64_t pages = field < sizes.size() ? parseNumber(sizes[field]).value_or(0) : 0;
  uint64_t used = pages * static_cast<uint64_t>(getpagesize());
  return limit.rlim_cur > used ? limit.rlim_cur - used : 0;
}

//===----------------------------------------------------------------------===//
// CPUs
//===----------------------------------------------------------------------===//

/// The quotient of a group's quota and period, rounded up; "max" or -1 is no quota.
uint64_t cpuQuota(const Group &group) {
  std::optional<uint64_t> quota, period;
  if (group.isVersion2) {
    std::vector<std::string> words = readWords(group.folder / "cpu.max");
    quota = words.size() == 2 ? parseNumber(words[0]) : std::nullopt;
    period = words.size() == 2 ? parseNumber(words[1]) : std::nullopt;
  } else {
    quota = readLimit(group.folder / "cpu.cfs_quota_us");
    period = readLimit(group.folder / "cpu.cfs_period_us");
  }
  if (!quota || !period || *quota == unlimited || *period == unlimited || *period == 0)
    return unlimited;
  return std::max<uint64_t>(1, *quota / *period + (*quota % *period != 0));
}

/// The size of the affinity mask.
unsigned affineCpus() {
  size_t count = CpuSet::ofThisThread().numbers().size();
  return count ? static_cast<unsigned>(count) : std::max(1u, std::thread::hardware_concurrency());
}

} // namespace

AvailableMemory controlGroupMemory(const fs::path &root) {
  AvailableMemory least;
  for (const Group &group : findGroups(root, "memory"))
    if (uint64_t left = memoryLeft(group); left < least.bytes)
      least = {left, concat("the control group ", group.folder.string())};
  return least;
}

uint64_t controlGroupCpus(const fs::path &root) {
  uint64_t least = unlimited;
  for (const Group &group : findGroups(root, "cpu"))
    least = std::min(least, cpuQuota(group));
  return least;
}

AvailableMemory availableMemory() {
  AvailableMemory least = {machineMemory(), ""};
  for (const AvailableMemory &limit : {controlGroupMemory("/"), AvailableMemory{ownLimit(RLIMIT_AS, 0), "ulimit -v"},
                                       AvailableMemory{ownLimit(RLIMIT_DATA, 5), "ulimit -d"}})
    if (limit.bytes < least.bytes)
      least = limit;
  return least;
}

unsigned availableCpus() { return static_cast<unsigned>(std::min<uint64_t>(affineCpus(), controlGroupCpus("/"))); }

} // namespace hadal
