// An entry point seen as its commands: views of its tables, what a command touches, and how it is named in messages.
#ifndef HADAL_RUNTIME_CORE_COMMANDS_H
#define HADAL_RUNTIME_CORE_COMMANDS_H

#include "runtime/core/Program.h"

namespace hadal {

inline std::span<const hadal_command> commandsOf(const hadal_entry &entry) {
  return {entry.commands, entry.command_count};
}
inline std::span<const hadal_argument> argumentsOf(const hadal_entry &entry) {
  return {entry.arguments, entry.argument_count};
}
inline std::span<const hadal_arena_buffer> buffersOf(const hadal_entry &entry) {
  return {entry.arena_buffers, entry.arena_buffer_count};
}
/// Tensors, by their indices: inputs and scalars, and results.
inline std::span<const uint32_t> inputsOf(const hadal_entry &entry) { return {entry.inputs, entry.input_count}; }
inline std::span<const uint32_t> resultsOf(const hadal_entry &entry) { return {entry.results, entry.result_count}; }

/// The launch that a command is; null for any other.
inline const hadal_launch *launchOf(const hadal_entry &entry, const hadal_command &command) {
  return command.kind == HADAL_LAUNCH ? &entry.launches[command.index] : nullptr;
}

/// The name of a command, as it appears in traces.
const char *nameOf(const hadal_entry &entry, const hadal_command &command);
/// "kernel", "copy", "fill", "collective", "wait".
const char *kindOf(const hadal_command &command);

/// The arguments that a command touches, one after the other, as indices into the entry point's table.
template <class Visit>
void forEachArgument(const hadal_entry &entry, const hadal_command &command, const Visit &visit) {
  switch (command.kind) {
  case HADAL_LAUNCH: {
    const hadal_launch &launch = entry.launches[command.index];
    for (uint32_t i = 0; i < launch.argument_count; ++i)
      visit(launch.first_argument + i);
    break;
  }
  case HADAL_COPY:
    visit(entry.copies[command.index].source);
    visit(entry.copies[command.index].target);
    break;
  case HADAL_FILL:
    visit(entry.fills[command.index].target);
    break;
  case HADAL_COLLECTIVE: {
    const hadal_collective &collective = entry.collectives[command.index];
    visit(collective.source);
    visit(collective.target);
    if (collective.counts != HADAL_NONE)
      visit(collective.counts);
    break;
  }
  }
}

/// Bytes of the memory that an argument names.
uint64_t argumentSize(const struct hadal_program &program, const hadal_entry &entry, const hadal_argument &argument);

/// How many tasks a launch has when the program's numbers have these values.
inline int64_t tasksOf(const hadal_launch &launch, std::span<const int64_t> numbers) {
  if (launch.number == HADAL_NONE)
    return launch.tasks;
  return (numbers[launch.number] * launch.task_factor + launch.task_divisor - 1) / launch.task_divisor;
}

/// The numbers that an entry point depends on: by the tasks of its launches, as arguments, and as extents of what it
/// touches.
std::vector<uint32_t> numbersOf(const struct hadal_program &program, const hadal_entry &entry);

/// Checks an entry point of a program whose tensors are checked.
void verifyEntry(const struct hadal_program &program, const hadal_entry &entry);

/// Checks the part of a launch that is about GPUs; `what` names the launch (core/GPULaunch.cpp).
void verifyGPULaunch(const struct hadal_program &program, const hadal_entry &entry, const hadal_launch &launch,
                     const std::string &what);

} // namespace hadal

#endif // HADAL_RUNTIME_CORE_COMMANDS_H
