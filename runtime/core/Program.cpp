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
  case HADAL_I8:
    return 1;
  }
  fail(HADAL_EXIT_INPUT, "malformed program: unknown element type ", elementType);
}

const char *describeElementType(uint32_t elementType) {
  static constexpr const char *names[] = {"f32", "i32", "bf16", "f16", "f8E4M3FN", "i8"};
  return names[elementType];
}

std::span<const int64_t> dimensions(const hadal_tensor &tensor) { return {tensor.dimensions, tensor.rank}; }

uint64_t elementCount(const hadal_tensor &tensor) {
  uint64_t count = 1;
  for (int64_t dimension : dimensions(tensor))
    count *= static_cast<uint64_t>(dimension);
  return count;
}

uint64_t byteSize(const hadal_tensor &tensor) {
  if (tensor.layout == HADAL_ROW_MAJOR)
    return elementCount(tensor) * elementSize(tensor.element_type);
  uint64_t bytes = elementSize(tensor.element_type);
  for (uint32_t i = 0; i < tensor.rank; ++i) {
    uint64_t cut = 1;
    for (uint32_t t = 0; t < tensor.tile_count; ++t)
      if (tensor.tile_dimensions[t] == i)
        cut *= static_cast<uint64_t>(tensor.tiles[t]);
    bytes *= (static_cast<uint64_t>(tensor.dimensions[i]) + cut - 1) / cut * cut;
  }
  return bytes;
}

std::string_view ownerOfScales(std::string_view name) {
  return name.ends_with(scalesSuffix) ? name.substr(0, name.size() - scalesSuffix.size()) : std::string_view();
}

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

/// The largest tile, with all that it is cut into: padded sizes then fit 64 bits wherever the others do by far.
constexpr int64_t largestTile = 1 << 18;

void verifyLayout(const hadal_tensor &tensor, const std::string &what) {
  require(tensor.layout <= HADAL_TILED, what, "has the unknown layout ", tensor.layout);
  if (tensor.layout == HADAL_ROW_MAJOR)
    return require(tensor.tile_count == 0, what, "lies row by row, and has ", tensor.tile_count, " tiles");
  require(tensor.role == HADAL_PACKED, what, "lies in tiles, as only packed forms of parameters may");
  std::set<uint32_t> order(tensor.order, tensor.order + tensor.rank);
  require(order.size() == tensor.rank && (order.empty() || *order.rbegin() < tensor.rank), what,
          "lies in an order that does not name each of its ", tensor.rank, " dimensions");
  require(tensor.tile_count <= HADAL_MAX_TILES, what, "is cut ", tensor.tile_count, " times, at most ", HADAL_MAX_TILES,
          " is possible");
  int64_t elements = 1;
  for (uint32_t i = 0; i < tensor.tile_count; ++i) {
    require(tensor.tile_dimensions[i] < tensor.rank, what, "is cut along dimension ", tensor.tile_dimensions[i], " of ",
            tensor.rank);
    require(tensor.tiles[i] >= 2 && tensor.tiles[i] <= largestTile && (elements *= tensor.tiles[i]) <= largestTile,
            what, "has tiles of ", tensor.tiles[i], " elements; 2 to ", largestTile, " are possible, all together");
  }
}

void verifyTensor(const struct hadal_program &program, uint32_t index) {
  const hadal_tensor &tensor = program.tensors[index];
  require(tensor.name, "tensor ", index, " has no name");
  std::string what = concat("tensor ", index, " '", tensor.name, "' ");
  require(tensor.role <= HADAL_PACKED, what, "has the unknown role ", tensor.role);
  require(tensor.element_type <= HADAL_I8, what, "has the unknown element type ", tensor.element_type);
  require(tensor.rank <= HADAL_MAX_RANK, what, "has rank ", tensor.rank, ", at most ", HADAL_MAX_RANK, " is possible");
  require(tensor.lifetime <= HADAL_LOADING, what, "has the unknown lifetime ", tensor.lifetime);
  require(tensor.lifetime != HADAL_RUN || tensor.role == HADAL_INPUT || tensor.role == HADAL_RESULT, what,
          "lives for one run only, as nothing but inputs and results may");
  require(tensor.lifetime != HADAL_LOADING || tensor.role == HADAL_PARAMETER, what,
          "lives only while it is loaded, as nothing but parameters may");
  verifyLayout(tensor, what);
  uint64_t bytes = elementSize(tensor.element_type) * (tensor.layout == HADAL_TILED ? largestTile : 1);
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
  case HADAL_SECOND_MOMENT:
  case HADAL_PACKED: {
    require(tensor.owner < program.tensor_count && program.tensors[tensor.owner].role == HADAL_PARAMETER, what,
            "has the owner ", tensor.owner, ", which is no parameter");
    const hadal_tensor &owner = program.tensors[tensor.owner];
    // Codes and scales have shapes of their own.
    require(tensor.role == HADAL_PACKED || std::ranges::equal(dimensions(owner), dimensions(tensor)), what,
            "has the shape ", describeShape(dimensions(tensor)), ", its parameter has ",
            describeShape(dimensions(owner)));
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
    bool isOneOfMany = isOfEntry || tensor.role == HADAL_PACKED; // a parameter may have several packed forms
    require(isOneOfMany || names.insert({tensor.role, tensor.name}).second, "two tensors of role ", tensor.role,
            " are named '", tensor.name, "'");
  }
  for (const hadal_entry &entry : entries())
    verifyEntry(descriptor, entry);
  for (uint32_t i = 0; i < descriptor.tensor_count; ++i)
    verifyLoaded(i);
}

/// What is made of a parameter when it is loaded has an entry point that makes it.
void Program::verifyLoaded(uint32_t index) const {
  const hadal_tensor &tensor = descriptor.tensors[index];
  if (tensor.role != HADAL_PACKED && tensor.lifetime != HADAL_LOADING)
    return;
  require(std::ranges::any_of(entries(),
                              [&](const hadal_entry &entry) {
                                return entry.kind == HADAL_ENTRY_LOAD && entry.loaded == tensor.owner &&
                                       std::ranges::any_of(argumentsOf(entry), [&](const hadal_argument &argument) {
                                         return argument.kind == HADAL_ARGUMENT_TENSOR && argument.index == index;
                                       });
                              }),
          "tensor ", index, " '", tensor.name, "' has no entry point that ",
          tensor.role == HADAL_PACKED ? "packs it" : "reads it", " when the parameter is loaded");
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

bool Program::areScales(uint32_t parameter) const {
  std::string_view owner = ownerOfScales(tensors()[parameter].name);
  return !owner.empty() && findTensor(HADAL_PARAMETER, owner);
}

uint64_t Program::parameterCount() const {
  uint64_t count = 0;
  for (uint32_t index : tensorsOf(HADAL_PARAMETER))
    if (!areScales(index))
      count += elementCount(tensors()[index]);
  return count;
}

} // namespace hadal
