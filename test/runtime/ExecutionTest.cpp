// Execution of launches: order, tasks, the thread team.
#include "runtime/core/RunOnThreads.h"
#include "runtime/core/Session.h"
#include "runtime/devices/cpu/ThreadTeam.h"
#include "test/runtime/ProgramBuilder.h"
#include "test/runtime/Support.h"

#include <atomic>
#include <cmath>
#include <numeric>
#include <pthread.h>
#include <thread>

namespace hadal::test {
namespace {

/// Counts how often each task ran.
void countTasks(void *const *arguments, int64_t, int64_t first, int64_t end, void *) {
  for (int64_t task = first; task < end; ++task)
    ++static_cast<int32_t *>(arguments[0])[task];
}

/// Appends the launch's number to a list whose length is its first element.
void appendLaunch(void *const *arguments, int64_t iteration, int64_t, int64_t, void *) {
  int32_t *list = static_cast<int32_t *>(arguments[0]);
  list[++list[0]] = static_cast<int32_t>(iteration);
}

/// Fails (writes -1) unless all tasks of the former launch are done.
void addToAll(void *const *arguments, int64_t iteration, int64_t first, int64_t end, void *) {
  int32_t *values = static_cast<int32_t *>(arguments[0]);
  for (int64_t task = first; task < end; ++task) {
    int64_t other = (task * 37 + 11) % 1000; // most likely written by another thread
    values[1000 * iteration + task] =
        values[1000 * (iteration - 1) + other] == iteration - 1 ? static_cast<int32_t>(iteration) : -1;
  }
}

/// Leaves a mark in the thread's scratch memory and checks its alignment and that nobody else writes there.
void useScratch(void *const *arguments, int64_t, int64_t first, int64_t end, void *scratch) {
  int64_t *mark = static_cast<int64_t *>(scratch);
  for (int64_t task = first; task < end; ++task) {
    *mark = task;
    for (volatile int i = 0; i < 100; i = i + 1)
      ;
    bool good = *mark == task && reinterpret_cast<uintptr_t>(scratch) % 64 == 0;
    static_cast<int32_t *>(arguments[0])[task] = good;
  }
}

TEST(ExecutionTest, EveryTaskRunsOnce) {
  for (unsigned threads : {1u, 2u, 3u, 7u})
    for (int64_t grain : {1, 3, 1000, 5000}) {
      ProgramBuilder builder;
      hadal_argument counts = builder.tensor(HADAL_STATE, "counts", {1000}, HADAL_I32);
      builder.entry("run")
          .launch(countTasks, "count", 1000, grain, {counts})
          .launch(countTasks, "count", 1, 1, {counts});
      Session session(builder.build(), {.threads = threads});
      for (int i = 0; i < 20; ++i)
        session.run("run");
      std::vector<int32_t> values = session.read<int32_t>(counts.index);
      EXPECT_EQ(values[0], 40);
      for (size_t i = 1; i < values.size(); ++i)
        ASSERT_EQ(values[i], 20) << threads << " threads, grain " << grain;
    }
}

TEST(ExecutionTest, LaunchesRunInOrder) {
  ProgramBuilder builder;
  hadal_argument list = builder.tensor(HADAL_STATE, "list", {101}, HADAL_I32);
  EntryBuilder &entry = builder.entry("run");
  for (int i = 0; i < 100; ++i)
    entry.launch(appendLaunch, "append", 1, 1, {list}, i);
  Session session(builder.build(), {.threads = 3});
  session.run("run");
  std::vector<int32_t> values = session.read<int32_t>(list.index);
  EXPECT_EQ(values[0], 100);
  for (int i = 0; i < 100; ++i)
    ASSERT_EQ(values[i + 1], i);
}

TEST(ExecutionTest, ABarrierSeparatesLaunches) {
  ProgramBuilder builder;
  hadal_argument values = builder.tensor(HADAL_STATE, "values", {51, 1000}, HADAL_I32);
  EntryBuilder &entry = builder.entry("run");
  for (int i = 1; i <= 50; ++i)
    entry.launch(addToAll, "add", 1000, 7, {values}, i);
  for (unsigned threads : {2u, 5u}) {
    Session session(builder.build(), {.threads = threads});
    session.run("run");
    std::vector<int32_t> result = session.read<int32_t>(values.index);
    for (int i = 0; i < 51000; ++i)
      ASSERT_EQ(result[i], i / 1000);
  }
}

TEST(ExecutionTest, EveryThreadHasItsScratchMemory) {
  ProgramBuilder builder;
  hadal_argument good = builder.tensor(HADAL_STATE, "good", {500}, HADAL_I32);
  builder.entry("run").launch(useScratch, "scratch", 500, 1, {good});
  Session session(builder.build(), {.threads = 4});
  session.run("run");
  for (int32_t value : session.read<int32_t>(good.index))
    ASSERT_EQ(value, 1);
}

TEST(ExecutionTest, TensorsStartAtZeroAndAligned) {
  ProgramBuilder builder;
  hadal_argument first = builder.tensor(HADAL_STATE, "first", {3}), second = builder.tensor(HADAL_STATE, "second", {5});
  Session session(builder.build(), {.threads = 1});
  for (uint32_t index : {first.index, second.index}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(session.device().hostAddress(index)) % 64, 0u);
    for (float value : session.read<float>(index))
      EXPECT_EQ(value, 0);
  }
}

TEST(ExecutionTest, FindsTheFirstNonFiniteElement) {
  ProgramBuilder builder;
  hadal_argument first = builder.parameter("first", {3}, 0), second = builder.parameter("second", {700, 700}, 0);
  Session session(builder.build(), {.threads = 1});
  EXPECT_FALSE(findNonFinite(session, HADAL_PARAMETER));
  std::vector<float> values(490000);
  values[489999] = NAN;
  session.write<float>(second.index, values);
  std::optional<NonFiniteElement> found = findNonFinite(session, HADAL_PARAMETER);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->tensor, second.index);
  EXPECT_EQ(found->element, 489999u);
  (void)first;
}

