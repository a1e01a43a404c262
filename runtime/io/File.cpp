// Thin wrappers of the system calls that turn every failure into an Error.
#include "runtime/io/File.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace hadal {

namespace fs = std::filesystem;

[[noreturn]] static void failSystem(hadal_exit_code code, std::string_view what, const fs::path &path, int number) {
  fail(code, what, " '", path.string(), "': ", std::strerror(number));
}

//===----------------------------------------------------------------------===//
// MappedFile
//===----------------------------------------------------------------------===//

MappedFile::MappedFile(const fs::path &path) : filePath(path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    failSystem(HADAL_EXIT_INPUT, "cannot open", path, errno);
  struct stat status;
  int failure = fstat(descriptor, &status) ? errno : 0;
  bool regular = !failure && S_ISREG(status.st_mode);
  if (regular && status.st_size > 0) {
    length = static_cast<size_t>(status.st_size);
    address = mmap(nullptr, length, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) {
      failure = errno;
      address = nullptr;
    }
  }
  ::close(descriptor);
  if (failure)
    failSystem(HADAL_EXIT_INPUT, "cannot read", path, failure);
  if (!regular)
    fail(HADAL_EXIT_INPUT, "cannot read '", path.string(), "': not a regular file");
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : filePath(std::move(other.filePath)), address(std::exchange(other.address, nullptr)),
      length(std::exchange(other.length, 0)) {}

MappedFile::~MappedFile() {
  if (address)
    munmap(address, length);
}

//===----------------------------------------------------------------------===//
// OutputFile
//===----------------------------------------------------------------------===//

OutputFile::OutputFile(const fs::path &path, Mode mode) : path(path), buffer(1 << 18) {
  int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (mode == Mode::Append ? O_APPEND : O_TRUNC);
  descriptor = open(path.c_str(), flags, 0666);
  if (descriptor < 0)
    failSystem(HADAL_EXIT_IO_FAILURE, "cannot write", path, errno);
}

OutputFile::~OutputFile() {
  if (descriptor < 0)
    return;
  try {
    flush();
  } catch (const Error &) { // the file is being given up
  }
  ::close(descriptor);
}

void OutputFile::write(std::span<const std::byte> bytes) {
  if (bytes.size() > buffer.size() - buffered)
    flush();
  if (bytes.size() > buffer.size())
    return writeThrough(bytes);
  std::memcpy(buffer.data() + buffered, bytes.data(), bytes.size());
  buffered += bytes.size();
}

void OutputFile::flush() {
  size_t size = std::exchange(buffered, 0);
  writeThrough(std::span(buffer).first(size));
}

void OutputFile::writeThrough(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    ssize_t written = ::write(descriptor, bytes.data(), std::min<size_t>(bytes.size(), size_t{1} << 30));
    if (written < 0 && errno == EINTR)
      continue;
    if (written < 0)
      failSystem(HADAL_EXIT_IO_FAILURE, "cannot write", path, errno);
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
}

void OutputFile::close() {
  flush();
  // EINVAL and EROFS: pipes and devices cannot be synced.
  if (fsync(descriptor) && errno != EINVAL && errno != EROFS)
    failSystem(HADAL_EXIT_IO_FAILURE, "cannot write", path, errno);
  if (::close(std::exchange(descriptor, -1)))
    failSystem(HADAL_EXIT_IO_FAILURE, "cannot write", path, errno);
}

//===----------------------------------------------------------------------===//
// ReplacingFile
//===----------------------------------------------------------------------===//

static bool writesDirectly(const fs::path &path) {
  std::error_code error;
  fs::file_status status = fs::status(path, error);
  return fs::exists(status) && !fs::is_regular_file(status);
}

ReplacingFile::ReplacingFile(const fs::path &path)
    : path(path), temporary(writesDirectly(path) ? path : fs::path(path.string() + ".tmp")), output(temporary) {}

ReplacingFile::~ReplacingFile() {
  if (!committed && temporary != path)
    unlink(temporary.c_str());
}

void ReplacingFile::commit() {
  output.close();
  if (temporary != path) {
    renamePath(temporary, path);
    syncFolder(path.parent_path());
  }
  committed = true;
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

static fs::path folderOf(const fs::path &path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

void requireWritable(const fs::path &path, std::string_view option) {
  std::error_code error;
  fs::path folder = folderOf(path);
  if (fs::is_directory(path, error))
    fail(HADAL_EXIT_COMMAND_LINE, option, ": '", path.string(), "' is a folder, a file is expected");
  if (!fs::is_directory(folder, error))
    fail(HADAL_EXIT_COMMAND_LINE, option, ": the folder '", folder.string(), "' does not exist");
  if (access(fs::exists(path, error) ? path.c_str() : folder.c_str(), W_OK))
    fail(HADAL_EXIT_COMMAND_LINE, option, ": '", path.string(), "' cannot be written: ", std::strerror(errno));
}

void createFolder(const fs::path &path) {
  std::error_code error;
  fs::create_directories(path, error);
  if (error)
    fail(HADAL_EXIT_IO_FAILURE, "cannot create the folder '", path.string(), "': ", error.message());
  if (!fs::is_directory(path, error))
    fail(HADAL_EXIT_IO_FAILURE, "'", path.string(), "' is a file, a folder is expected");
}

/// The folder and those above it that do not exist, the innermost first.
static std::vector<fs::path> missingFolders(const fs::path &path) {
  std::vector<fs::path> missing;
  std::error_code ignored; // createFolder says what is wrong
  for (fs::path folder = fs::absolute(path); !fs::exists(folder, ignored); folder = folder.parent_path())
    if (folder.has_filename()) // "a/b/" names the same folder as "a/b"
      missing.push_back(folder);
  return missing;
}

FolderToFill::FolderToFill(const fs::path &path) : created(missingFolders(path)) { createFolder(path); }

FolderToFill::~FolderToFill() {
  std::error_code notEmpty;
  for (const fs::path &folder : created)
    fs::remove(folder, notEmpty);
}

void syncFolder(const fs::path &path) {
  fs::path folder = path.empty() ? fs::path(".") : path;
  int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    failSystem(HADAL_EXIT_IO_FAILURE, "cannot open the folder", folder, errno);
  int failure = fsync(descriptor) && errno != EINVAL ? errno : 0; // some file systems cannot sync a folder
  ::close(descriptor);
  if (failure)
    failSystem(HADAL_EXIT_IO_FAILURE, "cannot write the folder", folder, failure);
}

void renamePath(const fs::path &from, const fs::path &to) {
  if (rename(from.c_str(), to.c_str()))
    failSystem(HADAL_EXIT_IO_FAILURE, "cannot rename to", to, errno);
}

} // namespace hadal
