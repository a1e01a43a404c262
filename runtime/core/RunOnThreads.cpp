// An exception that left a thread's function would end the process without a message.
#include "runtime/core/RunOnThreads.h"

#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace hadal {

void runOnThreads(size_t threads, const std::function<void()> &work) {
  std::mutex mutex;
  std::exception_ptr failure;
  auto attempt = [&] {
    try {
      work();
    } catch (...) {
      std::lock_guard lock(mutex);
      if (!failure)
        failure = std::current_exception();
    }
  };
  {
    std::vector<std::jthread> helpers;
    helpers.reserve(threads);
    try {
      while (helpers.size() + 1 < threads)
        helpers.emplace_back(attempt);
    } catch (const std::system_error &) { // those that run do all of the work
    }
    attempt();
  }
  if (failure)
    std::rethrow_exception(failure);
}

} // namespace hadal
