// The tests' own `main`, and a count of every allocation, so that a test can show that a step makes none. Under a
// sanitizer the allocator is the sanitizer's and the count stays zero.
#include "test/runtime/AllocationCount.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>

static std::atomic<uint64_t> allocations = 0;
uint64_t hadal::test::allocationCount() { return allocations.load(); }

#if !defined(__SANITIZE_ADDRESS__) && !__has_feature(address_sanitizer)
extern "C" {
void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);
void *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
  ++allocations;
  return __libc_malloc(size);
}
void *calloc(size_t count, size_t size) {
  ++allocations;
  return __libc_calloc(count, size);
}
void *realloc(void *address, size_t size) {
  ++allocations;
  return __libc_realloc(address, size);
}
void *aligned_alloc(size_t alignment, size_t size) {
  ++allocations;
  return __libc_memalign(alignment, size);
}
}
#endif

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
