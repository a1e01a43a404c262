// A tensor's name in the file is its own and its form: element type, shape, and the order and tiles of its layout.
// Bytes are those of memory.
#include "runtime/io/PackedWeights.h"

#include "runtime/core/Error.h"
#include "runtime/io/Paths.h"
#include "runtime/io/Safetensors.h"

#include <algorithm>

namespace hadal {

namespace fs = std::filesystem;

static constexpr const char *packedFile = "packed.safetensors";
static constexpr const char *contentsOfPacked = "packed weights"; // what the file says of itself
static constexpr uint64_t chunkBytes = 1 << 20;

/// The first so many numbers of a list: "[0, 1]".
template <typename Number> static std::string describeList(const Number *list, uint32_t count) {
  return describeShape(std::vector<int64_t>(list, list + count));
}

static std::string nameOf(const hadal_tensor &tensor) {
  std::string text =
      concat(tensor.name, " as ", describeElementType(tensor.element_type), " ", describeShape(dimensions(tensor)));
  if (tensor.layout != HADAL_TILED)
    return text;
  text += concat(" in ", describeList(tensor.order, tensor.rank));
  if (tensor.tile_count)
    text += concat(", tiles ", describeList(tensor.tiles, tensor.tile_count), " of ",
                   describeList(tensor.tile_dimensions, tensor.tile_count));
  return text;
}

/// What a program holds of its weights when they are loaded.
static std::vector<uint32_t> listKept(const Program &program) {
  std::vector<uint32_t> kept;
  for (uint32_t index = 0; index < program.tensors().size(); ++index) {
    const hadal_tensor &tensor = program.tensors()[index];
    if (tensor.role == HADAL_PACKED || (tensor.role == HADAL_PARAMETER && tensor.lifetime != HADAL_LOADING))
      kept.push_back(index);
  }
  return kept;
}

bool holdsPackedWeights(const fs::path &directory) {
  std::error_code error;
  return fs::is_regular_file(directory / packedFile, error);
}

void loadPackedWeights(const fs::path &directory, Session &session) {
  SafetensorsFile file(directory / packedFile);
  std::vector<uint32_t> kept = listKept(session.program());
  constexpr const char *remedy =
      "; these weights were kept by a program with other --weights, --precision or --cpu, or "
      "of another model: load the directory that they were made of";
  if (file.writtenAs() != contentsOfPacked)
    fail(HADAL_EXIT_INPUT, file.path().string(), ": was not written by --save-packed");
  for (uint32_t index : kept)
    if (std::string name = nameOf(session.tensor(index)); !file.entries().contains(name))
      fail(HADAL_EXIT_INPUT, file.path().string(), ": there is no tensor '", name, "', which this program needs",
           remedy);
  if (kept.size() != file.entries().size())
    fail(HADAL_EXIT_INPUT, file.path().string(), ": holds ", file.entries().size(), " tensors, and this program needs ",
         kept.size(), remedy);
  std::vector<std::byte> chunk(chunkBytes);
  for (uint32_t index : kept) {
    const SafetensorsEntry &entry = file.entries().at(nameOf(session.tensor(index)));
    if (uint64_t size = byteSize(session.tensor(index)); entry.size != size)
      fail(HADAL_EXIT_INPUT, file.path().string(), ": tensor '", nameOf(session.tensor(index)), "' has ", entry.size,
           " bytes, this program needs ", size);
    for (uint64_t done = 0; done < entry.size; done += chunk.size()) {
      std::span part(chunk.data(), std::min<uint64_t>(chunk.size(), entry.size - done));
      file.read(entry, done, part);
      session.write(index, done, part);
    }
    session.finishLoading(index);
  }
}

void requirePackable(const fs::path &directory, const char *option) {
  std::error_code error;
  if (!fs::exists(directory, error))
    return;
  if (!fs::is_directory(directory, error))
    fail(HADAL_EXIT_COMMAND_LINE, option, ": '", directory.string(), "' is not a folder");
  for (const std::string &name : listFolder(directory, HADAL_EXIT_COMMAND_LINE))
    if (name.ends_with(".safetensors") && !(name == packedFile && isWrittenAs(directory / name, contentsOfPacked)))
      fail(HADAL_EXIT_COMMAND_LINE, option, ": '", directory.string(), "' holds other weights (", name,
           "); choose another folder");
}

/// What a program reads of a directory besides weights.
static void copyOtherFiles(const fs::path &from, const fs::path &to) {
  for (const std::string &name : listFolder(from, HADAL_EXIT_INPUT)) {
    std::error_code error;
    bool isOther = name.ends_with(".json") || name.ends_with(".jinja") || name.ends_with(".model");
    if (!isOther || name.ends_with(".index.json") || !fs::is_regular_file(from / name, error))
      continue;
    fs::copy_file(from / name, to / name, fs::copy_options::overwrite_existing, error);
    if (error)
      fail(HADAL_EXIT_IO_FAILURE, "cannot copy '", (from / name).string(), "' to '", to.string(),
           "': ", error.message());
  }
}

void savePackedWeights(const fs::path &directory, const fs::path &source, const Session &session) {
  FolderToFill folder(directory);
  copyOtherFiles(source, directory);
  SafetensorsWriter writer(contentsOfPacked);
  std::vector<uint32_t> kept = listKept(session.program());
  for (uint32_t index : kept) {
    int64_t bytes = static_cast<int64_t>(byteSize(session.tensor(index)));
    writer.declare(nameOf(session.tensor(index)), "U8", std::span(&bytes, 1));
  }
  ReplacingFile weights(directory / packedFile);
  writer.begin(weights.file());
  std::vector<std::byte> chunk(chunkBytes);
  for (uint32_t index : kept) {
    uint64_t size = byteSize(session.tensor(index));
    for (uint64_t done = 0; done < size; done += chunk.size()) {
      std::span part(chunk.data(), std::min<uint64_t>(chunk.size(), size - done));
      session.read(index, done, part);
      weights.file().write(part);
    }
  }
  weights.commit();
}

} // namespace hadal
