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
  int ofText = SIGINT;
  noted.compare_exchange_strong(ofText, 0);
  struct sigaction action = {};
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  for (int signal : {SIGINT, SIGTERM})
    sigaction(signal, &action, nullptr);
}

bool isInterrupted() { return noted.load(std::memory_order_relaxed) != 0; }

bool waitForInput(int descriptor) {
  while (!isInterrupted()) {
    pollfd waited[] = {{descriptor, POLLIN, 0}, {event.load(), POLLIN, 0}};
    if (poll(waited, 2, -1) < 0 && errno != EINTR)
      fail(HADAL_EXIT_INPUT, "cannot wait for standard input: ", std::strerror(errno));
    // It may be left from an interrupt that has been forgotten.
    uint64_t count;
    if (waited[1].revents && read(event.load(), &count, sizeof count) < 0 && errno != EAGAIN)
      fail(HADAL_EXIT_INPUT, "cannot read interrupts: ", std::strerror(errno));
    if (waited[0].revents && !isInterrupted())
      return true;
  }
  return false;
}

} // namespace hadal
