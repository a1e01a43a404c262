// Weights in the forms in which a program keeps them (codes and scales, packed, rounded), so that its next start need
// not make them again: `packed.safetensors` in a folder. Only a program with the same forms reads it.
#ifndef HADAL_RUNTIME_IO_PACKEDWEIGHTS_H
#define HADAL_RUNTIME_IO_PACKEDWEIGHTS_H

#include "runtime/core/Session.h"

#include <filesystem>

namespace hadal {

/// Whether a folder holds weights that savePackedWeights has written.
bool holdsPackedWeights(const std::filesystem::path &directory);

/// Gives the program its weights. Fails where they are those of another program, and says which tensor tells.
void loadPackedWeights(const std::filesystem::path &directory, Session &session);

/// Refuses a folder in which something would be replaced that is no former output.
void requirePackable(const std::filesystem::path &directory, const char *option);

/// Writes them into a folder, which is made where it is missing, and beside them whatever files of `source` are no
/// weights: its tokenizer, its configurations.
void savePackedWeights(const std::filesystem::path &directory, const std::filesystem::path &source,
                       const Session &session);

} // namespace hadal

#endif // HADAL_RUNTIME_IO_PACKEDWEIGHTS_H
