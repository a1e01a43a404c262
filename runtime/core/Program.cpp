// Verification of the descriptor and lookups in it.
#include "runtime/core/Program.h"

#include "runtime/core/Commands.h"

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

/// There is one device, which holds every tensor whole.
void verifyBox(const hadal_tensor &tensor, const std::string &what) {
  for (uint32_t i = 0; i < tensor.rank; ++i)
    require(tensor.box_offsets[i] == 0 && tensor.global_dimensions[i] == tensor.dimensions[i], what, "is a part of [",
            tensor.global_dimensions[i], "] in dimension ", i, ", [", tensor.dimensions[i], "] from ",
            tensor.box_offsets[i], " on; on one device it has to be whole");
}

void verifyExtents(const struct hadal_program &program, const hadal_tensor &tensor, const std::string &what) {
  for (uint32_t i = 0; i < tensor.rank; ++i) {
    uint32_t extent = tensor.extents[i];
    if (extent == HADAL_NONE)
      continue;
    require(extent < program.number_count, what, "has the number ", extent, " of ", program.number_count, " as extent ",
            i);
    require(tensor.role == HADAL_INPUT || tensor.role == HADAL_RESULT || tensor.role == HADAL_STATE, what,
            "has an extent that varies, as only inputs, results and states may");
    require(program.numbers[extent].bound == tensor.dimensions[i], what, "has the dimension ", tensor.dimensions[i],
            ", and its extent '", program.numbers[extent].name, "' the bound ", program.numbers[extent].bound);
  }
}

void verifyNumber(const struct hadal_program &program, uint32_t index) {
  const hadal_number &number = program.numbers[index];
  require(number.name, "number ", index, " has no name");
  require(number.bound >= 1, "the number '", number.name, "' has the bound ", number.bound);
  for (uint32_t other = 0; other < index; ++other)
    require(std::string_view(number.name) != program.numbers[other].name, "two numbers are named '", number.name, "'");
}

void verifyImage(const struct hadal_program &program, uint32_t index) {
  const hadal_image &image = program.images[index];
  require(image.architecture && image.bytes && image.size, "image ", index, " of its code is empty");
  require(image.kind <= HADAL_PTX, "image ", index, " of its code, for ", image.architecture,
          ", is of the unknown kind ", image.kind, "; this runtime loads cubins and PTX");
}

void verifyTensor(const struct hadal_program &program, uint32_t index) {
  const hadal_tensor &tensor = program.tensors[index];
  require(tensor.name, "tensor ", index, " has no name");
  std::string what = concat("tensor ", index, " '", tensor.name, "' ");
  require(tensor.role <= HADAL_RESULT, what, "has the unknown role ", tensor.role);
  require(tensor.element_type <= HADAL_F8E4M3FN, what, "has the unknown element type ", tensor.element_type);
  require(tensor.rank <= HADAL_MAX_RANK, what, "has rank ", tensor.rank, ", at most ", HADAL_MAX_RANK, " is possible");
  require(tensor.lifetime <= HADAL_EXTERNAL, what, "has the unknown lifetime ", tensor.lifetime);
  require(tensor.lifetime != HADAL_RUN || tensor.role == HADAL_INPUT || tensor.role == HADAL_RESULT, what,
          "lives for one run only, as nothing but inputs and results may");
  require(tensor.layout == HADAL_ROW_MAJOR, what, "has the layout ", tensor.layout,
          "; this runtime knows only that of rows (", int{HADAL_ROW_MAJOR}, ")");
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
  verifyBox(tensor, what);
  verifyExtents(program, tensor, what);
}

} // namespace

Program::Program(const struct hadal_program &descriptor) : descriptor(descriptor) {
  require(descriptor.version == HADAL_PROGRAM_VERSION, "it has version ", descriptor.version, ", this runtime is for ",
          HADAL_PROGRAM_VERSION, "; compile and link with the same hadalc");
  require(descriptor.program && descriptor.model && descriptor.target && descriptor.cpu && descriptor.cpu_features &&
              descriptor.precision && descriptor.config_json && descriptor.config_json_reason &&
              descriptor.stored_weights,
          "a string of the descriptor is missing");
  require(descriptor.vocabulary >= 1, "it has a vocabulary of ", descriptor.vocabulary);
  require(!isForGPU() || std::string_view(descriptor.target).starts_with("sm_"), "it was compiled for the target '",
          descriptor.target, "'; this runtime has: cpu and GPUs of NVIDIA (sm_90a)");
  require(!needsGPU() || descriptor.image_count, "it is for the target '", descriptor.target,
          "' but holds no code for it");
  for (uint32_t i = 0; i < descriptor.image_count; ++i)
    verifyImage(descriptor, i);
  for (uint32_t i = 0; i < descriptor.number_count; ++i)
    verifyNumber(descriptor, i);
  for (uint64_t i = 0; i < descriptor.unread_parameter_count; ++i)
    require(descriptor.unread_parameters && descriptor.unread_parameters[i],
            "the name of a parameter that it does not ", "read is missing");
  std::set<std::pair<uint32_t, std::string_view>> names;
  for (uint32_t i = 0; i < descriptor.tensor_count; ++i) {
    verifyTensor(descriptor, i);
    const hadal_tensor &tensor = descriptor.tensors[i];
    bool isOfEntry = tensor.role == HADAL_INPUT || tensor.role == HADAL_RESULT; // names are unique within the entry
    require(isOfEntry || names.insert({tensor.role, tensor.name}).second, "two tensors of role ", tensor.role,
            " are named '", tensor.name, "'");
  }
  for (const hadal_entry &entry : entries())
    verifyEntry(descriptor, entry);
}

std::optional<uint32_t> Program::findTensor(hadal_role role, std::string_view name) const {
  for (uint32_t i = 0; i < descriptor.tensor_count; ++i)
    if (descriptor.tensors[i].role == role && name == descriptor.tensors[i].name)
      return i;
  return std::nullopt;
}

std::optional<uint32_t> Program::findInput(uint32_t entry, std::string_view name) const {
  return findAmong(inputsOf(descriptor.entries[entry]), name);
}

std::optional<uint32_t> Program::findResult(uint32_t entry, std::string_view name) const {
  return findAmong(resultsOf(descriptor.entries[entry]), name);
}

std::optional<uint32_t> Program::findAmong(std::span<const uint32_t> indices, std::string_view name) const {
  for (uint32_t index : indices)
    if (name == descriptor.tensors[index].name)
      return index;
  return std::nullopt;
}

std::optional<uint32_t> Program::findNumber(std::string_view name) const {
  for (uint32_t i = 0; i < descriptor.number_count; ++i)
    if (name == descriptor.numbers[i].name)
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
