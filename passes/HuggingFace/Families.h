//===- Families.h - the families of configurations, and what a field means that is left out ---------------------===//
//
// One table says for every field of a configuration what it means where config.json does not give it. The rule: what
// the family's own class (configuration_deepseek.py on the hub) and transformers 5.23 agree on. Where they disagree,
// and for the four figures without which a file describes no model at all, the field is required.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_HUGGINGFACE_FAMILIES_H
#define HADAL_PASSES_HUGGINGFACE_FAMILIES_H

#include "dialect/IR/Hadal.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/raw_ostream.h"
#include <string>

namespace hadal::huggingface {

struct FamilyTraits {
  llvm::StringRef modelType;
  /// The name under which a model is exported: Kimi-K2 is DeepSeek-V3's architecture, and transformers knows only that.
  Family family;
  /// Its class in transformers.
  llvm::StringRef architecture;
  ScoreFunction scores;
  /// The family's name in the table of defaults.
  unsigned column;
};

/// The families by `model_type`; null for another one.
const FamilyTraits *findFamily(llvm::StringRef modelType);
const FamilyTraits &traitsOf(Family family);

/// What a field means that is left out: its value, or why there is none.
struct FieldDefault {
  std::optional<llvm::json::Value> value;
  /// "the family's own code has none, transformers 64"; empty for what has no default anywhere.
  std::string disagreement;
};
FieldDefault findDefault(const FamilyTraits &family, llvm::StringRef field);

/// The table as Markdown, for the documentation.
void printDefaults(llvm::raw_ostream &out);

} // namespace hadal::huggingface

#endif // HADAL_PASSES_HUGGINGFACE_FAMILIES_H
