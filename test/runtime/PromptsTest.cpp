// Prompts of every kind: texts, token ids, messages through a template, and what is refused of them.
#include "runtime/programs/generate/Prompts.h"
#include "runtime/programs/generate/Dialogue.h"
#include "runtime/programs/generate/Options.h"
#include "test/runtime/Support.h"

namespace hadal::test {
namespace {

constexpr const char *simple =
    "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}<U>{{ m.content }}{% elif m.role == 'assistant' %}"
    "<A>{{ m.content }}{{ eos_token }}{% elif m.role == 'system' %}{{ m.content }}{% elif m.role == 'critic' %}"
    "{{ raise_exception('no critics here') }}{% endif %}{% endfor %}{% if add_generation_prompt %}<A>"
    "{{ '<think>' if thinking else '' }}{% endif %}";

/// A folder with a tokenizer of the bytes and four added tokens, 256 to 259, and a template.
struct Folder {
  TemporaryFolder folder;
  GenerateOptions options;
  std::optional<Tokenizer> tokenizer;

  explicit Folder(const std::string &chatTemplate = simple, bool addsBegin = false) {
    std::string lines;
    constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (unsigned byte = 0; byte < 256; ++byte)
      lines += concat(digits[byte >> 2], digits[(byte & 3) << 4], "== ", byte, "\n");
    writeFile(folder / "tiktoken.model", lines);
    nlohmann::json configuration = {{"bos_token", "<s>"}, {"eos_token", "</s>"}, {"add_bos_token", addsBegin}};
    int id = 256;
    for (const char *content : {"<s>", "</s>", "<U>", "<A>"})
      configuration["added_tokens_decoder"][std::to_string(id++)] = {{"content", content}};
    writeFile(folder / "tokenizer_config.json", configuration.dump());
    if (!chatTemplate.empty())
      writeFile(folder / "chat_template.jinja", chatTemplate);
    options.load = folder.path();
    tokenizer = Tokenizer::open(folder.path());
  }

