// The safetensors format: what is written is read again, and each kind of malformed file is refused with its place.
#include "runtime/io/Safetensors.h"
#include "test/runtime/Support.h"

#include <cstring>

namespace hadal::test {
namespace {

/// A file with the given header and `dataSize` bytes of data.
std::string fileOf(const std::string &header, size_t dataSize) {
  uint64_t length = header.size();
  return std::string(reinterpret_cast<const char *>(&length), 8) + header + std::string(dataSize, 'x');
}

std::string failure(const std::string &file) {
  return failureOf(HADAL_EXIT_INPUT, [&] { parseSafetensors(file, file.size(), "a.safetensors"); });
}

std::string entry(const char *dtype, const char *shape, const char *offsets) {
  return std::string("{\"dtype\":\"") + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}";
}

TEST(SafetensorsTest, WhatIsWrittenIsReadAgain) {
  TemporaryFolder folder;
  std::vector<float> matrix = {1, 2, 3, 4, 5, 6};
  float scalar = 7;
  {
    SafetensorsWriter writer("numbers");
    writer.declare("matrix", "F32", std::vector<int64_t>{2, 3});
    writer.declare("a scalar \"quoted\"", "F32", {});
    OutputFile output(folder / "a.safetensors");
    writer.begin(output);
    output.write(std::as_bytes(std::span(matrix)));
    output.write(std::as_bytes(std::span(&scalar, 1)));
    output.close();
  }
  SafetensorsFile file(folder / "a.safetensors");
  ASSERT_EQ(file.entries().size(), 2u);
  const SafetensorsEntry &read = file.entries().at("matrix");
  EXPECT_EQ(read.dtype, "F32");
  EXPECT_EQ(read.shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(read.size, matrix.size() * sizeof(float));
  EXPECT_EQ(std::memcmp(file.read(read).data(), matrix.data(), read.size), 0);
  float last;
  file.read(read, 5 * sizeof(float), std::as_writable_bytes(std::span(&last, 1)));
  EXPECT_EQ(last, 6);
  EXPECT_EQ(read.begin % 8, 0u);
  EXPECT_TRUE(file.entries().at("a scalar \"quoted\"").shape.empty());
  EXPECT_CONTAINS(readFile(folder / "a.safetensors"), "\"__metadata__\":{\"format\":\"pt\",\"hadal\":\"numbers\"}");
  EXPECT_TRUE(isWrittenAs(folder / "a.safetensors", "numbers"));
  EXPECT_FALSE(isWrittenAs(folder / "a.safetensors", "model"));
  EXPECT_FALSE(isWrittenAs(folder / "b.safetensors", "numbers"));
}

TEST(SafetensorsTest, AFileThatShrinksIsNoticed) {
  TemporaryFolder folder;
  writeFile(folder / "a.safetensors", fileOf("{\"w\":" + entry("F32", "[4096]", "[0,16384]") + "}", 16384));
  SafetensorsFile file(folder / "a.safetensors");
  std::filesystem::resize_file(folder / "a.safetensors", 4096);
  EXPECT_CONTAINS(failureOf(HADAL_EXIT_INPUT, [&] { file.read(file.entries().at("w")); }),
                  "a.safetensors: the file has changed while it was read: it ends at byte 4096, when it was opened it");
}

TEST(SafetensorsTest, AcceptsEmptyTensorsAndMetadata) {
  std::string file = fileOf("{\"__metadata__\":{\"a\":\"b\"},\"e\":" + entry("F32", "[0,3]", "[0,0]") +
                                ",\"v\":" + entry("BF16", "[4]", "[0,8]") + "}   ",
                            8);
  EXPECT_EQ(parseSafetensors(file, file.size(), "a").entries.size(), 2u);
  std::string empty = fileOf("{}", 0);
  EXPECT_TRUE(parseSafetensors(empty, empty.size(), "a").entries.empty());
}

TEST(SafetensorsTest, RefusesTruncatedFiles) {
  EXPECT_CONTAINS(failure(""), "a.safetensors: not a safetensors file: 0 bytes");
  EXPECT_CONTAINS(failure("1234567"), "7 bytes, the length of the header alone takes 8");
  std::string file = fileOf("{\"w\":" + entry("F32", "[4]", "[0,16]") + "}", 16);
  EXPECT_CONTAINS(failure(file.substr(0, 30)), "truncated: the header ends at byte 63, the file at 30");
  EXPECT_CONTAINS(failure(file.substr(0, file.size() - 1)),
                  "tensor 'w': data offsets [0, 16] lie outside the 15 bytes of data (is the file truncated?)");
  EXPECT_CONTAINS(failure(file + "x"), "the tensors end at data offset 16, the file has 17 bytes of data");
}

TEST(SafetensorsTest, SaysThatSomethingElseIsNoSafetensorsFile) {
  auto with = [](const std::string &text) { return failure(text + std::string(100, ' ')); };
  EXPECT_CONTAINS(
      with("this is a text and no file of tensors"),
      "not a safetensors file: it begins with 'this is a text and no fi' instead of the length of a header");
  EXPECT_CONTAINS(with("<!DOCTYPE html>\n<html>"), "it begins with '<!DOCTYPE html>.<html>  '");
  EXPECT_CONTAINS(with("{\"error\":\"Repository not found\"}"), "it begins with '{\"error\":\"Repository not'");
  EXPECT_CONTAINS(with(std::string("PK\3\4\0\0\x08\x08\0\0", 10)), "not a safetensors file: it begins with 'PK......");
  EXPECT_CONTAINS(with(std::string(64, '\0')), "not a safetensors file"); // an interrupted download
}

TEST(SafetensorsTest, RefusesMalformedHeaders) {
  EXPECT_CONTAINS(failure(fileOf("{\"w\":", 0)), "the header is not valid JSON at byte ");
  EXPECT_CONTAINS(failure(fileOf("[]", 0)), "the header is not a JSON object");
  EXPECT_CONTAINS(failure(fileOf("[1e999]", 0)), "a number beyond any range");
  EXPECT_CONTAINS(failure(fileOf("{\"\xff\":1}", 0)), "not valid JSON");
  EXPECT_CONTAINS(
      failure(fileOf("{\"w\":" + entry("F32", "[1]", "[0,4]") + ",\"w\":" + entry("F32", "[1]", "[0,4]") + "}", 4)),
      "two entries 'w'");
  EXPECT_CONTAINS(failure(fileOf("{\"w\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4)),
                  "tensor 'w': the entry must have exactly dtype, shape and data_offsets");
  EXPECT_CONTAINS(failure(fileOf("{\"w\":3}", 4)), "tensor 'w'");
}

TEST(SafetensorsTest, RefusesToWriteNamesThatCannotBeRead) {
  SafetensorsWriter writer("numbers");
  writer.declare("w", "F32", {});
  auto failure = [&](const char *name) {
    return failureOf(HADAL_EXIT_INPUT, [&] { writer.declare(name, "F32", {}); });
  };
  EXPECT_EQ(failure("w"), "two tensors of one safetensors file have the name \"w\"; rename one of them");
  EXPECT_CONTAINS(failure("a\xff"), "the tensor name \"a\xef\xbf\xbd\" is not valid UTF-8");
  EXPECT_CONTAINS(failure("__metadata__"), "is reserved by the safetensors format");
}

TEST(SafetensorsTest, RefusesMalformedEntries) {
  auto with = [](const char *dtype, const char *shape, const char *offsets, size_t size = 16) {
    return failure(fileOf("{\"w\":" + entry(dtype, shape, offsets) + "}", size));
  };
  EXPECT_CONTAINS(with("F31", "[4]", "[0,16]"), "tensor 'w': unknown dtype \"F31\"");
  EXPECT_CONTAINS(with("F32", "4", "[0,16]"), "the shape is not an array");
  EXPECT_CONTAINS(with("F32", "[-4]", "[0,16]"), "a dimension is not a non-negative integer");
  EXPECT_CONTAINS(with("F32", "[4.0]", "[0,16]"), "a dimension is not a non-negative integer");
  EXPECT_CONTAINS(with("F32", "[4294967296,4294967296]", "[0,16]"), "too many elements");
  EXPECT_CONTAINS(with("F32", "[4]", "[0]"), "data_offsets is not an array of two numbers");
  EXPECT_CONTAINS(with("F32", "[4]", "[0,-16]"), "a data offset is not a non-negative integer");
  EXPECT_CONTAINS(with("F32", "[4]", "[16,0]"), "data offsets [16, 0] lie outside the 16 bytes");
  EXPECT_CONTAINS(with("F32", "[4]", "[0,18446744073709551615]"), "lie outside");
  EXPECT_CONTAINS(with("F32", "[3]", "[0,16]"), "data offsets [0, 16] hold 16 bytes, F32 of shape [3] needs 12");
}

TEST(SafetensorsTest, RefusesOverlapsAndGaps) {
  auto with = [](const char *second, size_t size) {
    return failure(
        fileOf("{\"a\":" + entry("F32", "[2]", "[0,8]") + ",\"b\":" + entry("F32", "[2]", second) + "}", size));
  };
  EXPECT_CONTAINS(with("[4,12]", 12), "tensor 'b': data offset 4 overlaps tensor 'a', which ends at 8");
  EXPECT_CONTAINS(with("[0,8]", 8), "tensor 'b': data offset 0 overlaps tensor 'a'");
  EXPECT_CONTAINS(with("[12,20]", 20), "tensor 'b': data offset 12 leaves a gap after 8");
}

} // namespace
} // namespace hadal::test
