// Builds the descriptor of a program in memory, as the compiler's last phase writes it into an object file. Arena
// buffers get offsets of their own; their lifetimes follow from the commands that use them.
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
  uint32_t loaded = HADAL_NONE; // the parameter when whose loading ends the entry point is run
  int64_t tokensAhead = 0;
  std::vector<hadal_command> commands = {};
  std::vector<hadal_launch> launches = {};
  std::vector<hadal_copy> copies = {};
  std::vector<hadal_fill> fills = {};
  std::vector<hadal_collective> collectives = {};
  std::vector<hadal_host_wait> hostWaits = {};
  std::vector<hadal_argument> arguments = {};
  std::vector<hadal_arena_buffer> buffers = {};
  std::vector<uint32_t> inputs = {}, results = {}; // of the tensors among the arguments, unless a test fills them
  uint64_t arenaSize = 0;

  /// An argument that is a new buffer of the arena.
  hadal_argument buffer(uint64_t size) {
    buffers.push_back({arenaSize, size, UINT32_MAX, 0});
    arenaSize += (size + 255) / 256 * 256; // what GPUs want; CPUs are content with 64
    return {HADAL_ARGUMENT_ARENA, static_cast<uint32_t>(buffers.size() - 1)};
  }

  EntryBuilder &launch(hadal_kernel function, const char *kernel, int64_t tasks, int64_t grain,
                       std::initializer_list<hadal_argument> list, int64_t iteration = 0) {
    launches.push_back({.function = function,
                        .name = kernel,
                        .iteration = iteration,
                        .tasks = tasks,
                        .grain = grain,
                        .first_argument = static_cast<uint32_t>(arguments.size()),
                        .argument_count = static_cast<uint32_t>(list.size()),
                        .task_factor = 1,
                        .task_divisor = 1,
                        .number = HADAL_NONE,
                        .gpu = nullptr});
    for (hadal_argument argument : list)
      add(argument);
    return command(HADAL_LAUNCH, launches);
  }
  /// A launch of ceil(value * factor / divisor) tasks, by a number with this bound.
  EntryBuilder &launchBy(uint32_t number, int64_t bound, int64_t factor, int64_t divisor, hadal_kernel function,
                         const char *kernel, std::initializer_list<hadal_argument> list) {
    launch(function, kernel, (bound * factor + divisor - 1) / divisor, 1, list);
    launches.back().number = number;
    launches.back().task_factor = factor;
    launches.back().task_divisor = divisor;
    return *this;
  }
  EntryBuilder &copy(const char *what, hadal_argument source, uint64_t sourceOffset, hadal_argument target,
                     uint64_t targetOffset, uint64_t bytes) {
    copies.push_back({.name = what,
                      .source = add(source),
                      .target = add(target),
                      .source_offset = sourceOffset,
                      .target_offset = targetOffset,
                      .bytes = bytes});
    return command(HADAL_COPY, copies);
  }
  EntryBuilder &fill(const char *what, hadal_argument target, uint64_t offset, uint64_t bytes, uint32_t element,
                     uint32_t elementBytes = 4) {
    fills.push_back({.name = what,
                     .target = add(target),
                     .element = element,
                     .element_bytes = elementBytes,
                     .offset = offset,
                     .bytes = bytes});
    return command(HADAL_FILL, fills);
  }
  EntryBuilder &collective(hadal_collective_kind kind, const char *what, hadal_argument source, hadal_argument target) {
    collectives.push_back({.name = what,
                           .axis = "dp",
                           .kind = kind,
                           .source = add(source),
                           .target = add(target),
                           .counts = HADAL_NONE,
                           .bytes = 4});
    return command(HADAL_COLLECTIVE, collectives);
  }
  EntryBuilder &waitForHost(const char *what) {
    hostWaits.push_back({.name = what});
    return command(HADAL_HOST_WAIT, hostWaits);
  }

