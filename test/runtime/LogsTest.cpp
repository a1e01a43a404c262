// TensorBoard's framing and JSON lines.
#include "runtime/io/JsonLines.h"
#include "runtime/io/TensorBoard.h"
#include "test/runtime/Support.h"

#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

namespace hadal::test {
namespace {

uint32_t crcOf(const std::string &text) { return crc32c(std::as_bytes(std::span(text))); }

TEST(Crc32cTest, AgreesWithPublishedVectors) {
  EXPECT_EQ(crcOf(""), 0u);
  EXPECT_EQ(crcOf("123456789"), 0xe3069283u);
  EXPECT_EQ(crcOf(std::string(32, '\0')), 0x8a9136aau); // RFC 3720, B.4
  EXPECT_EQ(crcOf(std::string(32, '\xff')), 0x62a8ab43u);
}

/// The records of an event file, with their checksums checked.
std::vector<std::string> readRecords(const std::string &file) {
  std::vector<std::string> records;
  for (size_t at = 0; at < file.size();) {
    uint64_t length;
    uint32_t lengthCrc, dataCrc;
    std::memcpy(&length, file.data() + at, 8);
    std::memcpy(&lengthCrc, file.data() + at + 8, 4);
    EXPECT_EQ(lengthCrc, maskedCrc32c(std::as_bytes(std::span(file).subspan(at, 8))));
    std::string data = file.substr(at + 12, length);
    std::memcpy(&dataCrc, file.data() + at + 12 + length, 4);
    EXPECT_EQ(dataCrc, maskedCrc32c(std::as_bytes(std::span(data))));
    records.push_back(data);
    at += 16 + length;
  }
  return records;
}

TEST(TensorBoardTest, FileHoldsFramedEvents) {
  TemporaryFolder folder;
  {
    TensorBoardLog log(folder / "board", 0);
    log.write({.step = 300, .loss = 2.5, .validationLoss = 3.25});
  }
  std::filesystem::path file = std::filesystem::directory_iterator(folder / "board")->path();
  EXPECT_CONTAINS(file.filename().string(), "events.out.tfevents.");
  std::vector<std::string> records = readRecords(readFile(file));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_CONTAINS(records[0], "brain.Event:2");
  EXPECT_EQ(records[1].substr(9, 3), "\x10\xac\x02"); // step = 300 as a varint, behind the wall time
  // Value { tag: "loss/total", simple_value: 2.5 } and { tag: "loss/validation", simple_value: 3.25 }
  EXPECT_CONTAINS(records[1], std::string("\x0a\x0aloss/total\x15\x00\x00\x20\x40", 17));
  EXPECT_CONTAINS(records[1], std::string("\x0a\x0floss/validation\x15\x00\x00\x50\x40", 22));
}

TEST(TensorBoardTest, AFileThatContinuesSaysFromWhichStep) {
  TemporaryFolder folder;
  // One that the clock of another machine has named in the future: the next one is read after it all the same.
  std::filesystem::create_directory(folder / "board");
  writeFile(folder / "board/events.out.tfevents.9000000000.host.1", "");
  TensorBoardLog(folder / "board", 300).write({.step = 301});
  TensorBoardLog(folder / "board", 0).write({.step = 1}); // in the same second, by the same process
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(folder / "board"))
    files.push_back(entry.path());
  std::ranges::sort(files);
  ASSERT_EQ(files.size(), 3u);
  EXPECT_CONTAINS(files[1].filename().string(), "events.out.tfevents.9000000001.");
  EXPECT_CONTAINS(files[2].filename().string(), "events.out.tfevents.9000000002.");
  std::vector<std::string> records = readRecords(readFile(files[1]));
  ASSERT_EQ(records.size(), 3u);
  // Event { step: 301, session_log: SessionLog { status: START } } behind the wall time
  EXPECT_EQ(records[1].substr(9), "\x10\xad\x02\x3a\x02\x08\x01");
  EXPECT_EQ(readRecords(readFile(files[2]))[1].substr(9), "\x10\x01\x3a\x02\x08\x01");
}

TEST(JsonLinesTest, LinesHoldAllFields) {
  TemporaryFolder folder;
  {
    JsonLinesLog log(folder / "log", 0);
    log.write({.step = 1, .loss = 0.1, .mainLoss = 1e-30, .learningRate = 0.001, .tokensPerSecond = 12345.678});
    log.write({.step = 2, .loss = NAN, .validationLoss = 1.5});
  }
  std::string text = readFile(folder / "log");
  nlohmann::json first = nlohmann::json::parse(text.substr(0, text.find('\n')));
  nlohmann::json second = nlohmann::json::parse(text.substr(text.find('\n')));
  EXPECT_EQ(first["loss"], 0.1);
  EXPECT_EQ(first["loss_main"], 1e-30);
  EXPECT_FALSE(first.contains("validation_loss"));
  EXPECT_TRUE(second["loss"].is_null());
  EXPECT_EQ(second["validation_loss"], 1.5);
}

TEST(JsonLinesTest, AResumedRunContinuesBehindItsCheckpoint) {
  TemporaryFolder folder;
  auto write = [&](int64_t completed, std::initializer_list<int64_t> steps) {
    JsonLinesLog log(folder / "log", completed);
    for (int64_t step : steps)
      log.write({.step = step, .loss = static_cast<double>(completed)});
  };
  write(0, {1, 2, 3, 4, 5});
  write(3, {4, 5, 6});
  std::string text = readFile(folder / "log");
  EXPECT_EQ(std::ranges::count(text, '\n'), 6);
  EXPECT_CONTAINS(text, "{\"step\":3,\"loss\":0,");
  EXPECT_CONTAINS(text, "{\"step\":4,\"loss\":3,");
  write(0, {1});
  EXPECT_EQ(std::ranges::count(readFile(folder / "log"), '\n'), 1);
}

/// What a log that held `text` holds once a run goes on behind a step.
std::string resumed(const std::string &text, int64_t completedSteps) {
  TemporaryFolder folder;
  writeFile(folder / "log", text);
  JsonLinesLog(folder / "log", completedSteps);
  return readFile(folder / "log");
}

/// A line as a run writes it.
std::string line(int64_t step) {
  TemporaryFolder folder;
  JsonLinesLog(folder / "log", 0).write({.step = step});
  return readFile(folder / "log");
}

TEST(JsonLinesTest, ResumingKeepsEveryLineUpToTheCheckpoint) {
  std::string one = line(1), two = line(2), three = line(3);
  EXPECT_EQ(resumed(one + two + three, 2), one + two);
  EXPECT_EQ(resumed(one + "\n" + two + "# a note\n" + three, 2), one + "\n" + two + "# a note\n");
  EXPECT_EQ(resumed("{\"step\":9,\"note\":\"of mine\"}\n" + one + three + "[3]\n", 2),
            "{\"step\":9,\"note\":\"of mine\"}\n" + one + "[3]\n");
  EXPECT_EQ(resumed(one + two + three + one + two + three, 2), one + two + one + two); // as two runs have left it
  EXPECT_EQ(resumed(one + two, 0), "");
  EXPECT_EQ(resumed("", 2), "");
  EXPECT_EQ(resumed("\n", 2), "\n");
}

TEST(JsonLinesTest, ResumingDropsOnlyTheHalfOfALineOfOurs) {
  std::string one = line(1), two = line(2);
  std::string whole = two.substr(0, two.size() - 1);
  EXPECT_EQ(resumed(one + whole, 2), one + two);
  for (size_t size : {1, 5, 9, 10, 40})
    EXPECT_EQ(resumed(one + whole.substr(0, size), 2), one) << size;
  EXPECT_EQ(resumed(whole.substr(0, 30), 0), "");
  EXPECT_EQ(resumed(one + "a note", 2), one + "a note\n");
}

TEST(JsonLinesTest, LineEndsAndByteOrderMarksOfOtherSystemsAreKept) {
  std::string one = line(1), two = line(2), mark = "\xef\xbb\xbf";
  auto carriage = [](std::string text) { return text.insert(text.size() - 1, "\r"); };
  EXPECT_EQ(resumed(mark + carriage(one) + carriage(two), 1), mark + carriage(one));
}

TEST(JsonLinesTest, AFileThatIsNoLogIsRefusedAndLeftAlone) {
  TemporaryFolder folder;
  for (std::string text : {"notes of mine\n", "{\"step\":1,\"note\":2}\n", "{\n", "[1,2]", "\xff\xfe\n\n"})
    for (int64_t completedSteps : {0, 5}) {
      writeFile(folder / "notes", text);
      std::string message = failureOf(HADAL_EXIT_COMMAND_LINE, [&] { JsonLinesLog(folder / "notes", completedSteps); });
      EXPECT_CONTAINS(message,
                      "--log: '" + (folder / "notes").string() + "' holds something else than the log of a run");
      EXPECT_EQ(readFile(folder / "notes"), text);
    }
}

TEST(JsonLinesTest, AnLFSPointerIsNamedAsSuch) {
  TemporaryFolder folder;
  writeFile(folder / "log", lfsPointer);
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { JsonLinesLog(folder / "log", 3); }), "git lfs pull");
}

} // namespace
} // namespace hadal::test
