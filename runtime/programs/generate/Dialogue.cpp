// A turn is the whole conversation so far as one prompt: the same text as if it had been given at once. What of it was
// read as a prompt before is found in the caches (PromptPages.h).
#include "runtime/programs/generate/Dialogue.h"

#include "runtime/core/Error.h"
#include "runtime/programs/Report.h"
#include "runtime/programs/generate/Generator.h"
#include "runtime/programs/generate/Interrupts.h"

#include <cerrno>
#include <cstring>
#include <iostream>
#include <unistd.h>

namespace hadal {

void LineReader::readMore() {
  char bytes[4096];
  ssize_t count = read(descriptor, bytes, sizeof bytes);
  if (count > 0)
    buffer.append(bytes, static_cast<size_t>(count));
  else if (count == 0)
    isAtEnd = true;
  else if (errno != EINTR && errno != EAGAIN)
    fail(HADAL_EXIT_INPUT, "cannot read standard input: ", std::strerror(errno));
}

std::optional<std::string> LineReader::next() {
  size_t end;
  while ((end = buffer.find('\n')) == buffer.npos && !isAtEnd) {
    if (!waitForInput(descriptor))
      return std::nullopt;
    readMore();
  }
  if (buffer.empty() || isInterrupted())
    return std::nullopt;
  std::string line = buffer.substr(0, end);
  buffer.erase(0, std::min(end, buffer.size() - 1) + 1);
  if (line.ends_with('\r'))
    line.pop_back();
  return line;
}

Dialogue::Dialogue(Generator &generator, bool isConversation)
    : generator(generator), isConversation(isConversation), isAnswered(isatty(STDIN_FILENO) == 1) {}

std::optional<std::string> Dialogue::ask(LineReader &lines) const {
  bool isMarked = isAnswered && isatty(STDERR_FILENO) == 1;
  if (isMarked)
    std::cerr << "> " << std::flush;
  std::optional<std::string> line = lines.next();
  if (isMarked && !line)
    std::cerr << std::endl;
  return line;
}

/// Nothing, with a message, when somebody at a terminal can say something else.
std::optional<Prompt> Dialogue::promptOf(const std::string &line) {
  std::string place = concat("turn ", ++turn);
  try {
    if (!isConversation)
      return generator.prompts().ofText(line, place);
    messages.push_back(messageOf("user", line));
    return generator.prompts().ofConversation({.messages = messages}, place);
  } catch (const Error &error) {
    if (!isAnswered)
      throw;
    writeMessage(concat("error: ", error.what()));
    if (isConversation)
      messages.erase(messages.size() - 1);
    return std::nullopt;
  }
}

void Dialogue::answer(const std::string &line) {
  std::optional<Prompt> prompt = promptOf(line);
  if (!prompt)
    return;
  const Sequence &sequence = generator.continuePrompt(*prompt);
  if (sequence.finish != Finish::Stop)
    writeMessage(sequence.finish == Finish::Length ? "(ended by its length)" : "(interrupted)");
  if (!isConversation)
    return;
  std::string text = sequence.stream.text();
  // The end of a thought is what templates find the answer by.
  if (prompt->isInThought && text.find("</think>") == text.npos)
    text += "</think>";
  messages.push_back(messageOf("assistant", text));
}

int Dialogue::run() {
  LineReader lines(STDIN_FILENO);
  while (std::optional<std::string> line = ask(lines)) {
    if (line->empty())
      continue;
    answer(*line);
    catchInterrupts(); // that of a text is done with
  }
  generator.printStatistics();
  return isInterrupted() ? HADAL_EXIT_INTERRUPTED : HADAL_EXIT_OK;
}

} // namespace hadal
