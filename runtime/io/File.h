// Files as the runtime needs them: read piece by piece, buffered for writing with every failure reported, and replaced
// in one step.
//
// Nothing is mapped: a mapped file that somebody shortens ends its readers with SIGBUS, a file that is read is noticed
// to be shorter.
#ifndef HADAL_RUNTIME_IO_FILE_H
#define HADAL_RUNTIME_IO_FILE_H

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

/// A file that is read piece by piece. Fails with HADAL_EXIT_INPUT when it cannot be opened, is no regular file, or is
/// only the pointer that Git LFS leaves in the place of a file it has not fetched.
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
  /// Fills the destination. Fails when the file, which was long enough when it was opened, no longer is.
  void readAll(uint64_t offset, std::span<std::byte> destination) const;

private:
  std::filesystem::path filePath;
  uint64_t length = 0;
  int descriptor = -1;

  void refusePointer() const;
};

/// The whole contents of a file. Fails as `InputFile` does.
std::string readText(const std::filesystem::path &path);

/// The beginning of a file's contents as a message quotes it: at most `size` bytes, those that cannot be printed as
/// dots.
std::string quoteBeginning(std::string_view contents, size_t size = 24);

/// A file being written. Every failure, the full disk above all, is an Error with HADAL_EXIT_IO_FAILURE.
class OutputFile {
public:
  /// New: nothing may be at the path yet.
  enum class Mode { Truncate, Append, New };

  explicit OutputFile(const std::filesystem::path &path, Mode mode = Mode::Truncate);
  /// Takes over a descriptor; `path` is for messages.
  OutputFile(int descriptor, const std::filesystem::path &path);
  OutputFile(const OutputFile &) = delete;
  OutputFile &operator=(const OutputFile &) = delete;
  /// Closes without a check: whoever needs the contents on the disk calls `close` first.
  ~OutputFile();

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }

  /// Hands what is buffered to the kernel.
  void flush();
  /// Flushes and waits until the contents are on the disk.
  void sync();
  /// Syncs and closes.
  void close();

private:
  friend class ReplacingFile;
  std::filesystem::path path;
  int descriptor = -1;
  std::vector<std::byte> buffer;
  size_t buffered = 0;

  void writeThrough(std::span<const std::byte> bytes);
};

/// Writes a whole file so that a reader finds either the former contents or all of the new ones. The new file has no
/// name until it is complete, so that a kill leaves nothing behind; where the file system has no such files it has a
/// name that nothing else has. What is no regular file (a pipe, a device) is written directly. Links are followed.
class ReplacingFile {
public:
  explicit ReplacingFile(const std::filesystem::path &path);
  ~ReplacingFile(); // nothing is left of it unless committed

  OutputFile &file() { return *output; }
  void commit();

  /// How the names of temporary files begin.
  static constexpr std::string_view temporaryPrefix = ".hadal-";

private:
  std::filesystem::path target;    // what the path names behind all links
  std::filesystem::path temporary; // the name that the new file has meanwhile, empty while it has none
  std::unique_ptr<OutputFile> output;
  bool direct;

  void openBeside();
  void giveName();
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_FILE_H