private:
  /// An argument of the command that is added next.
  uint32_t add(hadal_argument argument) {
    arguments.push_back(argument);
    if (argument.kind == HADAL_ARGUMENT_ARENA) {
      uint32_t index = static_cast<uint32_t>(commands.size());
      hadal_arena_buffer &used = buffers[argument.index];
      used.first_command = std::min(used.first_command, index);
      used.last_command = std::max(used.last_command, index);
    }
    return static_cast<uint32_t>(arguments.size() - 1);
  }
  template <class Rows> EntryBuilder &command(hadal_command_kind kind, const Rows &rows) {
    commands.push_back({kind, static_cast<uint32_t>(rows.size() - 1)});
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
                                  .precision = "f32",
                                  .target = "cpu",
                                  .cpu = "x86-64",
                                  .cpu_features = "",
                                  .config_json = "",
                                  .config_json_reason = "it is a test",
                                  .stored_weights = "",
                                  .unread_parameter_count = 0,
                                  .unread_parameters = nullptr,
                                  .vocabulary = 256,
                                  .arena_size = 0,
                                  .scratch_size = 256,
                                  .number_count = 0,
                                  .numbers = nullptr,
                                  .tensor_count = 0,
                                  .tensors = nullptr,
                                  .entry_count = 0,
                                  .entries = nullptr,
                                  .image_count = 0,
                                  .images = nullptr,
                                  .emulated = 0};
  std::vector<hadal_number> numbers;
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
    added.lifetime = role == HADAL_INPUT || role == HADAL_RESULT ? HADAL_RUN : HADAL_SESSION;
    std::ranges::copy(shape, added.dimensions);
    std::ranges::copy(shape, added.global_dimensions);
    std::ranges::fill(added.extents, HADAL_NONE);
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

  /// Adds a number and returns the argument that names it.
  hadal_argument number(const char *name, int64_t bound) {
    numbers.push_back({name, bound});
    return {HADAL_ARGUMENT_NUMBER, static_cast<uint32_t>(numbers.size() - 1)};
  }

  EntryBuilder &entry(const char *name) { return entryBuilders.emplace_back(EntryBuilder{name}); }

  /// The descriptor; valid as long as the builder is not changed.
  const struct hadal_program &build() {
    entries.clear();
    for (EntryBuilder &entry : entryBuilders) {
      listExchanged(entry);
      entries.push_back(tableOf(entry));
      program.arena_size = std::max(program.arena_size, entry.arenaSize);
    }
    program.number_count = numbers.size();
    program.numbers = numbers.data();
    program.tensor_count = tensors.size();
    program.tensors = tensors.data();
    program.entry_count = entries.size();
    program.entries = entries.data();
    return program;
  }

private:
  /// What the entry point exchanges with the runtime: the inputs, scalars and results among its arguments.
  void listExchanged(EntryBuilder &entry) const {
    if (!entry.inputs.empty() || !entry.results.empty())
      return;
    for (const hadal_argument &argument : entry.arguments) {
      if (argument.kind != HADAL_ARGUMENT_TENSOR || argument.index >= tensors.size())
        continue;
      uint32_t role = tensors[argument.index].role;
      bool isInput = role == HADAL_INPUT || role == HADAL_SCALAR;
      std::vector<uint32_t> &list = isInput ? entry.inputs : entry.results;
      if ((isInput || role == HADAL_RESULT) && std::ranges::find(list, argument.index) == list.end())
        list.push_back(argument.index);
    }
  }

  static hadal_entry tableOf(const EntryBuilder &entry) {
    return {.name = entry.name,
            .kind = uint32_t{entry.loaded == HADAL_NONE ? HADAL_ENTRY_CALLED : HADAL_ENTRY_LOAD},
            .loaded = entry.loaded,
            .tokens_ahead = entry.tokensAhead,
            .input_count = entry.inputs.size(),
            .inputs = entry.inputs.data(),
            .result_count = entry.results.size(),
            .results = entry.results.data(),
            .command_count = entry.commands.size(),
            .commands = entry.commands.data(),
            .launch_count = entry.launches.size(),
            .launches = entry.launches.data(),
            .copy_count = entry.copies.size(),
            .copies = entry.copies.data(),
            .fill_count = entry.fills.size(),
            .fills = entry.fills.data(),
            .collective_count = entry.collectives.size(),
            .collectives = entry.collectives.data(),
            .host_wait_count = entry.hostWaits.size(),
            .host_waits = entry.hostWaits.data(),
            .argument_count = entry.arguments.size(),
            .arguments = entry.arguments.data(),
            .arena_buffer_count = entry.buffers.size(),
            .arena_buffers = entry.buffers.data()};
  }
};

} // namespace hadal::test

#endif // HADAL_TEST_RUNTIME_PROGRAMBUILDER_H
