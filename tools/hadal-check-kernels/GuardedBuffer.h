//===- GuardedBuffer.h - memory between two pages that cannot be touched ------------------------------------------===//
//
// A kernel that reads or writes one element beyond its buffers is stopped by the processor. A buffer lies against the
// guard page behind it (right) or the one before it (left).
//
//===--------------------------------------------------------------------------------------------------------------===//
#ifndef HADAL_TOOLS_CHECK_KERNELS_GUARDEDBUFFER_H
#define HADAL_TOOLS_CHECK_KERNELS_GUARDEDBUFFER_H

#include <cstddef>
#include <string>

namespace hadal::check {

enum class Side { Right, Left };

class GuardedBuffer {
public:
  /// `alignment`: the address is a multiple of it, so up to alignment - 1 bytes lie between a right buffer and its
  /// guard. The contents start as bytes 0xff: NaN as floats, -1 as integers.
  GuardedBuffer(std::string name, size_t bytes, Side side, size_t alignment = 4);
  ~GuardedBuffer();
  GuardedBuffer(GuardedBuffer &&other);
  GuardedBuffer(const GuardedBuffer &) = delete;
  GuardedBuffer &operator=(const GuardedBuffer &) = delete;

  void *data() { return start; }
  size_t size() const { return bytes; }
  const std::string &getName() const { return name; }
  /// From now on a write to it stops the program.
  void forbidWriting();

  /// Makes an access that a guard page stops end the program with a message that names the kernel and the buffer.
  static void reportViolations();
  /// What runs: named in the message.
  static void setActivity(const std::string &text);

private:
  std::string name;
  size_t bytes, mappedBytes;
  char *mapping = nullptr, *start = nullptr;
};

} // namespace hadal::check

#endif // HADAL_TOOLS_CHECK_KERNELS_GUARDEDBUFFER_H
