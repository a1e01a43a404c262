// What is to be continued: one prompt of the command line or of a file, or a file with one in each line.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTS_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTS_H

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

struct GenerateOptions;
class Tokenizer;

struct Prompt {
  std::string place;         // for messages: "--prompt", "prompts.jsonl:3"
  nlohmann::ordered_json id; // handed through; null when there is none
  std::vector<int32_t> tokens;
  int64_t maxTokens;
  std::optional<uint64_t> seed = {}; // its own, instead of --seed
};

/// The bounds of what a program can continue.
struct PromptLimits {
  int64_t vocabulary, positions;
};

/// All prompts that the options name, checked: each has tokens of the vocabulary, and leaves room for one more. Text
/// becomes tokens, none of them special, behind the one that begins a text where the tokenizer's configuration asks for
/// it.
std::vector<Prompt> readPrompts(const GenerateOptions &options, const PromptLimits &limits, Tokenizer &tokenizer);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTS_H
