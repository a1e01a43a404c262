// Turns that come line by line from standard input, while somebody reads the answers.
#ifndef HADAL_RUNTIME_PROGRAMS_GENERATE_DIALOGUE_H
#define HADAL_RUNTIME_PROGRAMS_GENERATE_DIALOGUE_H

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace hadal {

class Generator;
struct Prompt;

/// The lines of a descriptor. Reading one ends when an interrupt is noted.
class LineReader {
public:
  explicit LineReader(int descriptor) : descriptor(descriptor) {}

  /// Without its end; nothing at the end of the input, or after an interrupt.
  std::optional<std::string> next();

private:
  int descriptor;
  bool isAtEnd = false;
  std::string buffer;

  void readMore();
};

class Dialogue {
public:
  /// A conversation keeps its messages; without one every line is a prompt of its own.
  Dialogue(Generator &generator, bool isConversation);

  /// Until the input ends, or an interrupt comes while no text is written. Returns the exit code.
  int run();

private:
  Generator &generator;
  bool isConversation;
  bool isAnswered; // by somebody at a terminal
  nlohmann::ordered_json messages = nlohmann::ordered_json::array();
  size_t turn = 0;

  std::optional<std::string> ask(LineReader &lines) const;
  std::optional<Prompt> promptOf(const std::string &line);
  void answer(const std::string &line);
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_GENERATE_DIALOGUE_H
