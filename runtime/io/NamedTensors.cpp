// Splitting of stacked tensors, and files in the program's own element types.
#include "runtime/io/NamedTensors.h"

#include "runtime/core/Error.h"
#include "runtime/io/Safetensors.h"

#include <algorithm>

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
  static constexpr std::string_view names[] = {"F32", "I32", "BF16", "F16", "F8_E4M3"};
  return names[elementType];
}

static SafetensorsWriter declareTensors(const Session &session, const std::vector<NamedGroup> &groups,
                                        const std::vector<NamedScalar> &scalars) {
  SafetensorsWriter writer;
  for (const NamedScalar &scalar : scalars)
    writer.declare(scalar.name, "F32", {});
  for (const NamedGroup &group : groups)
    for (const NamedTensor &named : namedTensors(session.program(), group.role))
      writer.declare(named.name + group.suffix, safetensorsType(session.tensor(named.tensor).element_type),
                     named.shape);
  return writer;
}

void requireWritableNames(const Session &session) { declareTensors(session, {{HADAL_PARAMETER, ""}}, {}); }

void writeTensors(OutputFile &output, const Session &session, const std::vector<NamedGroup> &groups,
                  const std::vector<NamedScalar> &scalars) {
  declareTensors(session, groups, scalars).begin(output);

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

void readTensors(const std::filesystem::path &path, Session &session, const std::vector<NamedGroup> &groups) {
  SafetensorsFile file(path);
  // Everything is checked before anything is copied.
  std::vector<std::pair<NamedTensor, const SafetensorsEntry *>> plan;
  for (const NamedGroup &group : groups)
    for (NamedTensor &named : namedTensors(session.program(), group.role)) {
      std::string name = named.name + group.suffix;
      auto found = file.entries().find(name);
      if (found == file.entries().end())
        fail(HADAL_EXIT_INPUT, path.string(), ": tensor '", name, "' is missing");
      const SafetensorsEntry &entry = found->second;
      std::string_view dtype = safetensorsType(session.tensor(named.tensor).element_type);
      if (entry.dtype != dtype || entry.shape != named.shape)
        fail(HADAL_EXIT_INPUT, path.string(), ": tensor '", name, "' is ", entry.dtype, " ", describeShape(entry.shape),
             ", the program needs ", dtype, " ", describeShape(named.shape));
      plan.emplace_back(std::move(named), &entry);
    }
  if (plan.size() != file.entries().size())
    fail(HADAL_EXIT_INPUT, path.string(), ": the file has ", file.entries().size(), " tensors, the program ",
         plan.size());
  for (const auto &[named, entry] : plan)
    session.write(named.tensor, named.offset, entry->bytes);
}

} // namespace hadal
