// Outputs of a run.
#include "runtime/programs/generate/Outputs.h"

#include "runtime/core/Error.h"
#include "runtime/core/Memory.h"
#include "runtime/core/MemoryNeeds.h"
#include "runtime/io/Json.h"
#include "runtime/io/Paths.h"
#include "runtime/io/Safetensors.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>

namespace hadal {

bool isContinuations(const std::filesystem::path &path) {
  if (holdsNothing(path))
    return true;
  std::string contents = readText(path);
  std::string_view left = contents;
  while (!left.empty()) {
    size_t end = left.find('\n');
    if (end == left.npos)
      return false;
    nlohmann::json line = nlohmann::json::parse(left.substr(0, end), nullptr, false);
    if (!line.is_object() || !line.contains("finish_reason") || !line.contains("tokens"))
      return false;
    left.remove_prefix(end + 1);
  }
  return true;
}

static nlohmann::ordered_json describeTokens(const std::vector<TokenProbability> &best) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const TokenProbability &one : best)
    list.push_back({{"token", one.token}, {"logprob", one.logProbability}});
  return list;
}

/// Nothing is known of the first token of a text.
static nlohmann::ordered_json describeScores(const Sequence &sequence, bool withPrompts) {
  nlohmann::ordered_json scores = {{"logprobs", nlohmann::ordered_json::array()},
                                   {"top_logprobs", nlohmann::ordered_json::array()}};
  if (withPrompts)
    for (nlohmann::ordered_json &list : scores)
      list.push_back(nullptr);
  for (float logProbability : sequence.logProbabilities)
    scores["logprobs"].push_back(logProbability);
  for (const std::vector<TokenProbability> &best : sequence.likeliest)
    scores["top_logprobs"].push_back(describeTokens(best));
  return scores;
}

std::string describeContinuations(std::span<const Sequence> sequences, bool withPrompts) {
  std::string lines;
  bool hasSamples = std::ranges::any_of(sequences, [](const Sequence &sequence) { return sequence.sample > 0; });
  for (const Sequence &sequence : sequences) {
    nlohmann::ordered_json line;
    if (!sequence.prompt.id.is_null())
      line["id"] = sequence.prompt.id;
    size_t first = withPrompts ? 0 : sequence.prompt.tokens.size();
    if (hasSamples)
      line["sample"] = sequence.sample;
    line["text"] = sequence.promptText + sequence.stream.text();
    line["tokens"] = std::span(sequence.tokens).subspan(first);
    if (withPrompts)
      line["prompt_tokens"] = sequence.prompt.tokens.size();
    line["finish_reason"] = describeFinish(sequence.finish);
    if (!sequence.likeliest.empty())
      line.update(describeScores(sequence, withPrompts));
    lines += dumpJson(line) + "\n";
  }
  return lines;
}

void LogitsFile::finish(std::span<const Sequence> sequences, int64_t vocabulary) {
  SafetensorsWriter writer(contentsOfLogits);
  for (size_t i = 0; i < sequences.size(); ++i) {
    int64_t shape[] = {static_cast<int64_t>(sequences[i].generated()), vocabulary};
    writer.declare(concat(i, ".logits"), "F32", shape);
    writer.declare(concat(i, ".log_probabilities"), "F32", std::span(shape, 1));
    writer.declare(concat(i, ".tokens"), "I32", std::span(shape, 1));
    if (sequences[i].drafts.drafted.empty())
      continue;
    shape[0] = static_cast<int64_t>(sequences[i].drafts.drafted.size());
    writer.declare(concat(i, ".drafts"), "I32", std::span(shape, 1));
    writer.declare(concat(i, ".draft_log_probabilities"), "F32", std::span(shape, 1));
  }
  writer.begin(output.file());
  for (const Sequence &sequence : sequences) {
    output.file().write(std::as_bytes(std::span(sequence.logits)));
    output.file().write(std::as_bytes(std::span(sequence.logProbabilities).last(sequence.generated())));
    output.file().write(std::as_bytes(std::span(sequence.tokens).subspan(sequence.prompt.tokens.size())));
    output.file().write(std::as_bytes(std::span(sequence.drafts.drafted)));
    output.file().write(std::as_bytes(std::span(sequence.drafts.logProbabilities)));
  }
  output.commit();
}

void DraftCounts::add(size_t drafts, size_t right) {
  ++passes;
  drafted.resize(std::max(drafted.size(), drafts));
  accepted.resize(drafted.size());
  for (size_t place = 0; place < drafts; ++place) {
    ++drafted[place];
    accepted[place] += place < right;
  }
}

/// The share of the drafts at every place that were right.
static std::vector<double> acceptances(const DraftCounts &drafts) {
  std::vector<double> shares;
  for (size_t place = 0; place < drafts.drafted.size(); ++place)
    shares.push_back(static_cast<double>(drafts.accepted[place]) / static_cast<double>(drafts.drafted[place]));
  return shares;
}

static int64_t sum(const std::vector<int64_t> &counts) {
  return std::accumulate(counts.begin(), counts.end(), int64_t{0});
}

