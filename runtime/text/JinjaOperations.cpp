// Operators, attributes and items.
#include "runtime/text/JinjaOperations.h"

#include "runtime/text/Characters.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace hadal::jinja {

static void requireDefined(Work &work, const Value &value) {
  if (value.isUndefined())
    work.fail(value.undefinedName(), " is undefined");
}

Value unaryOperation(Work &work, std::string_view name, const Value &value) {
  requireDefined(work, value);
  if (!value.isNumber())
    work.fail("'", name, "' of ", describe(value), "; expected a number");
  if (value.is<double>())
    return Value::number(name == "-" ? -value.asNumber() : value.asNumber());
  int64_t result = value.asWhole();
  if (name == "-" && __builtin_sub_overflow(int64_t{0}, result, &result))
    work.fail("the result is too large; integers have 64 bits");
  return Value::integer(result);
}

/// Rounds down, as Python divides.
static int64_t divideDown(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }

static int64_t power(Work &work, int64_t base, int64_t exponent) {
  int64_t result = 1;
  for (; exponent > 0; --exponent) {
    work.spend();
    if (__builtin_mul_overflow(result, base, &result))
      work.fail("the result is too large; integers have 64 bits");
    if (result == 0 || base == 1)
      break;
  }
  return result;
}

static Value wholeOperation(Work &work, std::string_view name, int64_t a, int64_t b) {
  int64_t result = 0;
  bool overflows = false;
  if ((name == "/" || name == "//" || name == "%") && b == 0)
    work.fail("division by zero");
  if (name == "/")
    return Value::number(static_cast<double>(a) / static_cast<double>(b));
  if (name == "**" && b < 0)
    return Value::number(std::pow(static_cast<double>(a), static_cast<double>(b)));
  if (name == "+")
    overflows = __builtin_add_overflow(a, b, &result);
  else if (name == "-")
    overflows = __builtin_sub_overflow(a, b, &result);
  else if (name == "*")
    overflows = __builtin_mul_overflow(a, b, &result);
  else if (name == "**")
    result = power(work, a, b);
  else if (b == -1) // a / b may not be a number, a % b is 0
    overflows = name == "//" && __builtin_sub_overflow(int64_t{0}, a, &result);
  else
    result = name == "//" ? divideDown(a, b) : a - divideDown(a, b) * b;
  if (overflows)
    work.fail("the result is too large; integers have 64 bits");
  return Value::integer(result);
}

static Value floatOperation(Work &work, std::string_view name, double a, double b) {
  if ((name == "/" || name == "//" || name == "%") && b == 0)
    work.fail("division by zero");
  if (name == "+")
    return Value::number(a + b);
  if (name == "-")
    return Value::number(a - b);
  if (name == "*")
    return Value::number(a * b);
  if (name == "/")
    return Value::number(a / b);
  if (name == "//")
    return Value::number(std::floor(a / b));
  if (name == "**")
    return Value::number(std::pow(a, b));
  double rest = std::fmod(a, b);
  return Value::number(rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest);
}

static Value repeat(Work &work, const Value &value, int64_t count) {
  size_t length = value.isText() ? value.asText().size() : value.asList().items.size();
  count = length == 0 ? 0 : std::max<int64_t>(count, 0);
  if (value.isText()) {
    MarkedText result;
    for (int64_t i = 0; i < count; ++i)
      append(work, result, value.asText());
    return Value::text(std::move(result));
  }
  std::vector<Value> items;
  for (int64_t i = 0; i < count; ++i) {
    work.spend(length);
    items.insert(items.end(), value.asList().items.begin(), value.asList().items.end());
    work.requireLength(items.size(), 1'000'000, "a list");
  }
  return Value::list(work, std::move(items), value.asList().isTuple);
}

Value binaryOperation(Work &work, std::string_view name, const Value &a, const Value &b) {
  if (name == "~") {
    MarkedText result = print(work, a);
    append(work, result, print(work, b));
    return Value::text(std::move(result));
  }
  requireDefined(work, a);
  requireDefined(work, b);
  if (a.isWhole() && b.isWhole())
    return wholeOperation(work, name, a.asWhole(), b.asWhole());
  if (a.isNumber() && b.isNumber())
    return floatOperation(work, name, a.asNumber(), b.asNumber());
  if (name == "+" && a.isText() && b.isText()) {
    MarkedText result;
    append(work, result, a.asText());
    append(work, result, b.asText());
    return Value::text(std::move(result));
  }
  if (name == "+" && a.isList() && b.isList() && a.asList().isTuple == b.asList().isTuple) {
    std::vector<Value> items = a.asList().items;
    items.insert(items.end(), b.asList().items.begin(), b.asList().items.end());
    return Value::list(work, std::move(items), a.asList().isTuple);
  }
  if (name == "*" && (a.isText() || a.isList()) && b.isWhole())
    return repeat(work, a, b.asWhole());
  if (name == "*" && (b.isText() || b.isList()) && a.isWhole())
    return repeat(work, b, a.asWhole());
  if (name == "%" && a.isText())
    work.fail("formatting by '%' is not supported; join texts by '~'");
  work.fail("'", name, "' of ", describe(a), " and ", describe(b), " is not defined");
}

