// Documents and windows of a text.
#include "runtime/programs/evaluate/Text.h"

#include <algorithm>

namespace hadal {

Text::Text(const TokenFile &file, int64_t sequenceLength, std::optional<int32_t> separator)
    : length(static_cast<uint64_t>(sequenceLength)) {
  if (file.size() > 0)
    starts.push_back(0);
  if (separator)
    findDocuments(file, *separator);
  // A separator at the end begins no document.
  if (starts.empty() || starts.back() != file.size())
    starts.push_back(file.size());
  for (size_t document = 0; document + 1 < starts.size(); ++document) {
    uint64_t targets = starts[document + 1] - starts[document] - 1;
    targetCount += targets;
    windowCount += (targets + length - 1) / length;
  }
}

void Text::findDocuments(const TokenFile &file, int32_t separator) {
  std::vector<int32_t> block(1 << 14);
  for (uint64_t first = 0; first < file.size(); first += block.size()) {
    std::span tokens = std::span(block).first(std::min<uint64_t>(block.size(), file.size() - first));
    file.read(first, tokens);
    for (size_t i = 0; i < tokens.size(); ++i)
      if (tokens[i] == separator)
        starts.push_back(first + i + 1);
  }
}

std::optional<Window> Text::Cursor::next() {
  while (document < text.documents()) {
    uint64_t first = text.starts[document] + offset, last = text.starts[document + 1] - 1;
    if (first < last) {
      offset += text.length;
      return Window{first, std::min(text.length, last - first)};
    }
    ++document;
    offset = 0;
  }
  return std::nullopt;
}

} // namespace hadal
