//===- Fields.cpp - reading the fields of a JSON object -------------------------------------------------------===//
//
// The methods declared in Fields.h.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/Fields.h"
#include "dialect/IR/Checks.h"
#include "llvm/Support/raw_ostream.h"
#include <cmath>

using namespace hadal::huggingface;
namespace json = llvm::json;

/// A value as a message shows it: short, whatever the file holds.
static std::string show(const json::Value &value) {
  if (value.kind() == json::Value::Object)
    return "an object";
  if (value.kind() == json::Value::Array)
    return "an array";
  std::string text;
  llvm::raw_string_ostream(text) << value;
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

void Fields::fail(llvm::StringRef name, const llvm::Twine &message) {
  if (error.empty())
    error = ("field \"" + prefix + name + "\": " + message).str();
}

const json::Value *Fields::take(llvm::StringRef name) {
  taken.insert(name);
  if (const json::Value *value = object.get(name))
    return value;
  FieldDefault given = family ? findDefault(*family, name) : FieldDefault();
  if (!given.value || given.value->kind() == json::Value::Null)
    return nullptr;
  return &defaults.insert_or_assign(name.str(), std::move(*given.value)).first->second;
}

const json::Value *Fields::raw(llvm::StringRef name) {
  taken.insert(name);
  return object.get(name);
}

bool Fields::has(llvm::StringRef name) {
  const json::Value *value = take(name);
  return value && value->kind() != json::Value::Null;
}

void Fields::failMissing(llvm::StringRef name, const llvm::Twine &expected) {
  std::string disagreement = family ? findDefault(*family, name).disagreement : "";
  if (disagreement.empty())
    fail(name, "is missing; expected " + expected);
  else
    fail(name, "is missing, and what that means is open: " + disagreement + "; expected " + expected);
}

int64_t Fields::integer(llvm::StringRef name, int64_t low, std::optional<int64_t> fallback) {
  const json::Value *value = take(name);
  if (fallback && !has(name))
    return *fallback;
  if (!value)
    return failMissing(name, "an integer of at least " + llvm::Twine(low)), low;
  constexpr int64_t high = std::numeric_limits<int32_t>::max();
  std::optional<int64_t> integer = value->getAsInteger();
  if (!integer || *integer < low || *integer > high)
    fail(name,
         "expected an integer between " + llvm::Twine(low) + " and " + llvm::Twine(high) + ", got " + show(*value));
  return std::clamp(integer.value_or(low), low, high);
}

std::optional<int64_t> Fields::optionalInteger(llvm::StringRef name, int64_t low) {
  return has(name) ? std::optional(integer(name, low)) : std::nullopt;
}

double Fields::real(llvm::StringRef name, std::optional<double> fallback, bool allowZero, std::optional<double> most) {
  const json::Value *value = take(name);
  if (fallback && !has(name))
    return *fallback;
  if (!value)
    return failMissing(name, "a number"), 1.0;
  std::optional<double> number = value->getAsNumber();
  if (!number || !std::isfinite(*number) || *number < 0.0 || (*number == 0.0 && !allowZero)) {
    fail(name, llvm::Twine(allowZero ? "expected a number of at least 0" : "expected a positive number") + ", got " +
                   show(*value));
    return fallback.value_or(1.0);
  }
  double low = allowZero ? 0.0 : leastReal, high = most.value_or(mostReal);
  if (*number < low || *number > high) {
    fail(name, "expected a number from " + realText(low) + " to " + realText(high) + ", got " + show(*value));
    return fallback.value_or(1.0);
  }
  return *number;
}

bool Fields::boolean(llvm::StringRef name) {
  if (!has(name))
    return false;
  const json::Value *value = take(name);
  std::optional<bool> flag = value->getAsBoolean();
  if (!flag)
    fail(name, "expected true or false, got " + show(*value));
  return flag.value_or(false);
}

std::string Fields::string(llvm::StringRef name, std::optional<std::string> fallback) {
  const json::Value *value = take(name);
  if (fallback && !has(name))
    return *fallback;
  if (!value)
    return failMissing(name, "a string"), "";
  std::optional<llvm::StringRef> text = value->getAsString();
  if (!text)
    fail(name, "expected a string, got " + show(*value));
  return text.value_or("").str();
}

const json::Object *Fields::nested(llvm::StringRef name) {
  if (!has(name))
    return nullptr;
  const json::Value *value = take(name);
  const json::Object *nested = value->getAsObject();
  if (!nested)
    fail(name, "expected an object or null, got " + show(*value));
  return nested;
}

void Fields::ignore(llvm::ArrayRef<llvm::StringRef> names) {
  for (llvm::StringRef name : names)
    taken.insert(name);
}

void Fields::ignoreNull(llvm::ArrayRef<llvm::StringRef> names) {
  for (llvm::StringRef name : names)
    if (const json::Value *value = object.get(name); value && value->kind() == json::Value::Null)
      taken.insert(name);
}

void Fields::ignorePrefixed(llvm::ArrayRef<llvm::StringRef> prefixes) {
  for (const auto &[key, value] : object)
    if (llvm::any_of(prefixes, [&](llvm::StringRef prefix) { return llvm::StringRef(key).starts_with(prefix); }))
      taken.insert(key);
}

/// Equal values; 1 is 1.0.
static bool sameValue(const json::Value &a, const json::Value &b) {
  std::optional<double> left = a.getAsNumber(), right = b.getAsNumber();
  return left && right ? *left == *right : a == b;
}

void Fields::expect(llvm::StringRef name, llvm::StringRef json, const llvm::Twine &reason) {
  const json::Value *value = raw(name);
  if (!value || value->kind() == json::Value::Null || sameValue(*value, llvm::cantFail(json::parse(json))))
    return;
  fail(name, "expected " + json + ": " + reason + ", got " + show(*value));
}

void Fields::rejectOthers() {
  // The object is a hash table: take the first in alphabetical order, so that the message is always the same.
  llvm::StringRef first;
  for (const auto &[key, value] : object)
    if (llvm::StringRef name = key; !taken.contains(name) && (first.empty() || name < first))
      first = name;
  if (!first.empty())
    fail(first, "is unknown; if it does not change what the model computes, remove it");
}