static void describeDrafts(const DraftCounts &drafts, double tokensPerPass, nlohmann::ordered_json &object) {
  object["drafted_tokens"] = sum(drafts.drafted);
  object["accepted_tokens"] = sum(drafts.accepted);
  object["acceptance_by_position"] = acceptances(drafts);
  object["tokens_per_pass"] = tokensPerPass;
}

static std::string describeDrafts(const DraftCounts &drafts, double tokensPerPass) {
  int64_t drafted = sum(drafts.drafted);
  if (drafted == 0)
    return "";
  auto percent = [](double share) { return concat(std::lround(share * 100), "%"); };
  std::string text =
      concat("\ndrafted            ", drafted, " tokens, ", sum(drafts.accepted), " accepted; by position");
  for (double share : acceptances(drafts))
    text += concat(" ", percent(share));
  char length[64];
  std::snprintf(length, sizeof length, "; %.2f tokens a pass", tokensPerPass);
  return text + length;
}

static void describeQuality(const QualityFigures &quality, nlohmann::ordered_json &object) {
  object["mean_kl_divergence"] = quality.meanDivergence;
  object["compared_tokens"] = quality.tokens;
  object["same_likeliest_token"] = quality.agreement;
}

static std::string describeQuality(const QualityFigures &quality) {
  char text[160];
  std::snprintf(
      text, sizeof text,
      "\nquality            mean KL divergence %.3g of %lld tokens, of which %.1f%% have the same likeliest one",
      quality.meanDivergence, static_cast<long long>(quality.tokens), 100 * quality.agreement);
  return text;
}

std::string describeStatistics(const Statistics &statistics, const Steps &steps, bool asJson) {
  auto rate = [](int64_t count, double seconds) { return seconds > 0 ? static_cast<double>(count) / seconds : 0.0; };
  // The first token of every sequence follows from its prompt.
  int64_t decoded = statistics.generatedTokens - statistics.sequences, passes = statistics.drafts.passes;
  double tokensPerPass = passes ? static_cast<double>(decoded) / static_cast<double>(passes) : 0;
  int64_t read = statistics.promptTokens - statistics.sharedTokens;
  if (asJson) {
    nlohmann::ordered_json object;
    object["sequences"] = statistics.sequences;
    object["prompt_tokens"] = statistics.promptTokens;
    object["shared_prompt_tokens"] = statistics.sharedTokens;
    object["generated_tokens"] = statistics.generatedTokens;
    object["decode_steps"] = statistics.decodeSteps;
    object["seconds_to_first_token"] = statistics.firstToken;
    object["prefill_seconds"] = statistics.prefill;
    object["decode_seconds"] = statistics.decode;
    object["prefill_tokens_per_second"] = rate(read, statistics.prefill);
    object["decode_tokens_per_second"] = rate(decoded, statistics.decode);
    object["cache_bytes_per_token"] = steps.bytesOfPosition;
    describeDrafts(statistics.drafts, tokensPerPass, object);
    if (statistics.quality)
      describeQuality(*statistics.quality, object);
    if (statistics.finish)
      object["finish_reason"] = describeFinish(*statistics.finish);
    return dumpJson(object);
  }
  char text[512];
  std::snprintf(text, sizeof text,
                "prompts            %lld tokens in %.3f s, %.0f tokens/s%s\n"
                "generated          %lld tokens in %lld steps, %.3f s, %.0f tokens/s\n"
                "first token after  %.3f s\n"
                "cache              %llu bytes per token",
                static_cast<long long>(read), statistics.prefill, rate(read, statistics.prefill),
                statistics.sharedTokens ? concat(", and ", statistics.sharedTokens, " that were there").c_str() : "",
                static_cast<long long>(statistics.generatedTokens), static_cast<long long>(statistics.decodeSteps),
                statistics.decode, rate(decoded, statistics.decode), statistics.firstToken,
                static_cast<unsigned long long>(steps.bytesOfPosition));
  std::string drafted = text + describeDrafts(statistics.drafts, tokensPerPass);
  if (statistics.quality)
    drafted += describeQuality(*statistics.quality);
  return statistics.finish ? concat(drafted, "\nended by           ", describeFinish(*statistics.finish)) : drafted;
}

std::string describePlan(const Program &program, const Steps &steps, unsigned threads) {
  MemoryNeeds needs(program, /*alignment=*/64, threads);
  uint64_t cache = steps.bytesOfPosition * static_cast<uint64_t>(steps.pages * steps.positionsOfPage);
  // Those that are kept in packed forms only are in the way while they are loaded, one at a time.
  uint64_t weights = 0;
  for (const hadal_tensor &tensor : program.tensors())
    if (tensor.role == HADAL_PACKED || (tensor.role == HADAL_PARAMETER && tensor.lifetime != HADAL_LOADING))
      weights += byteSize(tensor);
  return concat("weights   ", describeBytes(weights), ", ", program.parameterCount(), " parameters\n", "cache     ",
                describeBytes(cache), ": ", steps.bytesOfPosition, " bytes per token, ", steps.mostSequences,
                " sequences of ", steps.mostPositions(), " tokens\n", "buffers   ",
                describeBytes(needs.total() - weights - cache), "\n", "together  ", describeBytes(needs.total()), "\n");
}

} // namespace hadal
