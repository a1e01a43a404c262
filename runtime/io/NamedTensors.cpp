// Splitting of stacked tensors, and files in the program's own element types.
#include "runtime/io/NamedTensors.h"

#include "runtime/core/Error.h"
#include "runtime/io/Safetensors.h"

#include <algorithm>
#include <cmath>

namespace hadal {

static constexpr std::string_view expertPlace = "{e}";

std::string expertName(std::string_view pattern, int64_t expert) {
  std::string name(pattern);
  return name.replace(name.find(expertPlace), expertPlace.size(), std::to_string(expert));
}

std::vector<NamedTensor> namedTensors(const Program &program, hadal_role role) {
  std::vector<NamedTensor> list;
  for (uint32_t index : program.tensorsOf(role)) {
    const hadal_tensor &tensor = program.tensors()[index];
    std::string_view pattern = role == HADAL_PARAMETER ? tensor.name : program.tensors()[tensor.owner].name;
    std::vector<int64_t> shape(dimensions(tensor).begin(), dimensions(tensor).end());
    if (pattern.find(expertPlace) == std::string_view::npos) {
      list.push_back({std::string(pattern), index, 0, byteSize(tensor), shape});
      continue;
    }
    int64_t experts = shape.front();
    uint64_t size = byteSize(tensor) / static_cast<uint64_t>(experts);
    shape.erase(shape.begin());
    for (int64_t expert = 0; expert < experts; ++expert)
      list.push_back({expertName(pattern, expert), index, size * static_cast<uint64_t>(expert), size, shape});
  }
  return list;
}

std::string_view safetensorsType(uint32_t elementType) {
  static constexpr std::string_view names[] = {"F32", "I32", "BF16", "F16", "F8_E4M3", "I8"};
  return names[elementType];
}

static SafetensorsWriter declareTensors(const Session &session, std::string contents,
                                        const std::vector<NamedGroup> &groups,
                                        const std::vector<NamedScalar> &scalars) {
  SafetensorsWriter writer(std::move(contents));
  for (const NamedScalar &scalar : scalars)
    writer.declare(scalar.name, "F32", {});
  for (const NamedGroup &group : groups)
    for (const NamedTensor &named : namedTensors(session.program(), group.role))
      writer.declare(named.name + group.suffix, safetensorsType(session.tensor(named.tensor).element_type),
                     named.shape);
  return writer;
}

void requireWritableNames(const Session &session) { declareTensors(session, "", {{HADAL_PARAMETER, ""}}, {}); }

void writeTensors(OutputFile &output, const Session &session, std::string contents,
                  const std::vector<NamedGroup> &groups, const std::vector<NamedScalar> &scalars) {
  declareTensors(session, std::move(contents), groups, scalars).begin(output);

  for (const NamedScalar &scalar : scalars)
    output.write(std::as_bytes(std::span(&scalar.value, 1)));
  std::vector<std::byte> chunk(1 << 20);
  for (const NamedGroup &group : groups)
    for (const NamedTensor &named : namedTensors(session.program(), group.role))
      for (uint64_t done = 0; done < named.size; done += chunk.size()) {
        std::span part(chunk.data(), std::min<uint64_t>(chunk.size(), named.size - done));
        session.read(named.tensor, named.offset + done, part);
        output.write(std::span<const std::byte>(part));
      }
}

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

[[noreturn]] static void failValue(const std::filesystem::path &path, std::string_view name, uint64_t element,
                                   const auto &value, std::string_view expected) {
  fail(HADAL_EXIT_INPUT, path.string(), ": tensor '", name, "': element ", element, " is ", value, "; ", expected);
}

void requireFiniteValues(const std::filesystem::path &path, std::string_view name, uint64_t first,
                         std::span<const float> values) {
  auto found = std::ranges::find_if(values, [](float value) { return !std::isfinite(value); });
  if (found != values.end())
    failValue(path, name, first + static_cast<uint64_t>(found - values.begin()), describeNonFinite(*found),
              "nothing can be trained from it, every value must be finite");
}

/// Squares have no negative mean; the update would take its root.
static void requireNoneNegative(const std::filesystem::path &path, std::string_view name, uint64_t first,
                                std::span<const float> values) {
  auto found = std::ranges::find_if(values, [](float value) { return value < 0; });
  if (found != values.end())
    failValue(path, name, first + static_cast<uint64_t>(found - values.begin()), *found,
              "the mean of a gradient's squares is never negative");
}

namespace {

/// A tensor of the file and where it goes.
struct Reading {
  NamedTensor named;
  hadal_role role;
  std::string name; // in the file
  const SafetensorsEntry *entry;
};

} // namespace

/// Pairs the file's tensors with the program's. Everything is checked before anything is copied.
static std::vector<Reading> planReading(const SafetensorsFile &file, const Session &session,
                                        const std::vector<NamedGroup> &groups) {
  std::string path = file.path().string();
  std::vector<Reading> plan;
  for (const NamedGroup &group : groups)
    for (NamedTensor &named : namedTensors(session.program(), group.role)) {
      std::string name = named.name + group.suffix;
      auto found = file.entries().find(name);
      if (found == file.entries().end())
        fail(HADAL_EXIT_INPUT, path, ": tensor '", name, "' is missing");
      const SafetensorsEntry &entry = found->second;
      std::string_view dtype = safetensorsType(session.tensor(named.tensor).element_type);
      if (entry.dtype != dtype || entry.shape != named.shape)
        fail(HADAL_EXIT_INPUT, path, ": tensor '", name, "' is ", entry.dtype, " ", describeShape(entry.shape),
             ", the program needs ", dtype, " ", describeShape(named.shape));
      plan.push_back({std::move(named), group.role, std::move(name), &entry});
    }
  if (plan.size() != file.entries().size())
    fail(HADAL_EXIT_INPUT, path, ": the file has ", file.entries().size(), " tensors, the program ", plan.size());
  return plan;
}

void readTensors(const std::filesystem::path &path, Session &session, const std::vector<NamedGroup> &groups) {
  SafetensorsFile file(path);
  std::vector<float> chunk(1 << 18);
  std::vector<Reading> plan = planReading(file, session, groups);
  for (const Reading &reading : plan) { // the experts of a stacked parameter follow one another
    bool floats = reading.entry->dtype == "F32";
    for (uint64_t done = 0; done < reading.named.size;) {
      uint64_t size = std::min<uint64_t>(chunk.size() * sizeof(float), reading.named.size - done);
      std::span part = std::as_writable_bytes(std::span(chunk)).first(size);
      file.read(*reading.entry, done, part);
      std::span<const float> values(chunk.data(), size / sizeof(float));
      if (floats)
        requireFiniteValues(path, reading.name, done / sizeof(float), values);
      if (floats && reading.role == HADAL_SECOND_MOMENT)
        requireNoneNegative(path, reading.name, done / sizeof(float), values);
      session.write(reading.named.tensor, reading.named.offset + done, part);
      done += size;
    }
    if (&reading == &plan.back() || (&reading + 1)->named.tensor != reading.named.tensor)
      session.finishLoading(reading.named.tensor);
  }
}

} // namespace hadal
