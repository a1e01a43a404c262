// Paths as the options name them: where an output really goes, whether it can go there, and folders whose entries are
// on the disk and not only in memory.
//
// All outputs follow symbolic links alike: the link stays a link and what it names is written, or created where the
// link leads to nothing yet.
#ifndef HADAL_RUNTIME_IO_PATHS_H
#define HADAL_RUNTIME_IO_PATHS_H

#include "hadal/exit_codes.h"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// The place that the path names once every symbolic link at its end is followed, whether anything is there or not.
/// What is no file or folder (a pipe, a device) keeps its name.
std::filesystem::path followLinks(const std::filesystem::path &path);

/// The folder that holds the path's last part.
std::filesystem::path parentFolder(const std::filesystem::path &path);

/// Whether there is anything at the path, if only a link that leads nowhere. Fails with the code when that cannot be
/// told.
bool isTaken(const std::filesystem::path &path, hadal_exit_code code = HADAL_EXIT_IO_FAILURE);

/// Whether writing to the path destroys nothing: nothing is there, or an empty file, or what is no file (a pipe).
bool holdsNothing(const std::filesystem::path &path);

/// The names of a folder's entries, sorted. Fails with the code when it cannot be read.
std::vector<std::string> listFolder(const std::filesystem::path &path, hadal_exit_code code);

/// Fails early, before hours of work, when a file could not be written at the path; creates nothing.
void requireWritable(const std::filesystem::path &path, std::string_view option);

/// Fails early, too, when a whole file could not be exchanged at the path, or when one is there that must not be lost:
/// an output replaces an empty file and a former output of its own kind, nothing else.
void requireReplaceable(const std::filesystem::path &path, std::string_view option, bool isFormerOutput);

/// Fails early as well when a folder could not be created at the path or files not be written into it; creates nothing.
void requireFillable(const std::filesystem::path &path, std::string_view option);

/// Whether both paths name one regular file, or would once they are written.
bool namesSameFile(const std::filesystem::path &first, const std::filesystem::path &second);

/// Creates a folder and its parents.
void createFolder(const std::filesystem::path &path);

/// A folder that is created, with its parents, to be filled. Those that did not exist before and are still empty at the
/// end are removed again: what fails leaves nothing behind.
class FolderToFill {
public:
  explicit FolderToFill(const std::filesystem::path &path);
  FolderToFill(const FolderToFill &) = delete;
  FolderToFill &operator=(const FolderToFill &) = delete;
  ~FolderToFill();

private:
  std::vector<std::filesystem::path> created; // the innermost first
};

/// Waits until the folder's entries are on the disk.
void syncFolder(const std::filesystem::path &path);

/// Renames, replacing what is there; both folders involved have to be synced by the caller.
void renamePath(const std::filesystem::path &from, const std::filesystem::path &to);

/// Renames unless something is there already; returns whether it was renamed.
bool renameToFreePath(const std::filesystem::path &from, const std::filesystem::path &to);

} // namespace hadal

#endif // HADAL_RUNTIME_IO_PATHS_H
