//===- StoredWeights.cpp - how published weights are encoded -----------------------------------------------------===//
//
// Every method is recorded, a known one or not, since nothing is computed from it; the few of its fields that the words
// below are made of are checked. Two publishers leave `quant_method` out: bitsandbytes, in older files, and MLX.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "passes/HuggingFace/StoredWeights.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include <cmath>

using namespace mlir;
using namespace hadal;
using namespace hadal::huggingface;
namespace json = llvm::json;

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// The method of a file that does not name it.
static StringRef guessMethod(const json::Object &config) {
  if (config.get("load_in_8bit") || config.get("load_in_4bit"))
    return "bitsandbytes";
  return config.get("bits") && config.get("group_size") ? "mlx" : "";
}

static bool isBlockSize(const json::Value &value) {
  const json::Array *sides = value.getAsArray();
  return sides && sides->size() == 2 &&
         llvm::all_of(*sides, [](const json::Value &side) { return side.getAsInteger().value_or(0) >= 1; });
}

/// Whether every field of every object has a name, as attributes must.
static bool isNamed(const json::Value &value) {
  if (const json::Array *list = value.getAsArray())
    return llvm::all_of(*list, isNamed);
  const json::Object *object = value.getAsObject();
  return !object ||
         llvm::all_of(*object, [](const auto &field) { return !field.first.str().empty() && isNamed(field.second); });
}

/// The name of the field that is there: compressed-tensors and MLX have written others.
static StringRef findField(Fields &fields) {
  constexpr StringRef names[] = {"quantization_config", "compression_config", "quantization"};
  fields.ignore(names);
  const auto *found = llvm::find_if(names, [&](StringRef name) { return fields.has(name); });
  return found == std::end(names) ? names[0] : *found;
}

std::optional<json::Object> hadal::huggingface::readStoredWeights(Fields &fields, std::string &error) {
  StringRef field = findField(fields);
  const json::Object *given = fields.nested(field);
  if (!given)
    return std::nullopt;
  json::Object config = *given;
  Fields inner(*given, (field + ".").str(), error);
  if (StringRef method = guessMethod(config); !inner.has("quant_method") && !method.empty())
    config["quant_method"] = method;
  else
    inner.string("quant_method");
  if (const json::Value *block = given->get("weight_block_size");
      block && block->kind() != json::Value::Null && !isBlockSize(*block))
    inner.fail("weight_block_size", "expected two positive integers, as in [128, 128], or null");
  if (!isNamed(*fields.raw(field)))
    fields.fail(field, "expected a name for every field");
  return config;
}

//===----------------------------------------------------------------------===//
// Writing
//===----------------------------------------------------------------------===//

static std::string quotedText(StringRef text) {
  std::string quoted;
  llvm::raw_string_ostream stream(quoted);
  stream << '"';
  llvm::printEscapedString(text, stream);
  stream << '"';
  return quoted;
}

static std::string nameText(StringRef name) {
  bool bare = (llvm::isAlpha(name.front()) || name.front() == '_') &&
              llvm::all_of(name, [](char c) { return llvm::isAlnum(c) || c == '_'; });
  return bare ? name.str() : quotedText(name);
}

static std::string objectText(const json::Object &object) {
  std::vector<std::pair<StringRef, const json::Value *>> fields;
  for (const auto &[name, value] : object)
    fields.push_back({name, &value});
  // The object is a hash table; attributes are sorted.
  llvm::sort(fields);
  std::string text = "{";
  for (auto [name, value] : fields)
    text += (text.size() > 1 ? ", " : "") + nameText(name) + " = " + attributeText(*value);
  return text + "}";
}

std::string hadal::huggingface::attributeText(const json::Value &value) {
  switch (value.kind()) {
  case json::Value::Null:
    return "unit";
  case json::Value::Boolean:
    return *value.getAsBoolean() ? "true" : "false";
  case json::Value::Number:
    if (std::optional<int64_t> integer = value.getAsInteger())
      return std::to_string(*integer);
    // Numbers beyond a double's are no numbers in attributes.
    return std::isfinite(*value.getAsNumber()) ? realText(*value.getAsNumber()) : "\"infinite\"";
  case json::Value::String:
    return quotedText(*value.getAsString());
  case json::Value::Array: {
    std::vector<std::string> elements;
    for (const json::Value &element : *value.getAsArray())
      elements.push_back(attributeText(element));
    return "[" + llvm::join(elements, ", ") + "]";
  }
  case json::Value::Object:
    return objectText(*value.getAsObject());
  }
  llvm_unreachable("no other kind of JSON");
}

