// Looking at paths before work begins, and changing folders.
#include "runtime/io/Paths.h"

#include "runtime/core/Error.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace hadal {

namespace fs = std::filesystem;

//===----------------------------------------------------------------------===//
// Looking
//===----------------------------------------------------------------------===//

fs::path parentFolder(const fs::path &path) { return path.has_parent_path() ? path.parent_path() : fs::path("."); }

fs::path followLinks(const fs::path &path) {
  constexpr int mostLinks = 40; // as the kernel follows
  std::error_code error;
  if (!path.has_filename() && path.has_relative_path()) // "a/b/" is the folder "a/b"
    return followLinks(path.parent_path());
  fs::file_status status = fs::status(path, error);
  // The links of /proc that stand for pipes and devices lead to names that exist nowhere.
  if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status))
    return path;
  fs::path place = path;
  for (int links = 0; fs::is_symlink(fs::symlink_status(place, error)); ++links) {
    if (links == mostLinks)
      fail(HADAL_EXIT_COMMAND_LINE, "'", path.string(), "': ", std::strerror(ELOOP));
    fs::path target = fs::read_symlink(place, error);
    if (error)
      fail(HADAL_EXIT_COMMAND_LINE, "the link '", place.string(), "' cannot be followed: ", error.message());
    place = target.is_absolute() ? target : place.parent_path() / target;
  }
  return place;
}

bool isTaken(const fs::path &path, hadal_exit_code code) {
  struct stat status;
  if (lstat(path.c_str(), &status) == 0)
    return true;
  if (errno != ENOENT)
    fail(code, "cannot look at '", path.string(), "': ", std::strerror(errno));
  return false;
}

bool holdsNothing(const fs::path &path) {
  struct stat status;
  if (stat(path.c_str(), &status))
    return errno == ENOENT;
  return S_ISREG(status.st_mode) ? status.st_size == 0 : !S_ISDIR(status.st_mode);
}

std::vector<std::string> listFolder(const fs::path &path, hadal_exit_code code) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error))
    names.push_back(entry->path().filename().string());
  if (error)
    fail(code, "the folder '", path.string(), "' cannot be read: ", error.message());
  std::ranges::sort(names);
  return names;
}

void requireWritable(const fs::path &path, std::string_view option) {
  fs::path place = followLinks(path), folder = parentFolder(place);
  std::string link = path == place ? "" : concat("; '", path.string(), "' is a link to '", place.string(), "'");
  struct stat status;
  if (stat(folder.c_str(), &status))
    fail(HADAL_EXIT_COMMAND_LINE, option, ": the folder '", folder.string(), "' ",
         errno == ENOENT ? "does not exist" : concat("cannot be looked at: ", std::strerror(errno)), link);
  bool exists = stat(place.c_str(), &status) == 0;
  if (exists && S_ISDIR(status.st_mode))
    fail(HADAL_EXIT_COMMAND_LINE, option, ": '", path.string(), "' is a folder, a file is expected");
  if (access(exists ? place.c_str() : folder.c_str(), W_OK))
    fail(HADAL_EXIT_COMMAND_LINE, option, ": '", place.string(), "' cannot be written: ", std::strerror(errno), link);
}

void requireReplaceable(const fs::path &path, std::string_view option, bool isFormerOutput) {
  if (!holdsNothing(path) && !isFormerOutput)
    fail(HADAL_EXIT_COMMAND_LINE, option, ": '", path.string(), "' exists and is no former output of ", option,
         "; it is not replaced: move it away, or choose another name");
  fs::path place = followLinks(path), folder = parentFolder(place);
  std::error_code error;
  bool isFile = fs::is_regular_file(place, error) || !fs::exists(place, error);
  if (isFile && access(folder.c_str(), W_OK | X_OK)) // the new file is written beside the former one
    fail(HADAL_EXIT_COMMAND_LINE, option, ": the folder '", folder.string(),
         "' cannot be written: ", std::strerror(errno));
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
  fs::path existing = nearestExisting(followLinks(path));
  bool isFolder = fs::is_directory(existing, error);
  if (error && fs::is_symlink(existing)) // followed at the end of the path, not within
    fail(HADAL_EXIT_COMMAND_LINE, option, ": the link '", existing.string(), "' leads nowhere");
  if (error)
    fail(HADAL_EXIT_COMMAND_LINE, option, ": '", existing.string(), "' cannot be looked at: ", error.message());
  if (!isFolder)
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
  auto place = [&](const fs::path &path) { return fs::weakly_canonical(fs::absolute(followLinks(path)), error); };
  return !fs::exists(first, error) && place(first) == place(second);
}

//===----------------------------------------------------------------------===//
// Folders
//===----------------------------------------------------------------------===//

void createFolder(const fs::path &path) {
  std::error_code error;
  fs::path place = followLinks(path);
  fs::create_directories(place, error);
  if (error)
    fail(HADAL_EXIT_IO_FAILURE, "cannot create the folder '", place.string(), "': ", error.message());
  if (!fs::is_directory(place, error))
    fail(HADAL_EXIT_IO_FAILURE, "'", place.string(), "' is a file, a folder is expected");
}

/// The folder and those above it that do not exist, the innermost first.
static std::vector<fs::path> missingFolders(const fs::path &path) {
  std::vector<fs::path> missing;
  std::error_code ignored; // createFolder says what is wrong
  for (fs::path folder = fs::absolute(followLinks(path)); !fs::exists(folder, ignored); folder = folder.parent_path())
    if (folder.has_filename()) // "a/b/" names the same folder as "a/b"
      missing.push_back(folder);
  return missing;
}

FolderToFill::FolderToFill(const fs::path &path) : created(missingFolders(path)) { createFolder(path); }

FolderToFill::~FolderToFill() {
  for (const fs::path &folder : created)
    rmdir(folder.c_str()); // fails for those that hold anything
}

void syncFolder(const fs::path &path) {
  fs::path folder = path.empty() ? fs::path(".") : path;
  int descriptor = open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0)
    fail(HADAL_EXIT_IO_FAILURE, "cannot open the folder '", folder.string(), "': ", std::strerror(errno));
  int failure = fsync(descriptor) && errno != EINVAL ? errno : 0; // some file systems cannot sync a folder
  ::close(descriptor);
  if (failure)
    fail(HADAL_EXIT_IO_FAILURE, "cannot write the folder '", folder.string(), "': ", std::strerror(failure));
}

void renamePath(const fs::path &from, const fs::path &to) {
  if (rename(from.c_str(), to.c_str()))
    fail(HADAL_EXIT_IO_FAILURE, "cannot rename to '", to.string(), "': ", std::strerror(errno));
}

bool renameToFreePath(const fs::path &from, const fs::path &to) {
  if (renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0)
    return true;
  if (errno == EEXIST)
    return false;
  if (errno != EINVAL && errno != ENOSYS) // some file systems (NFS) cannot do both in one step
    fail(HADAL_EXIT_IO_FAILURE, "cannot rename to '", to.string(), "': ", std::strerror(errno));
  if (isTaken(to))
    return false;
  renamePath(from, to);
  return true;
}

} // namespace hadal
