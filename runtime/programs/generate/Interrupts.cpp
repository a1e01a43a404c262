// A handler notes its signal, and writes to an eventfd that whoever waits for input waits for as well: the signal may
// be handled by any thread, or come just before the wait.
#include "runtime/programs/generate/Interrupts.h"

#include "runtime/core/Error.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace hadal {

static std::atomic<int> noted = 0, event = -1;
static_assert(std::atomic<int>::is_always_lock_free, "a signal handler stores to it");

static void note(int signal) {
  int before = errno;
  if (noted.exchange(signal) != 0) {
    std::signal(signal, SIG_DFL);
    raise(signal); // comes when the handler returns
  }
  uint64_t one = 1;
  // It cannot fail: nobody sends 2^64 signals.
  [[maybe_unused]] ssize_t written = write(event.load(std::memory_order_relaxed), &one, sizeof one);
  errno = before;
}

void catchInterrupts() {
  if (event.load() < 0)
    event.store(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (event.load() < 0)
    fail(HADAL_EXIT_INPUT, "no descriptor for interrupts: ", std::strerror(errno));
  if (noted.load() == SIGTERM)
    return;
  uint64_t count;
  [[maybe_unused]] ssize_t taken = read(event.load(), &count, sizeof count); // nothing there is no error
  noted.store(0);
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGINT, SIGTERM})
    sigaction(signal, &action, nullptr);
}

bool isInterrupted() { return noted.load(std::memory_order_relaxed) != 0; }

bool isTerminated() { return noted.load(std::memory_order_relaxed) == SIGTERM; }

void waitForInput(int descriptor) {
  pollfd waited[] = {{descriptor, POLLIN, 0}, {event.load(), POLLIN, 0}};
  while (poll(waited, 2, -1) < 0)
    if (errno != EINTR)
      fail(HADAL_EXIT_INPUT, "cannot wait for standard input: ", std::strerror(errno));
}

} // namespace hadal
