// Event { double wall_time = 1; int64 step = 2; string file_version = 3; Summary summary = 5; SessionLog session_log =
// 7; } SessionLog { enum SessionStatus { START = 1; } SessionStatus status = 1; } Summary { repeated Value value = 1; }
// Value { string tag = 1; float simple_value = 2; }
#include "runtime/io/TensorBoard.h"

#include "runtime/core/Error.h"
#include "runtime/io/Paths.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <chrono>
#include <cstring>
#include <limits>
#include <string>
#include <unistd.h>

namespace hadal {

static constexpr std::array<uint32_t, 256> crcTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t value = byte;
    for (int bit = 0; bit < 8; ++bit)
      value = value >> 1 ^ (value & 1 ? 0x82f63b78 : 0);
    table[byte] = value;
  }
  return table;
}();

uint32_t crc32c(std::span<const std::byte> bytes) {
  uint32_t value = 0xffffffff;
  for (std::byte byte : bytes)
    value = value >> 8 ^ crcTable[(value ^ static_cast<uint32_t>(byte)) & 0xff];
  return ~value;
}

uint32_t maskedCrc32c(std::span<const std::byte> bytes) { return std::rotr(crc32c(bytes), 15) + 0xa282ead8; }

namespace {

/// A protocol buffer message under construction, in a buffer of fixed size.
class Message {
public:
  std::span<const std::byte> bytes() const { return std::span(data).first(length); }

  void varintField(uint32_t number, uint64_t value) {
    varint(number << 3 | 0);
    varint(value);
  }
  void doubleField(uint32_t number, double value) {
    varint(number << 3 | 1);
    append(std::as_bytes(std::span(&value, 1)));
  }
  void floatField(uint32_t number, float value) {
    varint(number << 3 | 5);
    append(std::as_bytes(std::span(&value, 1)));
  }
  void bytesField(uint32_t number, std::span<const std::byte> value) {
    varint(number << 3 | 2);
    varint(value.size());
    append(value);
  }
  void stringField(uint32_t number, std::string_view value) { bytesField(number, std::as_bytes(std::span(value))); }

private:
  std::array<std::byte, 2048> data;
  size_t length = 0;

  void varint(uint64_t value) {
    for (; value >= 0x80; value >>= 7)
      data[length++] = static_cast<std::byte>(value | 0x80);
    data[length++] = static_cast<std::byte>(value);
  }
  void append(std::span<const std::byte> bytes) {
    std::memcpy(data.data() + length, bytes.data(), bytes.size());
    length += bytes.size();
  }
};

double secondsSinceEpoch() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

void addScalar(Message &summary, std::string_view tag, double value) {
  Message entry;
  entry.stringField(1, tag);
  entry.floatField(2, static_cast<float>(value));
  summary.bytesField(1, entry.bytes());
}

constexpr std::string_view namePrefix = "events.out.tfevents.";

/// The times, in seconds, in the names of a folder's event files.
std::vector<int64_t> timesOfFiles(const std::filesystem::path &folder) {
  std::vector<int64_t> times;
  for (const std::string &name : listFolder(folder, HADAL_EXIT_IO_FAILURE)) {
    int64_t time;
    if (name.starts_with(namePrefix) &&
        std::from_chars(name.data() + namePrefix.size(), name.data() + name.size(), time).ec == std::errc())
      times.push_back(time);
  }
  return times;
}

/// TensorBoard looks for "tfevents" in the name and reads the files of a folder in the order of their names, so that
/// the time in the new name must be behind all that are there, whatever the clock says.
std::filesystem::path newEventFile(const std::filesystem::path &folder) {
  createFolder(folder);
  char host[256] = "localhost";
  gethostname(host, sizeof host - 1);
  int64_t time = static_cast<int64_t>(secondsSinceEpoch());
  for (int64_t former : timesOfFiles(folder))
    if (former < std::numeric_limits<int64_t>::max())
      time = std::max(time, former + 1);
  return folder / concat(namePrefix, time, ".", host, ".", getpid());
}

} // namespace

TensorBoardLog::TensorBoardLog(const std::filesystem::path &folder, int64_t completedSteps)
    : file(newEventFile(folder), OutputFile::Mode::New) {
  Message event;
  event.doubleField(1, secondsSinceEpoch());
  event.stringField(3, "brain.Event:2");
  writeRecord(event.bytes());
  if (completedSteps > 0 || timesOfFiles(folder).size() > 1)
    writeStart(completedSteps + 1);
  file.flush();
}

/// From this step on the file replaces what was written before it.
void TensorBoardLog::writeStart(int64_t step) {
  constexpr uint64_t started = 1;
  Message log, event;
  log.varintField(1, started);
  event.doubleField(1, secondsSinceEpoch());
  event.varintField(2, static_cast<uint64_t>(step));
  event.bytesField(7, log.bytes());
  writeRecord(event.bytes());
}

void TensorBoardLog::write(const StepRecord &record) {
  Message summary;
  addScalar(summary, "loss/total", record.loss);
  addScalar(summary, "loss/main", record.mainLoss);
  addScalar(summary, "loss/mtp", record.predictionLoss);
  addScalar(summary, "loss/balance", record.balanceLoss);
  if (record.validationLoss)
    addScalar(summary, "loss/validation", *record.validationLoss);
  addScalar(summary, "optimizer/learning_rate", record.learningRate);
  addScalar(summary, "optimizer/gradient_norm", record.gradientNorm);
  addScalar(summary, "speed/tokens_per_second", record.tokensPerSecond);
  Message event;
  event.doubleField(1, secondsSinceEpoch());
  event.varintField(2, static_cast<uint64_t>(record.step));
  event.bytesField(5, summary.bytes());
  writeRecord(event.bytes());
  file.flush();
}

void TensorBoardLog::writeRecord(std::span<const std::byte> data) {
  uint64_t length = data.size();
  std::span<const std::byte> lengthBytes = std::as_bytes(std::span(&length, 1));
  uint32_t lengthCrc = maskedCrc32c(lengthBytes), dataCrc = maskedCrc32c(data);
  file.write(lengthBytes);
  file.write(std::as_bytes(std::span(&lengthCrc, 1)));
  file.write(data);
  file.write(std::as_bytes(std::span(&dataCrc, 1)));
}

} // namespace hadal