//===----------------------------------------------------------------------===//
// Describing
//===----------------------------------------------------------------------===//

static std::optional<int64_t> getNumber(DictionaryAttr dictionary, StringRef name) {
  auto number = dictionary ? dictionary.getAs<IntegerAttr>(name) : IntegerAttr();
  return number && number.getType().isInteger(64) ? std::optional(number.getInt()) : std::nullopt;
}

static StringRef getText(DictionaryAttr dictionary, StringRef name) {
  auto text = dictionary ? dictionary.getAs<StringAttr>(name) : StringAttr();
  return text ? text.getValue() : "";
}

/// " of 4 bits in groups of 128", as far as the figures are there.
static std::string describeFigures(std::optional<int64_t> bits, std::optional<int64_t> group) {
  std::string text;
  if (bits)
    text += llvm::formatv(" of {0} bits", *bits);
  if (group && *group > 0)
    text += llvm::formatv(" in groups of {0}", *group);
  return text;
}

static std::string describeBlocks(DictionaryAttr stored) {
  StringRef format = getText(stored, "fmt"), scales = getText(stored, "scale_fmt");
  std::string text = "FP8";
  if (!format.empty())
    text += " (" + format.str() + ")";
  auto sides = stored.getAs<ArrayAttr>("weight_block_size");
  auto isSide = [](Attribute side) { return isa<IntegerAttr>(side); };
  if (sides && sides.size() == 2 && llvm::all_of(sides, isSide))
    text += llvm::formatv(" with {0}x{1} block scales", cast<IntegerAttr>(sides[0]).getValue().getSExtValue(),
                          cast<IntegerAttr>(sides[1]).getValue().getSExtValue());
  return text + (scales.empty() ? "" : (" in " + scales).str());
}

/// The first group of a compressed-tensors configuration stands for all.
static std::string describeCompressedTensors(DictionaryAttr stored) {
  std::string text = "compressed-tensors";
  if (StringRef format = getText(stored, "format"); !format.empty())
    text += (" (" + format + ")").str();
  auto groups = stored.getAs<DictionaryAttr>("config_groups");
  if (!groups || groups.empty())
    return text;
  auto group = dyn_cast<DictionaryAttr>(groups.begin()->getValue());
  auto weights = group ? group.getAs<DictionaryAttr>("weights") : DictionaryAttr();
  if (StringRef type = getText(weights, "type"); !type.empty())
    text += (" " + type).str();
  return text + describeFigures(getNumber(weights, "num_bits"), getNumber(weights, "group_size"));
}

std::string hadal::huggingface::describeStoredWeights(DictionaryAttr stored) {
  StringRef method = getText(stored, "quant_method");
  if (method == "fp8")
    return describeBlocks(stored);
  if (method == "compressed-tensors")
    return describeCompressedTensors(stored);
  if (method == "bitsandbytes") {
    StringRef type = getText(stored, "bnb_4bit_quant_type");
    auto four = stored.getAs<BoolAttr>("load_in_4bit");
    return "bitsandbytes" + describeFigures(four && four.getValue() ? 4 : 8, {}) +
           (four && four.getValue() && !type.empty() ? (" (" + type + ")").str() : "");
  }
  std::string name = method == "awq" ? "AWQ" : method == "gptq" ? "GPTQ" : method == "mlx" ? "MLX" : method.str();
  StringRef algorithm = getText(stored, "quant_algo");
  if (!algorithm.empty())
    name += (" (" + algorithm + ")").str();
  std::optional<int64_t> bits = getNumber(stored, "bits"), group = getNumber(stored, "group_size");
  return name +
         describeFigures(bits ? bits : getNumber(stored, "w_bit"), group ? group : getNumber(stored, "q_group_size"));
}
