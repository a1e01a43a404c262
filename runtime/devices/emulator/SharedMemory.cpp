// The shadow of shared memory.
#include "runtime/devices/emulator/SharedMemory.h"

#include <algorithm>

namespace hadal::emulator {

void SharedMemory::reset(std::byte *region, size_t size) {
  memory = region;
  bytes = size;
  words.assign(size, 0);
  now = 1;
  writtenNow = false;
  fences.assign(asynchronous + 1, 0);
  fencedMeeting = 0;
}

void SharedMemory::mark(size_t offset, size_t length, Content content, uint32_t writer) {
  writtenNow = true;
  std::fill_n(words.begin() + offset, length, static_cast<uint32_t>(content) | writer << 3 | now << 14);
}

Time SharedMemory::advance() {
  if (writtenNow && now < latest)
    ++now;
  writtenNow = false;
  return now < latest ? now : latest + 1;
}

void SharedMemory::fence(uint32_t thread, Time lastMeeting) {
  fences[thread] = advance();
  fencedMeeting = std::max(fencedMeeting, lastMeeting);
}

} // namespace hadal::emulator
