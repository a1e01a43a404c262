// Templates from files, and JSON as their values.
#include "runtime/text/ChatTemplate.h"

#include "runtime/core/Error.h"
#include "runtime/io/File.h"
#include "runtime/text/Characters.h"
#include "runtime/text/JinjaInterpreter.h"
#include "runtime/text/JinjaLexer.h"
#include "runtime/text/Utf8.h"

namespace hadal {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;
using jinja::Value;

static constexpr const char *tokenNames[] = {"bos_token", "eos_token", "unk_token", "sep_token",
                                             "pad_token", "cls_token", "mask_token"};

std::shared_ptr<const ChatTemplate::Parsed> ChatTemplate::parse(std::string name, std::string_view text) {
  auto parsed = std::make_shared<Parsed>();
  parsed->source = {std::move(name), jinja::normalizeTemplate(text)};
  if (size_t wrong = findInvalidUtf8(parsed->source.text); wrong != std::string::npos)
    parsed->source.fail(wrong, "the template is no UTF-8 here");
  parsed->body = jinja::parse(parsed->source);
  return parsed;
}

ChatTemplate::ChatTemplate(std::string name, std::string_view text,
                           std::vector<std::pair<std::string, std::string>> tokens)
    : standard(parse(std::move(name), text)), specialTokens(std::move(tokens)) {}

static Json readConfiguration(const fs::path &path) {
  if (!fs::exists(path))
    return Json::object();
  Json configuration = Json::parse(readText(path), nullptr, false);
  if (!configuration.is_object())
    fail(HADAL_EXIT_INPUT, path.string(), ": expected a JSON object");
  return configuration;
}

/// A token is a text, or an object that has one.
static std::vector<std::pair<std::string, std::string>> readTokens(const Json &configuration, const fs::path &path) {
  std::vector<std::pair<std::string, std::string>> tokens;
  for (const char *name : tokenNames) {
    if (!configuration.contains(name) || configuration[name].is_null())
      continue;
    const Json &token = configuration[name];
    const Json *content = token.is_object() && token.contains("content") ? &token["content"] : &token;
    if (!content->is_string())
      fail(HADAL_EXIT_INPUT, path.string(), ": '", name, "' is neither a string nor an object with a string 'content'");
    tokens.emplace_back(name, content->get<std::string>());
  }
  return tokens;
}

/// The template of that name in a list of named ones.
static const Json *findNamed(const Json &list, std::string_view name, const fs::path &path) {
  const Json *found = nullptr;
  for (const Json &entry : list) {
    bool isNamed = entry.is_object() && entry.contains("name") && entry["name"].is_string() &&
                   entry.contains("template") && entry["template"].is_string();
    if (!isNamed)
      fail(HADAL_EXIT_INPUT, path.string(), ": expected objects with strings 'name' and 'template' in 'chat_template'");
    if (entry["name"] == name)
      found = &entry["template"];
  }
  return found;
}

ChatTemplate ChatTemplate::open(const fs::path &directory) {
  fs::path path = directory / "tokenizer_config.json", file = directory / "chat_template.jinja";
  Json configuration = readConfiguration(path);
  auto tokens = readTokens(configuration, path);
  if (fs::exists(file))
    return ChatTemplate(file.string(), readText(file), std::move(tokens));
  std::string name = path.string() + ": chat_template";
  Json field = configuration.value("chat_template", Json());
  if (field.is_string())
    return ChatTemplate(name, field.get<std::string>(), std::move(tokens));
  if (field.is_null())
    fail(HADAL_EXIT_INPUT, directory.string(),
         " has no chat template: no chat_template.jinja, and no 'chat_template' in ",
         "tokenizer_config.json; give the prompt as plain text");
  if (!field.is_array())
    fail(HADAL_EXIT_INPUT, path.string(), ": 'chat_template' is neither a string nor a list of named templates");
  const Json *standard = findNamed(field, "default", path), *forTools = findNamed(field, "tool_use", path);
  if (!standard)
    fail(HADAL_EXIT_INPUT, path.string(), ": none of the templates in 'chat_template' is named 'default'");
  ChatTemplate result(name + " default", standard->get<std::string>(), std::move(tokens));
  if (forTools)
    result.forTools = parse(name + " tool_use", forTools->get<std::string>());
  return result;
}

namespace {

/// JSON as values; all text in it was given.
class Converter {
public:
  Converter(jinja::Work &work) : work(work) {}

