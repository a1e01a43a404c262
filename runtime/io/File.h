// Files as the runtime needs them: mapped for reading, buffered for writing with every failure reported, and folders
// whose entries are on the disk and not only in memory.
#ifndef HADAL_RUNTIME_IO_FILE_H
#define HADAL_RUNTIME_IO_FILE_H

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// A file mapped for reading. Fails with HADAL_EXIT_INPUT when it cannot be opened or is no regular file.
class MappedFile {
public:
  explicit MappedFile(const std::filesystem::path &path);
  MappedFile(MappedFile &&other) noexcept;
  MappedFile &operator=(MappedFile &&) = delete;
  ~MappedFile();

  const std::filesystem::path &path() const { return filePath; }
  std::span<const std::byte> bytes() const { return {static_cast<const std::byte *>(address), length}; }
  std::string_view text() const { return {static_cast<const char *>(address), length}; }

private:
  std::filesystem::path filePath;
  void *address = nullptr;
  size_t length = 0;
};

/// A file that is read piece by piece and may change meanwhile: unlike in a mapping, a file that has become shorter is
/// noticed and does not end the process. Fails as `MappedFile` does.
class InputFile {
public:
  explicit InputFile(const std::filesystem::path &path);
  InputFile(const InputFile &) = delete;
  InputFile &operator=(const InputFile &) = delete;
  ~InputFile();

  const std::filesystem::path &path() const { return filePath; }
  uint64_t size() const { return length; } // when it was opened

  /// Reads from the offset on until the destination is full or the file ends; returns how many bytes were read.
  size_t read(uint64_t offset, std::span<std::byte> destination) const;

private:
  std::filesystem::path filePath;
  uint64_t length = 0;
  int descriptor = -1;
};

/// A file being written. Every failure, the full disk above all, is an Error with HADAL_EXIT_IO_FAILURE.
class OutputFile {
public:
  enum class Mode { Truncate, Append };

  explicit OutputFile(const std::filesystem::path &path, Mode mode = Mode::Truncate);
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  /// Closes without a check: whoever needs the contents on the disk calls `close` first.
  ~OutputFile();

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Hands what is buffered to the kernel.
  void flush();
  /// Flushes, waits until the contents are on the disk, and closes.
  void close();

private:
  std::filesystem::path path;
  int descriptor = -1;
  std::vector<std::byte> buffer;
  size_t buffered = 0;

  void writeThrough(std::span<const std::byte> bytes);
};

/// Writes a whole file so that a reader finds either the former contents or all of the new ones: to a temporary file
/// beside it, then renamed over it. What is no regular file (a pipe, a device) is written directly.
class ReplacingFile {
public:
  explicit ReplacingFile(const std::filesystem::path &path);
  ~ReplacingFile(); // removes the temporary file unless committed

  OutputFile &file() { return output; }
  void commit();

private:
  std::filesystem::path path, temporary;
  OutputFile output;
  bool committed = false;
};

/// Fails early, before hours of work, when a file could not be written at the path; creates nothing.
void requireWritable(const std::filesystem::path &path, std::string_view option);

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

/// Renames; both folders involved have to be synced by the caller.
void renamePath(const std::filesystem::path &from, const std::filesystem::path &to);

} // namespace hadal

#endif // HADAL_RUNTIME_IO_FILE_H
