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
};

/// The CPU that this code runs on.
const CpuIdentity &thisCpu();

/// The names in the comma separated list that the CPU lacks, in the order of the list. Fails on a name that the table
/// does not hold: a program that needs something unknown must not run.
std::vector<std::string> missingFeatures(std::string_view features, const CpuIdentity &cpu);

/// Refuses a program whose features this CPU lacks, and asks the kernel for the tile registers when it needs them.
void requireFeatures(std::string_view features, std::string_view compiledFor, const CpuIdentity &cpu);

} // namespace hadal

#endif // HADAL_RUNTIME_DEVICES_CPU_FEATURES_H
