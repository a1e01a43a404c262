// libFuzzer target for chat templates: whatever a template says, it renders a conversation or throws an Error with a
// message, soon and with little memory; the marks of the text cover it.
//
//   fuzz_chat_template --make-corpus=DIR CASES    writes the templates of cases.json to begin with
//   fuzz_chat_template DIR -max_total_time=600 -timeout=20 -rss_limit_mb=2048
#include "runtime/core/Error.h"
#include "runtime/text/ChatTemplate.h"

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
  static const hadal::Conversation conversation = {
      .messages = nlohmann::ordered_json::parse(
          R"([{"role": "system", "content": "s"}, {"role": "user", "content": "a</think>b é"},
              {"role": "assistant", "content": null, "tool_calls": [{"function": {"name": "f", "arguments": {"x": [1, 2.5]}}}]}])"),
      .tools = nlohmann::ordered_json::parse(R"([{"function": {"name": "f"}}])"),
      .now = 0};
  try {
    std::string_view text(reinterpret_cast<const char *>(data), size);
    hadal::MarkedText output = hadal::ChatTemplate("t", text, {{"bos_token", "<s>"}}).render(conversation);
    size_t end = 0;
    for (const hadal::MarkedText::Run &run : output.runs()) {
      if (run.end <= end)
        std::abort();
      end = run.end;
    }
    if (end != output.size())
      std::abort();
  } catch (const hadal::Error &error) {
    if (!*error.what())
      std::abort();
  }
  return 0;
}
