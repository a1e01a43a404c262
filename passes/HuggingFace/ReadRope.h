//===- ReadRope.h - the rotary embedding's fields of config.json ------------------------------------------------===//
#ifndef HADAL_PASSES_HUGGINGFACE_READROPE_H
#define HADAL_PASSES_HUGGINGFACE_READROPE_H

#include "passes/HuggingFace/Configuration.h"
#include "passes/HuggingFace/Fields.h"

namespace hadal::huggingface {

/// Takes rope_theta, rope_scaling, rope_parameters and rope_interleave; the sizes must have been read.
void readRope(Configuration &config, Fields &fields, std::string &error);

/// What cos and sin are multiplied by: in the family's own code, m(mscale) / m(mscale_all_dim); in transformers, the
/// same only when neither is zero or missing, and else m(1).
double ownAttentionFactor(const YarnScaling &yarn);
double transformersAttentionFactor(const YarnScaling &yarn, bool hasBoth);

} // namespace hadal::huggingface

#endif // HADAL_PASSES_HUGGINGFACE_READROPE_H
