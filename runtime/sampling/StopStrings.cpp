// One automaton per stop string, all of them moved by every byte.
#include "runtime/sampling/StopStrings.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <utility>

namespace hadal {

StopStrings::StopStrings(std::vector<std::string> strings) {
  for (std::string &text : strings) {
    if (text.empty())
      fail(HADAL_EXIT_COMMAND_LINE, "--stop: the string is empty; expected the text that ends a text");
    Pattern pattern{std::move(text), {0, 0}};
    for (size_t length = 1, shorter = 0; length < pattern.text.size(); ++length) {
      while (shorter > 0 && pattern.text[length] != pattern.text[shorter])
        shorter = pattern.shorter[shorter];
      shorter += pattern.text[length] == pattern.text[shorter];
      pattern.shorter.push_back(shorter);
    }
    patterns.push_back(std::move(pattern));
  }
}

void StopStrings::Pattern::advance(char byte) {
  while (matched > 0 && text[matched] != byte)
    matched = shorter[matched];
  matched += text[matched] == byte;
}

std::string StopStrings::push(std::string_view bytes) {
  if (foundString)
    return {};
  size_t undecided = 0;
  for (char byte : bytes) {
    held += byte;
    undecided = 0;
    for (size_t i = 0; i < patterns.size(); ++i) {
      Pattern &pattern = patterns[i];
      pattern.advance(byte);
      undecided = std::max(undecided, pattern.matched);
      bool isComplete = pattern.matched == pattern.text.size();
      if (isComplete && (!foundString || pattern.text.size() > patterns[*foundString].text.size()))
        foundString = i;
    }
    if (!foundString)
      continue;
    held.resize(held.size() - patterns[*foundString].text.size());
    return std::exchange(held, {});
  }
  if (bytes.empty())
    return {};
  std::string shown = held.substr(0, held.size() - undecided);
  held.erase(0, shown.size());
  return shown;
}

std::string StopStrings::finish() {
  std::string rest = std::exchange(held, {});
  for (Pattern &pattern : patterns)
    pattern.matched = 0;
  return rest;
}

} // namespace hadal
