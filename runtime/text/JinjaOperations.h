// What operators, attributes, tests, filters and methods do.
#ifndef HADAL_RUNTIME_TEXT_JINJAOPERATIONS_H
#define HADAL_RUNTIME_TEXT_JINJAOPERATIONS_H

#include "runtime/text/JinjaValue.h"

#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace hadal::jinja {

/// The arguments of a call, to be taken one by one.
class Arguments {
public:
  Arguments(Work &work, std::string_view callee, std::vector<Value> values,
            std::vector<std::pair<std::string, Value>> named)
      : work(work), callee(callee), values(std::move(values)), named(std::move(named)) {}

  Work &work;
  const std::string callee; // as messages call it

  /// The next argument, by its place or its name.
  Value take(std::string_view name, Value standard);
  Value require(std::string_view name);
  MarkedText requireText(std::string_view name);
  int64_t takeInteger(std::string_view name, int64_t standard);
  bool has(std::string_view name) const;
  /// Those that are left, without names and with them.
  std::vector<Value> takeRest();
  std::vector<std::pair<std::string, Value>> takeNamed() { return std::exchange(named, {}); }
  /// Fails when one was not taken.
  void finish() const;

private:
  std::vector<Value> values;
  size_t next = 0;
  std::vector<std::pair<std::string, Value>> named;
};

Value unaryOperation(Work &work, std::string_view name, const Value &value);
Value binaryOperation(Work &work, std::string_view name, const Value &a, const Value &b);
bool comparison(Work &work, std::string_view name, const Value &a, const Value &b);

/// value.name, value[index] and value[begin:end:step], as jinja2 finds them.
Value attributeOf(Work &work, const Value &value, std::string_view name);
Value itemOf(Work &work, const Value &value, const Value &index);
Value sliceOf(Work &work, const Value &value, const Value &begin, const Value &end, const Value &step);

/// What a loop goes over: items of a list, keys, characters; nothing of what is undefined.
std::vector<Value> itemsOf(Work &work, const Value &value);
size_t lengthOf(Work &work, const Value &value);
/// "x.y" of an item, as map and selectattr name it.
Value attributeByPath(Work &work, const Value &value, std::string_view path);

bool test(Work &work, std::string_view name, const Value &value, Arguments &arguments);
Value filter(Work &work, std::string_view name, const Value &value, Arguments &arguments);
Value callMethod(Work &work, const Function &method, Arguments &arguments);

/// As transformers' filter: json.dumps with characters beyond ASCII as they are.
Value toJSON(const Value &value, Arguments &arguments);

/// Text functions that are filters and methods. Without characters to take, white space is.
MarkedText stripped(Work &work, const MarkedText &text, const Value &characters, bool atBegin, bool atEnd);
MarkedText replaced(Work &work, const MarkedText &text, const MarkedText &what, const MarkedText &with, int64_t most);
/// Letters of ASCII in another case; fails where there are others that have cases.
MarkedText inCase(Work &work, const MarkedText &text, bool upper);
MarkedText capitalized(Work &work, const MarkedText &text);

} // namespace hadal::jinja

#endif // HADAL_RUNTIME_TEXT_JINJAOPERATIONS_H
