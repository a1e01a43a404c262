// A program on the emulated device: its runs, what a launch may touch, and the message of a kernel that touches more.
#include "runtime/core/Session.h"
#include "runtime/devices/emulator/calls.h"
#include "test/runtime/ProgramBuilder.h"
#include "test/runtime/Support.h"

namespace hadal::test {
namespace {

constexpr const char *location = "model.mlir:3:5 in double.rows, llvm.store";

/// Doubles element `thread` of a block of 32; `iteration` shifts what is written.
void doubleElements(void *const *arguments, int64_t iteration, const void *const *) {
  int64_t element = hadal_emulator_block_id() * 32 + hadal_emulator_thread_id();
  float *source = static_cast<float *>(arguments[0]) + element;
  float *target = static_cast<float *>(arguments[1]) + element + iteration;
  hadal_emulator_load(source, 4, 4, 0, location);
  hadal_emulator_store(target, 4, 4, 0, location);
  *target = 2 * *source;
  hadal_emulator_stored(target, 4, location);
}

/// Two launches: x to a buffer of the arena, from there to y, shifted by `shift` elements.
struct DoublingProgram {
  ProgramBuilder builder;
  hadal_argument x = builder.tensor(HADAL_STATE, "x", {64}), y = builder.tensor(HADAL_STATE, "y", {64});
  hadal_gpu_launch gpu = {.symbol = "double$rows",
                          .location = "model.mlir:3:5",
                          .function = doubleElements,
                          .blocks = 2,
                          .threads = 32,
                          .cluster = 1,
                          .shared_bytes = 0,
                          .map_count = 0,
                          .maps = nullptr};

  explicit DoublingProgram(int64_t shift) {
    builder.program.target = "sm_90a";
    builder.program.emulated = 1;
    EntryBuilder &entry = builder.entry("run");
    hadal_argument between = entry.buffer(256);
    entry.launch(nullptr, "double.rows", 2, 1, {x, between}).launch(nullptr, "double.rows", 2, 1, {between, y}, shift);
    for (hadal_launch &launch : entry.launches)
      launch.gpu = &gpu;
  }
};

TEST(EmulatedDeviceTest, RunsLaunchesInOrder) {
  DoublingProgram program(0);
  Session session(program.builder.build(), {.threads = 2});
  EXPECT_EQ(session.device().describe(), "sm_90a emulated on 2 threads");
  std::vector<float> values(64, 1.5f);
  session.write<float>(program.x.index, values);
  session.run("run");
  for (float value : session.read<float>(program.y.index))
    EXPECT_EQ(value, 6);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(session.device().hostAddress(program.y.index)) % 256, 0u);
  std::vector<float> between(64);
  session.device().downloadArgument(0, 1, std::as_writable_bytes(std::span(between)));
  EXPECT_EQ(between[63], 3);
}

TEST(EmulatedDeviceTest, NamesTheKernelThatGoesAstray) {
  DoublingProgram program(8); // writes behind the end of y
  Session session(program.builder.build(), {.threads = 1});
  std::string message = failureOf(HADAL_EXIT_DEVICE_FAILURE, [&] { session.run("run"); });
  EXPECT_CONTAINS(message, "double.rows");
  EXPECT_CONTAINS(message, "(command 1 of 'run', model.mlir:3:5)");
  EXPECT_CONTAINS(message, "writes 4 bytes at byte 256 of y, which has 256 bytes");
}

TEST(EmulatedDeviceTest, PinsNoThreads) {
  DoublingProgram program(0);
  std::string message = failureOf(HADAL_EXIT_COMMAND_LINE, [&] { Session(program.builder.build(), {.pin = "cores"}); });
  EXPECT_CONTAINS(message,
                  "--pin: the program's kernels are for sm_90a, and what is pinned are the threads of kernels");
}

TEST(EmulatedDeviceTest, RecordsLaunches) {
  DoublingProgram program(0);
  Session session(program.builder.build(), {.threads = 1});
  CommandRecorder recorder(1, 8);
  session.run(0, &recorder);
  EXPECT_EQ(recorder.threads()[0].size(), 2u);
}

} // namespace
} // namespace hadal::test
