// From Oniguruma's syntax to PCRE2's.
//
// Both read most of a pattern alike. Different are
//   \s \S      Oniguruma: the white space of Unicode; PCRE2's \s is ASCII, or has U+180E as well
//   \p{L} ...  PCRE2 10.42 knows Unicode 14, Oniguruma of `tokenizers` 16: the code points that came in between are
//              added (UnicodeAdditions.h)
//   \p{Han}    the characters of the script; PCRE2 means those that are used with it as well
//   \d         is \p{Nd}
// so these become character classes, or parts of the class that they stand in. What else Oniguruma has and PCRE2 lacks
// or means otherwise (sets within sets, \h, \w, options, possessive intervals) none of the family's tokenizers uses: it
// is refused by name rather than guessed.
#include "runtime/text/PatternSyntax.h"

#include "runtime/core/Error.h"
#include "runtime/text/UnicodeAdditions.h"

#include <algorithm>
#include <iterator>

namespace hadal {
namespace {

/// White_Space of Unicode, which has not changed since version 6.3.
constexpr std::string_view whiteSpace =
    "\\x{9}-\\x{D}\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}";

class Translator {
public:
  Translator(std::string_view pattern, std::string_view place) : pattern(pattern), place(place), rest(pattern) {}

  std::string run() {
    while (!rest.empty())
      translateItem();
    return std::move(result);
  }

private:
  std::string_view pattern, place, rest;
  std::string result;

  [[noreturn]] void refuse(std::string_view what) const {
    fail(HADAL_EXIT_INPUT, place, ": the pattern '", pattern, "' uses ", what, " at byte ",
         rest.data() - pattern.data(), ", which is not supported");
  }

  std::string_view take(size_t count) {
    std::string_view taken = rest.substr(0, count);
    rest.remove_prefix(taken.size());
    return taken;
  }

  void translateItem() {
    if (rest[0] == '\\')
      return translateEscape(false);
    if (rest[0] == '[')
      return translateClass();
    if (rest.starts_with("(?"))
      return translateGroup();
    // In Ruby's syntax {n,m}+ repeats {n,m}, in PCRE2's it is possessive.
    if (rest.starts_with("}+"))
      refuse("an interval followed by '+'");
    result += take(1);
  }

  void translateGroup() {
    for (std::string_view begin : {"(?:", "(?=", "(?!", "(?>", "(?<=", "(?<!", "(?i:"})
      if (rest.starts_with(begin)) {
        result += take(begin.size());
        return;
      }
    refuse(concat("the group '", rest.substr(0, 3), "'"));
  }

  void translateClass() {
    result += take(1);
    if (rest.starts_with('^'))
      result += take(1);
    if (rest.starts_with(']'))
      refuse("a set that begins with ']'");
    while (!rest.empty() && rest[0] != ']') {
      if (rest[0] == '[')
        refuse("a set within a set");
      if (rest.starts_with("&&"))
        refuse("an intersection of sets");
      if (rest[0] == '\\')
        translateEscape(true);
      else
        result += take(1);
    }
    if (rest.empty())
      refuse("a set without an end");
    result += take(1);
  }

  void addClass(bool inClass, bool negated, std::string_view contents) {
    if (inClass && negated)
      refuse("the complement of a property within a set");
    result += inClass ? std::string(contents) : concat(negated ? "[^" : "[", contents, "]");
  }

  void translateProperty(bool inClass) {
    bool negated = rest[1] == 'P';
    size_t end = rest.find('}');
    if (rest.size() < 3 || rest[2] != '{' || end == std::string_view::npos)
      refuse("\\p without a name in braces");
    std::string_view name = rest.substr(3, end - 3);
    if (name.starts_with('^')) {
      negated = !negated;
      name.remove_prefix(1);
    }
    auto found = std::ranges::find(unicodeAdditions, name, &UnicodeAddition::property);
    if (found == std::end(unicodeAdditions))
      refuse(concat("the property '", name, "'"));
    // For PCRE2 a script's name alone means the characters that are also used with others.
    addClass(inClass, negated, concat("\\p{", name == "Han" ? "sc:" : "", name, "}", found->ranges));
    take(end + 1);
  }

  void translateEscape(bool inClass) {
    if (rest.size() < 2)
      refuse("a backslash at the end");
    char letter = rest[1];
    switch (letter) {
    case 'p':
    case 'P':
      return translateProperty(inClass);
    case 's':
    case 'S':
      addClass(inClass, letter == 'S', whiteSpace);
      take(2);
      return;
    case 'd':
      addClass(inClass, false,
               concat("\\p{Nd}", std::ranges::find(unicodeAdditions, "Nd", &UnicodeAddition::property)->ranges));
      take(2);
      return;
    case 'n':
    case 'r':
    case 't':
    case 'f':
      result += take(2);
      return;
    default:
      break;
    }
    bool isLetterOrDigit =
        (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z');
    if (isLetterOrDigit || static_cast<unsigned char>(letter) >= 0x80)
      refuse(concat("the escape '\\", letter, "'"));
    result += take(2);
  }
};

} // namespace

std::string translatePattern(std::string_view pattern, std::string_view place) {
  return Translator(pattern, place).run();
}

} // namespace hadal
