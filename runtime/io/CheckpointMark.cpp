// Writing and recognising the mark.
#include "runtime/io/CheckpointMark.h"

#include "runtime/core/Error.h"
#include "runtime/io/File.h"

#include <charconv>

namespace hadal {

namespace fs = std::filesystem;

static constexpr std::string_view beginning = "Hadal checkpoint, format 1, step ";

static std::string contentsFor(int64_t step) {
  return concat(beginning, step,
                "\nThis folder was made by a training run, which removes or replaces it as a whole.\n");
}

void writeCheckpointMark(const fs::path &folder, int64_t step) {
  ReplacingFile file(folder / checkpointMarkFile); // complete as soon as it is there
  file.file().write(contentsFor(step));
  file.commit();
}

std::optional<int64_t> readCheckpointMark(const fs::path &folder) {
  fs::path path = folder / checkpointMarkFile;
  std::error_code error;
  if (!fs::is_regular_file(fs::symlink_status(path, error)))
    return std::nullopt;
  std::string text;
  try {
    text = readText(path);
  } catch (const Error &) { // what cannot be read cannot be recognised
    return std::nullopt;
  }
  int64_t step;
  if (!text.starts_with(beginning) ||
      std::from_chars(text.data() + beginning.size(), text.data() + text.size(), step).ec != std::errc() ||
      text != contentsFor(step))
    return std::nullopt;
  return step;
}

} // namespace hadal