  std::vector<Prompt> read(int64_t positions = 1000) {
    return PromptReader(options, {.vocabulary = 512, .positions = positions}, *tokenizer).readAll();
  }
  /// Added tokens by their names, bytes as themselves.
  std::string text(const Prompt &prompt) const { return tokenizer->decode(prompt.tokens); }
  std::string readLines(const std::string &lines) {
    options.prompts = folder / "prompts.jsonl";
    writeFile(options.prompts, lines);
    std::string texts;
    for (const Prompt &prompt : read())
      texts += text(prompt) + "\n";
    return texts;
  }
  std::string refusedLine(const std::string &line) {
    return failureOf(HADAL_EXIT_INPUT, [&] { readLines("{\"prompt\": \"a\"}\n" + line + "\n"); });
  }
};

TEST(PromptsTest, TextNeverBecomesSpecialTokensUnlessItMay) {
  Folder folder;
  folder.options.prompt = "<s>a";
  EXPECT_EQ(folder.read()[0].tokens, (std::vector<int32_t>{'<', 's', '>', 'a'}));
  folder.options.special = true;
  EXPECT_EQ(folder.read()[0].tokens, (std::vector<int32_t>{256, 'a'}));
}

TEST(PromptsTest, TheTokenThatBeginsATextComesOnce) {
  Folder folder(simple, /*addsBegin=*/true);
  folder.options.prompt = "a";
  EXPECT_EQ(folder.read()[0].tokens, (std::vector<int32_t>{256, 'a'}));
  folder.options.chat.isOn = true;
  EXPECT_EQ(folder.read()[0].tokens, (std::vector<int32_t>{256, 258, 'a', 259}));
  folder.options.chat.isOn = false;
  folder.options.special = true;
  folder.options.prompt = "<s>a";
  EXPECT_EQ(folder.read()[0].tokens, (std::vector<int32_t>{256, 'a'}));
}

TEST(PromptsTest, AMessageCannotSpeakForSomebodyElse) {
  Folder folder;
  folder.options.prompt = "a<A>b";
  folder.options.chat.isOn = true;
  folder.options.chat.system = "</s>";
  EXPECT_EQ(folder.read()[0].tokens,
            (std::vector<int32_t>{256, '<', '/', 's', '>', 258, 'a', '<', 'A', '>', 'b', 259}));
  folder.options.special = true;
  EXPECT_EQ(folder.read()[0].tokens, (std::vector<int32_t>{256, 257, 258, 'a', 259, 'b', 259}));
}

TEST(PromptsTest, LinesOfMessages) {
  Folder folder;
  const char *lines = R"({"id": 1, "messages": [{"role": "user", "content": "a"}], "seed": 3}
{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]}
{"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "a"}], "chat_template_kwargs": {"thinking": true}}
{"prompt": "p"}
)";
  EXPECT_EQ(folder.readLines(lines), "<s><U>a<A>\n<s><U>a<A>b</s><U>c<A>\n<s>s<U>a<A><think>\np\n");
  // --chat is about prompts, --system about conversations without a system message.
  folder.options.chat = {.isOn = true, .system = "t"};
  EXPECT_EQ(folder.readLines(lines), "<s>t<U>a<A>\n<s>t<U>a<A>b</s><U>c<A>\n<s>s<U>a<A><think>\n<s>t<U>p<A>\n");
  folder.options.chat.thinks = true;
  EXPECT_EQ(folder.readLines(R"({"prompt": "p"})"), "<s>t<U>p<A><think>\n");
  EXPECT_TRUE(folder.read()[0].isInThought);
  folder.options.chat.arguments = R"({"thinking": false})";
  EXPECT_EQ(folder.readLines(R"({"prompt": "p"})"), "<s>t<U>p<A>\n");
}

TEST(PromptsTest, RefusesLinesByTheirPlace) {
  Folder folder;
  auto expect = [&](const std::string &line, const std::string &message) {
    EXPECT_CONTAINS(folder.refusedLine(line), "prompts.jsonl:2: " + message);
  };
  expect(R"({"prompt": "a", "messages": []})", "has both 'prompt' and 'messages'");
  expect(R"({"id": 1})", "has no 'prompt' and no 'messages'");
  expect(R"({"prompt": "a", "tools": []})", "'tools' is for 'messages', and there are none");
  expect(R"({"messages": "a"})", "messages: expected a list of objects");
  expect(R"({"messages": []})", "messages: there is none");
  expect(R"({"messages": [{"role": "user", "content": "a"}, 7]})", "messages: the 2. is no object");
  expect(R"({"messages": [{"role": "user"}]})", "messages: the 1. has no 'content'");
  expect(R"({"messages": [{"role": "user", "content": 7}]})", "messages: 'content' of the 1. is a text or a list");
  expect(R"({"messages": [{"role": "user", "content": "a"}, {"role": "usr", "content": "b"}]})",
         "messages: the 2. has the role 'usr', of which the chat template writes nothing");
  expect(R"({"messages": [{"role": "critic", "content": "a"}]})", "");
  EXPECT_CONTAINS(folder.refusedLine(R"({"messages": [{"role": "critic", "content": "a"}]})"), "no critics here");
  expect(R"({"messages": [{"role": "user", "content": "a"}], "chat_template_kwargs": 1})",
         "'chat_template_kwargs' is an object");
  expect(R"({"messages": [{"role": "user", "content": "a"}], "tools": {}})", "'tools' is a list of objects");
  folder.options.chat.isOn = true;
  expect(R"({"prompt": [1, 2]})", "a prompt of token ids is nothing that a user says");
  folder.options.chat.system = "s";
  expect(R"({"messages": [{"role": "user", "content": "a"}, {"role": "usr", "content": "b"}]})",
         "messages: the 2. has the role 'usr'");
}

TEST(PromptsTest, RefusesConversationsThatDoNotFit) {
  Folder folder;
  folder.options.chat.isOn = true;
  folder.options.prompt = "abc";
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { folder.read(6); }),
                  "--prompt: the prompt has 6 tokens, and the program was compiled for sequences of 6");
  folder.options.chat.arguments = "[]";
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_COMMAND_LINE, [&] { folder.read(); }),
                  "--chat-template-kwargs is a JSON object");
}

TEST(PromptsTest, ATemplateIsWantedOnlyForConversations) {
  Folder folder("");
  folder.options.prompt = "a";
  EXPECT_EQ(folder.read()[0].tokens.size(), 1u);
  folder.options.chat.isOn = true;
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { folder.read(); }), "has no chat template");
}

TEST(PromptsTest, ASystemMessageThatATemplateDoesNotKnowIsRefused) {
  Folder folder("{% for m in messages %}{% if m.role == 'user' %}{{ m.content }}{% endif %}{% endfor %}");
  folder.options.prompt = "a";
  folder.options.chat = {.isOn = true, .system = "s"};
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { folder.read(); }),
                  "--prompt: the chat template writes nothing of a system message");
}

TEST(LineReaderTest, ReadsLinesHoweverTheyCome) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  LineReader lines(ends[0]);
  std::string text = "a\n\nbc\r\n" + std::string(10000, 'd') + "\nlast";
  ASSERT_EQ(write(ends[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  close(ends[1]);
  for (const std::string &expected :
       {std::string("a"), std::string(), std::string("bc"), std::string(10000, 'd'), std::string("last")})
    EXPECT_EQ(lines.next(), expected);
  EXPECT_EQ(lines.next(), std::nullopt);
  EXPECT_EQ(lines.next(), std::nullopt);
  close(ends[0]);
}

} // namespace
} // namespace hadal::test
