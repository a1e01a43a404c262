//===- Fields.h - reading the fields of a JSON object ---------------------------------------------------------===//
//
// Fields are taken one at a time, by name and type, within bounds. The first thing that is wrong becomes the error, in
// one sentence with the file, the field and what is expected; what is read after it does not matter. A field that is
// not there has its family's default, where there is one. Fields that nobody took are unknown, and so an error as well.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_HUGGINGFACE_FIELDS_H
#define HADAL_PASSES_HUGGINGFACE_FIELDS_H

#include "passes/HuggingFace/Families.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/ADT/Twine.h"
#include "llvm/Support/JSON.h"
#include <map>
#include <optional>
#include <string>

namespace hadal::huggingface {

/// Says what is wrong with a JSON text that LLVM's reader would take or die of: a field that is there twice, nesting
/// without end. Empty when there is nothing.
std::string checkJSON(llvm::StringRef text);

/// The text with NaN, Infinity and -Infinity, which Python's json writes and JSON does not have, as strings: a field
/// that is read refuses them, one that is ignored may hold them.
std::string quoteNonFinite(llvm::StringRef text);

class Fields {
public:
  /// `prefix` stands before the names in messages ("rope_scaling."); errors of nested fields go to the same `error`.
  Fields(const llvm::json::Object &object, std::string prefix, std::string &error)
      : object(object), prefix(std::move(prefix)), error(error) {}

  /// From here on, fields that are left out have the family's defaults.
  void setFamily(const FamilyTraits &traits) { family = &traits; }

  /// Whether the field is there and not null.
  bool has(llvm::StringRef name);
  /// Whether the field is there.
  bool isGiven(llvm::StringRef name) const { return object.get(name); }
  /// The field's value as it stands there; null where it is not there.
  const llvm::json::Value *raw(llvm::StringRef name);

  /// An integer in [low, 2^31); the fallback, or an error without one, where it is missing or null.
  int64_t integer(llvm::StringRef name, int64_t low, std::optional<int64_t> fallback = {});
  std::optional<int64_t> optionalInteger(llvm::StringRef name, int64_t low);
  /// A number above zero, or at least zero, within what attributes take (dialect/IR/Checks.h) and at most `most`.
  double real(llvm::StringRef name, std::optional<double> fallback = {}, bool allowZero = false,
              std::optional<double> most = {});
  /// true or false; null is false, as in Python.
  bool boolean(llvm::StringRef name);
  std::string string(llvm::StringRef name, std::optional<std::string> fallback = {});
  const llvm::json::Object *nested(llvm::StringRef name);

  /// Known fields that do not change what a model computes.
  void ignore(llvm::ArrayRef<llvm::StringRef> names);
  /// Fields that are known as long as they are null.
  void ignoreNull(llvm::ArrayRef<llvm::StringRef> names);
  /// Fields that do not change what a model computes, by the beginning of their names.
  void ignorePrefixed(llvm::ArrayRef<llvm::StringRef> prefixes);
  /// A known field that changes nothing at one value, given as JSON, or null, and is refused at others.
  void expect(llvm::StringRef name, llvm::StringRef json, const llvm::Twine &reason);
  /// The first field that nobody took is an error.
  void rejectOthers();

  /// An error about one field.
  void fail(llvm::StringRef name, const llvm::Twine &message);
  bool failed() const { return !error.empty(); }

private:
  const llvm::json::Value *take(llvm::StringRef name);
  void failMissing(llvm::StringRef name, const llvm::Twine &expected);

  const llvm::json::Object &object;
  std::string prefix;
  std::string &error;
  const FamilyTraits *family = nullptr;
  std::map<std::string, llvm::json::Value, std::less<>> defaults;
  llvm::StringSet<> taken;
};

} // namespace hadal::huggingface

#endif // HADAL_PASSES_HUGGINGFACE_FIELDS_H
