// Text that knows, byte by byte, whether it was given from outside (a message, the description of a tool) or written by
// the template: only what the template wrote may become special tokens.
#ifndef HADAL_RUNTIME_TEXT_MARKEDTEXT_H
#define HADAL_RUNTIME_TEXT_MARKEDTEXT_H

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

class MarkedText {
public:
  /// Neighbouring bytes of one origin, from the end of the run before.
  struct Run {
    size_t end;
    bool isGiven;
    bool operator==(const Run &) const = default;
  };

  MarkedText() = default;
  MarkedText(std::string_view text, bool isGiven) { append(text, isGiven); }

  const std::string &bytes() const { return text; }
  size_t size() const { return text.size(); }
  const std::vector<Run> &runs() const { return origins; }
  /// Whether any of it was given.
  bool hasGiven() const;

  void append(std::string_view more, bool isGiven);
  void append(const MarkedText &more);
  /// The bytes from one place to another.
  MarkedText slice(size_t begin, size_t end) const;
  /// The same origins over other bytes, of which there are as many.
  MarkedText withBytes(std::string bytes) const;

private:
  std::string text;
  std::vector<Run> origins;
};

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_MARKEDTEXT_H