static bool contains(Work &work, const Value &container, const Value &item) {
  if (container.isUndefined())
    return false;
  if (container.isText()) {
    if (!item.isText())
      work.fail("'in' a string: expected a string instead of ", describe(item));
    work.spendOnText(container.asText().size());
    return container.asText().bytes().find(item.asText().bytes()) != std::string::npos;
  }
  if (container.isDictionary()) {
    work.spend(container.asDictionary().entries.size());
    return item.isText() && container.asDictionary().find(item.asText().bytes());
  }
  if (!container.isList())
    work.fail("'in' ", describe(container), " is not defined");
  return std::ranges::any_of(container.asList().items, [&](const Value &one) { return areEqual(work, one, item); });
}

/// -1, 0 or 1; of numbers and of texts.
static int order(Work &work, std::string_view name, const Value &a, const Value &b) {
  requireDefined(work, a);
  requireDefined(work, b);
  if (a.isWhole() && b.isWhole())
    return (a.asWhole() > b.asWhole()) - (a.asWhole() < b.asWhole());
  if (a.isNumber() && b.isNumber())
    return (a.asNumber() > b.asNumber()) - (a.asNumber() < b.asNumber());
  if (!a.isText() || !b.isText())
    work.fail("'", name, "' of ", describe(a), " and ", describe(b), " is not defined");
  work.spendOnText(std::min(a.asText().size(), b.asText().size()));
  int result = a.asText().bytes().compare(b.asText().bytes());
  return (result > 0) - (result < 0);
}

bool comparison(Work &work, std::string_view name, const Value &a, const Value &b) {
  if (name == "==")
    return areEqual(work, a, b);
  if (name == "!=")
    return !areEqual(work, a, b);
  if (name == "in")
    return contains(work, b, a);
  if (name == "not in")
    return !contains(work, b, a);
  int sign = order(work, name, a, b);
  if (name == "<")
    return sign < 0;
  if (name == "<=")
    return sign <= 0;
  return name == ">" ? sign > 0 : sign >= 0;
}

/// Whether Python has a method of the name; which of them can be called is another question.
static bool isMethod(const Value &value, std::string_view name) {
  static constexpr std::array<std::string_view, 11> ofDictionaries = {
      "clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"};
  static constexpr std::array<std::string_view, 11> ofLists = {
      "append", "clear", "copy", "count", "extend", "index", "insert", "pop", "remove", "reverse", "sort"};
  static constexpr std::array<std::string_view, 43> ofTexts = {
      "capitalize",   "casefold",     "center",       "count",      "encode",     "endswith",    "expandtabs",
      "find",         "format",       "format_map",   "index",      "isalnum",    "isalpha",     "isascii",
      "isdecimal",    "isdigit",      "isidentifier", "islower",    "isnumeric",  "isprintable", "isspace",
      "istitle",      "isupper",      "join",         "ljust",      "lower",      "lstrip",      "partition",
      "removeprefix", "removesuffix", "replace",      "rfind",      "rindex",     "rjust",       "rpartition",
      "rsplit",       "rstrip",       "split",        "splitlines", "startswith", "strip",       "title",
      "upper"};
  if (value.isText())
    return std::ranges::find(ofTexts, name) != ofTexts.end();
  if (value.isList())
    return std::ranges::find(ofLists, name) != ofLists.end();
  return value.isDictionary() && std::ranges::find(ofDictionaries, name) != ofDictionaries.end();
}

static Value missing(const Value &value, std::string_view name) {
  return Value::undefined(concat("'", name, "' of ", describe(value)));
}

static Value attributeOfNamespace(const Value &value, std::string_view name) {
  for (const auto &[attribute, held] : (*value.get<Value::NamespacePointer>())->attributes)
    if (attribute == name)
      return held;
  return missing(value, name);
}

Value attributeOf(Work &work, const Value &value, std::string_view name) {
  requireDefined(work, value);
  if (value.is<Value::NamespacePointer>())
    return attributeOfNamespace(value, name);
  if (isMethod(value, name))
    return Value::function({.name = std::string(name), .self = value, .isMethod = true});
  return itemOf(work, value, Value::text(name));
}

static Value characterAt(Work &work, const MarkedText &text, int64_t index) {
  work.spendOnText(text.size());
  int64_t count = static_cast<int64_t>(countCharacters(text.bytes()));
  if (index < 0)
    index += count;
  if (index < 0 || index >= count)
    return Value::undefined("the character at an index beyond a string");
  size_t begin = 0;
  for (; index > 0; --index)
    begin += firstCharacter(std::string_view(text.bytes()).substr(begin)).size;
  return Value::text(text.slice(begin, begin + firstCharacter(std::string_view(text.bytes()).substr(begin)).size));
}

