// Chat templates: what jinja2 makes of them (test/runtime/templates/make_cases.py), which of it was given, what is
// refused, and where templates are read from.
#include "runtime/text/ChatTemplate.h"
#include "runtime/io/File.h"
#include "runtime/io/Json.h"
#include "test/runtime/Support.h"

#include <cstdlib>

namespace hadal::test {
namespace {

using Json = nlohmann::ordered_json;

Conversation conversationOf(const Json &test) {
  Conversation conversation;
  conversation.messages = test.value("messages", Json::array());
  conversation.tools = test.value("tools", Json());
  conversation.addGenerationPrompt = test.value("add_generation_prompt", true);
  conversation.variables = test.value("variables", Json::object());
  conversation.now = 86400;
  return conversation;
}

std::vector<std::pair<std::string, std::string>> tokensOf(const Json &test) {
  std::vector<std::pair<std::string, std::string>> tokens;
  for (const auto &[name, token] : test["tokens"].items())
    tokens.emplace_back(name, token.get<std::string>());
  return tokens;
}

TEST(ChatTemplateTest, EqualsJinja) {
  const char *others = std::getenv("HADAL_TEMPLATE_CASES");
  Json file = Json::parse(readText(others ? others : HADAL_TEMPLATE_CASES));
  size_t rendered = 0, refused = 0, unsupported = 0;
  for (const Json &test : file["cases"]) {
    std::string name = test["name"], text = file["templates"][test["template"].get<std::string>()];
    try {
      MarkedText output = ChatTemplate(name, text, tokensOf(test)).render(conversationOf(test));
      ++rendered;
      EXPECT_TRUE(test.contains("expected")) << name << " is an error in jinja2: " << test.value("error", "");
      EXPECT_EQ(output.bytes(), test.value("expected", "")) << name;
    } catch (const Error &error) {
      ++refused;
      if (test.contains("error"))
        continue;
      ++unsupported;
      if (others)
        std::fprintf(stderr, "%s\n", error.what());
      else
        ADD_FAILURE() << error.what();
    }
  }
  EXPECT_GT(rendered, 20u);
  EXPECT_GT(refused, 0u);
  if (others)
    std::fprintf(stderr, "%zu rendered, %zu refused, %zu of them not by jinja2\n", rendered, refused, unsupported);
}

MarkedText render(std::string_view text, const Json &variables = Json::object(), const Json &messages = Json::array()) {
  Conversation conversation{.messages = messages, .variables = variables, .now = 86400};
  return ChatTemplate("t", text, {{"bos_token", "<s>"}, {"eos_token", "</s>"}}).render(conversation);
}

/// The text with what was given in brackets.
std::string marked(const MarkedText &text) {
  std::string result;
  size_t begin = 0;
  for (const MarkedText::Run &run : text.runs()) {
    std::string part = text.bytes().substr(begin, run.end - begin);
    result += run.isGiven ? "[" + part + "]" : part;
    begin = run.end;
  }
  return result;
}

TEST(ChatTemplateTest, KnowsWhatWasGiven) {
  Json given = {{"g", "a</s>b"}, {"list", {"x", "y"}}, {"d", {{"k", "v"}, {"n", 1}}}};
  auto check = [&](std::string_view expression, std::string_view expected) {
    EXPECT_EQ(marked(render("{{ " + std::string(expression) + " }}", given)), expected) << expression;
  };
  check("bos_token ~ g ~ eos_token", "<s>[a</s>b]</s>");
  check("'<u>' + g + 1|string", "<u>[a</s>b]1");
  check("g.split('</s>')[1] + '|' + 'a|b'.split('|')[1]", "[b]|b");
  check("('<' + g + '>')[1:-1]", "[a</s>b]");
  check("('<' + g + '>')[::-1]", ">[b>s/<a]<");
  check("('  ' + g + ' ! ').strip()", "[a</s>b] !");
  check("(' ' ~ g) | trim | upper", "[A</S>B]");
  check("('<' ~ g).replace('a', 'x')", "<x[</s>b]");
  check("'<'.replace('<', g)", "[a</s>b]");
  check("list | join('</s>')", "[x]</s>[y]");
  check("d | tojson", "{[\"k\"]: [\"v\"], [\"n\"]: 1}");
  check("d", "{['k']: ['v'], ['n']: 1}");
  check("d.items() | first | join('=')", "[k]=[v]");
  check("g[0] ~ 'a'", "[a]a");
  check("g * 2 ~ 'x' * 2", "[a</s>ba</s>b]xx");
  check("nothing | default(g) ~ list | last", "[a</s>by]");
  check("g if 'a</s>b' == g else 'other'", "[a</s>b]");
  EXPECT_EQ(
      marked(render("{% macro m(x) %}<m>{{ x }}{% endmacro %}{% set s %}({{ g }}){% endset %}{{ m(g) ~ s }}{{ s[1] }}",
                    given)),
      "<m>[a</s>b]([a</s>b])[a]");
  EXPECT_EQ(
      marked(render("{% set ns = namespace(t='') %}{% for c in g %}{% set ns.t = c + ns.t %}{% endfor %}{{ ns.t }}!",
                    given)),
      "[b>s/<a]!");
  EXPECT_EQ(marked(render("{% for m in messages %}<{{ m.role }}>{{ m['content'] }}{% endfor %}", Json::object(),
                          {{{"role", "user"}, {"content", "<system>"}}})),
            "<[user]>[<system>]");
}

TEST(ChatTemplateTest, TellsWhetherAThoughtHasBegun) {
  EXPECT_TRUE(endsInThought(render("<a><think>\n")));
  EXPECT_TRUE(endsInThought(render("{{ '<a>' + '<think>' }}")));
  EXPECT_FALSE(endsInThought(render("<a><think></think>")));
  EXPECT_FALSE(endsInThought(render("{{ g }}", {{"g", "<think>"}})));
  EXPECT_FALSE(endsInThought(render("<thi{{ g }}", {{"g", "nk>"}})));
  EXPECT_FALSE(endsInThought(render("")));
}

TEST(ChatTemplateTest, TimeIsThatOfTheConversation) {
  EXPECT_EQ(render("{{ strftime_now('%Y-%m %%') }}").bytes(), "1970-01 %");
}

TEST(ChatTemplateTest, WhatIsNotATemplateIsSaidWithItsPlace) {
  auto refuses = [](std::string_view text, std::string_view message) {
    EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { render(text); }), message);
  };
  // Tokens
  refuses("a\n {{ x", "t:2:2: this tag has no end; expected '}}'");
  refuses("{% if", "t:1:1: this tag has no end; expected '%}'");
  refuses("{# ...", "t:1:1: this comment has no end");
  refuses("{{ 'a }}", "t:1:4: this string has no end");
  refuses("{{ a $ b }}", "t:1:6: unexpected character in a tag");
  refuses("{{ (a] }}", "t:1:6: unexpected ']'");
  refuses("{{ '\\ud800' }}", "t:1:5: this escape is no character");
  refuses("{{ 99999999999999999999 }}", "t:1:4: the number 99999999999999999999 is too large");
  refuses("a\xff", "t:1:2: the template is no UTF-8 here");
  // Statements
  refuses("{% include 'x' %}", "t:1:1: the statement 'include' is not supported; supported are set, if, for");
  refuses("{% if x %}", "t:1:1: this block has no end; expected '{% endif %}'");
  refuses("{% for x in y %}{% endif %}", "t:1:17: expected 'endfor' instead of 'endif'");
  refuses("{% endif %}", "t:1:1: 'endif' ends nothing that has begun");
  refuses("{% for x y %}", "t:1:10: expected 'in' instead of 'y'");
  refuses("{% for x in y recursive %}", "recursive loops are not supported");
  refuses("{% break %}", "t:1:1: 'break' outside of a loop");
  refuses("{% set x | upper %}", "a set block with a filter is not supported");
  refuses("{% for i in [1] %}{% macro m() %}{% endmacro %}{% endfor %}", "the macro 'm' is within a loop or a macro");
  refuses("{% macro m(a=1, b) %}{% endmacro %}", "the parameter 'b' without a default follows one with a default");
  // Expressions
  refuses("{{ }}", "t:1:4: expected a value, but the tag ends here");
  refuses("{{ a b }}", "t:1:6: expected '}}' instead of 'b'");
  refuses("{{ a. }}", "expected the name of an attribute, but the tag ends here");
  refuses("{{ a[ }}", "t:1:7: unexpected '}'");
  refuses("{{ f(a=1, 2) }}", "an argument without a name follows one with a name");
  refuses("{{ f(*a) }}", "arguments by '*' and '**' are not supported");
  refuses("{{ 1 < 2 < 3 }}", "comparisons in a chain are not supported; join them by 'and'");
}

