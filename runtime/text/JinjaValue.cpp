// Values, as Python makes, compares and prints them.
#include "runtime/text/JinjaValue.h"

#include "runtime/text/Characters.h"

#include <array>
#include <charconv>
#include <cmath>

namespace hadal::jinja {

static constexpr size_t longestText = size_t{64} << 20, longestList = 1'000'000, deepestValue = 100;

void Work::spend(size_t steps) {
  if (steps > left)
    fail("the template has not come to an end after 10 million steps");
  left -= steps;
}

void Work::requireLength(size_t length, size_t most, const char *what) const {
  if (length > most)
    fail(what, " of more than ", most);
}

const Value *Dictionary::find(std::string_view key) const {
  for (const auto &[name, value] : entries)
    if (name.bytes() == key)
      return &value;
  return nullptr;
}

size_t Value::depth() const {
  if (isList())
    return asList().depth;
  if (isDictionary())
    return asDictionary().depth;
  if (const FunctionPointer *function = get<FunctionPointer>())
    return 1 + (*function)->self.depth();
  return 0;
}

/// What holds others: neither too deep, nor a way to reach a namespace from itself.
static size_t depthOver(Work &work, const Value &item, size_t depth) {
  if (item.is<Value::NamespacePointer>())
    work.fail("a namespace within a list or a dictionary is not supported");
  depth = std::max(depth, item.depth() + 1);
  if (depth > deepestValue)
    work.fail("lists and dictionaries nested more than ", deepestValue, " deep");
  return depth;
}

Value Value::list(Work &work, std::vector<Value> items, bool isTuple) {
  work.spend(items.size() + 1);
  work.requireLength(items.size(), longestList, "a list");
  List result{std::move(items), isTuple};
  for (const Value &item : result.items)
    result.depth = depthOver(work, item, result.depth);
  return Value(std::make_shared<const List>(std::move(result)));
}

Value Value::dictionary(Work &work, std::vector<std::pair<MarkedText, Value>> entries) {
  work.spend(entries.size() + 1);
  work.requireLength(entries.size(), longestList, "a dictionary");
  Dictionary result{std::move(entries)};
  for (const auto &[key, item] : result.entries)
    result.depth = depthOver(work, item, result.depth);
  return Value(std::make_shared<const Dictionary>(std::move(result)));
}

Value Value::function(Function value) { return Value(std::make_shared<const Function>(std::move(value))); }

const char *describe(const Value &value) {
  if (value.isUndefined())
    return "an undefined value";
  if (value.isNone())
    return "none";
  if (value.is<bool>())
    return "a boolean";
  if (value.is<int64_t>())
    return "an integer";
  if (value.is<double>())
    return "a float";
  if (value.isText())
    return "a string";
  if (value.isList())
    return value.asList().isTuple ? "a tuple" : "a list";
  if (value.isDictionary())
    return "a dictionary";
  return value.is<Value::NamespacePointer>() ? "a namespace" : "a function";
}

bool isTrue(const Value &value) {
  if (value.isUndefined() || value.isNone())
    return false;
  if (value.isNumber())
    return value.asNumber() != 0;
  if (value.isText())
    return value.asText().size() > 0;
  if (value.isList())
    return !value.asList().items.empty();
  return !value.isDictionary() || !value.asDictionary().entries.empty();
}

static bool areEqualLists(Work &work, const List &a, const List &b) {
  if (a.isTuple != b.isTuple || a.items.size() != b.items.size())
    return false;
  for (size_t i = 0; i < a.items.size(); ++i)
    if (!areEqual(work, a.items[i], b.items[i]))
      return false;
  return true;
}

static bool areEqualDictionaries(Work &work, const Dictionary &a, const Dictionary &b) {
  if (a.entries.size() != b.entries.size())
    return false;
  for (const auto &[key, value] : a.entries) {
    work.spend(b.entries.size());
    const Value *other = b.find(key.bytes());
    if (!other || !areEqual(work, value, *other))
      return false;
  }
  return true;
}

bool areEqual(Work &work, const Value &a, const Value &b) {
  work.spend();
  if (a.isWhole() && b.isWhole())
    return a.asWhole() == b.asWhole();
  if (a.isNumber() && b.isNumber())
    return a.asNumber() == b.asNumber();
  if (a.isText() && b.isText()) {
    work.spendOnText(std::min(a.asText().size(), b.asText().size()));
    return a.asText().bytes() == b.asText().bytes();
  }
  if (a.isList() && b.isList())
    return areEqualLists(work, a.asList(), b.asList());
  if (a.isDictionary() && b.isDictionary())
    return areEqualDictionaries(work, a.asDictionary(), b.asDictionary());
  if (a.is<Value::NamespacePointer>() && b.is<Value::NamespacePointer>())
    return *a.get<Value::NamespacePointer>() == *b.get<Value::NamespacePointer>();
  return (a.isUndefined() && b.isUndefined()) || (a.isNone() && b.isNone());
}

void append(Work &work, MarkedText &output, const MarkedText &more) {
  work.requireLength(output.size() + more.size(), longestText, "a text");
  work.spendOnText(more.size());
  output.append(more);
}

void append(Work &work, MarkedText &output, std::string_view more, bool isGiven) {
  work.requireLength(output.size() + more.size(), longestText, "a text");
  work.spendOnText(more.size());
  output.append(more, isGiven);
}

std::string printNumber(double number) {
  if (std::isnan(number))
    return "nan";
  if (std::isinf(number))
    return number < 0 ? "-inf" : "inf";
  std::array<char, 32> buffer;
  auto scientific = std::to_chars(buffer.begin(), buffer.end(), number, std::chars_format::scientific);
  std::string text(buffer.begin(), scientific.ptr);
  int exponent = std::atoi(text.c_str() + text.find('e') + 1);
  if (exponent < -4 || exponent >= 16)
    return text; // shortest digits, and an exponent of two digits at least, in both languages
  std::array<char, 64> plain;
  auto fixed = std::to_chars(plain.begin(), plain.end(), number, std::chars_format::fixed);
  text.assign(plain.begin(), fixed.ptr);
  return text.find('.') == std::string::npos ? text + ".0" : text;
}

/// A character as Python's repr writes it: what is no printable one of ASCII by an escape, of other characters only
/// those that are white space or of the controls.
static std::string quoteCharacter(Character character, std::string_view bytes, char quote) {
  static constexpr char digits[] = "0123456789abcdef";
  uint32_t code = character.code;
  if (code == '\n' || code == '\r' || code == '\t')
    return code == '\n' ? "\\n" : code == '\r' ? "\\r" : "\\t";
  if (code == static_cast<uint32_t>(quote) || code == '\\')
    return {'\\', static_cast<char>(code)};
  bool isPrintable = code == ' ' || (code > 0x20 && code < 0x7f) || (code > 0xa0 && code != 0xad && !isSpace(code));
  if (isPrintable)
    return std::string(bytes);
  std::string escape = code < 0x100 ? "\\x" : "\\u";
  for (int shift = code < 0x100 ? 4 : 12; shift >= 0; shift -= 4)
    escape += digits[code >> shift & 15];
  return escape;
}

static void quoteText(Work &work, const MarkedText &text, MarkedText &output) {
  bool isSingle = text.bytes().find('\'') == std::string::npos || text.bytes().find('"') != std::string::npos;
  char quote = isSingle ? '\'' : '"';
  bool isGiven = text.hasGiven();
  std::string quoted(1, quote);
  std::string_view rest = text.bytes();
  while (!rest.empty()) {
    Character next = firstCharacter(rest);
    quoted += quoteCharacter(next, rest.substr(0, next.size), quote);
    rest.remove_prefix(next.size);
  }
  append(work, output, quoted + quote, isGiven);
}

static void printList(Work &work, const List &list, MarkedText &output) {
  append(work, output, list.isTuple ? "(" : "[");
  for (size_t i = 0; i < list.items.size(); ++i) {
    if (i > 0)
      append(work, output, ", ");
    printQuoted(work, list.items[i], output);
  }
  append(work, output, !list.isTuple ? "]" : list.items.size() == 1 ? ",)" : ")");
}

static void printDictionary(Work &work, const Dictionary &dictionary, MarkedText &output) {
  append(work, output, "{");
  bool isFirst = true;
  for (const auto &[key, value] : dictionary.entries) {
    if (!std::exchange(isFirst, false))
      append(work, output, ", ");
    quoteText(work, key, output);
    append(work, output, ": ");
    printQuoted(work, value, output);
  }
  append(work, output, "}");
}

void printQuoted(Work &work, const Value &value, MarkedText &output) {
  if (value.isText())
    quoteText(work, value.asText(), output);
  else if (value.isUndefined())
    append(work, output, "Undefined");
  else
    append(work, output, print(work, value));
}

MarkedText print(Work &work, const Value &value) {
  if (value.isText())
    return value.asText();
  MarkedText output;
  if (value.isNone())
    append(work, output, "None");
  else if (const bool *boolean = value.get<bool>())
    append(work, output, *boolean ? "True" : "False");
  else if (const int64_t *integer = value.get<int64_t>())
    append(work, output, std::to_string(*integer));
  else if (const double *number = value.get<double>())
    append(work, output, printNumber(*number));
  else if (value.isList())
    printList(work, value.asList(), output);
  else if (value.isDictionary())
    printDictionary(work, value.asDictionary(), output);
  else if (!value.isUndefined())
    work.fail("expected something that can be printed instead of ", describe(value));
  return output;
}

} // namespace hadal::jinja
