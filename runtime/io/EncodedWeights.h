// Weights that are published in an encoding (FP8 with scales, packed integers) for which there is no loader.
#ifndef HADAL_RUNTIME_IO_ENCODEDWEIGHTS_H
#define HADAL_RUNTIME_IO_ENCODEDWEIGHTS_H

#include "runtime/core/Program.h"

#include <filesystem>
#include <string_view>

namespace hadal {

/// Fails when a tensor of a file is part of an encoding, by its dtype or its name, and says which encoding it is: what
/// the model's quantization_config said when the program was compiled, or else what the tensor shows.
void refuseEncoded(const std::filesystem::path &file, std::string_view name, std::string_view dtype,
                   const Program &program);

} // namespace hadal

#endif // HADAL_RUNTIME_IO_ENCODEDWEIGHTS_H
