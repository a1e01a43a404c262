// Switching of stacks for the System V ABI of x86-64.
#include "runtime/devices/emulator/Context.h"

#include "runtime/core/Error.h"

#include <cstdint>
#include <sys/mman.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HADAL_ADDRESS_SANITIZER 1
#include <sanitizer/common_interface_defs.h>
#endif
#endif

#if !defined(__x86_64__)
#error "the emulator's switch of fibers is written for x86-64"
#endif

// Saves the registers that a callee preserves on the stack of the one that leaves, exchanges the stacks and restores
// those of the one that comes.
asm(R"(
  .text
  .p2align 4
  .type hadal_emulator_switch_stacks, @function
hadal_emulator_switch_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .size hadal_emulator_switch_stacks, . - hadal_emulator_switch_stacks
)");
extern "C" void hadal_emulator_switch_stacks(void **from, void *to) asm("hadal_emulator_switch_stacks");

namespace hadal::emulator {

/// The context that was left last: the one that comes tells AddressSanitizer about it.
[[maybe_unused]] static thread_local Context *leftContext = nullptr;

void enterContext() {
#ifdef HADAL_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(nullptr, &leftContext->bottom, &leftContext->size);
#endif
}

void switchContext(Context &from, Context &to, bool finished) {
#ifdef HADAL_ADDRESS_SANITIZER
  __sanitizer_start_switch_fiber(finished ? nullptr : &from.fakeStack, to.bottom, to.size);
  leftContext = &from;
#endif
  hadal_emulator_switch_stacks(&from.stackPointer, to.stackPointer);
#ifdef HADAL_ADDRESS_SANITIZER
  __sanitizer_finish_switch_fiber(from.fakeStack, &leftContext->bottom, &leftContext->size);
#endif
}

void prepareContext(Context &context, std::byte *bottom, size_t size, void (*entry)()) {
  // The stack as hadal_emulator_switch_stacks leaves it: six registers, then the address that it returns to. A function
  // expects its stack to be 8 beyond a multiple of 16 where it begins, as after a call.
  uintptr_t top = reinterpret_cast<uintptr_t>(bottom + size) & ~uintptr_t(15);
  void **words = reinterpret_cast<void **>(top) - 8;
  for (int i = 0; i < 6; ++i)
    words[i] = nullptr;
  words[6] = reinterpret_cast<void *>(entry);
  words[7] = nullptr;
  context = {words, bottom, size, nullptr};
}

StackPool::~StackPool() {
  for (std::byte *slab : slabs)
    munmap(slab, slabStacks * (stackBytes + guardBytes));
}

std::byte *StackPool::bottom(size_t index) {
  constexpr size_t slot = stackBytes + guardBytes;
  while (index >= slabs.size() * slabStacks) {
    void *slab = mmap(nullptr, slabStacks * slot, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    bool usable = slab != MAP_FAILED;
    for (size_t i = 0; usable && i < slabStacks; ++i)
      usable =
          mprotect(static_cast<std::byte *>(slab) + i * slot + guardBytes, stackBytes, PROT_READ | PROT_WRITE) == 0;
    if (!usable)
      fail(HADAL_EXIT_OUT_OF_MEMORY,
           "there is no memory for the stacks of the emulator's threads; use fewer --threads");
    slabs.push_back(static_cast<std::byte *>(slab));
  }
  return slabs[index / slabStacks] + index % slabStacks * slot + guardBytes;
}

} // namespace hadal::emulator
