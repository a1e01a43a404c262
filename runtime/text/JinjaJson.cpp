// Values as JSON, in the bytes of Python's json.dumps.
#include "runtime/text/Characters.h"
#include "runtime/text/JinjaOperations.h"

#include <algorithm>
#include <cmath>

namespace hadal::jinja {

namespace {

class Writer {
public:
  Writer(Arguments &arguments) : work(arguments.work) {
    ensureASCII = isTrue(arguments.take("ensure_ascii", Value::boolean(false)));
    readIndentation(arguments.take("indent", Value()));
    readSeparators(arguments.take("separators", Value()));
    sortKeys = isTrue(arguments.take("sort_keys", Value::boolean(false)));
    arguments.finish();
  }

  MarkedText write(const Value &value) {
    writeValue(value, 0);
    return std::move(output);
  }

private:
  void readIndentation(const Value &value) {
    if (value.isNone())
      return;
    indents = true;
    itemSeparator = ",";
    if (value.isText())
      indentation = value.asText().bytes();
    else if (value.isWhole() && value.asWhole() <= 100)
      indentation.assign(static_cast<size_t>(std::max<int64_t>(value.asWhole(), 0)), ' ');
    else
      work.fail("tojson: 'indent' has to be a string or a number up to 100, not ", describe(value));
  }

  void readSeparators(const Value &value) {
    if (value.isNone())
      return;
    bool isPair =
        value.isList() && value.asList().items.size() == 2 && std::ranges::all_of(value.asList().items, &Value::isText);
    if (!isPair)
      work.fail("tojson: 'separators' has to be two strings");
    itemSeparator = value.asList().items[0].asText().bytes();
    keySeparator = value.asList().items[1].asText().bytes();
  }

  void writeValue(const Value &value, size_t level) {
    work.spend();
    if (value.isText())
      return writeText(value.asText());
    if (value.isList())
      return writeList(value.asList(), level);
    if (value.isDictionary())
      return writeDictionary(value.asDictionary(), level);
    if (value.isNone())
      return append(work, output, "null");
    if (value.is<bool>())
      return append(work, output, value.asWhole() ? "true" : "false");
    if (value.is<int64_t>())
      return append(work, output, std::to_string(value.asWhole()));
    if (!value.is<double>())
      work.fail("tojson: ", value.isUndefined() ? concat(value.undefinedName(), " is undefined") : describe(value),
                "; expected what JSON has");
    double number = value.asNumber();
    append(work, output,
           std::isnan(number)    ? "NaN"
           : !std::isinf(number) ? printNumber(number)
           : number < 0          ? "-Infinity"
                                 : "Infinity");
  }

  void beginLine(size_t level) {
    if (!indents)
      return;
    std::string line = "\n";
    for (size_t i = 0; i < level; ++i)
      line += indentation;
    append(work, output, line);
  }

  void writeList(const List &list, size_t level) {
    if (list.items.empty())
      return append(work, output, "[]");
    append(work, output, "[");
    for (size_t i = 0; i < list.items.size(); ++i) {
      if (i > 0)
        append(work, output, itemSeparator);
      beginLine(level + 1);
      writeValue(list.items[i], level + 1);
    }
    beginLine(level);
    append(work, output, "]");
  }

  void writeDictionary(const Dictionary &dictionary, size_t level) {
    if (dictionary.entries.empty())
      return append(work, output, "{}");
    auto entries = dictionary.entries;
    if (sortKeys)
      std::ranges::sort(entries, {}, [](const auto &entry) { return entry.first.bytes(); });
    append(work, output, "{");
    bool isFirst = true;
    for (const auto &[key, value] : entries) {
      if (!std::exchange(isFirst, false))
        append(work, output, itemSeparator);
      beginLine(level + 1);
      writeText(key);
      append(work, output, keySeparator);
      writeValue(value, level + 1);
    }
    beginLine(level);
    append(work, output, "}");
  }

  void writeText(const MarkedText &text) {
    std::string quoted = "\"";
    std::string_view rest = text.bytes();
    while (!rest.empty()) {
      Character next = firstCharacter(rest);
      writeCharacter(next.code, rest.substr(0, next.size), quoted);
      rest.remove_prefix(next.size);
    }
    append(work, output, quoted + "\"", text.hasGiven());
  }

  void writeCharacter(uint32_t code, std::string_view bytes, std::string &quoted) const {
    constexpr std::string_view special = "\"\\\n\r\t\b\f", letters = "\"\\nrtbf";
    if (size_t i = code < 0x80 ? special.find(static_cast<char>(code)) : std::string_view::npos;
        i != std::string_view::npos) {
      quoted += '\\';
      quoted += letters[i];
    } else if (code >= 0x20 && (!ensureASCII || code < 0x7f)) {
      quoted += bytes;
    } else if (code < 0x10000) {
      writeEscape(code, quoted);
    } else {
      writeEscape(0xd800 + ((code - 0x10000) >> 10), quoted);
      writeEscape(0xdc00 + (code & 0x3ff), quoted);
    }
  }

  static void writeEscape(uint32_t code, std::string &quoted) {
    quoted += "\\u";
    for (int shift = 12; shift >= 0; shift -= 4)
      quoted += "0123456789abcdef"[code >> shift & 15];
  }

  Work &work;
  bool ensureASCII = false, indents = false, sortKeys = false;
  std::string indentation, itemSeparator = ", ", keySeparator = ": ";
  MarkedText output;
};

} // namespace

Value toJSON(const Value &value, Arguments &arguments) { return Value::text(Writer(arguments).write(value)); }

} // namespace hadal::jinja
