// Whether this CPU has the instructions that a program was compiled for. The answer comes from CPUID and, for registers
// that the operating system has to save, from XCR0; the names are LLVM's.
#ifndef HADAL_RUNTIME_DEVICES_CPU_FEATURES_H
#define HADAL_RUNTIME_DEVICES_CPU_FEATURES_H

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// Source of CPUID and XCR0; tests put another CPU in its place.
class CpuIdentity {
public:
  enum Register { EAX, EBX, ECX, EDX };
  virtual ~CpuIdentity() = default;
  /// One register of a leaf; 0 where the CPU does not have the leaf.
  virtual uint32_t query(uint32_t leaf, uint32_t subleaf, Register which) const = 0;
  /// The register state that the operating system saves.
  virtual uint64_t extendedState() const = 0;
  /// Asks the operating system for the tile registers of AMX; whether it grants them.
  virtual bool requestTileRegisters() const = 0;
};

/// The CPU that this code runs on.
const CpuIdentity &thisCpu();

/// The names in the comma separated list that the CPU lacks, in the order of the list. Fails on a name that the table
/// does not hold: a program that needs something unknown must not run.
std::vector<std::string> missingFeatures(std::string_view features, const CpuIdentity &cpu);

/// What a program's kernels ask before they use the tile registers of AMX. Where it is 0, they compute the same numbers
/// by vectors.
extern "C" int32_t hadal_tile_registers;

/// Sets hadal_tile_registers for a program with these features: whether all those of AMX in the list are there and the
/// operating system grants the registers. False where the program wants them in vain.
bool requestTileRegisters(std::string_view features, const CpuIdentity &cpu);

/// Refuses a program whose features this CPU lacks, but for those of AMX, without which it runs as well.
void requireFeatures(std::string_view features, std::string_view compiledFor, const CpuIdentity &cpu);

} // namespace hadal

#endif // HADAL_RUNTIME_DEVICES_CPU_FEATURES_H
