//===- StoredWeights.h - how published weights are encoded -------------------------------------------------------===//
//
// `quantization_config` of config.json, which does not change what a model computes: it is recorded whole as the
// attribute `stored_weights` of the model, and said in a few words by the program that is asked to load such weights.
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_PASSES_HUGGINGFACE_STOREDWEIGHTS_H
#define HADAL_PASSES_HUGGINGFACE_STOREDWEIGHTS_H

#include "passes/HuggingFace/Fields.h"

namespace hadal::huggingface {

/// The object in `quantization_config`, its method named; none where there is none.
std::optional<llvm::json::Object> readStoredWeights(Fields &fields, std::string &error);

/// JSON as the text of an attribute: objects are dictionaries, null is `unit`.
std::string attributeText(const llvm::json::Value &value);

/// An encoding in a few words: "FP8 (e4m3) with 128x128 block scales".
std::string describeStoredWeights(mlir::DictionaryAttr stored);

} // namespace hadal::huggingface

#endif // HADAL_PASSES_HUGGINGFACE_STOREDWEIGHTS_H
