// A text while it grows.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_SEQUENCE_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_SEQUENCE_H

#include "runtime/programs/generate/Prompts.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace hadal {

enum class Finish { No, Length, Stop };
/// "length", "stop".
inline std::string_view describeFinish(Finish finish) { return finish == Finish::Stop ? "stop" : "length"; }

struct Sequence {
  Prompt prompt;
  std::vector<int32_t> tokens; // of the prompt, and what was generated
  std::vector<int32_t> pages;
  /// How many of the tokens the caches hold.
  int64_t cached = 0;
  Finish finish = Finish::No;
  /// Of every generated token; logits only where they are written.
  std::vector<float> logProbabilities, logits;

  explicit Sequence(Prompt given) : prompt(std::move(given)), tokens(prompt.tokens) {}

  size_t generated() const { return tokens.size() - prompt.tokens.size(); }
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_SEQUENCE_H
