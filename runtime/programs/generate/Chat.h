// Conversations as prompts: the chat template of a model's directory writes their text, and what it wrote itself may
// become special tokens; what messages gave may not, unless that is asked for.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_CHAT_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_CHAT_H

#include "runtime/text/ChatTemplate.h"
#include "runtime/text/Tokenizer.h"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace hadal {

/// What the command line says about conversations.
struct ChatOptions {
  /// A prompt is what a user says.
  bool isOn = false;
  /// Comes before conversations that do not begin with a system message themselves.
  std::optional<std::string> system = {};
  /// Whether the answer is to begin with a thought, where the template leaves the choice.
  bool thinks = false;
  /// Variables of the template by name, as JSON.
  std::string arguments = {};
};

/// A conversation as a model reads it.
struct ChatPrompt {
  std::vector<int32_t> tokens;
  bool isInThought = false; // whether the template has begun a thought, which the model is to end
};

class Chat {
public:
  /// The template is read when a conversation needs it. Fails with HADAL_EXIT_COMMAND_LINE when the options' arguments
  /// are no JSON object.
  Chat(std::filesystem::path directory, const ChatOptions &options, bool allowsSpecial);

  /// The options' system message, where it is wanted, and the arguments that the conversation does not give itself, are
  /// added to it. Fails with HADAL_EXIT_INPUT when a message is malformed, or the template does not take it.
  ChatPrompt encode(Conversation conversation, Tokenizer &tokenizer);

private:
  std::filesystem::path directory;
  std::optional<std::string> system;
  nlohmann::ordered_json arguments;
  bool allowsSpecial;
  std::optional<ChatTemplate> chatTemplate;
};

/// {"role": role, "content": content}
nlohmann::ordered_json messageOf(std::string_view role, std::string_view content);

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_CHAT_H
