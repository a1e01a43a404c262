//===- WeightFiles.cpp - parameters from safetensors files --------------------------------------------------------===//
//
// A file is eight bytes with the length of its header, the header in JSON (name -> dtype, shape, data_offsets), and the
// data, everything little endian. Tensors of integer types are passed over.
//
//===--------------------------------------------------------------------------------------------------------------===//
#include "dialect/Reference/WeightFiles.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/Endian.h"
#include "llvm/Support/JSON.h"

using namespace llvm;
using namespace hadal::reference;

static const fltSemantics *semanticsOf(StringRef dtype) {
  return StringSwitch<const fltSemantics *>(dtype)
      .Case("F64", &APFloat::IEEEdouble())
      .Case("F32", &APFloat::IEEEsingle())
      .Case("BF16", &APFloat::BFloat())
      .Case("F16", &APFloat::IEEEhalf())
      .Case("F8_E4M3", &APFloat::Float8E4M3FN())
      .Default(nullptr);
}

/// The part of the data that a header's entry names; none when it is not there or has not the size of the shape.
static std::optional<StringRef> bytesOf(const json::Object &entry, StringRef data, ArrayRef<int64_t> shape,
                                        const fltSemantics &type) {
  const json::Array *offsets = entry.getArray("data_offsets");
  if (!offsets || offsets->size() != 2)
    return std::nullopt;
  std::optional<int64_t> begin = (*offsets)[0].getAsInteger(), end = (*offsets)[1].getAsInteger();
  if (!begin || !end || *begin < 0 || *end < *begin || *end > int64_t(data.size()))
    return std::nullopt;
  uint64_t size = APFloat::getSizeInBits(type) / 8;
  for (int64_t length : shape) {
    if (length < 0 || (length > 0 && size > data.size() / length))
      return std::nullopt;
    size *= length;
  }
  if (size != uint64_t(*end - *begin))
    return std::nullopt;
  return data.slice(*begin, *end);
}

Error WeightFiles::add(StringRef path) {
  auto error = [&](const Twine &reason) { return createStringError("'" + path + "' " + reason); };
  auto buffer = MemoryBuffer::getFile(path, /*IsText=*/false, /*RequiresNullTerminator=*/false);
  if (!buffer)
    return error("cannot be read: " + buffer.getError().message());
  StringRef content = (*buffer)->getBuffer();
  uint64_t length = content.size() < 8 ? ~0ull : support::endian::read64le(content.data());
  if (length > content.size() - std::min<size_t>(8, content.size()))
    return error("is not a safetensors file: its header is cut off");
  Expected<json::Value> header = json::parse(content.substr(8, length));
  if (!header)
    return error("has a header that is not JSON: " + toString(header.takeError()));
  const json::Object *tensors = header->getAsObject();
  if (!tensors)
    return error("has a header that is not a JSON object");
  for (const auto &[key, value] : *tensors) {
    const json::Object *entry = value.getAsObject();
    const fltSemantics *type = entry ? semanticsOf(entry->getString("dtype").value_or("")) : nullptr;
    if (!type)
      continue;
    SmallVector<int64_t> shape;
    if (const json::Array *lengths = entry->getArray("shape"))
      for (const json::Value &lengthValue : *lengths)
        shape.push_back(lengthValue.getAsInteger().value_or(-1));
    std::optional<StringRef> bytes = bytesOf(*entry, content.substr(8 + length), shape, *type);
    if (!bytes)
      return error("has no data of the stated size for the tensor '" + StringRef(key) + "'");
    entries[StringRef(key)] = {type, std::move(shape), *bytes};
  }
  buffers.push_back(std::move(*buffer));
  return Error::success();
}

FailureOr<Tensor> WeightFiles::read(StringRef name, ArrayRef<int64_t> shape) const {
  auto [before, after] = name.split("{e}");
  if (before.size() != name.size()) {
    Tensor stack(shape);
    auto next = stack.data.begin();
    for (int64_t e = 0; e < shape.front(); ++e) {
      FailureOr<Tensor> part = read((before + Twine(e) + after).str(), shape.drop_front());
      if (failed(part))
        return failure();
      next = std::copy(part->data.begin(), part->data.end(), next);
    }
    return stack;
  }
  auto found = entries.find(name);
  if (found == entries.end() || ArrayRef(found->second.shape) != shape)
    return failure();
  const Entry &entry = found->second;
  unsigned bits = APFloat::getSizeInBits(*entry.type);
  Tensor tensor(shape);
  for (int64_t i = 0; i < tensor.size(); ++i) {
    uint64_t code = 0;
    for (unsigned byte = 0; byte < bits / 8; ++byte)
      code |= uint64_t(uint8_t(entry.bytes[i * (bits / 8) + byte])) << (8 * byte);
    tensor.data[i] = APFloat(*entry.type, APInt(bits, code)).convertToDouble();
  }
  return tensor;
}
