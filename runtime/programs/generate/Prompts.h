// What is to be continued: one prompt of the command line or of a file, a file with one in each line, or the turns of a
// conversation.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTS_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTS_H

#include "runtime/programs/generate/Chat.h"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
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
  std::optional<uint64_t> seed = {}; // its own, instead of --seed
  bool isInThought = false;          // whether the template of the conversation has begun one
};

/// The bounds of what a program can continue.
struct PromptLimits {
  int64_t vocabulary, positions;
};

/// Makes prompts, checked: each has tokens of the vocabulary, and leaves room for one more. Text becomes tokens, none
/// of them special unless the options allow it, behind the one that begins a text where the tokenizer's configuration
/// asks for it. In the text of a conversation the template has written that one, if it is wanted.
class PromptReader {
public:
  PromptReader(const GenerateOptions &options, const PromptLimits &limits, Tokenizer &tokenizer);

  /// All prompts that the options name.
  std::vector<Prompt> readAll();
  /// A text, which with --chat is what a user says.
  Prompt ofText(const std::string &text, const std::string &place);
  Prompt ofConversation(Conversation conversation, const std::string &place);

private:
  const GenerateOptions &options;
  PromptLimits limits;
  Tokenizer &tokenizer;
  Chat chat;

  Prompt ofTokens(std::vector<int32_t> tokens, const std::string &place) const;
  std::vector<int32_t> encode(const std::string &text) const;
  Prompt readLine(std::string_view line, const std::string &place);
  std::vector<Prompt> readLines(const std::filesystem::path &path);
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_PROMPTS_H
