// A text while it grows.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_SEQUENCE_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_SEQUENCE_H

#include "runtime/programs/generate/Prompts.h"
#include "runtime/programs/generate/TextStream.h"
#include "runtime/sampling/Sampler.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace hadal {

enum class Finish { No, Length, Stop, Interrupted };
/// "length", "stop", "interrupted".
inline std::string_view describeFinish(Finish finish) {
  return finish == Finish::Stop ? "stop" : finish == Finish::Interrupted ? "interrupted" : "length";
}

struct Sequence {
  Prompt prompt;
  /// Of several texts for one prompt, which.
  uint32_t sample = 0;
  std::vector<int32_t> tokens; // of the prompt, and what was generated
  std::vector<int32_t> pages;
  /// How many of the tokens the caches hold.
  int64_t cached = 0;
  Finish finish = Finish::No;
  /// Of every generated token; logits, and the likeliest tokens in its place, only where they are written. Where the
  /// prompt is scored as well, its tokens from the second on come first.
  std::vector<float> logProbabilities, logits;
  std::vector<std::vector<TokenProbability>> likeliest;
  TextStream stream;
  /// The prompt's, where it is written before that of the stream.
  std::string promptText;

  Sequence(const Prompt &prompt, uint32_t sample, TextStream stream)
      : prompt(prompt), sample(sample), tokens(prompt.tokens), stream(std::move(stream)) {}

  size_t generated() const { return tokens.size() - prompt.tokens.size(); }
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_SEQUENCE_H
