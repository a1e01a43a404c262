// A regular expression of a tokenizer, found in a text with PCRE2.
//
// Tokenizers are written for other libraries: tokenizer.json for Oniguruma, Kimi's pattern for Rust's. A pattern is
// rewritten where PCRE2 means something else by the same letters (PatternSyntax.h) and refused where it cannot be.
#ifndef HADAL_RUNTIME_TEXT_PATTERN_H
#define HADAL_RUNTIME_TEXT_PATTERN_H

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace hadal {

class Pattern {
public:
  /// `pattern` is in the syntax of tokenizer.json; `place` names it in messages (the file and the field). Fails with
  /// HADAL_EXIT_INPUT when PCRE2 or the translation refuses it, and when it matches the empty text.
  Pattern(std::string_view pattern, std::string place);
  Pattern(Pattern &&) noexcept;
  Pattern &operator=(Pattern &&) noexcept;
  ~Pattern();

  /// The first match in the text (valid UTF-8) that begins at `start` or later; what lies before `start` is looked at
  /// by what looks back. Fails when the match takes too long or too much memory: patterns that try exponentially many
  /// ways are an error and no hang.
  std::optional<std::pair<size_t, size_t>> find(std::string_view text, size_t start);

private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled;
  std::string place;

  [[noreturn]] void failMatch(int error, size_t start) const;
};

} // namespace hadal

#endif // HADAL_RUNTIME_TEXT_PATTERN_H
