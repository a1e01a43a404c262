//===- MemoryCurve.cpp - what lies in the arena while an entry point runs -----------------------------------------===//
//
// See the header.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "codegen/Report/MemoryCurve.h"
#include <array>
#include <map>

using namespace mlir;
using namespace hadal;

namespace {

enum class BufferKind { Kept, Passing, Workspace };
constexpr StringLiteral kindNames[] = {"kept", "passing", "workspace"};
constexpr size_t mostSamples = 256, mostBuffers = 16;

using Bytes = std::array<int64_t, 3>;

BufferKind kindOf(const PlannedBuffer &buffer, size_t launches) {
  if (!buffer.value)
    return BufferKind::Workspace;
  return size_t(buffer.last - buffer.first) * 10 > launches ? BufferKind::Kept : BufferKind::Passing;
}

int64_t sum(const Bytes &bytes) { return bytes[0] + bytes[1] + bytes[2]; }

/// Bytes by kind during each launch.
std::vector<Bytes> countBytes(const EntryPlan &plan) {
  size_t launches = plan.launches.size();
  std::vector<Bytes> bytes(launches + 1);
  for (const PlannedBuffer &buffer : plan.buffers) {
    size_t kind = size_t(kindOf(buffer, launches));
    bytes[buffer.first][kind] += buffer.size;
    bytes[buffer.last + 1][kind] -= buffer.size;
  }
  for (size_t launch = 1; launch < bytes.size(); ++launch)
    for (size_t kind = 0; kind < 3; ++kind)
      bytes[launch][kind] += bytes[launch - 1][kind];
  bytes.pop_back();
  return bytes;
}

llvm::json::Array takeSamples(ArrayRef<Bytes> bytes) {
  llvm::json::Array samples;
  size_t step = std::max<size_t>(1, llvm::divideCeil(bytes.size(), mostSamples));
  for (size_t first = 0; first < bytes.size(); first += step) {
    ArrayRef<Bytes> part = bytes.slice(first, std::min(step, bytes.size() - first));
    auto fullest = llvm::max_element(part, [](const Bytes &a, const Bytes &b) { return sum(a) < sum(b); });
    const Bytes &most = *fullest;
    samples.push_back(
        llvm::json::Array{int64_t(first + std::distance(part.begin(), fullest)), most[0], most[1], most[2]});
  }
  return samples;
}

/// The buffers that are there during a launch, equal ones together, the largest sums first.
llvm::json::Array listBuffers(const EntryFacts &entry, unsigned launch) {
  struct Buffers {
    int64_t bytes = 0, count = 0;
  };
  std::map<std::tuple<size_t, std::string, unsigned>, Buffers> groups;
  for (const PlannedBuffer &buffer : entry.plan.buffers) {
    if (buffer.first > launch || buffer.last < launch)
      continue;
    std::string type;
    if (buffer.value)
      llvm::raw_string_ostream(type) << buffer.value.getType();
    size_t kind = size_t(kindOf(buffer, entry.launches.size()));
    Buffers &group = groups[{kind, type, entry.launches[buffer.first].kernel}];
    group.bytes += buffer.size;
    ++group.count;
  }
  SmallVector<decltype(groups)::const_iterator> sorted;
  for (auto group = groups.begin(); group != groups.end(); ++group)
    sorted.push_back(group);
  llvm::sort(sorted, [](auto a, auto b) {
    return a->second.bytes != b->second.bytes ? a->second.bytes > b->second.bytes : a->first < b->first;
  });
  llvm::json::Array list;
  for (auto group : ArrayRef(sorted).take_front(mostBuffers)) {
    const auto &[kind, type, kernel] = group->first;
    list.push_back(llvm::json::Object{{"kind", kindNames[kind].str()},
                                      {"type", type},
                                      {"kernel", int64_t(kernel)},
                                      {"bytes", group->second.bytes},
                                      {"count", group->second.count}});
  }
  return list;
}

} // namespace

llvm::json::Object hadal::describeMemory(const EntryFacts &entry, const ProgramFacts &program) {
  std::vector<Bytes> bytes = countBytes(entry.plan);
  llvm::json::Object memory{
      {"arena", entry.plan.arenaSize}, {"live", entry.plan.liveSize}, {"samples", takeSamples(bytes)}};
  if (bytes.empty())
    return memory;
  auto fullest = llvm::max_element(bytes, [](const Bytes &a, const Bytes &b) { return sum(a) < sum(b); });
  unsigned launch = std::distance(bytes.begin(), fullest);
  memory["peak"] = llvm::json::Object{{"launch", int64_t(launch)}, {"buffers", listBuffers(entry, launch)}};
  return memory;
}
