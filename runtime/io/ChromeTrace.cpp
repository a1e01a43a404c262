// Complete events ("ph": "X") with microsecond times that begin at the first launch, and a counter ("ph": "C") of the
// arena's bytes that are in use.
#include "runtime/io/ChromeTrace.h"

#include "runtime/core/Commands.h"
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

/// Bytes of the entry point's buffers that are alive at each command.
static std::vector<uint64_t> liveBytes(const hadal_entry &entry) {
  std::vector<uint64_t> change(entry.command_count + 1); // modulo 2^64: what is added is subtracted again
  for (uint64_t i = 0; i < entry.arena_buffer_count; ++i) {
    change[entry.arena_buffers[i].first_command] += entry.arena_buffers[i].size;
    change[entry.arena_buffers[i].last_command + 1] -= entry.arena_buffers[i].size;
  }
  for (uint64_t i = 1; i < change.size(); ++i)
    change[i] += change[i - 1];
  return change;
}

/// The counter at the beginning of every command, whichever thread came to it first.
static std::vector<Json> memoryEvents(const CommandRecorder &recorder, int64_t origin) {
  std::vector<CommandRecord> records;
  for (const std::vector<CommandRecord> &list : recorder.threads())
    records.insert(records.end(), list.begin(), list.end());
  std::ranges::sort(records, {}, &CommandRecord::begin);
  std::map<const hadal_entry *, std::vector<uint64_t>> live;
  std::vector<Json> events;
  const CommandRecord *former = nullptr;
  for (const CommandRecord &record : records) {
    if (former && former->entry == record.entry && former->command == record.command)
      continue;
    former = &record;
    std::vector<uint64_t> &bytes = live[record.entry];
    if (bytes.empty())
      bytes = liveBytes(*record.entry);
    events.push_back({{"ph", "C"},
                      {"pid", 1},
                      {"ts", static_cast<double>(record.begin - origin) / 1000},
                      {"name", "memory"},
                      {"args", {{"arena bytes", bytes[record.command]}}}});
  }
  return events;
}

/// What a reader of the trace may want to know of a command.
static Json describe(const hadal_entry &entry, const hadal_command &command) {
  if (command.kind == HADAL_COPY)
    return {{"bytes copied", entry.copies[command.index].bytes}};
  if (command.kind == HADAL_FILL)
    return {{"bytes filled", entry.fills[command.index].bytes}};
  const hadal_launch &launch = entry.launches[command.index]; // nothing else is run
  Json description = {{"iteration", launch.iteration}, {"tasks", launch.tasks}};
  if (launch.gpu) {
    description["threads"] = launch.gpu->threads;
    description["shared bytes"] = launch.gpu->shared_bytes;
    description["location"] = launch.gpu->location;
  }
  return description;
}

static Json describe(const MachineRates &rates) {
  return {{"ph", "M"},
          {"pid", 1},
          {"name", "machine_rates"},
          {"args",
           {{"memory bytes per second", rates.memoryBytes},
            {"second-level cache bytes per second", rates.cacheBytes},
            {"f32 multiply-adds per second", rates.multiplyAdds}}}};
}

void writeChromeTrace(const std::filesystem::path &path, const CommandRecorder &recorder, const std::string &process,
                      const std::optional<MachineRates> &rates) {
  int64_t origin = std::numeric_limits<int64_t>::max();
  for (const std::vector<CommandRecord> &records : recorder.threads())
    for (const CommandRecord &record : records)
      origin = std::min(origin, record.begin);

  ReplacingFile output(path);
  output.file().write(traceBegin);
  Json name = {{"ph", "M"}, {"pid", 1}, {"name", "process_name"}, {"args", {{"name", process}}}};
  output.file().write(dumpJson(name));
  if (rates)
    output.file().write(",\n" + dumpJson(describe(*rates)));
  for (size_t thread = 0; thread < recorder.threads().size(); ++thread)
    for (const CommandRecord &record : recorder.threads()[thread]) {
      const hadal_command &command = record.entry->commands[record.command];
      Json slice = {{"ph", "X"},
                    {"pid", 1},
                    {"tid", thread},
                    {"ts", static_cast<double>(record.begin - origin) / 1000},
                    {"dur", static_cast<double>(record.end - record.begin) / 1000},
                    {"name", nameOf(*record.entry, command)},
                    {"cat", record.entry->name},
                    {"args", describe(*record.entry, command)}};
      slice["args"]["command"] = record.command;
      output.file().write(",\n" + dumpJson(slice));
    }
  for (const Json &event : memoryEvents(recorder, origin))
    output.file().write(",\n" + dumpJson(event));
  output.file().write("\n]}\n");
  output.commit();
}

} // namespace hadal
