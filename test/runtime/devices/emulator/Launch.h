// Launches hand-written kernels in the emulator.
#ifndef HADAL_TEST_RUNTIME_DEVICES_EMULATOR_LAUNCH_H
#define HADAL_TEST_RUNTIME_DEVICES_EMULATOR_LAUNCH_H

#include "runtime/devices/emulator/Emulator.h"
#include "runtime/devices/emulator/calls.h"

#include <vector>

namespace hadal::emulator {

class Launcher {
public:
  explicit Launcher(unsigned threads) : team(threads), emulator(team) {}

  template <class T> void add(std::vector<T> &memory, const char *name, bool writable = true) {
    buffers.push_back({memory.data(), memory.size() * sizeof(T), writable, name});
    arguments.push_back(memory.data());
  }
  std::string run(KernelFunction kernel, int64_t iteration = 0) {
    configuration.buffers = buffers;
    return emulator.launch(kernel, configuration, arguments.data(), iteration, maps);
  }

  LaunchConfiguration configuration;
  std::vector<TensorMap> maps;

private:
  ThreadTeam team;
  Emulator emulator;
  std::vector<GlobalBuffer> buffers;
  std::vector<void *> arguments;
};

} // namespace hadal::emulator

#endif // HADAL_TEST_RUNTIME_DEVICES_EMULATOR_LAUNCH_H
