// What an evaluation leaves in files: a tensor per token, and a line of a log.
#ifndef HADAL_RUNTIME_PROGRAMS_EVALUATE_SCOREFILE_H
#define HADAL_RUNTIME_PROGRAMS_EVALUATE_SCOREFILE_H

#include "runtime/io/File.h"
#include "runtime/io/TokenFile.h"
#include "runtime/programs/evaluate/Text.h"

#include <filesystem>
#include <span>

namespace hadal {

struct Evaluation;

/// What a file of --per-token says of itself.
constexpr const char *contentsOfScores = "scores";

/// The file of --per-token: `log_probabilities` (f32) and `targets` (i32) of all scored tokens in the order of the
/// text, and `documents` (i64), where each document begins among them, with their number at the end. It is there when
/// it is complete, or not at all.
class ScoreFile {
public:
  ScoreFile(const std::filesystem::path &path, const Text &text);

  /// Appends the log-probabilities of the next tokens.
  void append(std::span<const float> logProbabilities) { output.file().write(std::as_bytes(logProbabilities)); }
  /// Writes the rest, when all have been appended.
  void finish(const TokenFile &data);

private:
  ReplacingFile output;
  const Text &text;

  void writeTargets(const TokenFile &data);
  void writeDocuments();
};

/// The file of --log, to which a line is appended. Refused when it holds anything but such lines.
class EvaluationLog {
public:
  explicit EvaluationLog(const std::filesystem::path &path);
  void write(const Evaluation &evaluation, const std::filesystem::path &data, const std::filesystem::path &weights);

private:
  OutputFile file;
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_EVALUATE_SCOREFILE_H
