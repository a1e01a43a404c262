// The part of a machine that control groups leave to a process, on trees of files as the kernel and container runtimes
// lay them out.
#include "runtime/core/ProcessLimits.h"
#include "test/runtime/Support.h"

#include <sched.h>
#include <sys/resource.h>

namespace hadal::test {
namespace {

constexpr uint64_t MiB = uint64_t{1} << 20;

/// A root folder with /proc and control groups.
class ProcessLimitsTest : public testing::Test {
protected:
  void write(const std::string &path, const std::string &contents) {
    std::filesystem::create_directories((folder / path).parent_path());
    writeFile(folder / path, contents);
  }

  /// A machine whose groups are of version 2, mounted as a whole.
  void version2(const std::string &group) {
    write("proc/self/cgroup", "0::" + group + "\n");
    write("proc/self/mountinfo", "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
                                 "30 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n");
  }

  /// Two hierarchies of version 1 beside one of version 2 without controllers, as systemd's hybrid layout has them.
  void version1(const std::string &memoryGroup, const std::string &cpuGroup, const std::string &root = "/") {
    write("proc/self/cgroup", "7:memory:" + memoryGroup + "\n3:cpu,cpuacct:" + cpuGroup +
                                  "\n2:cpuset:/\n1:name=systemd:/x\n0::/user.slice\n");
    write("proc/self/mountinfo", "31 22 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro,mode=755\n"
                                 "32 31 0:29 " +
                                     root +
                                     " /sys/fs/cgroup/cpu,cpuacct rw shared:9 master:2 - cgroup cgroup rw,cpu,cpuacct\n"
                                     "33 31 0:30 " +
                                     root +
                                     " /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"
                                     "34 31 0:31 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n");
  }

  uint64_t memory() const { return controlGroupMemory(folder.path()).bytes; }
  uint64_t cpus() const { return controlGroupCpus(folder.path()); }

