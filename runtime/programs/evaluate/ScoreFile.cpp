// The files of an evaluation.
#include "runtime/programs/evaluate/ScoreFile.h"

#include "runtime/core/Error.h"
#include "runtime/io/Json.h"
#include "runtime/io/Paths.h"
#include "runtime/io/Safetensors.h"
#include "runtime/programs/evaluate/Evaluator.h"

#include <algorithm>
#include <cmath>

namespace hadal {

ScoreFile::ScoreFile(const std::filesystem::path &path, const Text &text) : output(path), text(text) {
  SafetensorsWriter writer(contentsOfScores);
  int64_t tokens = static_cast<int64_t>(text.targets()), boundaries = static_cast<int64_t>(text.boundaries().size());
  writer.declare("log_probabilities", "F32", std::span(&tokens, 1));
  writer.declare("targets", "I32", std::span(&tokens, 1));
  writer.declare("documents", "I64", std::span(&boundaries, 1));
  writer.begin(output.file());
}

void ScoreFile::finish(const TokenFile &data) {
  writeTargets(data);
  writeDocuments();
  output.commit();
}

void ScoreFile::writeTargets(const TokenFile &data) {
  std::vector<int32_t> targets;
  Text::Cursor cursor(text);
  while (std::optional<Window> window = cursor.next()) {
    targets.resize(window->targets);
    data.read(window->first + 1, targets);
    output.file().write(std::as_bytes(std::span<const int32_t>(targets)));
  }
}

/// A document has a target less than it has tokens.
void ScoreFile::writeDocuments() {
  std::vector<int64_t> offsets;
  for (size_t document = 0; document < text.boundaries().size(); ++document)
    offsets.push_back(static_cast<int64_t>(text.boundaries()[document] - document));
  output.file().write(std::as_bytes(std::span<const int64_t>(offsets)));
}

/// Whether a line was written by an evaluation.
static bool isOurs(std::string_view line) {
  nlohmann::json object = nlohmann::json::parse(line, nullptr, false);
  return object.is_object() && object.contains("loss") && object.contains("loss_whole_batches");
}

static OutputFile::Mode prepare(const std::filesystem::path &path) {
  if (holdsNothing(path))
    return OutputFile::Mode::Append;
  std::string contents = readText(path);
  std::string_view left = contents;
  bool isLog = left.ends_with('\n');
  while (isLog && !left.empty()) {
    size_t end = left.find('\n');
    isLog = isOurs(left.substr(0, end));
    left.remove_prefix(end + 1);
  }
  if (!isLog)
    fail(HADAL_EXIT_COMMAND_LINE, "--log: '", path.string(),
         "' holds something else than the log of evaluations and is left as it is; choose another file");
  return OutputFile::Mode::Append;
}

EvaluationLog::EvaluationLog(const std::filesystem::path &path) : file(path, prepare(path)) {}

void EvaluationLog::write(const Evaluation &evaluation, const std::filesystem::path &data,
                          const std::filesystem::path &weights) {
  auto optional = [](const std::optional<double> &number) {
    return number ? nlohmann::ordered_json(*number) : nlohmann::ordered_json();
  };
  nlohmann::ordered_json line;
  line["loss"] = evaluation.loss;
  line["loss_whole_batches"] = optional(evaluation.lossOfWholes);
  line["perplexity"] = std::exp(evaluation.loss);
  line["bits_per_byte"] = optional(evaluation.bitsPerByte);
  line["tokens"] = evaluation.tokens;
  line["documents"] = evaluation.documents;
  line["tokens_per_second"] = evaluation.tokensPerSecond;
  line["data"] = data.string();
  line["weights"] = weights.string();
  file.write(dumpJson(line) + "\n");
  file.flush();
}

} // namespace hadal
