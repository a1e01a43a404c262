//===- GuardedBuffer.cpp - memory between two pages that cannot be touched ----------------------------------------===//
//
// The buffer's pages lie between two pages without access. A signal handler looks up which buffer an offending address
// belongs to; it only formats into a fixed array and writes, which is allowed in a handler.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "tools/hadal-check-kernels/GuardedBuffer.h"
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

using namespace hadal::check;

namespace {

constexpr size_t page = 4096;

struct Region {
  const char *mapping;
  size_t mappedBytes;
  const char *start;
  size_t bytes;
  char name[96];
};
// Filled before kernels run, read by the handler.
constexpr int maxRegions = 256;
Region regions[maxRegions];
char activity[256];

void handleViolation(int signal, siginfo_t *info, void *) {
  auto *address = static_cast<const char *>(info->si_addr);
  char message[512];
  int length =
      std::snprintf(message, sizeof message, "error: %s touched the address %p, which belongs to none of its buffers\n",
                    activity, static_cast<const void *>(address));
  for (const Region &region : regions) {
    if (!region.mapping || address < region.mapping || address >= region.mapping + region.mappedBytes)
      continue;
    const char *what = address < region.start                   ? "touched memory before"
                       : address >= region.start + region.bytes ? "touched memory behind"
                                                                : "wrote to the read-only";
    length = std::snprintf(message, sizeof message, "error: %s %s %s (offset %td of %zu bytes)\n", activity, what,
                           region.name, address - region.start, region.bytes);
  }
  if (signal == SIGILL)
    length = std::snprintf(message, sizeof message,
                           "error: %s uses an instruction that this CPU does not have: give --cpu a name that it has\n",
                           activity);
  ssize_t ignored = write(STDERR_FILENO, message, length);
  (void)ignored;
  _exit(1);
}

} // namespace

GuardedBuffer::GuardedBuffer(std::string name, size_t bytes, Side side, size_t alignment)
    : name(std::move(name)), bytes(bytes) {
  size_t inner = std::max(page, (bytes + page - 1) / page * page);
  mappedBytes = inner + 2 * page;
  void *memory = mmap(nullptr, mappedBytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED || mprotect(static_cast<char *>(memory) + page, inner, PROT_READ | PROT_WRITE) != 0) {
    std::fprintf(stderr, "error: no memory for %s (%zu bytes): give the kernel smaller shapes\n", this->name.c_str(),
                 bytes);
    std::exit(1);
  }
  mapping = static_cast<char *>(memory);
  start = mapping + page;
  if (side == Side::Right)
    start += (inner - bytes) / alignment * alignment;
  std::memset(mapping + page, 0xff, inner);
  for (Region &region : regions) {
    if (region.mapping)
      continue;
    region = {mapping, mappedBytes, start, bytes, {}};
    std::snprintf(region.name, sizeof region.name, "%s", this->name.c_str());
    break;
  }
}

GuardedBuffer::GuardedBuffer(GuardedBuffer &&other)
    : name(std::move(other.name)), bytes(other.bytes), mappedBytes(other.mappedBytes), mapping(other.mapping),
      start(other.start) {
  other.mapping = nullptr;
}

GuardedBuffer::~GuardedBuffer() {
  if (!mapping)
    return;
  for (Region &region : regions)
    if (region.mapping == mapping)
      region.mapping = nullptr;
  munmap(mapping, mappedBytes);
}

void GuardedBuffer::forbidWriting() { mprotect(mapping + page, mappedBytes - 2 * page, PROT_READ); }

void GuardedBuffer::reportViolations() {
  struct sigaction action = {};
  action.sa_sigaction = handleViolation;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGSEGV, &action, nullptr);
  sigaction(SIGBUS, &action, nullptr);
  sigaction(SIGILL, &action, nullptr);
}

void GuardedBuffer::setActivity(const std::string &text) {
  std::snprintf(activity, sizeof activity, "%s", text.c_str());
}