  TemporaryFolder folder;
};

TEST_F(ProcessLimitsTest, WithoutGroupsThereIsNoLimit) {
  EXPECT_EQ(memory(), unlimited);
  EXPECT_EQ(cpus(), unlimited);
  version2("/");
  EXPECT_EQ(memory(), unlimited);
  EXPECT_EQ(cpus(), unlimited);
}

TEST_F(ProcessLimitsTest, Version2AtTheRoot) { // a container with a namespace of its own
  version2("/");
  write("sys/fs/cgroup/memory.max", "104857600\n");
  write("sys/fs/cgroup/memory.current", "41943040\n");
  EXPECT_EQ(memory(), 60 * MiB);
  write("sys/fs/cgroup/memory.stat", "anon 1\nactive_file 10485760\ninactive_file 10485760\nslab 5\n");
  EXPECT_EQ(memory(), 80 * MiB);
  write("sys/fs/cgroup/memory.high", "94371840\n");
  EXPECT_EQ(memory(), 70 * MiB);
  write("sys/fs/cgroup/cpu.max", "150000 100000\n");
  EXPECT_EQ(cpus(), 2u);
}

TEST_F(ProcessLimitsTest, TheTightestGroupAboveCounts) { // systemd-run --scope, Slurm
  version2("/system.slice/job.scope/step");
  const std::string top = "sys/fs/cgroup/system.slice/";
  write(top + "memory.max", "max\n");
  write(top + "job.scope/memory.max", "104857600\n");
  write(top + "job.scope/memory.current", "0\n");
  write(top + "job.scope/step/memory.max", "209715200\n");
  write(top + "job.scope/step/memory.current", "0\n");
  write(top + "cpu.max", "400000 100000\n");
  write(top + "job.scope/cpu.max", "max 100000\n");
  write(top + "job.scope/step/cpu.max", "800000 100000\n");
  EXPECT_EQ(memory(), 100 * MiB);
  EXPECT_EQ(controlGroupMemory(folder.path()).limitedBy, "the control group " + (folder / top).string() + "job.scope");
  EXPECT_EQ(cpus(), 4u);
  write(top + "memory.max", "52428800\n");
  write(top + "memory.current", "52428801\n"); // others have taken it all
  EXPECT_EQ(memory(), 0u);
  write(top + "job.scope/step/cpu.max", "1000 100000\n");
  EXPECT_EQ(cpus(), 1u);
}

TEST_F(ProcessLimitsTest, GroupsBesideTheProcessDoNotCount) {
  version2("/a/b");
  write("sys/fs/cgroup/c/memory.max", "1\n");
  write("sys/fs/cgroup/a/c/memory.max", "1\n");
  write("sys/fs/cgroup/a/b/c/memory.max", "1\n");
  write("sys/fs/cgroup/a/b/c/cpu.max", "1 1\n");
  EXPECT_EQ(memory(), unlimited);
  EXPECT_EQ(cpus(), unlimited);
}

TEST_F(ProcessLimitsTest, Version1HasAGroupForEachController) {
  version1("/slurm/uid_0/job_7", "/batch");
  const std::string job = "sys/fs/cgroup/memory/slurm/uid_0/job_7/";
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "4096\n");
  write(job + "memory.limit_in_bytes", "104857600\n");
  write(job + "memory.usage_in_bytes", "31457280\n");
  write(job + "memory.stat", "active_file 1\ntotal_active_file 10485760\ntotal_inactive_file 0\n"
                             "hierarchical_memory_limit 104857600\n");
  EXPECT_EQ(memory(), 80 * MiB);
  write("sys/fs/cgroup/memory/slurm/memory.limit_in_bytes", "62914560\n");
  write("sys/fs/cgroup/memory/slurm/memory.usage_in_bytes", "0\n");
  EXPECT_EQ(memory(), 60 * MiB);
  write("sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us", "250000\n");
  write("sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(cpus(), 3u);
  write("sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us", "-1\n");
  EXPECT_EQ(cpus(), unlimited);
}

TEST_F(ProcessLimitsTest, Version1InAContainerShowsItsOwnGroupOnly) { // Docker without namespaces of groups
  version1("/docker/abc", "/docker/abc", "/docker/abc");
  write("sys/fs/cgroup/memory/memory.limit_in_bytes", "104857600\n");
  write("sys/fs/cgroup/memory/memory.usage_in_bytes", "0\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
  write("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
  EXPECT_EQ(memory(), 100 * MiB);
  EXPECT_EQ(cpus(), 1u);
  // A limit above, which cannot be seen, is told by the statistics.
  write("sys/fs/cgroup/memory/memory.stat", "hierarchical_memory_limit 52428800\n");
  EXPECT_EQ(memory(), 50 * MiB);
  // A group below the container's.
  version1("/docker/abc/inner", "/docker/abc/inner", "/docker/abc");
  write("sys/fs/cgroup/memory/inner/memory.limit_in_bytes", "20971520\n");
  EXPECT_EQ(memory(), 20 * MiB);
  // A group that the mount does not show: what is seen counts.
  version1("/elsewhere", "/../elsewhere", "/docker/abc");
  EXPECT_EQ(memory(), 50 * MiB);
  EXPECT_EQ(cpus(), 1u);
}

TEST_F(ProcessLimitsTest, MalformedFilesAreNoLimit) {
  version2("/a");
  for (const char *text : {"", "max", "\n", "12x\n", "-5\n", "99999999999999999999999\n", "1.5\n", "5 6\n", "0x10"}) {
    write("sys/fs/cgroup/a/memory.max", text);
    EXPECT_EQ(memory(), unlimited) << text;
  }
  for (const char *text : {"", "max 100000", "max", "100000", "5 0\n", "-1 100000\n", "x y\n", "1 2 3\n"}) {
    write("sys/fs/cgroup/a/cpu.max", text);
    EXPECT_EQ(cpus(), unlimited) << text;
  }
  write("sys/fs/cgroup/a/memory.max", "0\n"); // is one
  EXPECT_EQ(memory(), 0u);
  write("sys/fs/cgroup/a/cpu.max", "0 100000\n");
  EXPECT_EQ(cpus(), 1u);
  for (const char *text : {"", "\n", "0", "0:", "0::", "::::\n", "memory\n", "0::/..\n", "0::/../../a\n"}) {
    write("proc/self/cgroup", text);
    EXPECT_EQ(memory(), unlimited) << text;
  }
  version2("/a");
  for (const char *text : {"", "\n", "1 2 3\n", "1 2 3 / /sys/fs/cgroup rw\n", "- - - - - - cgroup2\n"}) {
    write("proc/self/mountinfo", text);
    EXPECT_EQ(memory(), unlimited) << text;
  }
}

TEST_F(ProcessLimitsTest, NamesMayHoldColonsAndSpaces) {
  write("proc/self/cgroup", "0::/a:b/c d\n");
  write("proc/self/mountinfo", "30 22 0:26 / /sys/my\\040groups rw - cgroup2 cgroup2 rw\n");
  write("sys/my groups/a:b/c d/memory.max", "1048576\n");
  EXPECT_EQ(memory(), MiB);
}

TEST(ProcessLimitsOfThisProcessTest, LimitsOfAddressesAndDataCount) {
  if (isSanitized)
    GTEST_SKIP();
  for (auto resource : {RLIMIT_AS, RLIMIT_DATA}) {
    pid_t child = startChild([&] {
      rlimit limit = {uint64_t{1} << 40, uint64_t{1} << 40};
      if (setrlimit(resource, &limit) || availableMemory().bytes > uint64_t{1} << 40)
        return 1;
      limit.rlim_cur = 0;
      return setrlimit(resource, &limit) || availableMemory().bytes != 0 ? 2 : 0;
    });
    EXPECT_EQ(waitFor(child), 0);
  }
}

TEST(ProcessLimitsOfThisProcessTest, TheAffinityMaskCounts) {
  pid_t child = startChild([] {
    cpu_set_t mask;
    CPU_ZERO(&mask);
    CPU_SET(sched_getcpu(), &mask);
    return sched_setaffinity(0, sizeof mask, &mask) || availableCpus() != 1 ? 1 : 0;
  });
  EXPECT_EQ(waitFor(child), 0);
}

} // namespace
} // namespace hadal::test