TEST(ThreadTeamTest, RunsTheBodyOnEveryThread) {
  for (unsigned size : {1u, 2u, 3u, 9u}) {
    ThreadTeam team(size);
    std::vector<int> runs(size);
    for (int i = 0; i < 200; ++i)
      team.run([](void *context, unsigned thread) { ++static_cast<int *>(context)[thread]; }, runs.data());
    EXPECT_EQ(std::accumulate(runs.begin(), runs.end(), 0), static_cast<int>(200 * size));
    EXPECT_EQ(runs.back(), 200);
  }
}

TEST(ThreadTeamTest, SleepingThreadsWakeUp) {
  ThreadTeam team(3);
  std::atomic<int> runs = 0;
  for (int i = 0; i < 5; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20)); // long enough for the team to fall asleep
    team.run([](void *context, unsigned) { ++*static_cast<std::atomic<int> *>(context); }, &runs);
  }
  EXPECT_EQ(runs, 15);
}

TEST(ThreadTeamTest, TheCompletionRunsOnceBeforeTheBarrierOpens) {
  struct Context {
    ThreadTeam team{4};
    int completions = 0;
    std::atomic<bool> wrong = false;
  } context;
  context.team.run(
      [](void *pointer, unsigned thread) {
        Context &context = *static_cast<Context *>(pointer);
        for (int i = 1; i <= 1000; ++i) {
          bool goesOn = context.team.barrier(
              thread, [](void *pointer, unsigned) { ++static_cast<Context *>(pointer)->completions; }, &context);
          if (context.completions < i || !goesOn || !context.team.barrier(thread, nullptr, nullptr))
            context.wrong = true;
        }
      },
      &context);
  EXPECT_EQ(context.completions, 1000);
  EXPECT_FALSE(context.wrong);
}

TEST(ThreadTeamTest, AnExceptionOfAnyThreadReachesTheCaller) {
  ThreadTeam team(3);
  for (unsigned thrower : {0u, 1u, 2u}) {
    auto body = [&](unsigned thread) {
      if (thread == thrower)
        fail(HADAL_EXIT_DEVICE_FAILURE, "thread ", thread);
    };
    EXPECT_EQ(failureOf(HADAL_EXIT_DEVICE_FAILURE,
                        [&] {
                          team.run(
                              [](void *context, unsigned thread) { (*static_cast<decltype(body) *>(context))(thread); },
                              &body);
                        }),
              concat("thread ", thrower));
  }
  std::atomic<int> runs = 0; // the team is as good as before
  team.run([](void *context, unsigned) { ++*static_cast<std::atomic<int> *>(context); }, &runs);
  EXPECT_EQ(runs, 3);
}

TEST(ThreadTeamTest, AnExceptionBeforeABarrierOpensEndsTheBodies) {
  struct Context {
    ThreadTeam team{4};
    std::atomic<int> ended = 0;
  } context;
  for (int i = 1; i <= 50; ++i) { // whichever thread comes last
    std::string message = failureOf(HADAL_EXIT_OUT_OF_MEMORY, [&] {
      context.team.run(
          [](void *pointer, unsigned thread) {
            Context &context = *static_cast<Context *>(pointer);
            while (context.team.barrier(
                thread, [](void *, unsigned) { fail(HADAL_EXIT_OUT_OF_MEMORY, "no mapping"); }, nullptr))
              ;
            ++context.ended;
          },
          &context);
    });
    EXPECT_EQ(message, "no mapping");
    EXPECT_EQ(context.ended, 4 * i);
  }
}

TEST(RunOnThreadsTest, EveryThreadWorksAndTheFirstExceptionReachesTheCaller) {
  for (size_t threads : {1u, 2u, 5u}) {
    std::atomic<unsigned> calls = 0;
    runOnThreads(threads, [&] { ++calls; });
    EXPECT_EQ(calls, threads);
    calls = 0;
    std::thread::id caller = std::this_thread::get_id();
    auto work = [&] {
      ++calls;
      if (threads == 1 || std::this_thread::get_id() != caller)
        fail(HADAL_EXIT_DEVICE_FAILURE, "no device");
    };
    EXPECT_EQ(failureOf(HADAL_EXIT_DEVICE_FAILURE, [&] { runOnThreads(threads, work); }), "no device");
    EXPECT_EQ(calls, threads);
  }
}

TEST(RunOnThreadsTest, FewerThreadsDoTheWorkWhereNoMoreCanBeStarted) {
  pid_t child = startChild([] {
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, size_t{1} << 47); // more than there are addresses
    if (pthread_setattr_default_np(&attributes))
      return 1;
    std::atomic<unsigned> calls = 0;
    runOnThreads(3, [&] { ++calls; });
    return calls == 1 ? 0 : 2;
  });
  EXPECT_EQ(waitFor(child), 0);
}

} // namespace
} // namespace hadal::test
