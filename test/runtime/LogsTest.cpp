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
    TensorBoardLog log(folder / "board");
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

} // namespace
} // namespace hadal::test
