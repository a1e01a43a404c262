// A file is opened at the lowest descriptor that is free.
#include "runtime/core/StandardDescriptors.h"

#include <fcntl.h>
#include <unistd.h>

namespace hadal {

void openStandardDescriptors() {
  for (int descriptor = STDIN_FILENO; descriptor <= STDERR_FILENO; ++descriptor)
    if (fcntl(descriptor, F_GETFD) < 0 && open("/dev/null", O_RDWR) < 0)
      open("/", O_RDONLY); // without devices: nothing can be written there, and no other file takes the place
}

} // namespace hadal
