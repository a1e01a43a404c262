// Formatting of the step log without allocation, and its continuation.
#include "runtime/io/JsonLines.h"

#include "runtime/core/Error.h"

#include <charconv>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>

namespace hadal {

namespace fs = std::filesystem;

/// Bytes of the lines of steps 1 ... completedSteps; a line cut short by a kill ends them.
static uint64_t keptLength(const fs::path &path, int64_t completedSteps) {
  MappedFile file(path);
  std::string_view text = file.text();
  uint64_t kept = 0;
  for (size_t end; (end = text.find('\n', kept)) != std::string_view::npos; kept = end + 1) {
    nlohmann::json line = nlohmann::json::parse(text.substr(kept, end - kept), nullptr, false);
    if (!line.is_object() || !line.contains("step") || !line["step"].is_number_integer() ||
        line["step"].get<int64_t>() > completedSteps)
      break;
  }
  return kept;
}

static OutputFile::Mode prepare(const fs::path &path, int64_t completedSteps) {
  std::error_code error;
  if (completedSteps == 0 || !fs::is_regular_file(path, error))
    return OutputFile::Mode::Truncate;
  fs::resize_file(path, keptLength(path, completedSteps), error);
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
