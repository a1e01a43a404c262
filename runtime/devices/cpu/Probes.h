// Measures the rates that bound a kernel: memory, second-level caches, products.
#ifndef HADAL_RUNTIME_DEVICES_CPU_PROBES_H
#define HADAL_RUNTIME_DEVICES_CPU_PROBES_H

#include "runtime/core/MachineRates.h"
#include "runtime/devices/cpu/ThreadTeam.h"

#include <optional>
#include <string_view>

namespace hadal {

/// Measures with all threads of the team, in about a third of a second, by code for the vectors that `features` names
/// (those of the program). Nothing where these have no fused multiply-add, or where there is no memory to measure in.
std::optional<MachineRates> measureMachineRates(ThreadTeam &team, std::string_view features);

} // namespace hadal

#endif // HADAL_RUNTIME_DEVICES_CPU_PROBES_H
