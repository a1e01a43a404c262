// The safetensors format: 8 bytes with the length of a JSON header, the header, and the tensors' bytes. The reader
// checks the whole header before it hands out a single byte; the writer streams.
#ifndef HADAL_RUNTIME_IO_SAFETENSORS_H
#define HADAL_RUNTIME_IO_SAFETENSORS_H

#include "runtime/io/File.h"

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hadal {

struct SafetensorsEntry {
  std::string dtype; // "F32", "BF16", ...
  std::vector<int64_t> shape;
  uint64_t begin, size; // in bytes, within the file
};

/// The tensors and the metadata of a file.
struct SafetensorsHeader {
  std::map<std::string, SafetensorsEntry> entries;
  std::string writtenAs; // what SafetensorsWriter was told that the file holds, empty for a file of others
};

/// Where the header ends. `beginning` holds the first 64 bytes of the file, or all if it is shorter.
uint64_t safetensorsHeaderEnd(std::string_view beginning, uint64_t fileSize, const std::string &path);

/// Parses and checks a header; `beginning` holds the file's bytes up to its end, `path` is for messages.
SafetensorsHeader parseSafetensors(std::string_view beginning, uint64_t fileSize, const std::string &path);

/// Bits of one element of a dtype, 0 for a name that the format does not have.
uint64_t safetensorsBits(std::string_view dtype);

class SafetensorsFile {
public:
  explicit SafetensorsFile(const std::filesystem::path &path);

  const std::filesystem::path &path() const { return file.path(); }
  const std::map<std::string, SafetensorsEntry> &entries() const { return header.entries; }
  const std::string &writtenAs() const { return header.writtenAs; }

  /// Reads bytes of a tensor, from an offset within it on, or all of them.
  void read(const SafetensorsEntry &entry, uint64_t offset, std::span<std::byte> destination) const {
    file.readAll(entry.begin + offset, destination);
  }
  std::vector<std::byte> read(const SafetensorsEntry &entry) const;

private:
  InputFile file;
  SafetensorsHeader header;
};

/// Whether a file at the path was written by SafetensorsWriter as `contents`. Anything else, a file that cannot be read
/// among it, was not.
bool isWrittenAs(const std::filesystem::path &path, std::string_view contents);

/// Writes a file in two stages: all tensors are declared, then their bytes follow in the order of declaration.
class SafetensorsWriter {
public:
  /// `contents` says in the file's metadata what it holds ("model", "gradients") and that Hadal wrote it: a later run
  /// replaces such files and no others.
  explicit SafetensorsWriter(std::string contents) : contents(std::move(contents)) {}

  /// Fails when a reader could not find the tensor by its name: one that is taken, reserved or no UTF-8.
  void declare(std::string name, std::string_view dtype, std::span<const int64_t> shape);
  /// Writes the header, after which `output` expects exactly the declared bytes.
  void begin(OutputFile &output) const;

private:
  struct Declaration {
    std::string name, dtype;
    std::vector<int64_t> shape;
    uint64_t size;
  };
  std::string contents;
  std::vector<Declaration> declarations;
  std::set<std::string> names;
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_SAFETENSORS_H
