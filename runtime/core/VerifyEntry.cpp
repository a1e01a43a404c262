// Verification of an entry point: every command has what it works on, stays within it, and finds it alive.
#include "runtime/core/Commands.h"

#include <algorithm>
#include <set>

namespace hadal {
namespace {

template <class... Parts> void require(bool condition, const Parts &...parts) { requireOfProgram(condition, parts...); }

class EntryVerifier {
public:
  EntryVerifier(const struct hadal_program &program, const hadal_entry &entry) : program(program), entry(entry) {}

  void verify() {
    require(entry.name, "an entry point has no name");
    verifyKind();
    verifyExchanged(inputsOf(entry), "input");
    verifyExchanged(resultsOf(entry), "result");
    verifyBuffers();
    for (number = 0; number < entry.command_count; ++number)
      verifyCommand(entry.commands[number]);
  }

private:
  const struct hadal_program &program;
  const hadal_entry &entry;
  uint64_t number = 0; // of the command
  std::string what;    // the command, for messages
  std::set<uint32_t> exchanged;

  bool isForGPU() const { return std::string_view(program.target) != "cpu"; }

  bool isLoading() const { return entry.kind == HADAL_ENTRY_LOAD; }

  void verifyKind() const;
  void verifyExchanged(std::span<const uint32_t> tensors, const char *kind);
  void verifyBuffers() const;
  void verifyOverlaps() const;
  void verifyCommand(const hadal_command &command);
  void verifyArgument(uint64_t index) const;
  void verifyTensorArgument(const hadal_argument &argument) const;
  void verifyLaunch(const hadal_launch &launch) const;
  void verifyTasks(const hadal_launch &launch) const;
  void verifyCopy(const hadal_copy &copy) const;
  void verifyFill(const hadal_fill &fill) const;
  void verifyCollective(const hadal_collective &collective) const;
  void verifyRange(uint32_t argument, uint64_t offset, uint64_t bytes, const char *verb) const;
  void verifyWritable(uint32_t argument) const;
};

/// What runs when a parameter is loaded has nothing to wait for: no input, no result, no number.
void EntryVerifier::verifyKind() const {
  require(entry.kind <= HADAL_ENTRY_LOAD, "'", entry.name, "' is an entry point of the unknown kind ", entry.kind);
  if (!isLoading())
    return require(entry.loaded == HADAL_NONE, "'", entry.name, "' is called by its name, and loads tensor ",
                   entry.loaded);
  require(entry.loaded < program.tensor_count && program.tensors[entry.loaded].role == HADAL_PARAMETER, "'", entry.name,
          "' is run when tensor ", entry.loaded, " is loaded, which is no parameter");
  require(entry.input_count == 0 && entry.result_count == 0, "'", entry.name, "' is run when '",
          program.tensors[entry.loaded].name, "' is loaded, and has inputs or results");
}

void EntryVerifier::verifyExchanged(std::span<const uint32_t> tensors, const char *kind) {
  bool isInput = std::string_view(kind) == "input";
  std::set<std::pair<uint32_t, std::string_view>> names;
  for (uint32_t index : tensors) {
    require(index < program.tensor_count, "'", entry.name, "' has the ", kind, " ", index, " among ",
            program.tensor_count, " tensors");
    const hadal_tensor &tensor = program.tensors[index];
    require(isInput ? tensor.role == HADAL_INPUT || tensor.role == HADAL_SCALAR : tensor.role == HADAL_RESULT, "'",
            tensor.name, "' is named as a", isInput ? "n input" : " result", " of '", entry.name, "' but is none");
    require(names.insert({tensor.role, tensor.name}).second, "'", entry.name, "' has two ", kind, "s named '",
            tensor.name, "'");
    exchanged.insert(index);
  }
}

//===----------------------------------------------------------------------===//
// The arena
//===----------------------------------------------------------------------===//

void EntryVerifier::verifyBuffers() const {
  std::span buffers = buffersOf(entry);
  uint64_t alignment = isForGPU() ? 256 : 64;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const hadal_arena_buffer &buffer = buffers[i];
    std::string what = concat("arena buffer ", i, " of '", entry.name, "' ");
    require(buffer.offset % alignment == 0, what, "has the offset ", buffer.offset, ", which is no multiple of ",
            alignment);
    require(buffer.size <= program.arena_size && buffer.offset <= program.arena_size - buffer.size, what,
            "ends behind the arena of ", program.arena_size, " bytes");
    require(buffer.first_command <= buffer.last_command && buffer.last_command < entry.command_count, what,
            "has the lifetime [", buffer.first_command, ", ", buffer.last_command, "] among ", entry.command_count,
            " commands");
  }
  verifyOverlaps();
}

/// No two buffers may share bytes while both live: sorted by offset, only those that begin before this one ends matter.
void EntryVerifier::verifyOverlaps() const {
  std::span buffers = buffersOf(entry);
  std::vector<uint32_t> order(buffers.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<uint32_t>(i);
  std::ranges::sort(order, {}, [&](uint32_t i) { return buffers[i].offset; });
  for (size_t i = 0; i < order.size(); ++i) {
    const hadal_arena_buffer &first = buffers[order[i]];
    for (size_t j = i + 1; j < order.size() && buffers[order[j]].offset < first.offset + first.size; ++j) {
      const hadal_arena_buffer &second = buffers[order[j]];
      bool together = first.first_command <= second.last_command && second.first_command <= first.last_command;
      require(!together || second.size == 0, "arena buffers ", order[i], " and ", order[j], " of '", entry.name,
              "' share bytes while both are alive");
    }
  }
}

//===----------------------------------------------------------------------===//
// Commands
//===----------------------------------------------------------------------===//

void EntryVerifier::verifyCommand(const hadal_command &command) {
  what = concat("command ", number, " of '", entry.name, "' ");
  const uint64_t counts[] = {entry.launch_count, entry.copy_count, entry.fill_count, entry.collective_count,
                             entry.host_wait_count};
  require(command.kind <= HADAL_HOST_WAIT, what, "is of the unknown kind ", command.kind);
  require(command.index < counts[command.kind], what, "is the ", kindOf(command), " ", command.index, " of ",
          counts[command.kind]);
  require(nameOf(entry, command), what, "has no name");
  if (const hadal_launch *launch = launchOf(entry, command))
    verifyLaunch(*launch);
  forEachArgument(entry, command, [&](uint64_t argument) { verifyArgument(argument); });
  if (const hadal_launch *launch = launchOf(entry, command); launch && launch->gpu)
    verifyGPULaunch(program, entry, *launch, what);
  if (command.kind == HADAL_COPY)
    verifyCopy(entry.copies[command.index]);
  if (command.kind == HADAL_FILL)
    verifyFill(entry.fills[command.index]);
  if (command.kind == HADAL_COLLECTIVE)
    verifyCollective(entry.collectives[command.index]);
}

void EntryVerifier::verifyArgument(uint64_t index) const {
  require(index < entry.argument_count, what, "has the argument ", index, " of ", entry.argument_count);
  const hadal_argument &argument = entry.arguments[index];
  require(argument.kind <= HADAL_ARGUMENT_NUMBER, what, "has an argument of the unknown kind ", argument.kind);
  const uint64_t counts[] = {program.tensor_count, entry.arena_buffer_count, program.number_count};
  require(argument.index < counts[argument.kind], what, "has an argument with index ", argument.index, " out of range");
  if (argument.kind == HADAL_ARGUMENT_TENSOR)
    return verifyTensorArgument(argument);
  require(argument.kind != HADAL_ARGUMENT_NUMBER || !isLoading(), what, "depends on a number, which has none while '",
          entry.name, "' loads a parameter");
  if (argument.kind == HADAL_ARGUMENT_NUMBER)
    return;
  const hadal_arena_buffer &buffer = entry.arena_buffers[argument.index];
  require(number >= buffer.first_command && number <= buffer.last_command, what, "touches arena buffer ",
          argument.index, " outside its lifetime [", buffer.first_command, ", ", buffer.last_command, "]");
}

/// What the runtime writes before a run or reads after it, the entry point has to name.
void EntryVerifier::verifyTensorArgument(const hadal_argument &argument) const {
  const hadal_tensor &tensor = program.tensors[argument.index];
  if (tensor.role == HADAL_INPUT || tensor.role == HADAL_SCALAR || tensor.role == HADAL_RESULT)
    require(exchanged.contains(argument.index), what, "touches '", tensor.name, "', which is not among the ",
            tensor.role == HADAL_RESULT ? "results" : "inputs", " of '", entry.name, "'");
  bool isOfLoaded = (tensor.role == HADAL_PARAMETER || tensor.role == HADAL_PACKED) && tensor.owner == entry.loaded;
  // One that has been loaded before, and stays.
  bool isThere = tensor.role == HADAL_PARAMETER && tensor.lifetime != HADAL_LOADING;
  require(!isLoading() || isOfLoaded || isThere, what, "touches '", tensor.name,
          "', which is neither the parameter that '", entry.name,
          "' loads nor a packed form of it, nor one that stays");
  require(isLoading() || tensor.lifetime != HADAL_LOADING, what, "touches '", tensor.name,
          "', which is held only while it is loaded");
}

void EntryVerifier::verifyLaunch(const hadal_launch &launch) const {
  require(launch.function || launch.gpu, what, "has no kernel");
  require(!launch.gpu == !isForGPU(), what, "is for ", launch.gpu ? "a GPU" : "a CPU", " in a program for the target '",
          program.target, "'");
  require(launch.tasks >= 1 && launch.grain >= 1, what, "has ", launch.tasks, " tasks in chunks of ", launch.grain);
  require(launch.first_argument <= entry.argument_count &&
              launch.argument_count <= entry.argument_count - launch.first_argument,
          what, "has arguments [", launch.first_argument, ", +", launch.argument_count, ") of ", entry.argument_count);
  verifyTasks(launch);
}

/// The tasks at the number's bound are those that the launch was planned for.
void EntryVerifier::verifyTasks(const hadal_launch &launch) const {
  require(launch.task_factor >= 1 && launch.task_divisor >= 1, what, "has tasks by the factor ", launch.task_factor,
          " and the divisor ", launch.task_divisor);
  if (launch.number == HADAL_NONE)
    return require(launch.task_factor == 1 && launch.task_divisor == 1, what,
                   "has tasks by a factor and a divisor, but of no number");
  require(!isLoading(), what, "has tasks by a number while '", entry.name, "' loads a parameter");
  require(launch.number < program.number_count, what, "has tasks by the number ", launch.number, " of ",
          program.number_count);
  const hadal_number &counted = program.numbers[launch.number];
  int64_t most;
  bool overflows = __builtin_mul_overflow(counted.bound, launch.task_factor, &most) ||
                   __builtin_add_overflow(most, launch.task_divisor - 1, &most);
  require(!overflows && most / launch.task_divisor == launch.tasks, what, "has ", launch.tasks,
          " tasks, which is not ceil(", counted.bound, " * ", launch.task_factor, " / ", launch.task_divisor,
          ") by the bound of '", counted.name, "'");
}

void EntryVerifier::verifyRange(uint32_t index, uint64_t offset, uint64_t bytes, const char *verb) const {
  uint64_t size = argumentSize(program, entry, entry.arguments[index]);
  require(bytes >= 1 && offset <= size && bytes <= size - offset, what, verb, " ", bytes, " bytes at byte ", offset,
          " of an argument of ", size, " bytes");
}

/// Numbers and inputs are the runtime's to write.
void EntryVerifier::verifyWritable(uint32_t index) const {
  const hadal_argument &argument = entry.arguments[index];
  bool isTensor = argument.kind == HADAL_ARGUMENT_TENSOR;
  uint32_t role = isTensor ? program.tensors[argument.index].role : uint32_t{HADAL_STATE};
  require(argument.kind != HADAL_ARGUMENT_NUMBER && role != HADAL_INPUT && role != HADAL_SCALAR, what,
          "writes what the runtime writes before the run");
}

void EntryVerifier::verifyCopy(const hadal_copy &copy) const {
  verifyRange(copy.source, copy.source_offset, copy.bytes, "reads");
  verifyRange(copy.target, copy.target_offset, copy.bytes, "writes");
  verifyWritable(copy.target);
  const hadal_argument &source = entry.arguments[copy.source], &target = entry.arguments[copy.target];
  bool overlaps = source.kind == target.kind && source.index == target.index &&
                  copy.source_offset < copy.target_offset + copy.bytes &&
                  copy.target_offset < copy.source_offset + copy.bytes;
  require(!overlaps, what, "copies bytes onto themselves");
}

void EntryVerifier::verifyFill(const hadal_fill &fill) const {
  uint32_t size = fill.element_bytes;
  require(size == 1 || size == 2 || size == 4, what, "fills with elements of ", size, " bytes; 1, 2 or 4 are possible");
  require(size == 4 || fill.element >> (8 * size) == 0, what, "fills with ", fill.element, ", which is no element of ",
          size, size == 1 ? " byte" : " bytes");
  require(fill.offset % size == 0 && fill.bytes % size == 0, what, "fills ", fill.bytes, " bytes at byte ", fill.offset,
          ", which are no elements of ", size, " bytes");
  verifyRange(fill.target, fill.offset, fill.bytes, "fills");
  verifyWritable(fill.target);
}

void EntryVerifier::verifyCollective(const hadal_collective &collective) const {
  require(collective.axis, what, "names no axis of the grid");
  require(collective.kind <= HADAL_EXCHANGE, what, "is a collective of the unknown kind ", collective.kind);
  require((collective.counts != HADAL_NONE) == (collective.kind == HADAL_EXCHANGE), what,
          collective.kind == HADAL_EXCHANGE ? "exchanges rows without their counts"
                                            : "has counts of rows, which only an exchange has");
}

} // namespace

void verifyEntry(const struct hadal_program &program, const hadal_entry &entry) {
  EntryVerifier(program, entry).verify();
}

} // namespace hadal
