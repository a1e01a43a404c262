// Access to a program's tensors and entry points.
#include "runtime/core/Session.h"

#include "runtime/core/Commands.h"
#include "runtime/core/Error.h"

#include <cmath>

namespace hadal {

Session::Session(const struct hadal_program &descriptor, const DeviceOptions &options)
    : checkedProgram(descriptor), programDevice(createDevice(checkedProgram, options)),
      scalars(checkedProgram.tensorsOf(HADAL_SCALAR)), results(checkedProgram.tensorsOf(HADAL_RESULT)) {
  for (const hadal_entry &entry : checkedProgram.entries())
    numbers.push_back(numbersOf(descriptor, entry));
  loadEntries.resize(checkedProgram.tensors().size());
  isStale = std::make_unique<std::atomic<bool>[]>(loadEntries.size());
  for (uint32_t entry = 0; entry < checkedProgram.entries().size(); ++entry)
    if (uint32_t loaded = checkedProgram.entries()[entry].loaded; loaded != HADAL_NONE)
      loadEntries[loaded].push_back(entry);
}

std::optional<uint32_t> Session::findAmong(const std::vector<uint32_t> &indices, std::string_view name) const {
  for (uint32_t index : indices)
    if (name == tensor(index).name)
      return index;
  return std::nullopt;
}

uint32_t Session::require(hadal_role role, std::string_view name) const {
  if (std::optional<uint32_t> index = find(role, name))
    return *index;
  fail(HADAL_EXIT_INPUT, "the program of model '", checkedProgram->model, "' has no tensor '", name, "' of role ",
       static_cast<int>(role));
}

uint32_t Session::requireEntry(std::string_view name) const {
  if (std::optional<uint32_t> index = checkedProgram.findEntry(name))
    return *index;
  std::string names;
  for (const hadal_entry &entry : checkedProgram.entries())
    if (entry.kind == HADAL_ENTRY_CALLED)
      names += concat(names.empty() ? "" : ", ", entry.name);
  fail(HADAL_EXIT_INPUT, "the program of model '", checkedProgram->model, "' has no entry point '", name,
       "'; it has: ", names);
}

static uint32_t requireOfEntry(std::optional<uint32_t> index, const hadal_entry &entry, const char *kind,
                               std::string_view name) {
  if (!index)
    fail(HADAL_EXIT_INPUT, "the entry point '", entry.name, "' has no ", kind, " '", name, "'");
  return *index;
}

uint32_t Session::requireInput(uint32_t entry, std::string_view name) const {
  return requireOfEntry(checkedProgram.findInput(entry, name), checkedProgram.entries()[entry], "input", name);
}

uint32_t Session::requireResult(uint32_t entry, std::string_view name) const {
  return requireOfEntry(checkedProgram.findResult(entry, name), checkedProgram.entries()[entry], "result", name);
}

void Session::write(uint32_t index, uint64_t offset, std::span<const std::byte> source) {
  uint64_t size = byteSize(tensor(index));
  if (offset > size || source.size() > size - offset)
    fail(HADAL_EXIT_INPUT, "write of ", source.size(), " bytes at ", offset, " into the tensor '", tensor(index).name,
         "' of ", size, " bytes");
  if (source.empty())
    return; // nothing may lie nowhere
  if (!loadEntries[index].empty())
    beginLoading(index);
  programDevice->upload(index, offset, source);
}

void Session::beginLoading(uint32_t parameter) {
  if (!isStale[parameter].exchange(true))
    ++staleCount;
  uint32_t other = HADAL_NONE;
  if (tensor(parameter).lifetime != HADAL_LOADING || held.compare_exchange_strong(other, parameter) ||
      other == parameter)
    return;
  fail(HADAL_EXIT_INPUT, "the parameter '", tensor(parameter).name, "' is written before the loading of '",
       tensor(other).name, "' is finished, in whose memory it is loaded");
}

void Session::finishLoading(uint32_t parameter) {
  for (uint32_t entry : loadEntries[parameter])
    programDevice->run(entry, nullptr);
  if (isStale[parameter].exchange(false))
    --staleCount;
  uint32_t own = parameter;
  held.compare_exchange_strong(own, HADAL_NONE);
}

void Session::requireLoaded(uint32_t entry) const {
  for (uint32_t index = 0; index < loadEntries.size(); ++index)
    if (isStale[index])
      fail(HADAL_EXIT_INPUT, "the entry point '", checkedProgram.entries()[entry].name, "' is run while '",
           tensor(index).name, "' is being loaded");
}

void Session::read(uint32_t index, uint64_t offset, std::span<std::byte> destination) const {
  uint64_t size = byteSize(tensor(index));
  if (offset > size || destination.size() > size - offset)
    fail(HADAL_EXIT_INPUT, "read of ", destination.size(), " bytes at ", offset, " from the tensor '",
         tensor(index).name, "' of ", size, " bytes");
  if (tensor(index).lifetime == HADAL_LOADING && held != index)
    fail(HADAL_EXIT_INPUT, "the parameter '", tensor(index).name,
         "' cannot be read: this program holds it in the layout of its kernels only");
  if (!destination.empty())
    programDevice->download(index, offset, destination);
}

void Session::setScalar(std::string_view name, float value) {
  if (std::optional<uint32_t> index = findAmong(scalars, name))
    write(*index, 0, std::as_bytes(std::span(&value, 1)));
}

float Session::result(std::string_view name) const {
  const hadal_tensor *other = nullptr;
  for (uint32_t index : results) {
    if (name != tensor(index).name)
      continue;
    other = &tensor(index);
    if (other->rank != 0 || other->element_type != HADAL_F32)
      continue;
    float value = 0;
    read(index, 0, std::as_writable_bytes(std::span(&value, 1)));
    return value;
  }
  if (other)
    fail(HADAL_EXIT_INPUT, "the result '", name, "' has the shape ", describeShape(dimensions(*other)), " of ",
         describeElementType(other->element_type), ": it is no f32 that is read by itself");
  return 0;
}

void Session::setNumber(std::string_view name, int64_t value) {
  std::optional<uint32_t> index = checkedProgram.findNumber(name);
  if (!index)
    fail(HADAL_EXIT_INPUT, "the program of model '", checkedProgram->model, "' has no number '", name, "'");
  int64_t bound = checkedProgram.numbers()[*index].bound;
  if (value < 0 || value > bound)
    fail(HADAL_EXIT_INPUT, "the number '", name, "' is ", value, "; the program was compiled for 0 to ", bound);
  programDevice->setNumber(*index, value);
}

std::vector<int64_t> Session::shapeOf(uint32_t index) const {
  std::span<const int64_t> largest = dimensions(tensor(index));
  std::vector<int64_t> shape(largest.begin(), largest.end());
  for (size_t i = 0; i < shape.size(); ++i)
    if (uint32_t extent = tensor(index).extents[i]; extent != HADAL_NONE)
      shape[i] = programDevice->number(extent);
  return shape;
}

void Session::run(uint32_t entry, CommandRecorder *recorder) {
  if (staleCount)
    requireLoaded(entry);
  for (uint32_t index : numbers[entry])
    if (programDevice->number(index) < 0)
      fail(HADAL_EXIT_INPUT, "the entry point '", checkedProgram.entries()[entry].name, "' depends on the number '",
           checkedProgram.numbers()[index].name, "', which nobody has written");
  programDevice->run(entry, recorder);
}

const char *describeNonFinite(double value) { return std::isnan(value) ? "nan" : value > 0 ? "inf" : "-inf"; }

std::optional<NonFiniteElement> findNonFinite(const Session &session, hadal_role role) {
  std::vector<float> chunk(1 << 18);
  for (uint32_t index : session.program().tensorsOf(role)) {
    const hadal_tensor &tensor = session.tensor(index);
    if (tensor.element_type != HADAL_F32)
      continue;
    uint64_t count = elementCount(tensor);
    for (uint64_t begin = 0; begin < count; begin += chunk.size()) {
      std::span part(chunk.data(), std::min<uint64_t>(chunk.size(), count - begin));
      session.read(index, begin * sizeof(float), std::as_writable_bytes(part));
      for (uint64_t i = 0; i < part.size(); ++i)
        if (!std::isfinite(part[i]))
          return NonFiniteElement{index, begin + i, part[i]};
    }
  }
  return std::nullopt;
}

} // namespace hadal
