// Guarded buffers and the handler that explains their faults.
#include "runtime/devices/cpu/MemoryChecker.h"

#include "runtime/core/Commands.h"
#include "runtime/core/Error.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <unistd.h>

namespace hadal {
namespace {

MemoryChecker *activeChecker = nullptr;

void write(const char *text) {
  if (::write(STDERR_FILENO, text, std::strlen(text)) < 0)
    return; // nobody listens: the exit code remains
}

void onFault(int, siginfo_t *info, void *) {
  char text[1024];
  if (activeChecker)
    activeChecker->describe(info->si_addr, text, sizeof text);
  write(text);
  _exit(HADAL_EXIT_MEMORY_VIOLATION);
}

void handleFaults(bool handle) {
  struct sigaction action = {};
  if (handle) {
    action.sa_sigaction = onFault;
    action.sa_flags = SA_SIGINFO;
  } else {
    action.sa_handler = SIG_DFL;
  }
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
}

const char *roleName(uint32_t role) {
  static constexpr const char *names[] = {"parameter", "gradient",     "first moment", "second moment",
                                          "state",     "input tensor", "scalar",       "result"};
  return names[role];
}

/// "12 bytes behind the end of", "4 bytes before" or "in" the mapping.
void describePlace(const GuardedMapping &mapping, const void *address, char *text, size_t size) {
  const std::byte *byte = static_cast<const std::byte *>(address);
  const std::byte *end = mapping.data() + mapping.size();
  if (byte >= end)
    std::snprintf(text, size, "%td bytes behind the end of", byte - end);
  else if (byte < mapping.data())
    std::snprintf(text, size, "%td bytes before the beginning of", mapping.data() - byte);
  else
    std::snprintf(text, size, "at byte %td of", byte - mapping.data());
}

} // namespace

MemoryChecker::MemoryChecker(const Program &program, unsigned threads) : program(program) {
  for (const hadal_tensor &tensor : program.tensors())
    tensors.emplace_back(byteSize(tensor), concat("the tensor '", tensor.name, "'"));
  for (unsigned thread = 0; thread < threads; ++thread) // rounded, since kernels may rely on 64-byte alignment
    scratches.emplace_back((program->scratch_size + 63) / 64 * 64, "the scratch memory of a thread");
  for (const hadal_entry &entry : program.entries()) {
    std::vector<GuardedMapping> &buffers = arenas.emplace_back();
    Lifetimes &life = lifetimes.emplace_back();
    life.beginning.resize(entry.command_count);
    life.ending.resize(entry.command_count);
    for (uint32_t i = 0; i < entry.arena_buffer_count; ++i) {
      const hadal_arena_buffer &buffer = entry.arena_buffers[i];
      buffers.emplace_back(buffer.size, concat("arena buffer ", i, " of '", entry.name, "'")).forbidAccess();
      life.beginning[buffer.first_command].push_back(i);
      life.ending[buffer.last_command].push_back(i);
    }
  }
  activeChecker = this;
  handleFaults(true);
}

MemoryChecker::~MemoryChecker() {
  handleFaults(false);
  activeChecker = nullptr;
}

/// A result that the entry point does not write after all is not one of a former run.
void MemoryChecker::poisonResults(uint32_t entry) {
  for (uint32_t index : resultsOf(program.entries()[entry]))
    if (program.tensors()[index].lifetime == HADAL_RUN)
      tensors[index].fillWithPoison();
}

void MemoryChecker::beforeCommand(uint32_t entry, uint64_t command) {
  currentEntry = entry;
  currentCommand = command;
  running = true;
  if (command == 0)
    poisonResults(entry);
  for (GuardedMapping &scratch : scratches) // its contents are undefined at the beginning of every command
    scratch.fillWithPoison();
  for (uint32_t buffer : lifetimes[entry].beginning[command]) {
    arenas[entry][buffer].allowAccess();
    arenas[entry][buffer].fillWithPoison();
  }
}

void MemoryChecker::afterCommand(uint32_t entry, uint64_t command) {
  checkSlack();
  for (uint32_t buffer : lifetimes[entry].ending[command])
    arenas[entry][buffer].forbidAccess();
  running = false;
}

/// "kernel 'adamw' (command 3 of 'update')".
void MemoryChecker::describeCurrent(char *text, size_t size) const {
  const hadal_entry &entry = program.entries()[currentEntry];
  const hadal_command &command = entry.commands[currentCommand];
  std::snprintf(text, size, "%s '%s' (command %llu of '%s')", kindOf(command), nameOf(entry, command),
                static_cast<unsigned long long>(currentCommand), entry.name);
}

/// Looks for writes before the beginning of the command's arguments: these do not fault when they stay within the page.
void MemoryChecker::checkSlack() const {
  const hadal_entry &entry = program.entries()[currentEntry];
  forEachArgument(entry, entry.commands[currentCommand], [&](uint64_t index) {
    const hadal_argument &argument = entry.arguments[index];
    if (argument.kind == HADAL_ARGUMENT_NUMBER)
      return;
    bool isTensor = argument.kind == HADAL_ARGUMENT_TENSOR;
    const GuardedMapping &mapping = isTensor ? tensors[argument.index] : arenas[currentEntry][argument.index];
    if (mapping.slackIntact())
      return;
    char what[256];
    if (isTensor)
      std::snprintf(what, sizeof what, "the %s '%s'", roleName(program.tensors()[argument.index].role),
                    program.tensors()[argument.index].name);
    else
      std::snprintf(what, sizeof what, "arena buffer %u", argument.index);
    reportUnderrun(what);
  });
}

void MemoryChecker::reportUnderrun(const char *what) const {
  char text[1024], where[256];
  describeCurrent(where, sizeof where);
  std::snprintf(text, sizeof text, "error: %s wrote before the beginning of %s\n", where, what);
  write(text);
  _exit(HADAL_EXIT_MEMORY_VIOLATION);
}

void MemoryChecker::describe(const void *address, char *text, size_t size) const {
  char where[256], place[64];
  if (running)
    describeCurrent(where, sizeof where);
  else
    std::snprintf(where, sizeof where, "the runtime, between two commands,");
  for (size_t i = 0; i < tensors.size(); ++i)
    if (tensors[i].owns(address)) {
      describePlace(tensors[i], address, place, sizeof place);
      const hadal_tensor &tensor = program.tensors()[i];
      std::snprintf(text, size, "error: %s touched memory %s the %s '%s' of %llu bytes\n", where, place,
                    roleName(tensor.role), tensor.name, static_cast<unsigned long long>(tensors[i].size()));
      return;
    }
  for (size_t e = 0; e < arenas.size(); ++e)
    for (size_t i = 0; i < arenas[e].size(); ++i)
      if (arenas[e][i].owns(address)) {
        describePlace(arenas[e][i], address, place, sizeof place);
        const hadal_entry &entry = program.entries()[e];
        const hadal_arena_buffer &buffer = entry.arena_buffers[i];
        std::snprintf(
            text, size,
            "error: %s touched memory %s arena buffer %zu of '%s' (%llu bytes, alive in commands %u to %u%s)\n", where,
            place, i, entry.name, static_cast<unsigned long long>(buffer.size), buffer.first_command,
            buffer.last_command, arenas[e][i].accessible() ? "" : ", not now");
        return;
      }
  for (const GuardedMapping &scratch : scratches)
    if (scratch.owns(address)) {
      describePlace(scratch, address, place, sizeof place);
      std::snprintf(text, size, "error: %s touched memory %s a thread's scratch memory of %llu bytes\n", where, place,
                    static_cast<unsigned long long>(scratch.size()));
      return;
    }
  std::snprintf(text, size, "error: %s touched the address %p, which belongs to no buffer\n", where, address);
}

} // namespace hadal
