// What `main` does before anything else: standard descriptors, and the message of the last resort.
#include "runtime/core/StandardDescriptors.h"
#include "runtime/programs/Termination.h"
#include "test/runtime/Support.h"

#include <csignal>
#include <fcntl.h>
#include <thread>

namespace hadal::test {
namespace {

TEST(StandardDescriptorsTest, FilesAreOpenedBehindThem) {
  for (int closed = 0; closed < 8; ++closed) {
    pid_t child = startChild([&] {
      for (int descriptor = 0; descriptor < 3; ++descriptor)
        if (closed >> descriptor & 1)
          close(descriptor);
      openStandardDescriptors();
      int file = open("/proc/self/statm", O_RDONLY);
      char byte = 0;
      bool works = read(0, &byte, closed & 1 ? 1 : 0) == 0 && (!(closed & 4) || write(2, "x", 1) == 1);
      return file > 2 && works ? 0 : 1;
    });
    EXPECT_EQ(waitFor(child), 0) << closed;
  }
}

TEST(TerminationTest, AnExceptionThatLeavesAThreadIsNamed) {
  TemporaryFolder folder;
  std::string messages = (folder / "messages").string();
  auto childThrows = [&](auto exception) {
    pid_t child = startChild([&] {
      if (!std::freopen(messages.c_str(), "w", stderr))
        return 1;
      reportTermination();
      std::thread([&] { throw exception; }).join();
      return 2;
    });
    EXPECT_EQ(waitFor(child), 128 + SIGABRT);
    return readFile(messages);
  };
  EXPECT_EQ(
      childThrows(std::runtime_error("the reason")),
      "error: the reason; this is a fault of Hadal: please report it to the Hadal project with the command line\n");
  EXPECT_CONTAINS(childThrows(5), "error: an unknown exception; this is a fault of Hadal");
}

} // namespace
} // namespace hadal::test
