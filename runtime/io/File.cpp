// Thin wrappers of the system calls that turn every failure into an Error.
#include "runtime/io/File.h"

#include "runtime/core/Error.h"
#include "runtime/io/Paths.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
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
// InputFile
//===----------------------------------------------------------------------===//

/// Opens a regular file for reading; returns its descriptor and size.
static std::pair<int, uint64_t> openRegular(const fs::path &path) {
  int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat status;
  if (descriptor < 0 && errno == ENOENT && lstat(path.c_str(), &status) == 0)
    fail(HADAL_EXIT_INPUT, "cannot open '", path.string(), "': it is a link that leads nowhere");
  if (descriptor < 0)
    failSystem(HADAL_EXIT_INPUT, "cannot open", path, errno);
  int failure = fstat(descriptor, &status) ? errno : 0;
  if (!failure && S_ISREG(status.st_mode))
    return {descriptor, static_cast<uint64_t>(status.st_size)};
  ::close(descriptor);
  if (failure)
    failSystem(HADAL_EXIT_INPUT, "cannot read", path, failure);
  fail(HADAL_EXIT_INPUT, "cannot read '", path.string(), "': not a regular file");
}

InputFile::InputFile(const fs::path &path) : filePath(path) {
  std::tie(descriptor, length) = openRegular(path);
  try {
    refusePointer();
  } catch (...) {
    ::close(descriptor);
    throw;
  }
}

InputFile::~InputFile() { ::close(descriptor); }

/// The pointer is a text of a few lines, of which the first names its format.
void InputFile::refusePointer() const {
  constexpr std::string_view firstLine = "version https://git-lfs.github.com/spec/v1";
  constexpr uint64_t longestPointer = 1024; // the format's own limit
  char beginning[firstLine.size()];
  if (length < firstLine.size() || length > longestPointer)
    return;
  size_t count = read(0, std::as_writable_bytes(std::span(beginning)));
  if (std::string_view(beginning, count) == firstLine)
    fail(HADAL_EXIT_INPUT, "'", filePath.string(),
         "' is only a pointer of Git LFS in the place of the file; fetch the ",
         "file itself with 'git lfs pull' in its repository");
}

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

void InputFile::readAll(uint64_t offset, std::span<std::byte> destination) const {
  if (size_t count = read(offset, destination); count < destination.size())
    fail(HADAL_EXIT_INPUT, filePath.string(), ": the file has changed while it was read: it ends at byte ",
         offset + count, ", when it was opened it had ", length, " bytes");
}

std::string readText(const fs::path &path) {
  InputFile file(path);
  std::string text(file.size(), '\0');
  text.resize(file.read(0, std::as_writable_bytes(std::span(text))));
  return text;
}

std::string quoteBeginning(std::string_view contents, size_t size) {
  std::string text(contents.substr(0, size));
  for (char &letter : text)
    if (letter < ' ' || letter > '~')
      letter = '.';
  return concat("'", text, "'");
}

//===----------------------------------------------------------------------===//
// OutputFile
//===----------------------------------------------------------------------===//

static constexpr size_t bufferSize = 1 << 18;

static int openForWriting(const fs::path &path, OutputFile::Mode mode) {
  int special = mode == OutputFile::Mode::Append ? O_APPEND : mode == OutputFile::Mode::New ? O_EXCL : O_TRUNC;
  int descriptor = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | special, 0666);
  if (descriptor < 0)
    failSystem(HADAL_EXIT_IO_FAILURE, "cannot write", path, errno);
  return descriptor;
}

OutputFile::OutputFile(const fs::path &path, Mode mode) : OutputFile(openForWriting(path, mode), path) {}

OutputFile::OutputFile(int descriptor, const fs::path &path) : path(path), descriptor(descriptor), buffer(bufferSize) {}

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
  std::ranges::copy(bytes, buffer.data() + buffered); // of no bytes, too, which may lie nowhere
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

void OutputFile::sync() {
  flush();
  // EINVAL and EROFS: pipes and devices cannot be synced.
  if (fsync(descriptor) && errno != EINVAL && errno != EROFS)
    failSystem(HADAL_EXIT_IO_FAILURE, "cannot write", path, errno);
}

void OutputFile::close() {
  sync();
  if (::close(std::exchange(descriptor, -1)))
    failSystem(HADAL_EXIT_IO_FAILURE, "cannot write", path, errno);
}

//===----------------------------------------------------------------------===//
// ReplacingFile
//===----------------------------------------------------------------------===//

/// The path by which an open file without a name is reached.
static std::string pathOfDescriptor(int descriptor) { return concat("/proc/self/fd/", descriptor); }

static fs::path temporaryName(const fs::path &target, unsigned number) {
  return parentFolder(target) / concat(ReplacingFile::temporaryPrefix, getpid(), "-", number);
}

static bool writesDirectly(const fs::path &target) {
  std::error_code error;
  fs::file_status status = fs::status(target, error);
  return fs::exists(status) && !fs::is_regular_file(status);
}

ReplacingFile::ReplacingFile(const fs::path &path) : target(followLinks(path)), direct(writesDirectly(target)) {
  if (direct)
    output = std::make_unique<OutputFile>(target);
  else
    openBeside();
}

void ReplacingFile::openBeside() {
  int descriptor = open(parentFolder(target).c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666);
  if (descriptor >= 0 && access(pathOfDescriptor(descriptor).c_str(), F_OK)) // without /proc it would never get a name
    ::close(std::exchange(descriptor, -1));
  for (unsigned number = 0; descriptor < 0; ++number) {
    temporary = temporaryName(target, number);
    descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor < 0 && errno != EEXIST)
      failSystem(HADAL_EXIT_IO_FAILURE, "cannot write", target, errno);
  }
  output = std::make_unique<OutputFile>(descriptor, target);
}

/// Gives a file without a name the target's, or, where that is taken, one of its own to be renamed from.
void ReplacingFile::giveName() {
  if (!temporary.empty())
    return;
  std::string unnamed = pathOfDescriptor(output->descriptor);
  fs::path name = target;
  for (unsigned number = 0;; name = temporaryName(target, number++)) {
    if (linkat(AT_FDCWD, unnamed.c_str(), AT_FDCWD, name.c_str(), AT_SYMLINK_FOLLOW) == 0)
      break;
    if (errno != EEXIST)
      failSystem(HADAL_EXIT_IO_FAILURE, "cannot write", target, errno);
  }
  if (name != target)
    temporary = name;
}

ReplacingFile::~ReplacingFile() {
  if (!temporary.empty())
    unlink(temporary.c_str());
}

void ReplacingFile::commit() {
  if (direct)
    return output->close();
  output->sync();
  giveName();
  output->close();
  if (!temporary.empty())
    renamePath(temporary, target);
  temporary.clear();
  syncFolder(parentFolder(target));
}

} // namespace hadal
