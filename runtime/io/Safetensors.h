// The safetensors format: 8 bytes with the length of a JSON header, the header, and the tensors' bytes. The reader
// checks everything before it hands out a single byte; the writer streams.
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
  std::span<const std::byte> bytes;
};

/// Parses and checks a whole file in memory; `path` is for messages. Entries point into `file`.
std::map<std::string, SafetensorsEntry> parseSafetensors(std::span<const std::byte> file, const std::string &path);

/// Bits of one element of a dtype, 0 for a name that the format does not have.
uint64_t safetensorsBits(std::string_view dtype);

class SafetensorsFile {
public:
  explicit SafetensorsFile(const std::filesystem::path &path)
      : file(path), tensors(parseSafetensors(file.bytes(), path.string())) {}

  const std::filesystem::path &path() const { return file.path(); }
  const std::map<std::string, SafetensorsEntry> &entries() const { return tensors; }

private:
  MappedFile file;
  std::map<std::string, SafetensorsEntry> tensors;
};

/// Writes a file in two stages: all tensors are declared, then their bytes follow in the order of declaration.
class SafetensorsWriter {
public:
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
  std::vector<Declaration> declarations;
  std::set<std::string> names;
};

} // namespace hadal

#endif // HADAL_RUNTIME_IO_SAFETENSORS_H
