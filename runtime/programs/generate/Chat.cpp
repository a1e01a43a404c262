// The way of a conversation through the template and the tokenizer.
#include "runtime/programs/generate/Chat.h"

#include "runtime/core/Error.h"
#include "runtime/io/Json.h"

namespace hadal {

using Json = nlohmann::ordered_json;

Json messageOf(std::string_view role, std::string_view content) { return {{"role", role}, {"content", content}}; }

namespace {

/// As vLLM and llama.cpp name them. `thinking` is that of V3.1, others of the family have the longer name.
Json readArguments(const ChatOptions &options) {
  Json arguments = Json::object();
  if (options.thinks)
    arguments = {{"thinking", true}, {"enable_thinking", true}};
  if (options.arguments.empty())
    return arguments;
  Json given = Json::parse(options.arguments, nullptr, false);
  if (!given.is_object())
    fail(HADAL_EXIT_COMMAND_LINE, "--chat-template-kwargs is a JSON object such as {\"thinking\": true}, not '",
         options.arguments, "'");
  arguments.update(given);
  return arguments;
}

bool isOfRole(const Json &message, std::string_view role) {
  return message.is_object() && message.contains("role") && message["role"] == role;
}

/// What templates do not look at themselves: a number would be written as it is, and nothing for what is missing.
void requireContents(const Json &messages) {
  if (messages.empty())
    fail(HADAL_EXIT_INPUT, "messages: there is none; give at least what the user says");
  size_t number = 0;
  for (const Json &message : messages) {
    ++number;
    bool isThere = message.contains("content") && !message["content"].is_null();
    if (!isThere && !message.contains("tool_calls"))
      fail(HADAL_EXIT_INPUT, "messages: the ", number, ". has no 'content'");
    if (isThere && !message["content"].is_string() && !message["content"].is_array())
      fail(HADAL_EXIT_INPUT, "messages: 'content' of the ", number, ". is a text or a list of parts, not ",
           dumpJson(message["content"]).substr(0, 40));
  }
}

/// Templates pass over roles that they do not know. What makes no difference to the text was not read: the user of a
/// wrong role would never learn of it. Of users and assistants all templates know.
void requireRead(const ChatTemplate &chatTemplate, const Conversation &conversation, const MarkedText &text,
                 size_t firstOfUser) {
  for (size_t i = 0; i < conversation.messages.size(); ++i) {
    const Json &message = conversation.messages[i];
    bool isWritten =
        isOfRole(message, "user") || isOfRole(message, "assistant") || message.value("content", Json()) == "";
    if (isWritten)
      continue;
    Conversation without = conversation;
    without.messages.erase(i);
    try {
      if (chatTemplate.render(without).bytes() != text.bytes())
        continue;
    } catch (const Error &) {
      continue; // without it the conversation is none
    }
    if (i < firstOfUser)
      fail(HADAL_EXIT_INPUT, "the chat template writes nothing of a system message");
    fail(HADAL_EXIT_INPUT, "messages: the ", i + 1 - firstOfUser, ". has the role '",
         message["role"].get<std::string>(), "', of which the chat template writes nothing");
  }
}

} // namespace

Chat::Chat(std::filesystem::path directory, const ChatOptions &options, bool allowsSpecial)
    : directory(std::move(directory)), system(options.system), arguments(readArguments(options)),
      allowsSpecial(allowsSpecial) {}

ChatPrompt Chat::encode(Conversation conversation, Tokenizer &tokenizer) {
  if (!chatTemplate)
    chatTemplate = ChatTemplate::open(directory);
  requireMessages(conversation.messages);
  requireContents(conversation.messages);
  bool addsSystem = system && !isOfRole(conversation.messages[0], "system");
  if (addsSystem)
    conversation.messages.insert(conversation.messages.begin(), messageOf("system", *system));
  Json variables = arguments;
  variables.update(conversation.variables);
  conversation.variables = std::move(variables);
  MarkedText text = chatTemplate->render(conversation);
  requireRead(*chatTemplate, conversation, text, addsSystem);
  bool isInThought = endsInThought(text);
  if (allowsSpecial)
    return {tokenizer.encode(text.bytes(), AddedTokenPolicy::All), isInThought};
  std::vector<TextSpan> spans;
  size_t begin = 0;
  for (const MarkedText::Run &run : text.runs()) {
    spans.push_back({std::string_view(text.bytes()).substr(begin, run.end - begin),
                     run.isGiven ? AddedTokenPolicy::None : AddedTokenPolicy::All});
    begin = run.end;
  }
  return {tokenizer.encode(spans), isInThought};
}

} // namespace hadal
