// Methods of strings and dictionaries, as Python has them; nothing that changes a value.
#include "runtime/text/Characters.h"
#include "runtime/text/JinjaOperations.h"

#include <algorithm>
#include <limits>

namespace hadal::jinja {

/// Whether a character beyond ASCII may have another one in the other case: blocks of letters with cases.
static bool mayHaveCase(uint32_t code) {
  static constexpr std::pair<uint32_t, uint32_t> blocks[] = {
      {0xaa, 0x587},    {0x10a0, 0x10ff}, {0x13a0, 0x13ff}, {0x1c80, 0x1fff}, {0x2100, 0x218f}, {0x24b6, 0x24e9},
      {0x2c00, 0x2dff}, {0xa640, 0xa7ff}, {0xab30, 0xabbf}, {0xfb00, 0xfb17}, {0xff21, 0xff5a}, {0x10400, 0x1efff}};
  return std::ranges::any_of(blocks, [&](const auto &block) { return code >= block.first && code <= block.second; });
}

static char upperOf(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
static char lowerOf(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

static void requirePlainCase(Work &work, const MarkedText &text) {
  work.spendOnText(text.size());
  for (std::string_view rest = text.bytes(); !rest.empty(); rest.remove_prefix(firstCharacter(rest).size))
    if (mayHaveCase(firstCharacter(rest).code))
      work.fail("upper and lower case of letters beyond ASCII are not supported");
}

MarkedText inCase(Work &work, const MarkedText &text, bool upper) {
  requirePlainCase(work, text);
  std::string bytes = text.bytes();
  std::ranges::transform(bytes, bytes.begin(), upper ? upperOf : lowerOf);
  return text.withBytes(std::move(bytes));
}

MarkedText capitalized(Work &work, const MarkedText &text) {
  std::string bytes = inCase(work, text, false).bytes();
  if (!bytes.empty())
    bytes[0] = upperOf(bytes[0]);
  return text.withBytes(std::move(bytes));
}

static MarkedText titled(Work &work, const MarkedText &text) {
  std::string bytes = inCase(work, text, false).bytes();
  bool begins = true;
  for (char &c : bytes) {
    bool isLetter = c >= 'a' && c <= 'z';
    if (isLetter && begins)
      c = upperOf(c);
    begins = !isLetter;
  }
  return text.withBytes(std::move(bytes));
}

MarkedText stripped(Work &work, const MarkedText &text, const Value &characters, bool atBegin, bool atEnd) {
  work.spendOnText(text.size());
  std::string_view bytes = text.bytes();
  if (characters.isNone()) {
    size_t end = atEnd ? stripEnd(bytes) : bytes.size();
    return text.slice(atBegin ? std::min(stripBegin(bytes), end) : 0, end);
  }
  if (!characters.isText())
    work.fail("strip: expected a string of characters instead of ", describe(characters));
  const std::string &set = characters.asText().bytes();
  auto isTaken = [&](std::string_view character) {
    work.spendOnText(set.size());
    for (std::string_view rest = set; !rest.empty(); rest.remove_prefix(firstCharacter(rest).size))
      if (rest.substr(0, firstCharacter(rest).size) == character)
        return true;
    return false;
  };
  size_t begin = 0, end = bytes.size();
  while (atBegin && begin < end) {
    size_t size = firstCharacter(bytes.substr(begin)).size;
    if (!isTaken(bytes.substr(begin, size)))
      break;
    begin += size;
  }
  while (atEnd && end > begin) {
    size_t last = end - 1;
    while (last > begin && (static_cast<uint8_t>(bytes[last]) & 0xc0) == 0x80)
      --last;
    if (!isTaken(bytes.substr(last, end - last)))
      break;
    end = last;
  }
  return text.slice(begin, end);
}

MarkedText replaced(Work &work, const MarkedText &text, const MarkedText &what, const MarkedText &with, int64_t most) {
  MarkedText result;
  if (what.size() == 0)
    work.fail("replace: the string to be replaced is empty; that is not supported");
  size_t begin = 0;
  for (; most != 0; --most) {
    size_t found = text.bytes().find(what.bytes(), begin);
    if (found == std::string::npos)
      break;
    append(work, result, text.slice(begin, found));
    append(work, result, with);
    begin = found + what.size();
  }
  append(work, result, text.slice(begin, text.size()));
  return result;
}

static std::vector<Value> splitAtSpace(Work &work, const MarkedText &text, int64_t most) {
  std::vector<Value> parts;
  std::string_view bytes = text.bytes();
  work.spendOnText(bytes.size());
  size_t begin = stripBegin(bytes);
  for (; begin < bytes.size() && most != 0; --most) {
    size_t end = begin;
    while (end < bytes.size() && !isSpace(firstCharacter(bytes.substr(end)).code))
      end += firstCharacter(bytes.substr(end)).size;
    parts.push_back(Value::text(text.slice(begin, end)));
    begin = end + stripBegin(bytes.substr(end));
  }
  if (begin < bytes.size())
    parts.push_back(Value::text(text.slice(begin, bytes.size())));
  return parts;
}

static std::vector<Value> splitAt(Work &work, const MarkedText &text, const std::string &separator, int64_t most) {
  std::vector<Value> parts;
  work.spendOnText(text.size());
  size_t begin = 0;
  for (; most != 0; --most) {
    size_t found = text.bytes().find(separator, begin);
    if (found == std::string::npos)
      break;
    parts.push_back(Value::text(text.slice(begin, found)));
    begin = found + separator.size();
  }
  parts.push_back(Value::text(text.slice(begin, text.size())));
  return parts;
}

static std::vector<Value> splitFromEnd(Work &work, const MarkedText &text, const std::string &separator, int64_t most) {
  std::vector<Value> parts;
  work.spendOnText(text.size());
  size_t end = text.size();
  for (; most != 0 && end >= separator.size(); --most) {
    size_t found = text.bytes().rfind(separator, end - separator.size());
    if (found == std::string::npos)
      break;
    parts.push_back(Value::text(text.slice(found + separator.size(), end)));
    end = found;
  }
  parts.push_back(Value::text(text.slice(0, end)));
  std::ranges::reverse(parts);
  return parts;
}

static Value split(const MarkedText &text, Arguments &arguments, bool fromEnd) {
  Work &work = arguments.work;
  Value separator = arguments.take("sep", Value());
  int64_t most = arguments.takeInteger("maxsplit", -1);
  if (separator.isNone()) {
    if (fromEnd && most >= 0)
      work.fail("rsplit at white space with a limit is not supported");
    return Value::list(work, splitAtSpace(work, text, most));
  }
  if (!separator.isText() || separator.asText().size() == 0)
    work.fail(arguments.callee, ": expected a separator that is a string and not empty");
  const std::string &bytes = separator.asText().bytes();
  return Value::list(work, fromEnd ? splitFromEnd(work, text, bytes, most) : splitAt(work, text, bytes, most));
}

/// Whether a text begins or ends with one, or one of several.
static bool hasEnd(const MarkedText &text, Arguments &arguments, bool atBegin) {
  Value wanted = arguments.require(atBegin ? "prefix" : "suffix");
  std::vector<Value> candidates = {wanted};
  if (wanted.isList() && wanted.asList().isTuple)
    candidates = wanted.asList().items;
  return std::ranges::any_of(candidates, [&](const Value &candidate) {
    if (!candidate.isText())
      arguments.work.fail(arguments.callee, ": expected a string instead of ", describe(candidate));
    arguments.work.spendOnText(candidate.asText().size());
    const std::string &end = candidate.asText().bytes();
    return atBegin ? text.bytes().starts_with(end) : text.bytes().ends_with(end);
  });
}

static Value withoutEnd(const MarkedText &text, const MarkedText &end, bool atBegin) {
  bool is = atBegin ? text.bytes().starts_with(end.bytes()) : text.bytes().ends_with(end.bytes());
  if (!is)
    return Value::text(text);
  return Value::text(atBegin ? text.slice(end.size(), text.size()) : text.slice(0, text.size() - end.size()));
}

static Value callTextMethod(std::string_view name, const MarkedText &text, Arguments &arguments) {
  Work &work = arguments.work;
  if (name == "split" || name == "rsplit")
    return split(text, arguments, name == "rsplit");
  if (name == "strip" || name == "lstrip" || name == "rstrip")
    return Value::text(stripped(work, text, arguments.take("chars", Value()), name != "rstrip", name != "lstrip"));
  if (name == "startswith" || name == "endswith")
    return Value::boolean(hasEnd(text, arguments, name == "startswith"));
  if (name == "removeprefix" || name == "removesuffix")
    return withoutEnd(text, arguments.requireText("text"), name == "removeprefix");
  if (name == "upper" || name == "lower")
    return Value::text(inCase(work, text, name == "upper"));
  if (name == "capitalize")
    return Value::text(capitalized(work, text));
  if (name == "title")
    return Value::text(titled(work, text));
  if (name == "replace") {
    MarkedText what = arguments.requireText("old"), with = arguments.requireText("new");
    return Value::text(replaced(work, text, what, with, arguments.takeInteger("count", -1)));
  }
  if (name == "find") {
    size_t found = text.bytes().find(arguments.requireText("sub").bytes());
    work.spendOnText(text.size());
    std::string_view before = std::string_view(text.bytes()).substr(0, found);
    return Value::integer(found == std::string::npos ? -1 : static_cast<int64_t>(countCharacters(before)));
  }
  work.fail("the method '", name, "' of strings is not supported");
}

static Value callDictionaryMethod(std::string_view name, const Dictionary &dictionary, Arguments &arguments) {
  Work &work = arguments.work;
  work.spend(dictionary.entries.size());
  if (name == "get") {
    Value key = arguments.require("key"), standard = arguments.take("default", Value());
    const Value *found = key.isText() ? dictionary.find(key.asText().bytes()) : nullptr;
    return found ? *found : standard;
  }
  if (name != "items" && name != "keys" && name != "values")
    work.fail("the method '", name, "' of dictionaries is not supported; values cannot be changed");
  std::vector<Value> items;
  for (const auto &[key, value] : dictionary.entries) {
    if (name == "items")
      items.push_back(Value::list(work, {Value::text(key), value}, /*isTuple=*/true));
    else
      items.push_back(name == "keys" ? Value::text(key) : value);
  }
  return Value::list(work, std::move(items));
}

Value callMethod(Work &work, const Function &method, Arguments &arguments) {
  if (method.self.isList())
    work.fail("the method '", method.name, "' of lists is not supported; values cannot be changed");
  Value result = method.self.isText() ? callTextMethod(method.name, method.self.asText(), arguments)
                                      : callDictionaryMethod(method.name, method.self.asDictionary(), arguments);
  arguments.finish();
  return result;
}

} // namespace hadal::jinja
