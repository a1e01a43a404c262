// The values of templates: those of Python that JSON can have, beside undefined ones, namespaces and what can be
// called.
//
// Lists and dictionaries never change once they are made (jinja2's immutable sandbox refuses to change them, too), so
// values share them. Work bounds how much a template can do, how long its texts and lists are and how deep they are
// nested: nothing that it is can make a program hang, or fill the memory or the stack.
#ifndef HADAL_RUNTIME_TEXT_JINJAVALUE_H
#define HADAL_RUNTIME_TEXT_JINJAVALUE_H

#include "runtime/text/JinjaSource.h"
#include "runtime/text/MarkedText.h"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace hadal::jinja {

struct Statement;
class Value;
struct Namespace;

/// The place in the template that is worked at, and what may still be done.
class Work {
public:
  explicit Work(const Source &source) : source(source) {}

  size_t place = 0; // in the template

  template <class... Parts> [[noreturn]] void fail(const Parts &...parts) const { source.fail(place, parts...); }
  /// Counts steps; 32 bytes of text that are touched are one.
  void spend(size_t steps = 1);
  void spendOnText(size_t bytes) { spend(1 + bytes / 32); }
  void requireLength(size_t length, size_t most, const char *what) const;

private:
  const Source &source;
  size_t left = 10'000'000;
};

struct List {
  std::vector<Value> items;
  bool isTuple = false;
  size_t depth = 1; // of lists and dictionaries in each other
};

struct Dictionary {
  std::vector<std::pair<MarkedText, Value>> entries; // in the order in which keys came
  size_t depth = 1;

  const Value *find(std::string_view key) const;
};

/// A macro, a function that every template has, or a method of a value.
struct Function;

struct Undefined {
  std::string name; // of what is not there, as a message says it
};

class Value {
public:
  using Text = std::shared_ptr<const MarkedText>;
  using ListPointer = std::shared_ptr<const List>;
  using DictionaryPointer = std::shared_ptr<const Dictionary>;
  using NamespacePointer = std::shared_ptr<Namespace>;
  using FunctionPointer = std::shared_ptr<const Function>;

  Value() = default; // None
  static Value undefined(std::string name) { return Value(Undefined{std::move(name)}); }
  static Value boolean(bool value) { return Value(value); }
  static Value integer(int64_t value) { return Value(value); }
  static Value number(double value) { return Value(value); }
  static Value text(MarkedText value) { return Value(std::make_shared<const MarkedText>(std::move(value))); }
  /// A text of the template's own.
  static Value text(std::string_view value) { return text(MarkedText(value, false)); }
  static Value list(Work &work, std::vector<Value> items, bool isTuple = false);
  static Value dictionary(Work &work, std::vector<std::pair<MarkedText, Value>> entries);
  static Value nameSpace(NamespacePointer value) { return Value(std::move(value)); }
  static Value function(Function value);

  bool isUndefined() const { return is<Undefined>(); }
  bool isNone() const { return is<std::monostate>(); }
  bool isText() const { return is<Text>(); }
  bool isList() const { return is<ListPointer>(); }
  bool isDictionary() const { return is<DictionaryPointer>(); }
  template <class Kind> bool is() const { return std::holds_alternative<Kind>(value); }
  template <class Kind> const Kind *get() const { return std::get_if<Kind>(&value); }
  const MarkedText &asText() const { return **get<Text>(); }
  const List &asList() const { return **get<ListPointer>(); }
  const Dictionary &asDictionary() const { return **get<DictionaryPointer>(); }
  const std::string &undefinedName() const { return get<Undefined>()->name; }
  /// A number without a fraction: an integer or a boolean.
  bool isWhole() const { return is<bool>() || is<int64_t>(); }
  bool isNumber() const { return isWhole() || is<double>(); }
  int64_t asWhole() const { return is<bool>() ? *get<bool>() : *get<int64_t>(); }
  double asNumber() const { return is<double>() ? *get<double>() : static_cast<double>(asWhole()); }
  /// 1 and what is nested in it; 0 of what holds no values.
  size_t depth() const;

private:
  std::variant<std::monostate, Undefined, bool, int64_t, double, Text, ListPointer, DictionaryPointer, NamespacePointer,
               FunctionPointer>
      value;

  template <class Kind> explicit Value(Kind kind) : value(std::move(kind)) {}
};

struct Namespace {
  std::vector<std::pair<std::string, Value>> attributes;
};

struct Function {
  const Statement *macro = nullptr; // or, without one,
  std::string name = {};            // of a function, or of a method
  Value self = {};                  // of a method
  bool isMethod = false;
};

/// "a string", "a list"...
const char *describe(const Value &value);

bool isTrue(const Value &value);
bool areEqual(Work &work, const Value &a, const Value &b);
/// As Python prints it.
MarkedText print(Work &work, const Value &value);
/// As Python prints it within a list: text in quotes.
void printQuoted(Work &work, const Value &value, MarkedText &output);
/// As Python's repr prints it, and json.
std::string printNumber(double number);

/// Appends within the limit.
void append(Work &work, MarkedText &output, const MarkedText &more);
void append(Work &work, MarkedText &output, std::string_view more, bool isGiven = false);

} // namespace hadal::jinja

#endif // HADAL_RUNTIME_TEXT_JINJAVALUE_H