  Value convert(const Json &json, const std::string &where, size_t depth = 0) {
    work.spend();
    if (depth > 90)
      fail(HADAL_EXIT_INPUT, where, ": lists and objects nested more than 90 deep");
    switch (json.type()) {
    case Json::value_t::null:
      return Value();
    case Json::value_t::boolean:
      return Value::boolean(json.get<bool>());
    case Json::value_t::number_integer:
      return Value::integer(json.get<int64_t>());
    case Json::value_t::number_unsigned:
      if (json.get<uint64_t>() > INT64_MAX)
        fail(HADAL_EXIT_INPUT, where, ": the integer ", json.get<uint64_t>(), " is too large; templates have 64 bits");
      return Value::integer(json.get<int64_t>());
    case Json::value_t::number_float:
      return Value::number(json.get<double>());
    case Json::value_t::string:
      return Value::text(given(json.get_ref<const std::string &>(), where));
    case Json::value_t::array: {
      std::vector<Value> items;
      for (const Json &item : json)
        items.push_back(convert(item, where, depth + 1));
      return Value::list(work, std::move(items));
    }
    case Json::value_t::object: {
      std::vector<std::pair<MarkedText, Value>> entries;
      for (const auto &[key, item] : json.items())
        entries.emplace_back(given(key, where), convert(item, where, depth + 1));
      return Value::dictionary(work, std::move(entries));
    }
    default:
      fail(HADAL_EXIT_INPUT, where, ": a value that JSON does not have");
    }
  }

private:
  MarkedText given(const std::string &text, const std::string &where) {
    work.spendOnText(text.size());
    if (size_t wrong = findInvalidUtf8(text); wrong != std::string::npos)
      fail(HADAL_EXIT_INPUT, where, ": no UTF-8 at byte ", wrong, " of a text");
    return MarkedText(text, true);
  }

  jinja::Work &work;
};

} // namespace

void requireMessages(const Json &messages) {
  if (!messages.is_array())
    fail(HADAL_EXIT_INPUT, "messages: expected a list of objects with 'role' and 'content'");
  size_t number = 0;
  for (const Json &message : messages) {
    ++number;
    if (!message.is_object() || !message.contains("role") || !message["role"].is_string())
      fail(HADAL_EXIT_INPUT, "messages: the ", number, ". is no object with a string 'role'");
  }
}

MarkedText ChatTemplate::render(const Conversation &conversation) const {
  requireMessages(conversation.messages);
  bool hasTools = conversation.tools.is_array() && !conversation.tools.empty();
  const Parsed &parsed = forTools && hasTools ? *forTools : *standard;
  jinja::Work work(parsed.source);
  Converter converter(work);
  jinja::Variables variables;
  for (const auto &[name, token] : specialTokens)
    variables.emplace_back(name, Value::text(token));
  auto set = [&](const std::string &name, Value value) {
    std::erase_if(variables, [&](const auto &variable) { return variable.first == name; });
    variables.emplace_back(name, std::move(value));
  };
  if (!conversation.variables.is_object())
    fail(HADAL_EXIT_INPUT, "the variables of a chat template: expected a JSON object");
  for (const auto &[name, value] : conversation.variables.items())
    set(name, converter.convert(value, name));
  set("messages", converter.convert(conversation.messages, "messages"));
  set("tools", converter.convert(conversation.tools, "tools"));
  set("documents", converter.convert(conversation.documents, "documents"));
  set("add_generation_prompt", Value::boolean(conversation.addGenerationPrompt));
  return jinja::render(work, parsed.body, std::move(variables), conversation.now.value_or(std::time(nullptr)));
}

bool endsInThought(const MarkedText &prompt) {
  constexpr std::string_view tag = "<think>";
  std::string_view text = std::string_view(prompt.bytes()).substr(0, stripEnd(prompt.bytes()));
  return text.ends_with(tag) && !prompt.slice(text.size() - tag.size(), text.size()).hasGiven();
}

} // namespace hadal
