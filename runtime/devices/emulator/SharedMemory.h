// The shared memory of a block, with a shadow that knows for every byte whether it has been written, by whom and when.
//
// Time counts what orders threads: it advances when threads that wrote meet others (at a barrier, an mbarrier, a
// fence). A thread remembers when it last met others. A byte that another thread wrote since then cannot have been
// handed over to it, whatever the two did: reading it is a race, and so no correct kernel is ever reported. (Races
// between threads that have met somebody else in between are not seen; a run in another order often shows them.)
//
// Ordinary accesses and the asynchronous ones of TMA and wgmma are different *proxies*: what ordinary stores wrote is
// seen by the latter only after a fence.proxy.async.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_SHAREDMEMORY_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_SHAREDMEMORY_H

#include <cstddef>
#include <cstdint>
#include <vector>

namespace hadal::emulator {

/// A moment in the life of a block.
using Time = uint32_t;

/// What a byte holds. `Loading`: a TMA load into it is under way. `Barrier`: a part of an mbarrier.
enum class Content : uint32_t { Unwritten = 0, Written = 1, Loaded = 2, Loading = 3, Barrier = 4 };

class SharedMemory {
public:
  /// Blocks lie this far apart and are aligned to it, so that the low 18 bits of an address are its offset, as in the
  /// matrix descriptors of wgmma.
  static constexpr size_t stride = 256 << 10;

  /// `memory`: the block's region. It counts as unwritten.
  void reset(std::byte *memory, size_t bytes);

  std::byte *data() const { return memory; }
  size_t size() const { return bytes; }
  bool contains(size_t offset, size_t length) const { return offset <= bytes && length <= bytes - offset; }

  /// One byte's shadow.
  struct Byte {
    uint32_t word;
    Content content() const { return static_cast<Content>(word & 7); }
    /// The thread that wrote it; `asynchronous` for TMA.
    uint32_t writer() const { return word >> 3 & 2047; }
    Time time() const { return word >> 14; }
  };
  static constexpr uint32_t asynchronous = 2047;

  Byte shadow(size_t offset) const { return {words[offset]}; }
  void mark(size_t offset, size_t length, Content content, uint32_t writer);

  /// Whether all bytes may be read by a thread that last met others at `lastMeeting`.
  bool readable(size_t offset, size_t length, uint32_t reader, Time lastMeeting) const {
    const uint32_t *bytes = &words[offset];
    // Nearly always one thread wrote all of them at once.
    uint32_t differences = 0;
    for (size_t i = 0; i < length; ++i)
      differences |= bytes[i] ^ bytes[0];
    if (differences == 0)
      return readable({bytes[0]}, reader, lastMeeting);
    for (size_t i = 0; i < length; ++i)
      if ((i == 0 || bytes[i] != bytes[i - 1]) && !readable({bytes[i]}, reader, lastMeeting))
        return false;
    return true;
  }
  /// Whether an ordinary store may write all of them.
  bool writable(size_t offset, size_t length) const {
    const uint32_t *bytes = &words[offset];
    uint32_t taken = 0;
    for (size_t i = 0; i < length; ++i)
      taken |= (bytes[i] & 7) >= static_cast<uint32_t>(Content::Loading);
    return taken == 0;
  }

  /// Ends a moment in which something was written. Returns the present: later writes carry this time or a later one.
  Time advance();
  /// Ends the moment in any case.
  Time beginMoment() {
    writtenNow = true;
    return advance();
  }

  /// The fence of a thread that last met others at `lastMeeting`. Afterwards its own writes and those it may have been
  /// handed are visible to the asynchronous proxy.
  void fence(uint32_t thread, Time lastMeeting);
  bool visibleToAsynchronous(Byte byte) const {
    return byte.content() != Content::Written || byte.time() < fences[byte.writer()] || byte.time() < fencedMeeting;
  }

private:
  static bool readable(Byte byte, uint32_t reader, Time lastMeeting) {
    bool holdsData = byte.content() == Content::Written || byte.content() == Content::Loaded;
    return holdsData && (byte.writer() == reader || byte.time() < lastMeeting);
  }

  /// Time stands still here: no kernel checked on small shapes comes near, and afterwards races go unseen.
  static constexpr Time latest = (1u << 18) - 1;

  std::byte *memory = nullptr;
  size_t bytes = 0;
  std::vector<uint32_t> words;
  Time now = 1;
  bool writtenNow = false;
  std::vector<Time> fences;
  Time fencedMeeting = 0;
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_SHAREDMEMORY_H
