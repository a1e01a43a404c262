// Where threads and memory go: the CPUs of a machine as /sys describes it, the choice for --pin and its refusals,
// threads that stay where they were put, parts of tasks and of memory for each node.
#include "runtime/core/CpuSet.h"
#include "runtime/core/Session.h"
#include "runtime/core/Topology.h"
#include "runtime/devices/cpu/FirstTouch.h"
#include "test/runtime/ProgramBuilder.h"
#include "test/runtime/Support.h"

#include <atomic>
#include <numeric>
#include <sys/mman.h>
#include <thread>

namespace hadal::test {
namespace {

std::vector<unsigned> firstNumbers(unsigned count) {
  std::vector<unsigned> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0u);
  return numbers;
}

/// A root folder with the /sys of a machine.
class PlacementTest : public testing::Test {
protected:
  void write(const std::string &path, const std::string &contents) {
    std::filesystem::path file = folder / ("sys/devices/system/" + path);
    std::filesystem::create_directories(file.parent_path());
    writeFile(file, contents + "\n");
  }

  /// Two nodes of two cores with two CPUs each: those of core c are c and c + 4, cores 2 and 3 are on node 1.
  void twoNodes() {
    write("cpu/present", "0-15");
    write("cpu/online", "0-7");
    for (unsigned cpu = 0; cpu < 8; ++cpu)
      write(concat("cpu/cpu", cpu, "/topology/thread_siblings_list"), concat(cpu % 4, ",", cpu % 4 + 4));
    write("node/online", "0-1");
    write("node/node0/cpulist", "0-1,4-5");
    write("node/node1/cpulist", "2-3,6-7");
  }

  std::vector<unsigned> choose(std::string_view where, unsigned threads, unsigned allowed = 8) {
    std::vector<unsigned> numbers;
    for (const Cpu &cpu : choosePins(where, threads, readTopology(folder.path(), firstNumbers(allowed)), folder.path()))
      numbers.push_back(cpu.number);
    return numbers;
  }
  std::string refusal(std::string_view where, unsigned threads, unsigned allowed = 8) {
    return failureOf(HADAL_EXIT_COMMAND_LINE, [&] { choose(where, threads, allowed); });
  }

