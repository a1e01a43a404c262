// A model directory of Hugging Face: config.json and the weights, in model.safetensors or in shards that
// model.safetensors.index.json lists.
#ifndef HADAL_RUNTIME_IO_HUGGINGFACEDIRECTORY_H
#define HADAL_RUNTIME_IO_HUGGINGFACEDIRECTORY_H

#include "runtime/core/Session.h"

#include <filesystem>
#include <functional>
#include <span>
#include <string_view>

namespace hadal {

/// Gives every parameter its value from the directory; F32, BF16 and F16 are accepted, and FP8 (E4M3)
/// with the scales of its blocks. A tensor that is missing, has
/// another shape or dtype, or that the program does not know is an error, found before any parameter changes. Values
/// that are not finite are an error as well, found on the way: parameters may have changed then. Copies of a parameter
/// under one of its aliases must be equal to it; buffers that are no parameters (`rotary_emb.inv_freq`) are passed
/// over. The `optional` parameters (indices of tensors) may be missing, all of them together. Returns whether nothing
/// is.
bool loadWeights(const std::filesystem::path &directory, Session &session, std::span<const uint32_t> optional = {});

/// Writes config.json (when the model has one) and model.safetensors into an existing folder and waits until they are
/// on the disk.
void writeModel(const std::filesystem::path &directory, const Session &session);

/// Refuses a program whose model has no Hugging Face configuration, naming why, and a directory whose contents an
/// export would have to replace although they are not its own.
void requireExportable(const std::filesystem::path &directory, const Program &program);

/// Creates a directory that transformers can load, or updates one.
///
/// At every instant, also after a kill, a reader finds one whole model, the former or the new one, or none where there
/// was none. Two files cannot be replaced in one step, but one can: only weights are ever replaced, beside a
/// config.json that says the same before and after. A directory with another config.json is refused, and so is one with
/// weights that Hadal did not write (a file of another program, shards and their index): they are not ours to remove.
/// Whatever else is there (a tokenizer) stays.
///
/// `onStage` is called with the name of each stage as it begins; tests end the process there.
void exportModel(const std::filesystem::path &directory, const Session &session,
                 const std::function<void(std::string_view stage)> &onStage = {});

} // namespace hadal

#endif // HADAL_RUNTIME_IO_HUGGINGFACEDIRECTORY_H
