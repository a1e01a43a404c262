// Products of codes and scales are rounded to f32, once.
#include "runtime/io/WeightSource.h"

#include "runtime/core/Error.h"
#include "runtime/core/HalfPrecision.h"
#include "runtime/core/Program.h"

#include <algorithm>
#include <cmath>

namespace hadal {

namespace {

constexpr int64_t sideOfBlock = 128;

bool isPlain(std::string_view dtype) { return dtype == "F32" || dtype == "BF16" || dtype == "F16"; }

std::vector<int64_t> shapeOfScales(const std::vector<int64_t> &shape) {
  std::vector<int64_t> blocks;
  for (int64_t length : shape)
    blocks.push_back((length + sideOfBlock - 1) / sideOfBlock);
  return blocks;
}

} // namespace

bool WeightSource::isReadable() const { return isPlain(entry->dtype) || (isFP8() && scales); }

void checkScales(const std::string &name, const WeightSource &source) {
  const SafetensorsEntry &scales = *source.scales;
  std::string scalesName = concat(name, scalesSuffix);
  if (source.entry->shape.size() != 2)
    fail(HADAL_EXIT_INPUT, source.path(), ": tensor '", name, "' of FP8 has the shape ",
         describeShape(source.entry->shape), "; a matrix is expected, whose blocks have scales");
  if (std::vector<int64_t> expected = shapeOfScales(source.entry->shape); scales.shape != expected)
    fail(HADAL_EXIT_INPUT, source.scalesFile->path().string(), ": tensor '", scalesName, "' has the shape ",
         describeShape(scales.shape), ", a scale for each block of 128 x 128 of '", name, "' is ",
         describeShape(expected));
  if (!isPlain(scales.dtype))
    fail(HADAL_EXIT_INPUT, source.scalesFile->path().string(), ": tensor '", scalesName, "' has the dtype ",
         scales.dtype, "; F32, BF16 or F16 is expected");
}

void WeightReader::readPlain(const SafetensorsFile &file, const SafetensorsEntry &entry, uint64_t first,
                             std::span<float> to) {
  if (entry.dtype == "F32")
    return file.read(entry, first * sizeof(float), std::as_writable_bytes(to));
  halves.resize(std::max<size_t>(halves.size(), to.size()));
  std::span narrow = std::span(halves).first(to.size());
  file.read(entry, first * sizeof(uint16_t), std::as_writable_bytes(narrow));
  std::ranges::transform(narrow, to.begin(), entry.dtype == "BF16" ? widenBfloat16 : widenFloat16);
}

void WeightReader::readScaled(const WeightSource &source, uint64_t first, std::span<float> to) {
  uint64_t columns = static_cast<uint64_t>(source.entry->shape[1]);
  if (scalesOf != source.scales) {
    uint64_t count = 1;
    for (int64_t length : source.scales->shape)
      count *= static_cast<uint64_t>(length);
    scales.resize(count);
    readPlain(*source.scalesFile, *source.scales, 0, scales);
    scalesOf = source.scales;
  }
  codes.resize(chunkSize);
  source.file->read(*source.entry, first, std::as_writable_bytes(std::span(codes).first(to.size())));
  uint64_t blocks = (columns + sideOfBlock - 1) / sideOfBlock;
  for (uint64_t i = 0; i < to.size(); ++i) {
    uint64_t row = (first + i) / columns, column = (first + i) % columns;
    to[i] = widenE4M3(codes[i]) * scales[row / sideOfBlock * blocks + column / sideOfBlock];
  }
}

std::span<float> WeightReader::read(const WeightSource &source, uint64_t first, uint64_t count) {
  std::span widened = std::span(values).first(count);
  if (source.isFP8())
    readScaled(source, first, widened);
  else
    readPlain(*source.file, *source.entry, first, widened);
  return widened;
}

} // namespace hadal
