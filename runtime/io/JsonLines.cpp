// Formatting of the step log without allocation, and its continuation.
#include "runtime/io/JsonLines.h"

#include "runtime/core/Error.h"
#include "runtime/io/Paths.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>

namespace hadal {

namespace fs = std::filesystem;

/// What every line of ours begins with.
static constexpr std::string_view lineBegin = "{\"step\":";

/// The step of a line of ours: one that tells a step's loss. Line ends of other systems and a byte order mark are no
/// obstacle.
static std::optional<int64_t> stepOf(std::string_view text) {
  nlohmann::json line = nlohmann::json::parse(text, nullptr, false);
  bool isOurs = line.is_object() && line.contains("loss") && line.contains("step") && line["step"].is_number_integer();
  return isOurs ? std::optional(line["step"].get<int64_t>()) : std::nullopt;
}

/// The lines that stay, each with a line end. Fails when there is text but no line of ours.
static std::string keepLines(std::string_view text, int64_t completedSteps, const fs::path &path) {
  std::string kept;
  bool isLog = text.find_first_not_of(" \t\r\n") == std::string_view::npos;
  while (!text.empty()) {
    size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    bool cut = end == std::string_view::npos;
    text.remove_prefix(cut ? text.size() : end + 1);
    std::optional<int64_t> step = stepOf(line);
    bool half = cut && !nlohmann::json::accept(line) && (line.starts_with(lineBegin) || lineBegin.starts_with(line));
    isLog |= step || (half && line.starts_with(lineBegin));
    if (step ? *step <= completedSteps : !half)
      kept.append(line) += '\n';
  }
  if (!isLog)
    fail(HADAL_EXIT_COMMAND_LINE, "--log: '", path.string(),
         "' holds something else than the log of a run and is left as it is; choose another file");
  return kept;
}

/// Leaves in the file what stays, by cutting its end off where that is enough.
static OutputFile::Mode prepare(const fs::path &path, int64_t completedSteps) {
  if (holdsNothing(path))
    return OutputFile::Mode::Append;
  std::string text = readText(path), kept = keepLines(text, completedSteps, path);
  if (!text.starts_with(kept)) {
    ReplacingFile file(path);
    file.file().write(kept);
    file.commit();
    return OutputFile::Mode::Append;
  }
  std::error_code error;
  fs::resize_file(path, kept.size(), error);
  if (error)
    fail(HADAL_EXIT_IO_FAILURE, "cannot write '", path.string(), "': ", error.message());
  return OutputFile::Mode::Append;
}

JsonLinesLog::JsonLinesLog(const fs::path &path, int64_t completedSteps) : file(path, prepare(path, completedSteps)) {}

namespace {

/// A line that grows in a buffer of fixed size, large enough for all fields.
class Line {
public:
  template <class Number> void field(std::string_view name, Number value) {
    append(length == 0 ? "{\"" : ",\"");
    append(name);
    append("\":");
    if constexpr (std::is_floating_point_v<Number>)
      if (!std::isfinite(value))
        return append("null"); // JSON has no other word for it
    length = static_cast<size_t>(std::to_chars(text + length, text + sizeof text, value).ptr - text);
  }
  std::string_view finish() {
    append("}\n");
    return {text, length};
  }

private:
  char text[1024];
  size_t length = 0;

  void append(std::string_view part) {
    std::memcpy(text + length, part.data(), part.size());
    length += part.size();
  }
};

} // namespace

void JsonLinesLog::write(const StepRecord &record) {
  Line line;
  line.field("step", record.step);
  line.field("loss", record.loss);
  line.field("loss_main", record.mainLoss);
  line.field("loss_mtp", record.predictionLoss);
  line.field("loss_balance", record.balanceLoss);
  line.field("learning_rate", record.learningRate);
  line.field("gradient_norm", record.gradientNorm);
  line.field("tokens_per_second", record.tokensPerSecond);
  if (record.validationLoss)
    line.field("validation_loss", *record.validationLoss);
  file.write(line.finish());
  file.flush();
}

} // namespace hadal
