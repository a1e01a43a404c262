// The template of a model's directory by which messages become the text of a prompt.
//
// The text says of every byte whether the template wrote it or a message gave it: special tokens are looked for in the
// former only, so that no message can end itself or speak for somebody else. Templates write the token that begins a
// text themselves, if it is wanted: the text is to be encoded without another one.
#ifndef HADAL_RUNTIME_TEXT_CHATTEMPLATE_H
#define HADAL_RUNTIME_TEXT_CHATTEMPLATE_H

#include "runtime/text/JinjaSyntax.h"
#include "runtime/text/MarkedText.h"

#include <nlohmann/json.hpp>

#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace hadal {

/// What a template is given. As from transformers, what is null is none in the template.
struct Conversation {
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  nlohmann::ordered_json tools = nullptr, documents = nullptr;
  /// Whether the answer is to begin behind the prompt.
  bool addGenerationPrompt = true;
  /// Others that the template knows, by name: `thinking` of V3.1...
  nlohmann::ordered_json variables = nlohmann::ordered_json::object();
  std::optional<std::time_t> now = {}; // of strftime_now; tests set it
};

class ChatTemplate {
public:
  /// Reads chat_template.jinja, or else the field chat_template of tokenizer_config.json: a template, or a list of
  /// named ones, of which `default` is taken, or `tool_use` where there are tools. Fails when there is none.
  static ChatTemplate open(const std::filesystem::path &directory);
  /// `name` is what messages call it; special tokens are by the names of variables, such as bos_token.
  ChatTemplate(std::string name, std::string_view text, std::vector<std::pair<std::string, std::string>> specialTokens);

  MarkedText render(const Conversation &conversation) const;

private:
  /// A template and the tree that was made of it.
  struct Parsed {
    jinja::Source source;
    jinja::Body body;
  };

  std::shared_ptr<const Parsed> standard, forTools;
  std::vector<std::pair<std::string, std::string>> specialTokens;

  static std::shared_ptr<const Parsed> parse(std::string name, std::string_view text);
};

/// Fails with HADAL_EXIT_INPUT unless these are objects with a role each; rendering asks for it.
void requireMessages(const nlohmann::ordered_json &messages);

/// Whether the template itself has begun a thought (R1, V3.1): the model's text then has only the end of it.
bool endsInThought(const MarkedText &prompt);

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_CHATTEMPLATE_H
