// A model directory of Hugging Face: config.json and the weights, in model.safetensors or in shards that
// model.safetensors.index.json lists.
#ifndef HADAL_RUNTIME_IO_HUGGINGFACEDIRECTORY_H
#define HADAL_RUNTIME_IO_HUGGINGFACEDIRECTORY_H

#include "runtime/core/Session.h"

#include <filesystem>

namespace hadal {

/// Gives every parameter its value from the directory; F32, BF16 and F16 are accepted. A tensor that is missing, has
/// another shape or dtype, or that the program does not know is an error, found before any parameter changes. Copies of
/// a parameter under one of its aliases must be equal to it; buffers that are no parameters (`rotary_emb.inv_freq`) are
/// passed over.
void loadWeights(const std::filesystem::path &directory, Session &session);

/// Writes config.json (when the model has one) and model.safetensors into an existing folder and waits until they are
/// on the disk.
void writeModel(const std::filesystem::path &directory, const Session &session);

/// Refuses a program whose model has no Hugging Face configuration, naming why.
void requireExportable(const Program &program);

/// Creates or updates a directory that transformers can load. A file of the same name is replaced only once the new one
/// is complete.
void exportModel(const std::filesystem::path &directory, const Session &session);

} // namespace hadal

#endif // HADAL_RUNTIME_IO_HUGGINGFACEDIRECTORY_H
