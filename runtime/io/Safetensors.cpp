// Reading and writing of safetensors.
//
// A file is accepted when its header is one JSON object without duplicate keys, every tensor has a known dtype, a shape
// and offsets that agree with each other, and the tensors' bytes cover the rest of the file without gap or overlap. All
// arithmetic on numbers from the file is checked for overflow.
#include "runtime/io/Safetensors.h"

#include "runtime/core/Error.h"
#include "runtime/core/Program.h"
#include "runtime/io/Json.h"

#include <algorithm>
#include <cstring>
#include <set>

namespace hadal {
namespace {

using Json = nlohmann::json;

constexpr uint64_t lengthBytes = 8;
constexpr uint64_t longestHeader = 100'000'000; // the format's own limit

constexpr const char *metadataKey = "__metadata__"; // an entry of the header that is no tensor
constexpr const char *contentsKey = "hadal";        // of the metadata: what Hadal wrote the file as

struct DataType {
  std::string_view name;
  uint64_t bits;
};
constexpr DataType dataTypes[] = {{"BOOL", 8}, {"U8", 8},   {"I8", 8},   {"F8_E4M3", 8}, {"F8_E5M2", 8}, {"F8_E8M0", 8},
                                  {"U16", 16}, {"I16", 16}, {"F16", 16}, {"BF16", 16},   {"U32", 32},    {"I32", 32},
                                  {"F32", 32}, {"U64", 64}, {"I64", 64}, {"F64", 64}};

/// Reports what is wrong in a file, and where.
class Reporter {
public:
  explicit Reporter(const std::string &path) : path(path) {}
  template <class... Parts> [[noreturn]] void operator()(const Parts &...parts) const {
    fail(HADAL_EXIT_INPUT, path, ": ", parts...);
  }

private:
  const std::string &path;
};

Json parseHeader(std::string_view text, const Reporter &report) {
  // The library keeps the last of two equal keys; a file that says two things about a tensor is refused instead.
  std::vector<std::set<std::string>> keys;
  std::string duplicate;
  auto watch = [&](int depth, Json::parse_event_t event, Json &value) {
    if (event == Json::parse_event_t::object_start)
      keys.emplace_back();
    else if (event == Json::parse_event_t::object_end)
      keys.pop_back();
    else if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second)
      duplicate = value.get<std::string>();
    return true;
  };
  Json header;
  try {
    header = Json::parse(text, watch);
  } catch (const Json::parse_error &error) {
    report("the header is not valid JSON at byte ", lengthBytes + error.byte);
  } catch (const Json::out_of_range &) {
    report("the header is not valid JSON: it holds a number beyond any range");
  }
  if (!duplicate.empty())
    report("the header has two entries '", duplicate, "'");
  if (!header.is_object())
    report("the header is not a JSON object");
  return header;
}

uint64_t readUnsigned(const Json &value, const std::string &what, const Reporter &report) {
  if (!value.is_number_unsigned())
    report(what, " is not a non-negative integer");
  return value.get<uint64_t>();
}

/// One tensor of the header; its bytes are [begin, end) of the data.
struct Extent {
  std::string name;
  uint64_t begin, end;
};

/// `data` bytes follow the header, which ends at `headerEnd`.
SafetensorsEntry parseEntry(const std::string &name, const Json &value, uint64_t headerEnd, uint64_t data,
                            std::vector<Extent> &extents, const Reporter &report) {
  std::string what = "tensor '" + name + "': ";
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets") ||
      value.size() != 3)
    report(what, "the entry must have exactly dtype, shape and data_offsets");
  const Json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
  SafetensorsEntry entry;
  if (!dtype.is_string() || !safetensorsBits(dtype.get<std::string>()))
    report(what, "unknown dtype ", dumpJson(dtype));
  entry.dtype = dtype.get<std::string>();
  if (!shape.is_array())
    report(what, "the shape is not an array");
  uint64_t bits = safetensorsBits(entry.dtype);
  for (const Json &dimension : shape) {
    uint64_t number = readUnsigned(dimension, what + "a dimension", report);
    if (number > INT64_MAX || __builtin_mul_overflow(bits, number, &bits))
      report(what, "the shape has too many elements");
    entry.shape.push_back(static_cast<int64_t>(number));
  }
  if (!offsets.is_array() || offsets.size() != 2)
    report(what, "data_offsets is not an array of two numbers");
  uint64_t begin = readUnsigned(offsets[0], what + "a data offset", report);
  uint64_t end = readUnsigned(offsets[1], what + "a data offset", report);
  if (begin > end || end > data)
    report(what, "data offsets [", begin, ", ", end, "] lie outside the ", data, " bytes of data",
           begin <= end ? " (is the file truncated?)" : "");
  if (end - begin != bits / 8)
    report(what, "data offsets [", begin, ", ", end, "] hold ", end - begin, " bytes, ", entry.dtype, " of shape ",
           describeShape(entry.shape), " needs ", bits / 8);
  entry.begin = headerEnd + begin;
  entry.size = end - begin;
  extents.push_back({name, begin, end});
  return entry;
}

