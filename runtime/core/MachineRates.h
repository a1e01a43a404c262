// How fast the machine that runs a program is, as a report holds its kernels against it.
#ifndef HADAL_RUNTIME_CORE_MACHINERATES_H
#define HADAL_RUNTIME_CORE_MACHINERATES_H

namespace hadal {

/// Of all threads of a team together, per second.
struct MachineRates {
  double memoryBytes = 0;  // read from memory, or read from it and written to it
  double cacheBytes = 0;   // read from the threads' second-level caches
  double multiplyAdds = 0; // of f32, in a product whose operands lie in the second-level cache
};

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_MACHINERATES_H
