// A text while it grows.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_SEQUENCE_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_SEQUENCE_H

#include "runtime/programs/generate/Prompts.h"
#include "runtime/programs/generate/TextStream.h"
#include "runtime/sampling/Sampler.h"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <vector>

namespace hadal {

enum class Finish { No, Length, Stop, Interrupted };
/// "length", "stop", "interrupted".
inline std::string_view describeFinish(Finish finish) {
  return finish == Finish::Stop ? "stop" : finish == Finish::Interrupted ? "interrupted" : "length";
}

/// A token that is likely to follow, and what it was chosen by; the logits only where they are written.
struct Draft {
  int32_t token;
  float largest, logarithm;
  std::vector<float> logits = {};
};

/// What is drafted behind a sequence, and what later drafts need.
struct SequenceDrafts {
  /// Rows of a depth whose hidden states are known, from a position on, and that its caches do not hold, or not for
  /// good.
  struct Rows {
    int64_t first = 0;
    std::vector<float> hidden;
  };
  std::vector<Rows> depths;
  std::vector<Draft> next;
  /// The hidden state that the last draft left, for one more.
  std::vector<float> state;
  /// For every generated token, what had been drafted in its place (-1: nothing) and the logarithm of the probability
  /// that the token had there; only where they are written.
  std::vector<int32_t> drafted;
  std::vector<float> logProbabilities;
};

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
  SequenceDrafts drafts;
  /// The prompt's, where it is written before that of the stream.
  std::string promptText;

  Sequence(const Prompt &prompt, uint32_t sample, TextStream stream)
      : prompt(prompt), sample(sample), tokens(prompt.tokens), stream(std::move(stream)) {}

  size_t generated() const { return tokens.size() - prompt.tokens.size(); }
  /// How many tokens may still follow where a sequence has so many positions.
  int64_t left(int64_t positions) const {
    return std::min(prompt.maxTokens - static_cast<int64_t>(generated()),
                    positions - static_cast<int64_t>(tokens.size()));
  }
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_SEQUENCE_H
