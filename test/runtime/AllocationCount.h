// How often this process has asked for memory.
#ifndef HADAL_TEST_RUNTIME_ALLOCATIONCOUNT_H
#define HADAL_TEST_RUNTIME_ALLOCATIONCOUNT_H

#include <cstdint>

namespace hadal::test {
uint64_t allocationCount();
}

#endif // HADAL_TEST_RUNTIME_ALLOCATIONCOUNT_H
