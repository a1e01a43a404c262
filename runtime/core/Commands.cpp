// Names of commands, and what they depend on.
#include "runtime/core/Commands.h"

#include <set>

namespace hadal {

const char *nameOf(const hadal_entry &entry, const hadal_command &command) {
  switch (command.kind) {
  case HADAL_LAUNCH:
    return entry.launches[command.index].name;
  case HADAL_COPY:
    return entry.copies[command.index].name;
  case HADAL_FILL:
    return entry.fills[command.index].name;
  case HADAL_COLLECTIVE:
    return entry.collectives[command.index].name;
  default:
    return entry.host_waits[command.index].name;
  }
}

const char *kindOf(const hadal_command &command) {
  static constexpr const char *names[] = {"kernel", "copy", "fill", "collective", "wait"};
  return names[command.kind];
}

uint64_t argumentSize(const struct hadal_program &program, const hadal_entry &entry, const hadal_argument &argument) {
  switch (argument.kind) {
  case HADAL_ARGUMENT_TENSOR:
    return byteSize(program.tensors[argument.index]);
  case HADAL_ARGUMENT_ARENA:
    return entry.arena_buffers[argument.index].size;
  default:
    return sizeof(int64_t);
  }
}

std::vector<uint32_t> numbersOf(const struct hadal_program &program, const hadal_entry &entry) {
  std::set<uint32_t> numbers;
  for (const hadal_command &command : commandsOf(entry))
    if (const hadal_launch *launch = launchOf(entry, command); launch && launch->number != HADAL_NONE)
      numbers.insert(launch->number);
  for (const hadal_argument &argument : argumentsOf(entry))
    if (argument.kind == HADAL_ARGUMENT_NUMBER) {
      numbers.insert(argument.index);
    } else if (argument.kind == HADAL_ARGUMENT_TENSOR) {
      const hadal_tensor &tensor = program.tensors[argument.index];
      for (uint32_t i = 0; i < tensor.rank; ++i)
        if (tensor.extents[i] != HADAL_NONE)
          numbers.insert(tensor.extents[i]);
    }
  return {numbers.begin(), numbers.end()};
}

} // namespace hadal
