// Fibers: a stack of its own and the means to leave one computation in the middle and go on with another. Every CUDA
// thread of an emulated block is one; a switch costs some nanoseconds, since only the registers that calls preserve are
// saved. Fibers never move to another thread of the operating system.
#ifndef HADAL_RUNTIME_DEVICES_EMULATOR_CONTEXT_H
#define HADAL_RUNTIME_DEVICES_EMULATOR_CONTEXT_H

#include <cstddef>
#include <vector>

namespace hadal::emulator {

/// A suspended computation: where its stack stood, and what AddressSanitizer wants to know about it.
struct Context {
  void *stackPointer = nullptr;
  const void *bottom = nullptr;
  size_t size = 0;
  void *fakeStack = nullptr;
};

/// Leaves `from` and goes on with `to`; returns when something switches to `from` again. With `finished`, `from` will
/// never be continued.
void switchContext(Context &from, Context &to, bool finished = false);

/// Makes `context` a computation that begins with entry() on the stack [bottom, bottom + size); entry must not return
/// and calls enterContext() first.
void prepareContext(Context &context, std::byte *bottom, size_t size, void (*entry)());
void enterContext();

/// Stacks in one mapping, each above a guard region that cannot be touched. They are kept for the next block.
class StackPool {
public:
  static constexpr size_t stackBytes = 256 << 10, guardBytes = 64 << 10;

  StackPool() = default;
  ~StackPool();
  StackPool(const StackPool &) = delete;
  StackPool &operator=(const StackPool &) = delete;

  /// The lowest usable byte of stack `index`, which is created if need be.
  std::byte *bottom(size_t index);
  /// Bytes to use of it: less than all, differently for neighbours, so that the tops of the stacks of a block do not
  /// compete for the same lines of the caches.
  static size_t usableBytes(size_t index) { return stackBytes - index % 64 * 64 - index / 64 % 8 * 4096; }

private:
  static constexpr size_t slabStacks = 64;
  std::vector<std::byte *> slabs;
};

} // namespace hadal::emulator

#endif // HADAL_RUNTIME_DEVICES_EMULATOR_CONTEXT_H
