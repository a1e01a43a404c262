// TMA: boxes of tensors of one to five dimensions, zeros outside, multicast; and rounding of the narrow formats.
#include "runtime/devices/emulator/Numbers.h"
#include "runtime/devices/emulator/TensorBox.h"
#include "test/runtime/devices/emulator/Launch.h"

#include <gtest/gtest.h>
#include <numeric>

namespace hadal::emulator {
namespace {

TEST(EmulatorTMA, MovesBoxesOfAnyRank) {
  // 4-byte elements in a tensor of 8 × 3 × 3 × 2 × 2; element = its own number.
  std::vector<int32_t> tensor(8 * 3 * 3 * 2 * 2);
  std::iota(tensor.begin(), tensor.end(), 1);
  for (uint32_t rank = 1; rank <= 5; ++rank) {
    TensorMap map;
    map.data = reinterpret_cast<std::byte *>(tensor.data());
    map.elementBytes = 4;
    map.rank = rank;
    int64_t sizes[5] = {8, 3, 3, 2, 2};
    uint32_t box[5] = {4, 2, 2, 2, 1};
    int64_t stride = 4;
    for (uint32_t i = 0; i < rank; ++i) {
      map.sizes[i] = sizes[i];
      map.strides[i] = stride;
      map.box[i] = box[i];
      stride *= sizes[i];
    }
    TensorBox part{&map, {-1, 2, 1, 1, 1}};
    std::vector<int32_t> shared(part.bytes() / 4, -1);
    part.load(reinterpret_cast<std::byte *>(shared.data()), 0);
    for (size_t i = 0; i < shared.size(); ++i) {
      size_t rest = i;
      int64_t place = 0, scale = 1;
      bool inside = true;
      for (uint32_t d = 0; d < rank; ++d) {
        int64_t at = part.coordinates[d] + int64_t(rest % box[d]);
        rest /= box[d];
        inside &= at >= 0 && at < sizes[d];
        place += at * scale;
        scale *= sizes[d];
      }
      EXPECT_EQ(shared[i], inside ? tensor[place] : 0) << "rank " << rank << ", element " << i;
    }
    // Storing it back changes nothing.
    std::vector<int32_t> copy = tensor;
    part.store(reinterpret_cast<std::byte *>(shared.data()), 0);
    EXPECT_EQ(tensor, copy);
  }
}

TEST(EmulatorTMA, PermutesChunks) {
  EXPECT_EQ(swizzled(0x380, 3), 0x3f0u); // line 7 of 8: chunk 0 goes to place 7
  EXPECT_EQ(swizzled(0x390, 3), 0x3e0u);
  EXPECT_EQ(swizzled(0x1a0, 2), 0x190u); // bits 7 and 8 against bits 4 and 5
  EXPECT_EQ(swizzled(0x80, 1), 0x90u);
  EXPECT_EQ(swizzled(0x80, 0), 0x80u);
}

TEST(EmulatorTMA, RefusesMapsThatNoGPUTakes) {
  std::vector<float> tensor(64);
  TensorMap good;
  good.data = reinterpret_cast<std::byte *>(tensor.data());
  good.elementBytes = 4;
  good.rank = 2;
  good.sizes[0] = good.sizes[1] = 8;
  good.strides[1] = 32;
  good.box[0] = good.box[1] = 8;
  EXPECT_EQ(whatIsWrongWith(good), "");
  TensorMap map = good;
  map.strides[1] = 24;
  EXPECT_EQ(whatIsWrongWith(map), "the stride of dimension 1 is 24 bytes, not a multiple of 16");
  map = good;
  map.box[0] = 3;
  EXPECT_EQ(whatIsWrongWith(map), "a row of its box has 12 bytes, not a multiple of 16");
  map = good;
  map.box[0] = 16;
  map.swizzle = 1;
  EXPECT_EQ(whatIsWrongWith(map), "a row of its box has 64 bytes, more than the swizzle's 32");
  map.box[1] = 300;
  EXPECT_EQ(whatIsWrongWith(map), "its box has 300 elements in dimension 1, not 1 to 256");
}

/// Block 0 of a pair loads a box into both; each writes what it got.
void multicastKernel(void *const *arguments, int64_t, const void *const *maps) {
  char *shared = static_cast<char *>(hadal_emulator_shared_memory());
  int32_t thread = hadal_emulator_thread_id();
  if (thread == 0) {
    hadal_emulator_mbarrier_init(shared + 128, 1, "init");
    hadal_emulator_fence_mbarrier_init("fence");
  }
  hadal_emulator_cluster_arrive("arrive");
  hadal_emulator_cluster_wait("wait");
  if (thread == 0) {
    hadal_emulator_mbarrier_arrive_expect(shared + 128, 128, "expect");
    if (hadal_emulator_cluster_rank() == 0)
      hadal_emulator_tma_load(shared, maps[0], shared + 128, 1, 4, 0, 0, 0, 0, 3, "load");
  }
  while (!hadal_emulator_mbarrier_try_wait(shared + 128, 0, "wait"))
    ;
  hadal_emulator_load(shared + 4 * thread, 4, 4, 3, "read");
  static_cast<int32_t *>(arguments[1])[hadal_emulator_block_id() * 32 + thread] =
      reinterpret_cast<int32_t *>(shared)[thread];
  hadal_emulator_cluster_arrive("arrive");
  hadal_emulator_cluster_wait("wait");
}

TEST(EmulatorTMA, Multicasts) {
  for (uint64_t order : {0, 1, 2}) {
    std::vector<int32_t> numbers(40), results(64);
    std::iota(numbers.begin(), numbers.end(), 0);
    Launcher launcher(1);
    launcher.add(numbers, "numbers", /*writable=*/false);
    launcher.add(results, "results");
    TensorMap map;
    map.data = reinterpret_cast<std::byte *>(numbers.data());
    map.elementBytes = 4;
    map.rank = 1;
    map.sizes[0] = 34;
    map.box[0] = 32;
    launcher.maps = {map};
    launcher.configuration = {
        .name = "m", .blocks = 2, .threads = 32, .cluster = 2, .sharedBytes = 136, .order = order};
    EXPECT_EQ(launcher.run(multicastKernel), "");
    for (int i = 0; i < 64; ++i)
      EXPECT_EQ(results[i], i % 32 + 4 < 34 ? i % 32 + 4 : 0) << i;
  }
}

TEST(EmulatorNumbers, RoundToNearest) {
  // Every number of the format is itself; halves go to the even neighbour.
  for (int bits = 0; bits < 0x7f; ++bits) {
    float value = widenE4M3(uint8_t(bits)), next = widenE4M3(uint8_t(bits + 1));
    EXPECT_EQ(roundToE4M3(value), bits);
    EXPECT_EQ(roundToE4M3(-value), bits | 0x80);
    if (bits + 1 < 0x7f) {
      EXPECT_EQ(roundToE4M3((value + next) / 2), bits % 2 ? bits + 1 : bits);
      EXPECT_EQ(roundToE4M3(value + (next - value) * 0.51f), bits + 1);
    }
  }
  EXPECT_EQ(roundToE4M3(1e9f), 0x7e);
  EXPECT_EQ(roundToE4M3(-INFINITY), 0xfe);
  EXPECT_EQ(roundToE4M3(NAN), 0x7f);
  EXPECT_EQ(widenE5M2(0x7b), 57344.0f);
  EXPECT_EQ(roundToBfloat16(1.0f + 0x1p-8f), 0x3f80);
  EXPECT_EQ(roundToBfloat16(1.0f + 0x3p-8f), 0x3f82);
}

} // namespace
} // namespace hadal::emulator