/// The data must be covered exactly once.
void checkCoverage(std::vector<Extent> &extents, uint64_t dataSize, const Reporter &report) {
  std::ranges::sort(extents, {}, [](const Extent &extent) { return std::pair(extent.begin, extent.end); });
  uint64_t covered = 0;
  const std::string *previous = nullptr;
  for (const Extent &extent : extents) {
    if (extent.begin < covered)
      report("tensor '", extent.name, "': data offset ", extent.begin, " overlaps tensor '", *previous,
             "', which ends at ", covered);
    if (extent.begin > covered)
      report("tensor '", extent.name, "': data offset ", extent.begin, " leaves a gap after ", covered);
    covered = extent.end;
    previous = &extent.name;
  }
  if (covered != dataSize)
    report("the tensors end at data offset ", covered, ", the file has ", dataSize, " bytes of data");
}

} // namespace

uint64_t safetensorsBits(std::string_view dtype) {
  for (const DataType &type : dataTypes)
    if (type.name == dtype)
      return type.bits;
  return 0;
}

uint64_t safetensorsHeaderEnd(std::string_view beginning, uint64_t fileSize, const std::string &path) {
  Reporter report(path);
  if (beginning.size() < lengthBytes)
    report("not a safetensors file: ", beginning.size(), " bytes, the length of the header alone takes ", lengthBytes);
  uint64_t headerSize = 0;
  for (unsigned i = 0; i < lengthBytes; ++i)
    headerSize |= static_cast<uint64_t>(static_cast<unsigned char>(beginning[i])) << 8 * i;
  // Whatever is no safetensors file (a web page, a text, an archive) begins with bytes that are no sensible length.
  if (headerSize > longestHeader || headerSize == 0)
    report("not a safetensors file: it begins with ", quoteBeginning(beginning), " instead of the length of a header");
  if (headerSize > fileSize - lengthBytes)
    report("truncated: the header ends at byte ", lengthBytes + headerSize, ", the file at ", fileSize);
  return lengthBytes + headerSize;
}

SafetensorsHeader parseSafetensors(std::string_view beginning, uint64_t fileSize, const std::string &path) {
  Reporter report(path);
  uint64_t headerEnd = safetensorsHeaderEnd(beginning, fileSize, path);
  Json json = parseHeader(beginning.substr(lengthBytes, headerEnd - lengthBytes), report);

  SafetensorsHeader header;
  std::vector<Extent> extents;
  uint64_t data = fileSize - headerEnd;
  for (const auto &[name, value] : json.items())
    if (name != metadataKey)
      header.entries.emplace(name, parseEntry(name, value, headerEnd, data, extents, report));
    else if (value.is_object() && value.contains(contentsKey) && value[contentsKey].is_string())
      header.writtenAs = value[contentsKey].get<std::string>();
  checkCoverage(extents, data, report);
  return header;
}

//===----------------------------------------------------------------------===//
// Files
//===----------------------------------------------------------------------===//

static SafetensorsHeader readHeader(const InputFile &file) {
  std::string path = file.path().string(), beginning(std::min<uint64_t>(file.size(), 64), '\0');
  file.readAll(0, std::as_writable_bytes(std::span(beginning)));
  beginning.resize(safetensorsHeaderEnd(beginning, file.size(), path));
  file.readAll(0, std::as_writable_bytes(std::span(beginning)));
  return parseSafetensors(beginning, file.size(), path);
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path &path) : file(path), header(readHeader(file)) {}

std::vector<std::byte> SafetensorsFile::read(const SafetensorsEntry &entry) const {
  std::vector<std::byte> bytes(entry.size);
  read(entry, 0, bytes);
  return bytes;
}

bool isWrittenAs(const std::filesystem::path &path, std::string_view contents) {
  try {
    return SafetensorsFile(path).writtenAs() == contents;
  } catch (const Error &) {
    return false;
  }
}

/// The name for a message, with what is no UTF-8 replaced.
static std::string printable(const std::string &name) { return dumpJson(Json(name)); }

static void requireUTF8(const std::string &name) {
  try {
    Json(name).dump();
  } catch (const Json::type_error &) {
    fail(HADAL_EXIT_INPUT, "the tensor name ", printable(name),
         " is not valid UTF-8, which the safetensors format demands; rename the tensor");
  }
}

void SafetensorsWriter::declare(std::string name, std::string_view dtype, std::span<const int64_t> shape) {
  requireUTF8(name);
  if (name == metadataKey)
    fail(HADAL_EXIT_INPUT, "the tensor name ", printable(name),
         " is reserved by the safetensors format; rename the tensor");
  if (!names.insert(name).second)
    fail(HADAL_EXIT_INPUT, "two tensors of one safetensors file have the name ", printable(name),
         "; rename one of them");
  uint64_t bits = safetensorsBits(dtype);
  for (int64_t dimension : shape)
    bits *= static_cast<uint64_t>(dimension);
  declarations.push_back({std::move(name), std::string(dtype), {shape.begin(), shape.end()}, bits / 8});
}

void SafetensorsWriter::begin(OutputFile &output) const {
  Json header;
  header[metadataKey]["format"] = "pt"; // transformers refuses a file that does not name its framework
  header[metadataKey][contentsKey] = contents;
  uint64_t offset = 0;
  for (const Declaration &declaration : declarations) {
    header[declaration.name] = {{"dtype", declaration.dtype},
                                {"shape", declaration.shape},
                                {"data_offsets", {offset, offset + declaration.size}}};
    offset += declaration.size;
  }
  std::string text = dumpJson(header);
  text.resize((text.size() + 7) / 8 * 8, ' '); // so that the data are aligned
  std::byte length[lengthBytes];
  for (unsigned i = 0; i < lengthBytes; ++i)
    length[i] = static_cast<std::byte>(text.size() >> 8 * i);
  output.write(std::span<const std::byte>(length));
  output.write(text);
}

} // namespace hadal
