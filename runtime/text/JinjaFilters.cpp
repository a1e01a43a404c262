// Filters and tests.
#include "runtime/text/Characters.h"
#include "runtime/text/JinjaOperations.h"

#include <algorithm>
#include <charconv>

namespace hadal::jinja {

bool test(Work &work, std::string_view name, const Value &value, Arguments &arguments) {
  if (name == "defined" || name == "undefined")
    return value.isUndefined() == (name == "undefined");
  if (name == "none")
    return value.isNone();
  if (name == "string")
    return value.isText();
  if (name == "mapping")
    return value.isDictionary();
  if (name == "sequence")
    return value.isText() || value.isList() || value.isDictionary();
  if (name == "iterable")
    return value.isText() || value.isList() || value.isDictionary() || value.isUndefined();
  if (name == "number")
    return value.isNumber();
  if (name == "integer")
    return value.is<int64_t>();
  if (name == "float")
    return value.is<double>();
  if (name == "boolean")
    return value.is<bool>();
  if (name == "true" || name == "false")
    return value.is<bool>() && *value.get<bool>() == (name == "true");
  if (name == "even" || name == "odd") {
    if (!value.isWhole())
      work.fail("the test '", name, "': expected an integer instead of ", describe(value));
    return (value.asWhole() % 2 == 0) == (name == "even");
  }
  if (name == "in" || name == "eq" || name == "equalto" || name == "ne")
    return comparison(work, name == "in" ? "in" : name == "ne" ? "!=" : "==", value, arguments.require("other"));
  work.fail("the test '", name, "' is not supported");
}

/// A name that was given as an argument: of an attribute, a test, a filter.
static std::string takeName(Arguments &arguments, std::string_view what) { return arguments.requireText(what).bytes(); }

/// map(attribute="name", default=...) and map("filter", arguments...).
static Value mapItems(const Value &value, Arguments &arguments) {
  Work &work = arguments.work;
  std::vector<Value> results;
  std::vector<std::pair<std::string, Value>> named = arguments.takeNamed();
  auto path = std::ranges::find(named, "attribute", &std::pair<std::string, Value>::first);
  if (path != named.end()) {
    auto standard = std::ranges::find(named, "default", &std::pair<std::string, Value>::first);
    if (!path->second.isText())
      work.fail("map: 'attribute' has to be a string, not ", describe(path->second));
    for (const Value &item : itemsOf(work, value)) {
      Value found = attributeByPath(work, item, path->second.asText().bytes());
      results.push_back(found.isUndefined() && standard != named.end() ? standard->second : found);
    }
    return Value::list(work, std::move(results));
  }
  std::string name = takeName(arguments, "filter");
  std::vector<Value> rest = arguments.takeRest();
  for (const Value &item : itemsOf(work, value)) {
    Arguments own(work, name, rest, named);
    results.push_back(filter(work, name, item, own));
  }
  return Value::list(work, std::move(results));
}

/// select, reject, selectattr and rejectattr, with a test or without.
static Value selectItems(const Value &value, Arguments &arguments, bool byAttribute, bool keeps) {
  Work &work = arguments.work;
  std::string path = byAttribute ? takeName(arguments, "attribute") : "";
  std::string name = arguments.has("test") ? takeName(arguments, "test") : "";
  if (name == "==" || name == "!=")
    name = name == "==" ? "eq" : "ne";
  std::vector<Value> rest = arguments.takeRest(), kept;
  for (const Value &item : itemsOf(work, value)) {
    Value tested = byAttribute ? attributeByPath(work, item, path) : item;
    Arguments own(work, name, rest, {});
    if ((name.empty() ? isTrue(tested) : test(work, name, tested, own)) == keeps)
      kept.push_back(item);
  }
  return Value::list(work, std::move(kept));
}

static Value join(const Value &value, Arguments &arguments) {
  Work &work = arguments.work;
  MarkedText separator = print(work, arguments.take("d", Value::text("")));
  Value path = arguments.take("attribute", Value());
  MarkedText result;
  bool isFirst = true;
  for (const Value &item : itemsOf(work, value)) {
    if (!std::exchange(isFirst, false))
      append(work, result, separator);
    append(work, result, print(work, path.isText() ? attributeByPath(work, item, path.asText().bytes()) : item));
  }
  return Value::text(std::move(result));
}

static Value toInteger(const Value &value, Arguments &arguments) {
  Value standard = arguments.take("default", Value::integer(0));
  if (value.isWhole())
    return Value::integer(value.asWhole());
  if (value.is<double>() && std::abs(value.asNumber()) < 0x1p63)
    return Value::integer(static_cast<int64_t>(value.asNumber()));
  if (!value.isText())
    return standard;
  std::string text = stripped(arguments.work, value.asText(), Value(), true, true).bytes();
  int64_t result = 0;
  const char *begin = text.data() + text.starts_with('+'), *end = text.data() + text.size();
  auto [rest, error] = std::from_chars(begin, end, result);
  return error == std::errc() && rest == end ? Value::integer(result) : standard;
}

static Value itemsOfDictionary(Work &work, const Value &value) {
  if (value.isUndefined())
    return Value::list(work, {});
  if (!value.isDictionary())
    work.fail("items: expected a dictionary instead of ", describe(value));
  Arguments none(work, "items", {}, {});
  return callMethod(work, {.name = "items", .self = value, .isMethod = true}, none);
}

/// Filters of lists.
static bool filterItems(Work &work, std::string_view name, const Value &value, Arguments &arguments, Value &result) {
  if (name == "map")
    result = mapItems(value, arguments);
  else if (name == "selectattr" || name == "rejectattr")
    result = selectItems(value, arguments, true, name == "selectattr");
  else if (name == "select" || name == "reject")
    result = selectItems(value, arguments, false, name == "select");
  else if (name == "join")
    result = join(value, arguments);
  else if (name == "list")
    result = Value::list(work, itemsOf(work, value));
  else if (name == "items")
    result = itemsOfDictionary(work, value);
  else if (name == "length" || name == "count")
    result = Value::integer(static_cast<int64_t>(lengthOf(work, value)));
  else if (name == "reverse") {
    std::vector<Value> items = itemsOf(work, value);
    std::ranges::reverse(items);
    result = Value::list(work, std::move(items));
    if (value.isText())
      result = join(result, arguments);
  } else if (name == "first" || name == "last") {
    std::vector<Value> items = itemsOf(work, value);
    result = items.empty()     ? Value::undefined(concat("the ", name, " of nothing"))
             : name == "first" ? items.front()
                               : items.back();
  } else {
    return false;
  }
  return true;
}

/// Filters of texts, which take anything as it is printed.
static bool filterText(Work &work, std::string_view name, const Value &value, Arguments &arguments, Value &result) {
  if (name == "string")
    result = Value::text(print(work, value));
  else if (name == "trim")
    result = Value::text(stripped(work, print(work, value), arguments.take("chars", Value()), true, true));
  else if (name == "upper" || name == "lower")
    result = Value::text(inCase(work, print(work, value), name == "upper"));
  else if (name == "capitalize")
    result = Value::text(capitalized(work, print(work, value)));
  else if (name == "replace") {
    MarkedText what = arguments.requireText("old"), with = arguments.requireText("new");
    result = Value::text(replaced(work, print(work, value), what, with, arguments.takeInteger("count", -1)));
  } else {
    return false;
  }
  return true;
}

Value filter(Work &work, std::string_view name, const Value &value, Arguments &arguments) {
  work.spend();
  Value result;
  if (name == "tojson") {
    result = toJSON(value, arguments);
  } else if (name == "default" || name == "d") {
    Value standard = arguments.take("default_value", Value::text(""));
    bool replacesFalse = isTrue(arguments.take("boolean", Value::boolean(false)));
    result = value.isUndefined() || (replacesFalse && !isTrue(value)) ? standard : value;
  } else if (name == "int") {
    result = toInteger(value, arguments);
  } else if (name == "abs" && value.isNumber()) {
    result = value.asNumber() < 0 ? unaryOperation(work, "-", value) : value;
  } else if (!filterItems(work, name, value, arguments, result) && !filterText(work, name, value, arguments, result)) {
    work.fail("the filter '", name, "' is not supported", name == "abs" ? concat(" for ", describe(value)) : "");
  }
  arguments.finish();
  return result;
}

} // namespace hadal::jinja
