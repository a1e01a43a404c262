// Complete events ("ph": "X") with microsecond times that begin at the first launch.
#include "runtime/io/ChromeTrace.h"

#include "runtime/io/File.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

namespace hadal {

void writeChromeTrace(const std::filesystem::path &path, const LaunchRecorder &recorder, const std::string &process) {
  using Json = nlohmann::ordered_json;
  int64_t origin = std::numeric_limits<int64_t>::max();
  for (const std::vector<LaunchRecord> &records : recorder.threads())
    for (const LaunchRecord &record : records)
      origin = std::min(origin, record.begin);

  ReplacingFile output(path);
  output.file().write("{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n");
  Json name = {{"ph", "M"}, {"pid", 1}, {"name", "process_name"}, {"args", {{"name", process}}}};
  output.file().write(name.dump());
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
      output.file().write(",\n" + slice.dump());
    }
  output.file().write("\n]}\n");
  output.commit();
}

} // namespace hadal
