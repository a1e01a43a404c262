// One entry point of a program of single kernels, seen as the kernel that it launches: operands to be written, results
// to be read. Values are doubles whatever the element type.
#ifndef HADAL_RUNTIME_PROGRAMS_KERNELS_KERNELENTRY_H
#define HADAL_RUNTIME_PROGRAMS_KERNELS_KERNELENTRY_H

#include "runtime/core/Session.h"
#include "runtime/io/Safetensors.h"

#include <string>
#include <vector>

namespace hadal {

/// The elements of a tensor in a file, or of a tensor of the program.
std::vector<double> toDoubles(std::span<const std::byte> bytes, std::string_view dtype);
/// And back, rounded to nearest.
std::vector<std::byte> fromDoubles(std::span<const double> values, uint32_t elementType);

class KernelEntry {
public:
  KernelEntry(Session &session, uint32_t entry);

  /// The kernel's name, without its stage.
  const std::string &name() const { return kernel; }

  /// Gives the operands the values of KERNEL.operand.N in the file, integers zeros and others random numbers where it
  /// has none.
  void writeOperands(const SafetensorsFile *cases, uint64_t seed);
  /// The bytes of result N, which is `size` bytes long.
  std::vector<std::byte> readResult(size_t number, uint64_t size) const;

  void run() { session.run(entry); }
  /// Waits until what was run is done.
  void wait() const;
  /// Seconds of one of `repeat` runs in a row, the best of three rows.
  double time(unsigned repeat);

private:
  Session &session;
  uint32_t entry;
  std::string kernel;
  std::vector<uint32_t> operands; // tensors
  uint64_t firstResult = 0;       // in the argument table
};

} // namespace hadal

#endif // HADAL_RUNTIME_PROGRAMS_KERNELS_KERNELENTRY_H
