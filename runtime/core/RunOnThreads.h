// Work that is spread over threads once, at start-up; what runs in every step has a team (devices/cpu/ThreadTeam.h).
#ifndef HADAL_RUNTIME_CORE_RUNONTHREADS_H
#define HADAL_RUNTIME_CORE_RUNONTHREADS_H

#include <cstddef>
#include <functional>

namespace hadal {

/// Calls `work` on so many threads at once, of which the caller is one, and returns when all calls have; on fewer where
/// the system grants no more threads. An exception of any of them is thrown on the caller, the first of several.
void runOnThreads(size_t threads, const std::function<void()> &work);

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_RUNONTHREADS_H
