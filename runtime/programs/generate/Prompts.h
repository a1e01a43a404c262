// What is to be continued: one prompt of the command line or of a file, or a file with one in each line.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTS_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTS_H

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

struct GenerateOptions;

struct Prompt {
  std::string place;         // for messages: "--prompt", "prompts.jsonl:3"
  nlohmann::ordered_json id; // handed through; null when there is none
  std::vector<int32_t> tokens;
  int64_t maxTokens;
};

/// The bounds of what a program can continue.
struct PromptLimits {
  int64_t vocabulary, positions;
};

/// All prompts that the options name, checked: each has tokens of the vocabulary, and leaves room for one more.
std::vector<Prompt> readPrompts(const GenerateOptions &options, const PromptLimits &limits);

/// Text for models of bytes, whose tokens are its bytes.
std::vector<int32_t> tokensOf(std::string_view text);
/// The bytes that tokens stand for; those that are no bytes stand for the replacement character.
std::string textOf(const std::vector<int32_t> &tokens, size_t first);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTS_H
