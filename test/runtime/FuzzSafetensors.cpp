// libFuzzer target for the reader of safetensors: whatever the bytes are, the reader either returns tensors that lie
// within the file, each of the size its shape says, or throws an Error with a message.
//
//   fuzz_safetensors --make-corpus=DIR    writes a few well-formed and broken files to begin with
//   fuzz_safetensors DIR -max_total_time=600
#include "runtime/core/Error.h"
#include "runtime/io/Safetensors.h"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

/// A file with the given header and that many bytes of data.
static std::string fileOf(const std::string &header, size_t dataSize) {
  uint64_t length = header.size();
  return std::string(reinterpret_cast<const char *>(&length), 8) + header + std::string(dataSize, '\x3f');
}

static void makeCorpus(const std::filesystem::path &folder) {
  std::filesystem::create_directories(folder);
  const std::string files[] = {
      fileOf("{}", 0),
      fileOf(R"({"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]}})", 16),
      fileOf(
          R"({"a":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]},"b":{"dtype":"F16","shape":[],"data_offsets":[6,8]}})",
          8),
      fileOf(R"({"a":{"dtype":"F8_E4M3","shape":[0,5],"data_offsets":[0,0]}})", 0),
      fileOf(
          R"({"a":{"dtype":"F64","shape":[1],"data_offsets":[0,8]},"a":{"dtype":"F64","shape":[1],"data_offsets":[4,12]}})",
          12),
      fileOf(R"({"w":{"dtype":"I64","shape":[18446744073709551615,2],"data_offsets":[0,18446744073709551615]}})", 3),
  };
  int number = 0;
  for (const std::string &file : files)
    std::ofstream(folder / ("seed-" + std::to_string(number++)), std::ios::binary) << file;
}

extern "C" int LLVMFuzzerInitialize(int *argc, char ***argv) {
  constexpr std::string_view flag = "--make-corpus=";
  for (int i = 1; i < *argc; ++i)
    if (std::string_view((*argv)[i]).starts_with(flag)) {
      makeCorpus((*argv)[i] + flag.size());
      std::exit(0);
    }
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  std::string_view file(reinterpret_cast<const char *>(data), size);
  try {
    for (const auto &[name, entry] : hadal::parseSafetensors(file, size, "fuzzed").entries) {
      uint64_t bits = hadal::safetensorsBits(entry.dtype);
      for (int64_t dimension : entry.shape)
        bits *= static_cast<uint64_t>(dimension);
      bool inside = entry.begin >= 8 && entry.begin <= size && entry.size <= size - entry.begin;
      if (!inside || entry.size != bits / 8)
        std::abort();
    }
  } catch (const hadal::Error &error) {
    if (!*error.what())
      std::abort();
  }
  return 0;
}
