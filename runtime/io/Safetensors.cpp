// Reading and writing of safetensors.
//
// A file is accepted when its header is one JSON object without duplicate keys, every tensor has a known dtype, a shape
// and offsets that agree with each other, and the tensors' bytes cover the rest of the file without gap or overlap. All
// arithmetic on numbers from the file is checked for overflow.
#include "runtime/io/Safetensors.h"

#include "runtime/core/Error.h"
#include "runtime/core/Program.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

namespace hadal {
namespace {

using Json = nlohmann::json;

constexpr uint64_t lengthBytes = 8;
constexpr uint64_t longestHeader = 100'000'000; // the format's own limit

constexpr const char *metadataKey = "__metadata__"; // an entry of the header that is no tensor

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

SafetensorsEntry parseEntry(const std::string &name, const Json &value, std::span<const std::byte> data,
                            std::vector<Extent> &extents, const Reporter &report) {
  std::string what = "tensor '" + name + "': ";
  if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") || !value.contains("data_offsets") ||
      value.size() != 3)
    report(what, "the entry must have exactly dtype, shape and data_offsets");
  const Json &dtype = value["dtype"], &shape = value["shape"], &offsets = value["data_offsets"];
  SafetensorsEntry entry;
  if (!dtype.is_string() || !safetensorsBits(dtype.get<std::string>()))
    report(what, "unknown dtype ", dtype.dump(-1, ' ', true, Json::error_handler_t::replace));
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
  if (begin > end || end > data.size())
    report(what, "data offsets [", begin, ", ", end, "] lie outside the ", data.size(), " bytes of data",
           begin <= end ? " (is the file truncated?)" : "");
  if (end - begin != bits / 8)
    report(what, "data offsets [", begin, ", ", end, "] hold ", end - begin, " bytes, ", entry.dtype, " of shape ",
           describeShape(entry.shape), " needs ", bits / 8);
  entry.bytes = data.subspan(begin, end - begin);
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

std::map<std::string, SafetensorsEntry> parseSafetensors(std::span<const std::byte> file, const std::string &path) {
  Reporter report(path);
  if (file.size() < lengthBytes)
    report("not a safetensors file: ", file.size(), " bytes, the length of the header alone takes ", lengthBytes);
  uint64_t headerSize = 0;
  for (unsigned i = 0; i < lengthBytes; ++i)
    headerSize |= static_cast<uint64_t>(file[i]) << 8 * i;
  if (headerSize > longestHeader)
    report("not a safetensors file: the header would be ", headerSize, " bytes long, at most ", longestHeader,
           " are possible");
  if (headerSize > file.size() - lengthBytes)
    report("truncated: the header ends at byte ", lengthBytes + headerSize, ", the file at ", file.size());
  const char *text = reinterpret_cast<const char *>(file.data()) + lengthBytes;
  Json header = parseHeader({text, headerSize}, report);

  std::map<std::string, SafetensorsEntry> entries;
  std::vector<Extent> extents;
  std::span data = file.subspan(lengthBytes + headerSize);
  for (const auto &[name, value] : header.items())
    if (name != metadataKey)
      entries.emplace(name, parseEntry(name, value, data, extents, report));
  checkCoverage(extents, data.size(), report);
  return entries;
}

/// The name for a message, with what is no UTF-8 replaced.
static std::string printable(const std::string &name) {
  return Json(name).dump(-1, ' ', false, Json::error_handler_t::replace);
}

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
  uint64_t offset = 0;
  for (const Declaration &declaration : declarations) {
    header[declaration.name] = {{"dtype", declaration.dtype},
                                {"shape", declaration.shape},
                                {"data_offsets", {offset, offset + declaration.size}}};
    offset += declaration.size;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' '); // so that the data are aligned
  std::byte length[lengthBytes];
  for (unsigned i = 0; i < lengthBytes; ++i)
    length[i] = static_cast<std::byte>(text.size() >> 8 * i);
  output.write(std::span<const std::byte>(length));
  output.write(text);
}

} // namespace hadal
