// How parameters start when no weights are loaded.
#ifndef HADAL_RUNTIME_CORE_INITIALIZER_H
#define HADAL_RUNTIME_CORE_INITIALIZER_H

#include "runtime/core/Session.h"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace hadal {

/// Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): a bijection of the counter,
/// different for each key, whose outputs pass the usual tests of randomness.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key);

/// FNV-1a: tells texts apart.
uint64_t hashText(std::string_view text);

/// Elements [first, first + values.size()) of the normal sequence with mean 0 and the given standard deviation that
/// belongs to `seed` and the parameter of that name. Every element depends on these alone: any part of a tensor may be
/// filled by any thread, and a parameter starts the same in every program that has it.
void fillNormal(std::span<float> values, uint64_t first, float standardDeviation, uint64_t seed, std::string_view name);

/// Gives every parameter of the session its starting value.
void initializeParameters(Session &session, uint64_t seed);

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_INITIALIZER_H
