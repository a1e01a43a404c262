// The global memory that a launch may touch.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_GLOBALMEMORY_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_GLOBALMEMORY_H

#include "runtime/devices/emulator/Emulator.h"

#include <span>
#include <vector>

namespace hadal::emulator {

class GlobalMemory {
public:
  void reset(std::span<const GlobalBuffer> buffers);

  /// The buffer that holds all of [address, address + bytes), or null.
  const GlobalBuffer *find(const void *address, size_t bytes) {
    const char *begin = static_cast<const char *>(address);
    // Loops go back and forth between a few buffers.
    for (const GlobalBuffer *buffer : recent)
      if (buffer && contains(*buffer, begin, bytes))
        return buffer;
    return search(begin, bytes);
  }
  /// The buffer that begins last at or before the address, or else the first one; null without buffers.
  const GlobalBuffer *nearest(const void *address) const;

private:
  std::vector<GlobalBuffer> sorted;
  /// Those found last, each in turn.
  const GlobalBuffer *recent[4] = {};
  unsigned nextRecent = 0;

  static bool contains(const GlobalBuffer &buffer, const char *begin, size_t bytes) {
    size_t offset = static_cast<size_t>(begin - static_cast<const char *>(buffer.begin));
    return offset <= buffer.bytes && bytes <= buffer.bytes - offset;
  }
  const GlobalBuffer *search(const char *begin, size_t bytes);
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_GLOBALMEMORY_H