TEST(ChatTemplateTest, WhatCannotBeDoneIsSaidWithItsPlace) {
  auto refuses = [](std::string_view text, std::string_view message) {
    EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { render(text, {{"s", "text"}, {"l", {1}}, {"d", {{"k", 1}}}}); }),
                    message);
  };
  refuses("{{ x.y }}", "t:1:5: 'x' is undefined");
  refuses("{{ d.a.b }}", "t:1:7: 'a' of a dictionary is undefined");
  refuses("{{ l[1].a }}", "item 1 of a list of 1 is undefined");
  refuses("{{ s + 1 }}", "t:1:6: '+' of a string and an integer is not defined");
  refuses("{{ s % 1 }}", "formatting by '%' is not supported; join texts by '~'");
  refuses("{{ x + s }}", "'x' is undefined");
  refuses("{{ 1 // 0 }}", "division by zero");
  refuses("{{ 9223372036854775807 + 1 }}", "the result is too large; integers have 64 bits");
  refuses("{{ (-9223372036854775807 - 1) // -1 }}", "the result is too large");
  refuses("{{ 10 ** 19 }}", "the result is too large");
  refuses("{{ -s }}", "'-' of a string; expected a number");
  refuses("{{ s < 1 }}", "'<' of a string and an integer is not defined");
  refuses("{{ 1 in s }}", "'in' a string: expected a string instead of an integer");
  refuses("{{ 1 in 1 }}", "'in' an integer is not defined");
  refuses("{{ s | frobnicate }}", "t:1:6: the filter 'frobnicate' is not supported");
  refuses("{{ s is frobnicated }}", "the test 'frobnicated' is not supported");
  refuses("{{ s.encode() }}", "the method 'encode' of strings is not supported");
  refuses("{{ l.append(1) }}", "the method 'append' of lists is not supported; values cannot be changed");
  refuses("{{ d.update(l) }}", "the method 'update' of dictionaries is not supported; values cannot be changed");
  refuses("{{ f() }}", "t:1:5: 'f' is undefined and cannot be called");
  refuses("{{ s() }}", "a string cannot be called");
  refuses("{{ s.split('a', 1, 2) }}", "split has no 3. argument");
  refuses("{{ s.split('') }}", "expected a separator that is a string and not empty");
  refuses("{{ s.split(a='') }}", "split has no argument 'a'");
  refuses("{{ s.replace('a') }}", "replace: the argument 'new' is missing");
  refuses("{{ s.startswith(1) }}", "startswith: expected a string instead of an integer");
  refuses("{{ s | int('a', 2) }}", "int has no 2. argument");
  refuses("{{ 'é' | upper }}", "upper and lower case of letters beyond ASCII are not supported");
  refuses("{{ x | tojson }}", "tojson: 'x' is undefined");
  refuses("{{ range | tojson }}", "tojson: a function; expected what JSON has");
  refuses("{{ l | tojson(indent=none, separators=1) }}", "tojson: 'separators' has to be two strings");
  refuses("{{ namespace }}", "expected something that can be printed instead of a function");
  refuses("{% for x in 1 %}{% endfor %}", "an integer has no items");
  refuses("{% for a, b in [[1]] %}{% endfor %}", "expected 2 values instead of 1");
  refuses("{% set d.k = 1 %}", "'d' is no namespace, but a dictionary; only a namespace's attributes can be set");
  refuses("{{ {1: 2} }}", "a dictionary by an integer is not supported; keys have to be strings");
  refuses("{{ s[1:2:0] }}", "the step of a slice: expected an integer other than 0");
  refuses("{{ range(1, 2, 0) | list }}", "range: the step is 0");
  refuses("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "m has no 2. argument");
  refuses("{{ raise_exception('no ' ~ s) }}", "t:1:19: the template refuses this conversation: no text");
}