Value itemOf(Work &work, const Value &value, const Value &index) {
  requireDefined(work, value);
  if (value.isDictionary() && index.isText()) {
    work.spend(value.asDictionary().entries.size());
    if (const Value *found = value.asDictionary().find(index.asText().bytes()))
      return *found;
  }
  if (value.is<Value::NamespacePointer>() && index.isText())
    return attributeOfNamespace(value, index.asText().bytes());
  if (index.isText()) {
    const std::string &name = index.asText().bytes();
    if (isMethod(value, name))
      return Value::function({.name = name, .self = value, .isMethod = true});
    return missing(value, name);
  }
  if (value.isText() && index.isWhole())
    return characterAt(work, value.asText(), index.asWhole());
  if (!value.isList() || !index.isWhole())
    return Value::undefined(concat("an item of ", describe(value), " by ", describe(index)));
  int64_t place = index.asWhole(), count = static_cast<int64_t>(value.asList().items.size());
  if (place < 0)
    place += count;
  if (place < 0 || place >= count)
    return Value::undefined(concat("item ", index.asWhole(), " of a list of ", count));
  return value.asList().items[static_cast<size_t>(place)];
}

/// The bound of a slice: from the end where it is negative, and cut to the list.
static int64_t boundOf(Work &work, const Value &value, int64_t standard, int64_t lowest, int64_t highest,
                       int64_t count) {
  if (value.isNone())
    return standard;
  if (!value.isWhole())
    work.fail("a slice: expected an integer instead of ", describe(value));
  int64_t bound = value.asWhole() < 0 ? value.asWhole() + count : value.asWhole();
  return std::clamp(bound, lowest, highest);
}

Value sliceOf(Work &work, const Value &value, const Value &begin, const Value &end, const Value &step) {
  requireDefined(work, value);
  if (!value.isText() && !value.isList())
    work.fail("a slice of ", describe(value), "; expected a list or a string");
  std::vector<Value> items = itemsOf(work, value);
  int64_t count = static_cast<int64_t>(items.size()), by = step.isNone() ? 1 : step.isWhole() ? step.asWhole() : 0;
  if (by == 0)
    work.fail("the step of a slice: expected an integer other than 0");
  by = std::clamp<int64_t>(by, -count - 1, count + 1);
  bool isForward = by > 0;
  int64_t lowest = isForward ? 0 : -1, highest = isForward ? count : count - 1;
  int64_t place = boundOf(work, begin, isForward ? 0 : count - 1, lowest, highest, count);
  int64_t last = boundOf(work, end, isForward ? count : -1, lowest, highest, count);
  std::vector<Value> taken;
  for (; isForward ? place < last : place > last; place += by)
    taken.push_back(items[static_cast<size_t>(place)]);
  if (value.isList())
    return Value::list(work, std::move(taken), value.asList().isTuple);
  MarkedText text;
  for (const Value &character : taken)
    append(work, text, character.asText());
  return Value::text(std::move(text));
}

std::vector<Value> itemsOf(Work &work, const Value &value) {
  std::vector<Value> items;
  if (value.isUndefined())
    return items;
  if (value.isList()) {
    work.spend(value.asList().items.size());
    return value.asList().items;
  }
  if (value.isDictionary()) {
    work.spend(value.asDictionary().entries.size());
    for (const auto &[key, held] : value.asDictionary().entries)
      items.push_back(Value::text(key));
    return items;
  }
  if (!value.isText())
    work.fail(describe(value), " has no items; expected a list, a dictionary or a string");
  const MarkedText &text = value.asText();
  work.requireLength(text.size(), 1'000'000, "characters of a text one by one");
  work.spend(text.size());
  for (size_t begin = 0, size = 0; begin < text.size(); begin += size) {
    size = firstCharacter(std::string_view(text.bytes()).substr(begin)).size;
    items.push_back(Value::text(text.slice(begin, begin + size)));
  }
  return items;
}

size_t lengthOf(Work &work, const Value &value) {
  if (value.isUndefined())
    return 0;
  if (value.isList())
    return value.asList().items.size();
  if (value.isDictionary())
    return value.asDictionary().entries.size();
  if (!value.isText())
    work.fail(describe(value), " has no length; expected a list, a dictionary or a string");
  work.spendOnText(value.asText().size());
  return countCharacters(value.asText().bytes());
}

Value attributeByPath(Work &work, const Value &value, std::string_view path) {
  Value found = value;
  for (;;) {
    size_t dot = path.find('.');
    std::string_view name = path.substr(0, dot);
    bool isIndex =
        !name.empty() && name.size() < 10 && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    found = itemOf(work, found, isIndex ? Value::integer(std::stoll(std::string(name))) : Value::text(name));
    if (dot == std::string_view::npos)
      return found;
    path.remove_prefix(dot + 1);
  }
}

} // namespace hadal::jinja
