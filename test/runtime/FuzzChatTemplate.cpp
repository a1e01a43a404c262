// libFuzzer target for chat templates: whatever a template and a conversation say, the one renders the other or throws
// an Error with a message, soon and with little memory; the marks of the text cover it.
//
//   fuzz_chat_template --make-corpus=DIR CASES    writes the templates and messages of cases.json to begin with
//   fuzz_chat_template DIR -max_total_time=600 -timeout=20 -rss_limit_mb=2048
//
// Messages stand behind a zero byte; without one they are those below.
#include "runtime/core/Error.h"
#include "runtime/text/ChatTemplate.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>

static void makeCorpus(const std::filesystem::path &folder, const char *cases) {
  std::filesystem::create_directories(folder);
  const nlohmann::json file = nlohmann::json::parse(std::ifstream(cases));
  for (const auto &[name, text] : file["templates"].items()) {
    std::ofstream(folder / name) << text.get<std::string>();
    // Its lines too: small inputs are changed in more ways.
    std::string line;
    std::istringstream lines(text.get<std::string>());
    for (int number = 0; std::getline(lines, line); ++number)
      std::ofstream(folder / (name + "-" + std::to_string(number))) << line;
  }
  for (const nlohmann::json &one : file["cases"])
    std::ofstream(folder / ("messages-" + std::to_string(std::hash<std::string>()(one["messages"].dump()))))
        << "{% for m in messages %}{{ m.role ~ m.content }}{{ m | tojson }}{% endfor %}" << '\0' << one["messages"];
}

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv) {
  constexpr std::string_view flag = "--make-corpus=";
  if (*argc == 3 && std::string_view((*argv)[1]).starts_with(flag)) {
    makeCorpus((*argv)[1] + flag.size(), (*argv)[2]);
    std::exit(0);
  }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const hadal::Conversation usual = {
      .messages = nlohmann::ordered_json::parse(
          R"([{"role": "system", "content": "s"}, {"role": "user", "content": "a</think>b é"},
              {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": {"x": [1, 2.5]}}}]}])"),
      .tools = nlohmann::ordered_json::parse(R"([{"function": {"name": "f"}}])"),
      .now = 0};
  try {
    std::string_view text(reinterpret_cast<const char *>(data), size);
    size_t end = std::min(text.find('\0'), size);
    hadal::Conversation conversation = usual;
    if (end < size)
      conversation.messages = nlohmann::ordered_json::parse(text.substr(end + 1), nullptr, /*allow_exceptions=*/false);
    hadal::MarkedText output =
        hadal::ChatTemplate("t", text.substr(0, end), {{"bos_token", "<s>"}}).render(conversation);
    hadal::endsInThought(output);
    size_t covered = 0;
    for (const hadal::MarkedText::Run &run : output.runs()) {
      if (run.end <= covered)
        std::abort();
      covered = run.end;
    }
    if (covered != output.size())
      std::abort();
  } catch (const hadal::Error &error) {
    if (!*error.what())
      std::abort();
  }
  return 0;
}
