// The lexer of templates, after jinja2's own.
#include "runtime/text/JinjaLexer.h"

#include "runtime/text/Characters.h"
#include "runtime/text/Utf8.h"

#include <array>

namespace hadal::jinja {

std::string normalizeTemplate(std::string_view text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\r')
      result += text[i];
    else if (i + 1 == text.size() || text[i + 1] != '\n')
      result += '\n';
  }
  if (result.ends_with('\n'))
    result.pop_back();
  return result;
}

namespace {

bool isDigit(char c) { return c >= '0' && c <= '9'; }
bool beginsName(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

class Lexer {
public:
  explicit Lexer(const Source &source) : source(source), text(source.text) {}

  std::vector<Token> run() {
    while (place < text.size())
      readData();
    add(TokenKind::End, "", place);
    return std::move(tokens);
  }

private:
  void add(TokenKind kind, std::string token, size_t at) { tokens.push_back({kind, std::move(token), at}); }
  bool follows(std::string_view what) const { return text.substr(place).starts_with(what); }

  /// Text up to the next tag, and that tag.
  void readData() {
    size_t begin = place, tag = findTag();
    std::string_view data = text.substr(begin, tag - begin);
    place = tag;
    char sign = tag + 2 < text.size() ? text[tag + 2] : ' ';
    if (place < text.size())
      data = stripBefore(data, sign);
    if (!data.empty())
      add(TokenKind::Data, std::string(data), begin);
    if (place == text.size())
      return;
    char form = text[tag + 1];
    place += sign == '-' || (sign == '+' && form != '{') ? 3 : 2;
    if (form == '#')
      return skipComment(tag);
    add(form == '{' ? TokenKind::VariableBegin : TokenKind::BlockBegin, "", tag);
    readTag(form == '{', tag);
  }

  size_t findTag() const {
    for (size_t i = place; i + 1 < text.size(); ++i)
      if (text[i] == '{' && (text[i + 1] == '{' || text[i + 1] == '%' || text[i + 1] == '#'))
        return i;
    return text.size();
  }

  /// What is left of the text before the tag at `place`.
  std::string_view stripBefore(std::string_view data, char sign) const {
    if (sign == '-')
      return data.substr(0, stripEnd(data));
    if (sign == '+' || text[place + 1] == '{')
      return data;
    size_t line = data.rfind('\n') + 1; // npos + 1 is 0
    bool beginsLine = line > 0 || lineBegins;
    return beginsLine && stripEnd(data.substr(line)) == 0 ? data.substr(0, line) : data;
  }

  void skipComment(size_t begin) {
    size_t end = text.find("#}", place);
    if (end == std::string_view::npos)
      source.fail(begin, "this comment has no end; expected '#}'");
    char sign = end > place ? text[end - 1] : ' ';
    place = end + 2;
    finishTag(sign, /*isVariable=*/false);
  }

  /// White space behind a tag.
  void finishTag(char sign, bool isVariable) {
    size_t begin = place;
    if (sign == '-')
      place += stripBegin(text.substr(place));
    else if (sign != '+' && !isVariable && follows("\n"))
      ++place;
    lineBegins = place > begin && text[place - 1] == '\n';
  }

  void readTag(bool isVariable, size_t begin) {
    std::string open; // brackets, of which an inner } closes one and not the tag
    std::string_view end = isVariable ? "}}" : "%}";
    for (;;) {
      while (place < text.size() && stripBegin(text.substr(place)) > 0)
        place += stripBegin(text.substr(place));
      if (place == text.size())
        source.fail(begin, "this tag has no end; expected '", end, "'");
      bool signedEnd =
          (text[place] == '-' || (text[place] == '+' && !isVariable)) && text.substr(place + 1).starts_with(end);
      if (open.empty() && (signedEnd || follows(end))) {
        add(isVariable ? TokenKind::VariableEnd : TokenKind::BlockEnd, "", place);
        char sign = signedEnd ? text[place] : ' ';
        place += end.size() + signedEnd;
        return finishTag(sign, isVariable);
      }
      readToken(open);
    }
  }

  void readToken(std::string &open) {
    char c = text[place];
    size_t begin = place;
    if (beginsName(c)) {
      while (place < text.size() && (beginsName(text[place]) || isDigit(text[place])))
        ++place;
      return add(TokenKind::Name, std::string(text.substr(begin, place - begin)), begin);
    }
    if (isDigit(c))
      return readNumber();
    if (c == '"' || c == '\'')
      return readString();
    static constexpr std::array<std::string_view, 28> operators = {
        "==", "!=", "<=", ">=", "//", "**", "+", "-", "/", "*", "%", "~", "<", ">",
        "=",  "(",  ")",  "[",  "]",  "{",  "}", ",", ".", ":", "|", ";", "&", "!"};
    for (std::string_view candidate : operators)
      if (follows(candidate)) {
        balance(candidate[0], open);
        place += candidate.size();
        return add(TokenKind::Operator, std::string(candidate), begin);
      }
    source.fail(place, "unexpected character in a tag");
  }

  void balance(char c, std::string &open) const {
    if (c == '(' || c == '[' || c == '{')
      open += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c != ')' && c != ']' && c != '}')
      return;
    if (open.empty() || open.back() != c)
      source.fail(place, "unexpected '", c, "'");
    open.pop_back();
  }

  void readNumber() {
    size_t begin = place;
    auto readDigits = [&] {
      while (place < text.size() &&
             (isDigit(text[place]) || (text[place] == '_' && place + 1 < text.size() && isDigit(text[place + 1]))))
        ++place;
    };
    auto digitAt = [&](size_t at) { return at < text.size() && isDigit(text[at]); };
    readDigits();
    // An index behind a point has no fraction: x.0.1
    bool isIndex = begin > 0 && text[begin - 1] == '.';
    bool isFloat = !isIndex && follows(".") && digitAt(place + 1);
    if (isFloat) {
      ++place;
      readDigits();
    }
    if (!isIndex && (follows("e") || follows("E"))) {
      size_t digits = place + 1 + (place + 1 < text.size() && (text[place + 1] == '-' || text[place + 1] == '+'));
      if (digitAt(digits)) {
        isFloat = true;
        place = digits;
        readDigits();
      }
    }
    std::string number(text.substr(begin, place - begin));
    std::erase(number, '_');
    add(isFloat ? TokenKind::Float : TokenKind::Integer, std::move(number), begin);
  }

  void readString() {
    size_t begin = place;
    char quote = text[place++];
    std::string value;
    for (;;) {
      if (place == text.size())
        source.fail(begin, "this string has no end");
      char c = text[place++];
      if (c == quote)
        return add(TokenKind::String, std::move(value), begin);
      if (c == '\\' && place < text.size())
        readEscape(value);
      else
        value += c;
    }
  }

  /// The escapes of Python; an unknown one stands for itself.
  void readEscape(std::string &value) {
    size_t begin = place - 1;
    char c = text[place++];
    constexpr std::string_view letters = "abfnrtv\\'\"", meanings = "\a\b\f\n\r\t\v\\'\"";
    if (size_t i = letters.find(c); i != std::string_view::npos) {
      value += meanings[i];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      readCode(value, begin, 16, c == 'x' ? 2 : c == 'u' ? 4 : 8, true);
    } else if (c >= '0' && c <= '7') {
      --place;
      readCode(value, begin, 8, 3, false);
    } else if (c != '\n') {
      value += '\\';
      value += c;
    }
  }

  void readCode(std::string &value, size_t begin, int base, int digits, bool needsAll) {
    uint32_t code = 0;
    int read = 0;
    for (; read < digits && place < text.size(); ++read, ++place) {
      int digit = hexadecimalDigit(text[place]);
      if (digit < 0 || digit >= base)
        break;
      code = code * static_cast<uint32_t>(base) + static_cast<uint32_t>(digit);
    }
    if ((needsAll && read < digits) || code > 0x10ffff || (code >= 0xd800 && code < 0xe000))
      source.fail(begin, "this escape is no character; expected ", digits, " digits of one");
    appendUtf8(value, code);
  }

  const Source &source;
  std::string_view text;
  size_t place = 0;
  bool lineBegins = true;
  std::vector<Token> tokens;
};

} // namespace

std::vector<Token> tokenize(const Source &source) { return Lexer(source).run(); }

} // namespace hadal::jinja
