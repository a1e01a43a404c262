// Verification of the descriptor and lookups in it.
#include "runtime/core/Program.h"

#include <algorithm>
#include <set>
#include <string>

namespace hadal {

uint64_t elementSize(uint32_t elementType) {
  switch (elementType) {
  case HADAL_F32:
  case HADAL_I32:
    return 4;
  case HADAL_BF16:
  case HADAL_F16:
    return 2;
  case HADAL_F8E4M3FN:
    return 1;
  }
  fail(HADAL_EXIT_INPUT, "malformed program: unknown element type ", elementType);
}

const char *describeElementType(uint32_t elementType) {
  static constexpr const char *names[] = {"f32", "i32", "bf16", "f16", "f8E4M3FN"};
  return names[elementType];
}

std::span<const int64_t> dimensions(const hadal_tensor &tensor) { return {tensor.dimensions, tensor.rank}; }

uint64_t elementCount(const hadal_tensor &tensor) {
  uint64_t count = 1;
  for (int64_t dimension : dimensions(tensor))
    count *= static_cast<uint64_t>(dimension);
  return count;
}

uint64_t byteSize(const hadal_tensor &tensor) { return elementCount(tensor) * elementSize(tensor.element_type); }

std::string describeShape(std::span<const int64_t> dimensions) {
  std::string text = "[";
  for (size_t i = 0; i < dimensions.size(); ++i)
    text += (i ? ", " : "") + std::to_string(dimensions[i]);
  return text + "]";
}

namespace {

template <class... Parts> void require(bool condition, const Parts &...parts) { requireOfProgram(condition, parts...); }

bool isForGPU(const struct hadal_program &program) { return std::string_view(program.target) != "cpu"; }

void verifyTensor(const struct hadal_program &program, uint32_t index) {
  const hadal_tensor &tensor = program.tensors[index];
  require(tensor.name, "tensor ", index, " has no name");
  std::string what = concat("tensor ", index, " '", tensor.name, "' ");
  require(tensor.role <= HADAL_RESULT, what, "has the unknown role ", tensor.role);
  require(tensor.element_type <= HADAL_F8E4M3FN, what, "has the unknown element type ", tensor.element_type);
  require(tensor.rank <= HADAL_MAX_RANK, what, "has rank ", tensor.rank, ", at most ", HADAL_MAX_RANK, " is possible");
  uint64_t bytes = elementSize(tensor.element_type);
  for (int64_t dimension : dimensions(tensor)) {
    require(dimension > 0, what, "has the dimension ", dimension);
    require(!__builtin_mul_overflow(bytes, static_cast<uint64_t>(dimension), &bytes), what, "has too many elements");
  }
  switch (tensor.role) {
  case HADAL_PARAMETER:
    require(tensor.initializer <= HADAL_NORMAL, what, "has the unknown initializer ", tensor.initializer);
    require(std::string_view(tensor.name).find("{e}") == std::string_view::npos || tensor.rank >= 1, what,
            "is stacked but has no dimension");
    break;
  case HADAL_GRADIENT:
  case HADAL_FIRST_MOMENT:
  case HADAL_SECOND_MOMENT: {
    require(tensor.owner < program.tensor_count && program.tensors[tensor.owner].role == HADAL_PARAMETER, what,
            "has the owner ", tensor.owner, ", which is no parameter");
    const hadal_tensor &owner = program.tensors[tensor.owner];
    require(std::ranges::equal(dimensions(owner), dimensions(tensor)), what, "has the shape ",
            describeShape(dimensions(tensor)), ", its parameter has ", describeShape(dimensions(owner)));
    break;
  }
  case HADAL_SCALAR:
    require(tensor.element_type == HADAL_F32 && tensor.rank == 0, what, "is a scalar but not an f32 of rank 0");
    break;
  case HADAL_RESULT:
    require(tensor.element_type == HADAL_F32 || tensor.element_type == HADAL_I32, what,
            "is a result whose elements are neither f32 nor i32");
    break;
  }
}

void verifyArena(const struct hadal_program &program, const hadal_entry &entry) {
  std::span buffers(entry.arena_buffers, entry.arena_buffer_count);
  uint64_t alignment = isForGPU(program) ? 256 : 64;
  for (size_t i = 0; i < buffers.size(); ++i) {
    const hadal_arena_buffer &buffer = buffers[i];
    std::string what = concat("arena buffer ", i, " of '", entry.name, "' ");
    require(buffer.offset % alignment == 0, what, "has the offset ", buffer.offset, ", which is no multiple of ",
            alignment);
    require(buffer.size <= program.arena_size && buffer.offset <= program.arena_size - buffer.size, what,
            "ends behind the arena of ", program.arena_size, " bytes");
    require(buffer.first_launch <= buffer.last_launch && buffer.last_launch < entry.launch_count, what,
            "has the lifetime [", buffer.first_launch, ", ", buffer.last_launch, "] among ", entry.launch_count,
            " launches");
  }
  // No two buffers may share bytes while both live: sorted by offset, only those that begin before this one ends
  // matter.
  std::vector<uint32_t> order(buffers.size());
  for (size_t i = 0; i < order.size(); ++i)
    order[i] = static_cast<uint32_t>(i);
  std::ranges::sort(order, {}, [&](uint32_t i) { return buffers[i].offset; });
  for (size_t i = 0; i < order.size(); ++i) {
    const hadal_arena_buffer &first = buffers[order[i]];
    for (size_t j = i + 1; j < order.size() && buffers[order[j]].offset < first.offset + first.size; ++j) {
      const hadal_arena_buffer &second = buffers[order[j]];
      bool together = first.first_launch <= second.last_launch && second.first_launch <= first.last_launch;
      require(!together || second.size == 0, "arena buffers ", order[i], " and ", order[j], " of '", entry.name,
              "' share bytes while both are alive");
    }
  }
}

void verifyLaunches(const struct hadal_program &program, const hadal_entry &entry) {
  for (uint64_t i = 0; i < entry.launch_count; ++i) {
    const hadal_launch &launch = entry.launches[i];
    std::string what = concat("launch ", i, " of '", entry.name, "' ");
    require(launch.name && (launch.function || launch.gpu), what, "has no kernel");
    require(!launch.gpu == !isForGPU(program), what, "is for ", launch.gpu ? "a GPU" : "a CPU",
            " in a program for the target '", program.target, "'");
    require(launch.tasks >= 1 && launch.grain >= 1, what, "has ", launch.tasks, " tasks in chunks of ", launch.grain);
    require(launch.first_argument <= entry.argument_count &&
                launch.argument_count <= entry.argument_count - launch.first_argument,
            what, "has arguments [", launch.first_argument, ", +", launch.argument_count, ") of ",
            entry.argument_count);
    for (uint32_t a = 0; a < launch.argument_count; ++a) {
      const hadal_argument &argument = entry.arguments[launch.first_argument + a];
      require(argument.kind <= HADAL_ARGUMENT_ARENA, what, "has an argument of the unknown kind ", argument.kind);
      bool isTensor = argument.kind == HADAL_ARGUMENT_TENSOR;
      require(argument.index < (isTensor ? program.tensor_count : entry.arena_buffer_count), what,
              "has an argument with index ", argument.index, " out of range");
      if (isTensor)
        continue;
      const hadal_arena_buffer &buffer = entry.arena_buffers[argument.index];
      require(i >= buffer.first_launch && i <= buffer.last_launch, what, "touches arena buffer ", argument.index,
              " outside its lifetime [", buffer.first_launch, ", ", buffer.last_launch, "]");
    }
    if (launch.gpu)
      verifyGPULaunch(program, entry, launch, what);
  }
}

} // namespace

Program::Program(const struct hadal_program &descriptor) : descriptor(descriptor) {
  require(descriptor.version == HADAL_PROGRAM_VERSION, "it has version ", descriptor.version, ", this runtime is for ",
          HADAL_PROGRAM_VERSION, "; compile and link with the same hadalc");
  require(descriptor.program && descriptor.model && descriptor.target && descriptor.cpu && descriptor.cpu_features &&
              descriptor.config_json && descriptor.config_json_reason && descriptor.stored_weights,
          "a string of the descriptor is missing");
  require(descriptor.micro_batch_size >= 1 && descriptor.sequence_length >= 1 && descriptor.tokens_ahead >= 1 &&
              descriptor.vocabulary >= 1,
          "micro-batch ", descriptor.micro_batch_size, ", sequence length ", descriptor.sequence_length,
          ", tokens ahead ", descriptor.tokens_ahead, " and vocabulary ", descriptor.vocabulary,
          " must all be positive");
  require(!isForGPU() || std::string_view(descriptor.target).starts_with("sm_"), "it was compiled for the target '",
          descriptor.target, "'; this runtime has: cpu and GPUs of NVIDIA (sm_90a)");
  require(!needsGPU() || (descriptor.cubin && descriptor.cubin_size && descriptor.ptx && descriptor.ptx_size),
          "it is for the target '", descriptor.target, "' but holds no code for it");
  std::set<std::pair<uint32_t, std::string_view>> names;
  for (uint32_t i = 0; i < descriptor.tensor_count; ++i) {
    verifyTensor(descriptor, i);
    require(names.insert({descriptor.tensors[i].role, descriptor.tensors[i].name}).second, "two tensors of role ",
            descriptor.tensors[i].role, " are named '", descriptor.tensors[i].name, "'");
  }
  for (const hadal_entry &entry : entries()) {
    require(entry.name, "an entry point has no name");
    verifyArena(descriptor, entry);
    verifyLaunches(descriptor, entry);
  }
}

std::optional<uint32_t> Program::findTensor(hadal_role role, std::string_view name) const {
  for (uint32_t i = 0; i < descriptor.tensor_count; ++i)
    if (descriptor.tensors[i].role == role && name == descriptor.tensors[i].name)
      return i;
  return std::nullopt;
}

std::optional<uint32_t> Program::findEntry(std::string_view name) const {
  for (uint32_t i = 0; i < descriptor.entry_count; ++i)
    if (name == descriptor.entries[i].name)
      return i;
  return std::nullopt;
}

std::vector<uint32_t> Program::tensorsOf(hadal_role role) const {
  std::vector<uint32_t> indices;
  for (uint32_t i = 0; i < descriptor.tensor_count; ++i)
    if (descriptor.tensors[i].role == role)
      indices.push_back(i);
  return indices;
}

uint64_t Program::parameterCount() const {
  uint64_t count = 0;
  for (const hadal_tensor &tensor : tensors())
    if (tensor.role == HADAL_PARAMETER)
      count += elementCount(tensor);
  return count;
}

} // namespace hadal