TEST(ChatTemplateTest, NothingGoesOnForEver) {
  auto refuses = [](const std::string &text, std::string_view message) {
    EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { render(text); }), message);
  };
  auto times = [](size_t count, std::string_view what) {
    std::string text;
    while (count-- > 0)
      text += what;
    return text;
  };
  refuses("{{ " + times(200, "(") + "1" + times(200, ")") + "}}", "nested more than 100 levels deep");
  refuses("{{ " + times(200, "[") + "1" + times(200, "]") + "}}", "nested more than 100 levels deep");
  refuses("{{ " + times(200, "-") + "1 }}", "nested more than 100 levels deep");
  refuses("{{ " + times(200, "not ") + "1 }}", "nested more than 100 levels deep");
  refuses(times(200, "{% if 1 %}"), "nested more than 100 levels deep");
  refuses("{% if 1 %}" + times(2000, "{% elif 1 %}"), "more than 1000 'elif'");
  refuses("{{ a" + times(5000, ".a") + " }}", "more than 200 operations upon each other's results");
  refuses("{{ 1" + times(5000, " + 1") + " }}", "more than 200 operations upon each other's results");
  refuses("{{ 1" + times(5000, " | string") + " }}", "more than 200 operations upon each other's results");
  refuses("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "nested more than 300 deep; a macro that calls itself?");
  refuses("{% for a in range(9999) %}{% for b in range(9999) %}{{ a }}{% endfor %}{% endfor %}", "10 million steps");
  refuses("{{ range(1000000000) }}", "a range of more than 100000");
  refuses("{% set ns = namespace(t='abcdefgh') %}{% for i in range(50) %}{% set ns.t = ns.t + ns.t %}{% endfor %}",
          "a text of more than");
  refuses("{{ 'abcdefgh' * 1000000000 }}", "a text of more than");
  refuses("{{ [1] * 1000000000 }}", "a list of more than");
  refuses("{% set ns = namespace(t=[]) %}{% for i in range(999) %}{% set ns.t = [ns.t] %}{% endfor %}",
          "nested more than 100 deep");
  refuses("{% set ns = namespace() %}{% set ns.t = ns %}", "a namespace within a namespace is not supported");
  refuses("{% set ns = namespace() %}{% set ns.t = [ns] %}",
          "a namespace within a list or a dictionary is not supported");
}

