// Builds the descriptor of a program in memory, as the compiler's last phase writes it into an object file. Arena
// buffers get offsets of their own; their lifetimes follow from the launches that use them.
#ifndef HADAL_TEST_RUNTIME_PROGRAMBUILDER_H
#define HADAL_TEST_RUNTIME_PROGRAMBUILDER_H

#include "hadal/program.h"

#include <algorithm>
#include <deque>
#include <initializer_list>
#include <vector>

namespace hadal::test {

struct EntryBuilder {
  const char *name;
  std::vector<hadal_launch> launches;
  std::vector<hadal_argument> arguments;
  std::vector<hadal_arena_buffer> buffers;
  uint64_t arenaSize = 0;

  /// An argument that is a new buffer of the arena.
  hadal_argument buffer(uint64_t size) {
    buffers.push_back({arenaSize, size, UINT32_MAX, 0});
    arenaSize += (size + 255) / 256 * 256; // what GPUs want; CPUs are content with 64
    return {HADAL_ARGUMENT_ARENA, static_cast<uint32_t>(buffers.size() - 1)};
  }

  EntryBuilder &launch(hadal_kernel function, const char *kernel, int64_t tasks, int64_t grain,
                       std::initializer_list<hadal_argument> list, int64_t iteration = 0) {
    uint32_t index = static_cast<uint32_t>(launches.size());
    launches.push_back({function, kernel, iteration, tasks, grain, static_cast<uint32_t>(arguments.size()),
                        static_cast<uint32_t>(list.size()), nullptr});
    for (hadal_argument argument : list) {
      arguments.push_back(argument);
      if (argument.kind != HADAL_ARGUMENT_ARENA)
        continue;
      hadal_arena_buffer &used = buffers[argument.index];
      used.first_launch = std::min(used.first_launch, index);
      used.last_launch = std::max(used.last_launch, index);
    }
    return *this;
  }
};

class ProgramBuilder {
public:
  /// Fields that a test wants to differ are changed here before `build`.
  struct hadal_program program = {.version = HADAL_PROGRAM_VERSION,
                                  .check_memory = 0,
                                  .program = "train",
                                  .model = "test",
                                  .target = "cpu",
                                  .cpu = "x86-64",
                                  .cpu_features = "",
                                  .config_json = "",
                                  .config_json_reason = "it is a test",
                                  .stored_weights = "",
                                  .micro_batch_size = 1,
                                  .sequence_length = 4,
                                  .tokens_ahead = 1,
                                  .vocabulary = 256,
                                  .arena_size = 0,
                                  .scratch_size = 256,
                                  .tensor_count = 0,
                                  .tensors = nullptr,
                                  .entry_count = 0,
                                  .entries = nullptr,
                                  .cubin = nullptr,
                                  .cubin_size = 0,
                                  .ptx = nullptr,
                                  .ptx_size = 0,
                                  .emulated = 0};
  std::vector<hadal_tensor> tensors;
  std::deque<EntryBuilder> entryBuilders;
  std::vector<hadal_entry> entries;

  /// Adds a tensor and returns the argument that names it.
  hadal_argument tensor(hadal_role role, const char *name, std::initializer_list<int64_t> shape,
                        uint32_t elementType = HADAL_F32) {
    hadal_tensor added = {};
    added.name = name;
    added.role = role;
    added.element_type = elementType;
    added.rank = static_cast<uint32_t>(shape.size());
    std::ranges::copy(shape, added.dimensions);
    added.owner = static_cast<uint32_t>(tensors.size());
    tensors.push_back(added);
    return {HADAL_ARGUMENT_TENSOR, added.owner};
  }

  hadal_argument parameter(const char *name, std::initializer_list<int64_t> shape, float standardDeviation) {
    hadal_argument argument = tensor(HADAL_PARAMETER, name, shape);
    tensors.back().initializer = standardDeviation > 0 ? HADAL_NORMAL : HADAL_ZEROS;
    tensors.back().initializer_std = standardDeviation;
    return argument;
  }

  /// Adds a tensor of the parameter's shape that belongs to it.
  hadal_argument owned(hadal_role role, hadal_argument parameter) {
    hadal_tensor added = tensors[parameter.index];
    added.role = role;
    added.owner = parameter.index;
    added.alias_count = 0;
    if (role == HADAL_GRADIENT)
      tensors[parameter.index].trainable = 1;
    tensors.push_back(added);
    return {HADAL_ARGUMENT_TENSOR, static_cast<uint32_t>(tensors.size() - 1)};
  }

  EntryBuilder &entry(const char *name) { return entryBuilders.emplace_back(EntryBuilder{name, {}, {}, {}}); }

  /// The descriptor; valid as long as the builder is not changed.
  const struct hadal_program &build() {
    entries.clear();
    for (const EntryBuilder &entry : entryBuilders) {
      entries.push_back({entry.name, entry.launches.data(), entry.arguments.data(), entry.buffers.data(),
                         entry.launches.size(), entry.arguments.size(), entry.buffers.size()});
      program.arena_size = std::max(program.arena_size, entry.arenaSize);
    }
    program.tensor_count = tensors.size();
    program.tensors = tensors.data();
    program.entry_count = entries.size();
    program.entries = entries.data();
    return program;
  }
};

} // namespace hadal::test

#endif // HADAL_TEST_RUNTIME_PROGRAMBUILDER_H
