// A template cut into tokens: text between tags, and what stands in {{ }} and {% %}.
//
// White space goes as in transformers: trim_blocks (the line break behind a block or comment) and lstrip_blocks (the
// blanks before one that begins its line); {%- and -%} take all white space on their side, {%+ keeps it. One line break
// at the end of a template does not count.
#ifndef HADAL_RUNTIME_TEXT_JINJALEXER_H
#define HADAL_RUNTIME_TEXT_JINJALEXER_H

#include "runtime/text/JinjaSource.h"

#include <string>
#include <vector>

namespace hadal::jinja {

enum class TokenKind {
  Data,
  VariableBegin,
  VariableEnd,
  BlockBegin,
  BlockEnd,
  Name,
  String,
  Integer,
  Float,
  Operator,
  End
};

struct Token {
  TokenKind kind;
  std::string text; // of a string, what its escapes stand for
  size_t place;
};

std::vector<Token> tokenize(const Source &source);

/// The text with \n for every line break and without the last one.
std::string normalizeTemplate(std::string_view text);

} // namespace hadal::jinja

#endif // HADAL_RUNTIME_TEXT_JINJALEXER_H
