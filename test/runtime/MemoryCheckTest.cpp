// Programs built with --check-memory: a kernel that leaves its buffers ends the program with a message that names it.
#include "runtime/core/Session.h"
#include "test/runtime/BigramModel.h"
#include "test/runtime/Support.h"

#include <cmath>
#include <unistd.h>

namespace hadal::test {
namespace {

/// Writes the element `iteration` of its first argument.
void writeElement(void *const *arguments, int64_t iteration, int64_t, int64_t, void *) {
  static_cast<volatile float *>(arguments[0])[iteration] = 1;
}

/// Reads the element `iteration` of the scratch memory.
void readScratch(void *const *, int64_t iteration, int64_t, int64_t, void *scratch) {
  (void)static_cast<volatile float *>(scratch)[iteration];
}

float *remembered;
void remember(void *const *arguments, int64_t, int64_t, int64_t, void *) {
  remembered = static_cast<float *>(arguments[0]);
}
void touchRemembered(void *const *, int64_t, int64_t, int64_t, void *) {
  *static_cast<volatile float *>(remembered) = 1;
}

/// Copies the first element of an arena buffer, uninitialised, to a result.
void copyFirst(void *const *arguments, int64_t, int64_t, int64_t, void *) {
  *static_cast<float *>(arguments[1]) = *static_cast<float *>(arguments[0]);
}

/// Copies the first element of the scratch memory to a result and overwrites it.
void copyScratch(void *const *arguments, int64_t, int64_t, int64_t, void *scratch) {
  *static_cast<float *>(arguments[0]) = *static_cast<float *>(scratch);
  *static_cast<float *>(scratch) = 1;
}

class MemoryCheckTest : public testing::Test {
protected:
  ProgramBuilder builder;
  EntryBuilder &entry = builder.entry("accumulate");

  MemoryCheckTest() { builder.program.check_memory = 1; }
  void run() { Session(builder.build(), {.threads = 2}).run("accumulate"); }
};
using MemoryCheckDeathTest = MemoryCheckTest;

constexpr int violation = HADAL_EXIT_MEMORY_VIOLATION;

TEST_F(MemoryCheckDeathTest, WritingBehindATensor) {
  hadal_argument tensor = builder.parameter("norm.weight", {10}, 1);
  entry.launch(writeElement, "good", 1, 1, {tensor}, 9).launch(writeElement, "overrun", 1, 1, {tensor}, 10);
  EXPECT_EXIT(run(), testing::ExitedWithCode(violation),
              "kernel 'overrun' \\(command 1 of 'accumulate'\\) touched memory 0 bytes behind the end of the parameter "
              "'norm.weight' of 40 bytes");
}

TEST_F(MemoryCheckDeathTest, WritingBeforeATensor) {
  hadal_argument tensor = builder.parameter("norm.weight", {10}, 1);
  entry.launch(writeElement, "underrun", 1, 1, {tensor}, -1);
  EXPECT_EXIT(
      run(), testing::ExitedWithCode(violation),
      "kernel 'underrun' \\(command 0 of 'accumulate'\\) wrote before the beginning of the parameter 'norm.weight'");
}

TEST_F(MemoryCheckDeathTest, WritingFarBeforeATensor) {
  hadal_argument tensor = builder.parameter("norm.weight", {1024}, 1);
  entry.launch(writeElement, "underrun", 1, 1, {tensor}, -4);
  EXPECT_EXIT(run(), testing::ExitedWithCode(violation),
              "16 bytes before the beginning of the parameter 'norm.weight'");
}

TEST_F(MemoryCheckDeathTest, WritingBehindAnArenaBuffer) {
  hadal_argument buffer = entry.buffer(100);
  entry.launch(writeElement, "overrun", 1, 1, {buffer}, 26);
  EXPECT_EXIT(run(), testing::ExitedWithCode(violation),
              "4 bytes behind the end of arena buffer 0 of 'accumulate' \\(100 bytes, alive in commands 0 to 0\\)");
}

TEST_F(MemoryCheckDeathTest, TouchingABufferAfterItsLifetime) {
  hadal_argument buffer = entry.buffer(100), other = entry.buffer(100);
  entry.launch(remember, "first", 1, 1, {buffer}).launch(touchRemembered, "late", 1, 1, {other});
  EXPECT_EXIT(run(), testing::ExitedWithCode(violation),
              "kernel 'late' .* at byte 0 of arena buffer 0 .*alive in commands 0 to 0, not now");
}

TEST_F(MemoryCheckDeathTest, ReadingBehindTheScratchMemory) {
  entry.launch(readScratch, "scratch", 1, 1, {}, 64);
  EXPECT_EXIT(run(), testing::ExitedWithCode(violation), "0 bytes behind the end of a thread's scratch memory of 256");
}

TEST_F(MemoryCheckTest, BuffersArePoisonedWhenTheirLifeBegins) {
  hadal_argument loss = builder.tensor(HADAL_RESULT, "loss", {});
  hadal_argument buffer = entry.buffer(64);
  entry.launch(copyFirst, "copy", 1, 1, {buffer, loss}).launch(writeElement, "write", 1, 1, {buffer}, 0);
  Session session(builder.build(), {.threads = 2});
  for (int i = 0; i < 3; ++i) {
    session.run("accumulate");
    EXPECT_TRUE(std::isnan(session.result("loss")));
  }
}

TEST_F(MemoryCheckTest, ScratchMemoryIsPoisonedBeforeEveryLaunch) {
  hadal_argument loss = builder.tensor(HADAL_RESULT, "loss", {});
  entry.launch(copyScratch, "first", 1, 1, {loss}).launch(copyScratch, "second", 1, 1, {loss});
  Session session(builder.build(), {.threads = 2});
  session.run("accumulate");
  EXPECT_TRUE(std::isnan(session.result("loss")));
}

TEST_F(MemoryCheckTest, ACorrectProgramTrainsTheSame) {
  TemporaryFolder folder;
  std::string data = (folder / "data.txt").string();
  writeFile(data, sampleText(500));
  for (const char *name : {"checked", "plain"}) {
    BigramModel model;
    model.builder.program.check_memory = std::string(name) == "checked";
    testing::internal::CaptureStderr();
    int code = runTrain(model.program(), {"--data", data, "--steps", "5", "--lr", "0.1", "--save",
                                          (folder / name).string(), "--valid", data});
    std::string messages = testing::internal::GetCapturedStderr();
    EXPECT_EQ(code, 0) << messages;
  }
  EXPECT_TRUE(readFile(folder / "checked/step-5/model.safetensors") ==
              readFile(folder / "plain/step-5/model.safetensors"));
}

} // namespace
} // namespace hadal::test
