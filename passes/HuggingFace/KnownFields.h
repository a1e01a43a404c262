//===- KnownFields.h - fields of config.json that do not change what a model computes ---------------------------===//
#ifndef HADAL_PASSES_HUGGINGFACE_KNOWNFIELDS_H
#define HADAL_PASSES_HUGGINGFACE_KNOWNFIELDS_H

#include "passes/HuggingFace/Fields.h"

namespace hadal::huggingface {

/// Takes the fields that never change what a model computes, and those that change nothing at one value, at that value.
void takeKnownFields(Fields &fields);

} // namespace hadal::huggingface

#endif // HADAL_PASSES_HUGGINGFACE_KNOWNFIELDS_H
