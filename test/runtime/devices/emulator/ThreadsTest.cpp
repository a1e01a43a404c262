// Threads of emulated kernels: numbers, barriers, shuffles, shared memory, clusters, and the faults of each.
#include "test/runtime/devices/emulator/Launch.h"

#include <gtest/gtest.h>
#include <numeric>

namespace hadal::emulator {
namespace {

constexpr int64_t blocks = 6, threads = 128;

/// Adds 0 to 127 in shared memory with a shuffle per warp; argument 0: a sum per block, argument 1: block · 1000 +
/// thread.
void sumKernel(void *const *arguments, int64_t iteration, const void *const *) {
  int32_t thread = hadal_emulator_thread_id(), block = hadal_emulator_block_id();
  int32_t *numbers = static_cast<int32_t *>(arguments[1]) + block * threads + thread;
  hadal_emulator_store(numbers, 4, 4, 0, "numbers");
  *numbers = block * 1000 + thread;
  int32_t sum = thread;
  for (int distance = 16; distance > 0; distance /= 2)
    sum += hadal_emulator_shuffle(0, sum, distance, "shuffle");
  int32_t *shared = static_cast<int32_t *>(hadal_emulator_shared_memory());
  if (hadal_emulator_elect("elect")) {
    hadal_emulator_store(shared + thread / 32, 4, 4, 3, "partial sum");
    shared[thread / 32] = sum;
  }
  hadal_emulator_barrier(1, threads, "barrier");
  if (thread == 127) {
    hadal_emulator_load(shared, 16, 16, 3, "sums");
    int32_t *result = static_cast<int32_t *>(arguments[0]) + block;
    hadal_emulator_store(result, 4, 4, 0, "result");
    *result = int32_t(iteration) + std::accumulate(shared, shared + 4, 0);
  }
}

TEST(EmulatorThreads, AddInSharedMemoryInAnyOrder) {
  for (unsigned team : {1u, 3u})
    for (uint64_t order : {0, 1, 2}) {
      std::vector<int32_t> sums(blocks), numbers(blocks * threads);
      Launcher launcher(team);
      launcher.add(sums, "sums");
      launcher.add(numbers, "numbers");
      launcher.configuration = {.name = "sum", .blocks = blocks, .threads = threads, .sharedBytes = 16, .order = order};
      EXPECT_EQ(launcher.run(sumKernel, 7), "");
      for (int64_t block = 0; block < blocks; ++block) {
        EXPECT_EQ(sums[block], 7 + 127 * 64);
        EXPECT_EQ(numbers[block * threads + 5], block * 1000 + 5);
      }
    }
}

TEST(EmulatorThreads, FaultsNameTheKernelAndTheThread) {
  std::vector<int32_t> sums(blocks), numbers(blocks * threads - 1);
  Launcher launcher(1);
  launcher.add(sums, "sums");
  launcher.add(numbers, "numbers");
  launcher.configuration = {.name = "sum", .blocks = blocks, .threads = threads, .sharedBytes = 16};
  std::string fault = launcher.run(sumKernel);
  EXPECT_EQ(fault,
            "kernel 'sum', block 5, thread 127, numbers: writes 4 bytes at byte 3068 of numbers, which has 3068 bytes");
  launcher.configuration.sharedBytes = 12;
  fault = launcher.run(sumKernel);
  EXPECT_NE(fault.find("at shared memory offset 12, but the block has 12 bytes of it"), std::string::npos) << fault;
}

void withoutBarrier(void *const *, int64_t, const void *const *) {
  int32_t thread = hadal_emulator_thread_id();
  char *shared = static_cast<char *>(hadal_emulator_shared_memory());
  hadal_emulator_store(shared + 4 * thread, 4, 4, 3, "write");
  hadal_emulator_load(shared + 4 * (thread ^ 1), 4, 4, 3, "read");
}
void unwritten(void *const *, int64_t, const void *const *) {
  hadal_emulator_load(hadal_emulator_shared_memory(), 4, 4, 3, "read");
}
void misaligned(void *const *, int64_t, const void *const *) {
  hadal_emulator_load(static_cast<char *>(hadal_emulator_shared_memory()) + 8, 16, 16, 3, "read");
}
void divergent(void *const *, int64_t, const void *const *) {
  if (hadal_emulator_thread_id() % 2)
    hadal_emulator_ballot(true, "ballot");
  else
    hadal_emulator_elect("elect");
}
void wrongCount(void *const *, int64_t, const void *const *) {
  hadal_emulator_barrier(2, hadal_emulator_thread_id() < 32 ? 64 : 128, "barrier");
}
void missing(void *const *, int64_t, const void *const *) {
  if (hadal_emulator_thread_id() < 64)
    hadal_emulator_barrier(3, 128, "barrier");
}
void neverInitialized(void *const *, int64_t, const void *const *) {
  hadal_emulator_mbarrier_arrive(hadal_emulator_shared_memory(), "arrive");
}
void missingArrival(void *const *, int64_t, const void *const *) {
  void *barrier = hadal_emulator_shared_memory();
  if (hadal_emulator_thread_id() == 0)
    hadal_emulator_mbarrier_init(barrier, 2, "init");
  hadal_emulator_barrier(0, 128, "barrier");
  if (hadal_emulator_thread_id() == 0)
    hadal_emulator_mbarrier_arrive(barrier, "arrive");
  while (!hadal_emulator_mbarrier_try_wait(barrier, 0, "wait"))
    ;
}

TEST(EmulatorThreads, ReportFaults) {
  struct Case {
    KernelFunction kernel;
    const char *message;
  };
  for (const Case &fault : std::initializer_list<Case>{
           {withoutBarrier, "read: reads shared memory offset 4, which nobody has written"},
           {unwritten, "thread 0, read: reads shared memory offset 0, which nobody has written"},
           {misaligned, "reads 16 bytes at an address that is not a multiple of 16"},
           {divergent, "the lanes of warp 0 are not together"},
           {wrongCount, "barrier 2 is for 128 threads here, but for 64 at barrier"},
           {missing, "is deadlocked: block 0 threads 0-63 at barrier wait for barrier 3 (64 of 128 threads arrived)"},
           {neverInitialized, "there is no mbarrier at shared memory offset 0"},
           {missingArrival, "block 0 threads 0-127 at wait wait for parity 0 of the mbarrier at shared memory offset 0 "
                            "(phase 0 misses 1 of 2 arrivals and 0 bytes)"}}) {
    Launcher launcher(1);
    launcher.configuration = {.name = "k", .threads = 128, .sharedBytes = 512};
    std::string message = launcher.run(fault.kernel);
    EXPECT_NE(message.find(fault.message), std::string::npos) << message;
  }
}

/// Block r of a cluster writes its rank to the shared memory of the next one and signals its mbarrier.
void clusterKernel(void *const *arguments, int64_t, const void *const *) {
  char *shared = static_cast<char *>(hadal_emulator_shared_memory());
  int32_t rank = hadal_emulator_cluster_rank(), thread = hadal_emulator_thread_id();
  if (thread == 0) {
    hadal_emulator_mbarrier_init(shared, 1, "init");
    hadal_emulator_fence_mbarrier_init("fence");
  }
  hadal_emulator_cluster_arrive("arrive");
  hadal_emulator_cluster_wait("wait");
  if (thread == 0) {
    char *next = static_cast<char *>(hadal_emulator_map_shared(shared, (rank + 1) % 4, "map"));
    hadal_emulator_store(next + 8, 4, 4, 7, "remote");
    *reinterpret_cast<int32_t *>(next + 8) = rank;
    hadal_emulator_mbarrier_arrive_remote(next, "arrive remote");
    while (!hadal_emulator_mbarrier_try_wait(shared, 0, "wait"))
      ;
    hadal_emulator_load(shared + 8, 4, 4, 3, "read");
    static_cast<int32_t *>(arguments[0])[hadal_emulator_block_id()] = *reinterpret_cast<int32_t *>(shared + 8);
  }
  hadal_emulator_cluster_arrive("arrive");
  hadal_emulator_cluster_wait("wait");
}

TEST(EmulatorThreads, ReachOtherBlocksOfTheCluster) {
  for (uint64_t order : {0, 5}) {
    std::vector<int32_t> ranks(8);
    Launcher launcher(2);
    launcher.add(ranks, "ranks");
    launcher.configuration = {.name = "c", .blocks = 8, .threads = 64, .cluster = 4, .sharedBytes = 16, .order = order};
    EXPECT_EQ(launcher.run(clusterKernel), "");
    EXPECT_EQ(ranks, (std::vector<int32_t>{3, 0, 1, 2, 3, 0, 1, 2}));
  }
}

} // namespace
} // namespace hadal::emulator