  TemporaryFolder folder;
};

using Numbers = std::vector<unsigned>;

TEST(CpuListTest, ReadsAndWritesLists) {
  EXPECT_EQ(parseCpuList("0-3,8,6-7"), Numbers({0, 1, 2, 3, 8, 6, 7}));
  EXPECT_EQ(describeCpus({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
  for (const char *text : {"", ",", "1,", "-1", "3-1", "1-", "0-9999999", "1 2", "cores", "0x1"})
    EXPECT_FALSE(parseCpuList(text)) << text;
}

TEST_F(PlacementTest, KnowsCoresAndNodes) {
  twoNodes();
  Topology topology = readTopology(folder.path(), {1, 2, 5});
  ASSERT_EQ(topology.cpus.size(), 3u);
  EXPECT_EQ(topology.nodes, 2u);
  EXPECT_EQ(topology.cpus[2].core, 1u);
  EXPECT_EQ(topology.cpus[2].node, 0u);
  EXPECT_EQ(topology.cpus[1].node, 1u);
  // A process that may use one node only has one.
  EXPECT_EQ(readTopology(folder.path(), {2, 3}).nodes, 1u);
  EXPECT_EQ(readTopology(folder.path(), {2, 3}).cpus[0].node, 0u);
}

TEST_F(PlacementTest, WithoutADescriptionEveryCpuIsACore) { EXPECT_EQ(choose("cores", 3, 3), Numbers({0, 1, 2})); }

TEST_F(PlacementTest, CoresComeBeforeTheirSecondCpusOnAllNodesAlike) {
  twoNodes();
  EXPECT_EQ(choose("cores", 2), Numbers({0, 2}));
  EXPECT_EQ(choose("cores", 4), Numbers({0, 1, 2, 3}));
  EXPECT_EQ(choose("cores", 6), Numbers({0, 1, 4, 2, 3, 6}));
  EXPECT_EQ(choose("cores", 8), Numbers({0, 1, 4, 5, 2, 3, 6, 7}));
}

TEST_F(PlacementTest, AListIsTakenInItsOrder) {
  twoNodes();
  EXPECT_EQ(choose("6,1-2", 3), Numbers({6, 1, 2}));
  EXPECT_EQ(choose("6,1-2", 2), Numbers({6, 1}));
}

TEST_F(PlacementTest, SaysWhyACpuCannotBeHad) {
  twoNodes();
  EXPECT_CONTAINS(refusal("cores", 9), "--pin: 9 threads need a CPU each, and this process may use 8 (0-7); give a "
                                       "smaller --threads");
  EXPECT_CONTAINS(refusal("0-1", 3), "--pin: 3 threads need a CPU each, and 0-1 names 2; give as many");
  EXPECT_CONTAINS(refusal("0,16", 2), "--pin: there is no CPU 16; there are 0-15");
  EXPECT_CONTAINS(refusal("0,9", 2), "--pin: offline: CPU 9");
  EXPECT_CONTAINS(refusal("0,7", 2, 6), "--pin: this process may not use CPU 7; it may use 0-5");
  EXPECT_CONTAINS(refusal("1,1", 2), "--pin: CPU 1 is named twice");
}

//===----------------------------------------------------------------------===//
// Threads
//===----------------------------------------------------------------------===//

TEST(PinTest, ThreadsStayAndTheCallerIsFreeBetweenRuns) {
  Numbers own = CpuSet::ofThisThread().numbers();
  Numbers cpus(std::min<size_t>(own.size(), 2));
  std::copy_n(own.begin(), cpus.size(), cpus.begin());
  ThreadTeam team(static_cast<unsigned>(cpus.size()), cpus);
  std::vector<Numbers> seen(cpus.size());
  for (int run = 0; run < 2; ++run) {
    EXPECT_EQ(CpuSet::ofThisThread().numbers(), own);
    team.run(
        [](void *context, unsigned thread) {
          (*static_cast<std::vector<Numbers> *>(context))[thread] = CpuSet::ofThisThread().numbers();
        },
        &seen);
    for (size_t thread = 0; thread < cpus.size(); ++thread)
      EXPECT_EQ(seen[thread], Numbers({cpus[thread]}));
  }
  EXPECT_EQ(CpuSet::ofThisThread().numbers(), own);
}

TEST(PinTest, ACpuThatIsNotThereIsRefused) {
  std::string message = failureOf(HADAL_EXIT_INPUT, [] { ThreadTeam(2, {0, 5000}); });
  EXPECT_CONTAINS(message, "--pin: a thread could not be kept on CPU 5000 (Invalid argument)");
}

//===----------------------------------------------------------------------===//
// Nodes
//===----------------------------------------------------------------------===//

/// A thread is known by its scratch memory: notes who ran a task. The first tasks of each thread wait for the other's.
std::atomic<int> arrived = 0;
void noteThread(void *const *arguments, int64_t, int64_t first, int64_t end, void *scratch) {
  if (*static_cast<int32_t *>(scratch) == 0) {
    *static_cast<int32_t *>(scratch) = ++arrived;
    for (int wait = 0; arrived < 2 && wait < 2000; ++wait)
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (int64_t task = first; task < end; ++task)
    static_cast<int32_t *>(arguments[0])[task] = *static_cast<int32_t *>(scratch);
}

TEST_F(PlacementTest, EveryNodeBeginsWithItsTasksAndAllAreDone) {
  Numbers own = CpuSet::ofThisThread().numbers();
  if (own.size() < 2)
    GTEST_SKIP() << "two threads on CPUs of their own need two CPUs";
  write("node/online", "0-1");
  write("node/node0/cpulist", std::to_string(own[0]));
  write("node/node1/cpulist", std::to_string(own[1]));
  for (int64_t grain : {1, 3}) {
    arrived = 0;
    ProgramBuilder builder;
    hadal_argument ran = builder.tensor(HADAL_STATE, "ran", {100}, HADAL_I32);
    builder.entry("run").launch(noteThread, "note", 100, grain, {ran});
    Session session(builder.build(), {.threads = 2, .pin = "cores", .systemRoot = folder.path()});
    EXPECT_CONTAINS(session.device().describe(), "2 threads pinned to CPUs ");
    session.run("run");
    std::vector<int32_t> threads = session.read<int32_t>(ran.index);
    EXPECT_EQ(threads[0] + threads[grain == 1 ? 50 : 51], 3); // one is 1, the other 2
    for (int32_t thread : threads)
      EXPECT_TRUE(thread == 1 || thread == 2);
  }
}

TEST_F(PlacementTest, PagesBelongToThoseWhoseTasksUseThem) {
  constexpr uint64_t page = FirstTouch::pageSize;
  Mapping mapping(10 * page, "a test");
  FirstTouch touch(mapping, 2);
  touch.split(0, 4 * page);               // two pages each
  touch.split(4 * page, page / 4);        // the middle decides
  touch.split(4 * page + page / 4, page); // of its two pages the first is taken
  touch.split(0, 10 * page);              // what is left
  EXPECT_EQ(touch.parts(), Numbers({0, 0, 1, 1, 1, 1, 1, 1, 1, 1}));
  EXPECT_EQ(FirstTouch(mapping, 3).parts(), Numbers({0, 1, 2, 0, 1, 2, 0, 1, 2, 0}));
}

/// How many of the small pages are there.
size_t countResident(const Mapping &mapping) {
  std::vector<unsigned char> pages((mapping.size() + 4095) / 4096);
  EXPECT_EQ(mincore(mapping.data(), mapping.size(), pages.data()), 0);
  return static_cast<size_t>(std::ranges::count_if(pages, [](unsigned char page) { return page & 1; }));
}

TEST_F(PlacementTest, TheTeamTouchesEveryPageOnce) {
  for (const Numbers &groupOf : {Numbers({0, 0, 0}), Numbers({0, 1, 1})}) {
    Mapping mapping(7 * FirstTouch::pageSize + 5000, "a test");
    TeamPlan plan{3, {}, groupOf, groupOf.back() + 1, true};
    ThreadTeam team(3);
    FirstTouch(mapping, countParts(plan)).touch(team, plan);
    EXPECT_EQ(countResident(mapping), mapping.size() / 4096 + 1);
    EXPECT_TRUE(
        std::all_of(mapping.data(), mapping.data() + mapping.size(), [](std::byte b) { return b == std::byte{}; }));
  }
}

} // namespace
} // namespace hadal::test
