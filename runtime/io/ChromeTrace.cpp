// Complete events ("ph": "X") with microsecond times that begin at the first launch, and a counter ("ph": "C") of the
// arena's bytes that are in use.
#include "runtime/io/ChromeTrace.h"

#include "runtime/core/Error.h"
#include "runtime/io/File.h"
#include "runtime/io/Json.h"

#include <algorithm>
#include <limits>
#include <map>

namespace hadal {

using Json = nlohmann::ordered_json;

static constexpr std::string_view traceBegin = "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n";

bool isChromeTrace(const std::filesystem::path &path) {
  try {
    char beginning[traceBegin.size()];
    size_t count = InputFile(path).read(0, std::as_writable_bytes(std::span(beginning)));
    return std::string_view(beginning, count) == traceBegin;
  } catch (const Error &) { // what cannot be read cannot be recognised
    return false;
  }
}

/// Bytes of the entry point's buffers that are alive at each launch.
static std::vector<uint64_t> liveBytes(const hadal_entry &entry) {
  std::vector<uint64_t> change(entry.launch_count + 1); // modulo 2^64: what is added is subtracted again
  for (uint64_t i = 0; i < entry.arena_buffer_count; ++i) {
    change[entry.arena_buffers[i].first_launch] += entry.arena_buffers[i].size;
    change[entry.arena_buffers[i].last_launch + 1] -= entry.arena_buffers[i].size;
  }
  for (uint64_t i = 1; i < change.size(); ++i)
    change[i] += change[i - 1];
  return change;
}

/// The counter at the beginning of every launch, whichever thread came to it first.
static std::vector<Json> memoryEvents(const LaunchRecorder &recorder, int64_t origin) {
  std::vector<LaunchRecord> records;
  for (const std::vector<LaunchRecord> &list : recorder.threads())
    records.insert(records.end(), list.begin(), list.end());
  std::ranges::sort(records, {}, &LaunchRecord::begin);
  std::map<const hadal_entry *, std::vector<uint64_t>> live;
  std::vector<Json> events;
  const LaunchRecord *former = nullptr;
  for (const LaunchRecord &record : records) {
    if (former && former->entry == record.entry && former->launch == record.launch)
      continue;
    former = &record;
    std::vector<uint64_t> &bytes = live[record.entry];
    if (bytes.empty())
      bytes = liveBytes(*record.entry);
    events.push_back({{"ph", "C"},
                      {"pid", 1},
                      {"ts", static_cast<double>(record.begin - origin) / 1000},
                      {"name", "memory"},
                      {"args", {{"arena bytes", bytes[record.launch]}}}});
  }
  return events;
}

void writeChromeTrace(const std::filesystem::path &path, const LaunchRecorder &recorder, const std::string &process) {
  int64_t origin = std::numeric_limits<int64_t>::max();
  for (const std::vector<LaunchRecord> &records : recorder.threads())
    for (const LaunchRecord &record : records)
      origin = std::min(origin, record.begin);

  ReplacingFile output(path);
  output.file().write(traceBegin);
  Json name = {{"ph", "M"}, {"pid", 1}, {"name", "process_name"}, {"args", {{"name", process}}}};
  output.file().write(dumpJson(name));
  for (size_t thread = 0; thread < recorder.threads().size(); ++thread)
    for (const LaunchRecord &record : recorder.threads()[thread]) {
      const hadal_launch &launch = record.entry->launches[record.launch];
      Json slice = {{"ph", "X"},
                    {"pid", 1},
                    {"tid", thread},
                    {"ts", static_cast<double>(record.begin - origin) / 1000},
                    {"dur", static_cast<double>(record.end - record.begin) / 1000},
                    {"name", launch.name},
                    {"cat", record.entry->name},
                    {"args", {{"launch", record.launch}, {"iteration", launch.iteration}, {"tasks", launch.tasks}}}};
      if (launch.gpu) {
        slice["args"]["threads"] = launch.gpu->threads;
        slice["args"]["shared bytes"] = launch.gpu->shared_bytes;
        slice["args"]["location"] = launch.gpu->location;
      }
      output.file().write(",\n" + dumpJson(slice));
    }
  for (const Json &event : memoryEvents(recorder, origin))
    output.file().write(",\n" + dumpJson(event));
  output.file().write("\n]}\n");
  output.commit();
}

} // namespace hadal