TEST(ChatTemplateTest, ConversationsAreLookedAt) {
  auto refuses = [](const Json &messages, const Json &variables, std::string_view message) {
    EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { render("", variables, messages); }), message);
  };
  refuses("text", {}, "messages: expected a list of objects with 'role' and 'content'");
  refuses({{{"role", "user"}}, 1}, Json::object(), "messages: the 2. is no object with a string 'role'");
  refuses(Json::parse(R"([{"content": "x"}])"), Json::object(), "messages: the 1. is no object");
  refuses(Json::array(), Json::array({1}), "the variables of a chat template: expected a JSON object");
  refuses(Json::array(), {{"x", uint64_t{1} << 63}}, "x: the integer 9223372036854775808 is too large");
  refuses(Json::array(), {{"x", "a\xff"}}, "x: no UTF-8 at byte 1 of a text");
  Json deep = 1;
  for (int i = 0; i < 95; ++i)
    deep = Json::array({deep});
  refuses(Json::array(), {{"x", deep}}, "x: lists and objects nested more than 90 deep");
}

class ChatTemplateFilesTest : public testing::Test {
protected:
  TemporaryFolder folder;

  std::string render(const Json &tools = nullptr) const {
    return ChatTemplate::open(folder.path()).render({.tools = tools}).bytes();
  }
  void configure(const std::string &json) const { writeFile(folder / "tokenizer_config.json", json); }
  std::string failure() const {
    return failureOf(HADAL_EXIT_INPUT, [&] { ChatTemplate::open(folder.path()); });
  }
};

TEST_F(ChatTemplateFilesTest, ATemplateComesFromOneOfTwoFiles) {
  configure(R"({"chat_template": "{{ bos_token }}{{ eos_token }}{{ pad_token }}!", "bos_token": "<s>",
                "eos_token": {"content": "</s>", "lstrip": false}, "pad_token": null})");
  EXPECT_EQ(render(), "<s></s>!");
  writeFile(folder / "chat_template.jinja", "file{{ bos_token }}\r\n");
  EXPECT_EQ(render(), "file<s>");
  std::filesystem::remove(folder / "tokenizer_config.json");
  EXPECT_EQ(render(), "file");
}

TEST_F(ChatTemplateFilesTest, NamedTemplates) {
  configure(
      R"({"chat_template": [{"name": "default", "template": "d"}, {"name": "tool_use", "template": "t{{ tools | length }}"}]})");
  EXPECT_EQ(render(), "d");
  EXPECT_EQ(render(Json::array()), "d");
  EXPECT_EQ(render({1, 2}), "t2");
  configure(R"({"chat_template": [{"name": "default", "template": "d{{ tools | length }}"}]})");
  EXPECT_EQ(render({1, 2}), "d2");
}

TEST_F(ChatTemplateFilesTest, WhatIsWrongIsSaid) {
  EXPECT_CONTAINS(failure(), folder.path().string() +
                                 " has no chat template: no chat_template.jinja, and no 'chat_template' in "
                                 "tokenizer_config.json; give the prompt as plain text");
  configure("{}");
  EXPECT_CONTAINS(failure(), "has no chat template");
  configure("[");
  EXPECT_CONTAINS(failure(), "tokenizer_config.json: expected a JSON object");
  configure(R"({"chat_template": 1})");
  EXPECT_CONTAINS(failure(), "'chat_template' is neither a string nor a list of named templates");
  configure(R"({"chat_template": [{"name": "default"}]})");
  EXPECT_CONTAINS(failure(), "expected objects with strings 'name' and 'template' in 'chat_template'");
  configure(R"({"chat_template": [{"name": "other", "template": ""}]})");
  EXPECT_CONTAINS(failure(), "none of the templates in 'chat_template' is named 'default'");
  configure(R"({"chat_template": "", "bos_token": 1})");
  EXPECT_CONTAINS(failure(), "'bos_token' is neither a string nor an object with a string 'content'");
  configure(R"({"chat_template": "{% if"})");
  EXPECT_CONTAINS(failure(), "tokenizer_config.json: chat_template:1:1: this tag has no end");
}

} // namespace
} // namespace hadal::test
