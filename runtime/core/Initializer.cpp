// Counter-based random numbers and the initialisers built on them.
#include "runtime/core/Initializer.h"

#include "runtime/core/Error.h"
#include "runtime/core/RunOnThreads.h"

#include <atomic>
#include <cmath>
#include <numbers>

namespace hadal {

std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    uint64_t first = uint64_t{0xD2511F53} * counter[0], second = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(second >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(second),
               static_cast<uint32_t>(first >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(first)};
    key[0] += 0x9E3779B9; // the golden ratio and the square root of 3, minus 1, in units of 2^-32
    key[1] += 0xBB67AE85;
  }
  return counter;
}

uint64_t hashText(std::string_view text) {
  uint64_t hash = 0xcbf29ce484222325;
  for (unsigned char byte : text)
    hash = (hash ^ byte) * 0x100000001b3;
  return hash;
}

/// Four normal numbers from one counter: two pairs by the transform of Box and Muller.
static std::array<float, 4> fourNormals(uint64_t block, uint64_t stream, uint64_t seed) {
  std::array<uint32_t, 4> bits = philox({static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                                         static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
                                        {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  std::array<float, 4> normals;
  for (int pair = 0; pair < 2; ++pair) {
    // In (0, 1], so that the logarithm is finite.
    float uniform = static_cast<float>((static_cast<double>(bits[2 * pair]) + 1) * 0x1p-32);
    float angle = static_cast<float>(static_cast<double>(bits[2 * pair + 1]) * 0x1p-32 * 2 * std::numbers::pi);
    float radius = std::sqrt(-2 * std::log(uniform));
    normals[2 * pair] = radius * std::cos(angle);
    normals[2 * pair + 1] = radius * std::sin(angle);
  }
  return normals;
}

void fillNormal(std::span<float> values, uint64_t first, float standardDeviation, uint64_t seed,
                std::string_view name) {
  uint64_t stream = hashText(name); // every parameter has its own half of the counter
  for (size_t i = 0; i < values.size();) {
    uint64_t element = first + i;
    std::array<float, 4> normals = fourNormals(element / 4, stream, seed);
    for (uint64_t lane = element % 4; lane < 4 && i < values.size(); ++lane)
      values[i++] = standardDeviation * normals[lane];
  }
}

void initializeParameters(Session &session, uint64_t seed) {
  // Threads take chunks of all parameters from one counter: the values do not depend on who computes them.
  constexpr uint64_t chunkSize = 1 << 16;
  struct Chunk {
    uint32_t tensor;
    uint64_t first, count;
  };
  std::vector<Chunk> chunks;
  std::atomic<size_t> next = 0;
  auto fillChunks = [&] {
    std::vector<float> values(chunkSize);
    for (size_t i; (i = next.fetch_add(1)) < chunks.size();) {
      const hadal_tensor &tensor = session.tensor(chunks[i].tensor);
      std::span part(values.data(), chunks[i].count);
      if (tensor.initializer == HADAL_NORMAL)
        fillNormal(part, chunks[i].first, tensor.initializer_std, seed, tensor.name);
      else
        std::ranges::fill(part, tensor.initializer == HADAL_ONES ? 1.0f : 0.0f);
      session.write(chunks[i].tensor, chunks[i].first * sizeof(float), std::as_bytes(part));
    }
  };
  auto fillAll = [&] {
    if (chunks.empty())
      return;
    next = 0;
    runOnThreads(std::min<size_t>(session.device().threads(), chunks.size()), fillChunks);
    for (size_t i = 0; i < chunks.size(); ++i)
      if (i + 1 == chunks.size() || chunks[i + 1].tensor != chunks[i].tensor)
        session.finishLoading(chunks[i].tensor);
    chunks.clear();
  };
  for (uint32_t index : session.program().tensorsOf(HADAL_PARAMETER)) {
    const hadal_tensor &tensor = session.tensor(index);
    if (tensor.element_type != HADAL_F32)
      fail(HADAL_EXIT_INPUT, "malformed program: the parameter '", tensor.name, "' is not f32");
    // Parameters that share their memory are made one after the other, all others at once.
    if (tensor.lifetime == HADAL_LOADING)
      fillAll();
    for (uint64_t first = 0, count = elementCount(tensor); first < count; first += chunkSize)
      chunks.push_back({index, first, std::min(chunkSize, count - first)});
    if (tensor.lifetime == HADAL_LOADING)
      fillAll();
  }
  fillAll();
}

} // namespace hadal
