// Thin wrappers of the system calls that turn every failure into an Error.
#include "runtime/io/File.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <tuple>
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

/// Opens a regular file for reading; returns its descriptor and size.
static std::pair<int, uint64_t> openRegular(const fs::path &path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0)
    failSystem(HADAL_EXIT_INPUT, "cannot open", path, errno);
  struct stat status;
  int failure = fstat(descriptor, &status) ? errno : 0;
  if (!failure && S_ISREG(status.st_mode))
    return {descriptor, static_cast<uint64_t>(status.st_size)};
  ::close(descriptor);
  if (failure)
    failSystem(HADAL_EXIT_INPUT, "cannot read", path, failure);
  fail(HADAL_EXIT_INPUT, "cannot read '", path.string(), "': not a regular file");
}

MappedFile::MappedFile(const fs::path &path) : filePath(path) {
  auto [descriptor, size] = openRegular(path);
  void *mapping = size ? mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : nullptr;
  int failure = mapping == MAP_FAILED ? errno : 0;
  ::close(descriptor);
  if (failure)
    failSystem(HADAL_EXIT_INPUT, "cannot read", path, failure);
  address = mapping;
  length = size;
}

MappedFile::MappedFile(MappedFile &&other) noexcept
    : filePath(std::move(other.filePath)), address(std::exchange(other.address, nullptr)),
      length(std::exchange(other.length, 0)) {}

MappedFile::~MappedFile() {
  if (address)
    munmap(address, length);
}

//===----------------------------------------------------------------------===//
// InputFile
//===----------------------------------------------------------------------===//

InputFile::InputFile(const fs::path &path) : filePath(path) { std::tie(descriptor, length) = openRegular(path); }

InputFile::~InputFile() { ::close(descriptor); }

size_t InputFile::read(uint64_t offset, std::span<std::byte> destination) const {
  size_t done = 0;
  while (done < destination.size()) {
    std::span rest = destination.subspan(done);
    ssize_t count = pread(descriptor, rest.data(), rest.size(), static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR)
      continue;
    if (count < 0)
      failSystem(HADAL_EXIT_INPUT, "cannot read", filePath, errno);
    if (count == 0)
      break;
    done += static_cast<size_t>(count);
  }
  return done;
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

/// The path itself if anything is there, or else the nearest folder above it.
static fs::path nearestExisting(const fs::path &path) {
  std::error_code error; // what cannot be looked at counts as missing: the folder above it says why
  fs::path existing = fs::absolute(path);
  while (!fs::exists(fs::symlink_status(existing, error)) && existing.has_relative_path())
    existing = existing.parent_path();
  return existing;
}

void requireFillable(const fs::path &path, std::string_view option) {
  std::error_code error;
  fs::path existing = nearestExisting(path);
  if (!fs::is_directory(existing, error))
    fail(HADAL_EXIT_COMMAND_LINE, option, ": '", existing.string(), "' is not a folder; '", path.string(),
         "' has to be one or a path at which one can be created");
  if (access(existing.c_str(), W_OK | X_OK))
    fail(HADAL_EXIT_COMMAND_LINE, option, ": the folder '", existing.string(), "' cannot be written (",
         std::strerror(errno), "); choose another");
}

bool namesSameFile(const fs::path &first, const fs::path &second) {
  std::error_code error;
  if (fs::equivalent(first, second, error))
    return fs::is_regular_file(first, error);
  // A device or a pipe may be written twice.
  auto place = [&](const fs::path &path) { return fs::weakly_canonical(fs::absolute(path), error); };
  return !fs::exists(first, error) && place(first) == place(second);
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
